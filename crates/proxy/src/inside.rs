//! A connection from this process to itself.
//!
//! Warming asks for what clients will ask for, and must get it the way they will: the same steps, the
//! same key, the same store. A pair of sockets is served like any client's connection, so that there is
//! no second way into the cache, and no special case for listeners that speak TLS or whose address is
//! not ours to connect to.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use engine::proxy_protocol::Named;
use pingora_core::protocols::{Stream, l4::stream::Stream as Socket};
use policy::Scheme;
use tokio::net::UnixStream;

use crate::{
    connection::{self, Entrance, Errands, Peer},
    sidecar::Sidecar,
};

// === impl Sidecar ===

impl Sidecar {
    /// A connection as a client on the loopback would have it to the listener at this position, already
    /// inside TLS where the listener speaks it. HTTP/1.1 or HTTP/2 with prior knowledge is expected.
    ///
    /// It is served by a task of the current runtime, which must keep a task on its thread: connections
    /// to upstreams are pooled per thread.
    ///
    /// # Errors
    /// When the system has no sockets left.
    pub fn connect(self: &Arc<Self>, listener: usize) -> io::Result<UnixStream> {
        let (client, served) = UnixStream::pair()?;
        let policies = self.policies();
        let secure = policies
            .listeners
            .get(listener)
            .is_some_and(|listener| listener.tls.is_some());
        let peer = Peer {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            named: Named::Nobody,
            scheme: match secure {
                true => Scheme::Https,
                false => Scheme::Http,
            },
            listener,
            errands: Errands::Warming,
        };
        let stream: Stream = Box::new(Socket::from(served));
        tokio::spawn(connection::serve(
            Arc::clone(self),
            stream,
            peer,
            Entrance::default(),
        ));
        Ok(client)
    }
}
