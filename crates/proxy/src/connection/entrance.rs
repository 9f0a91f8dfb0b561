//! What comes before the first request: who the connection is for, and TLS.
//!
//! A PROXY protocol header is believed from `trusted_proxies` only. Where one is demanded, everybody
//! else is turned away before a byte of theirs is read: whoever could send one unasked would choose the
//! address that rate limits and trust are about.

use std::{sync::Arc, time::Duration};

use engine::{
    proxy_protocol::{self, Ends, Named, Read},
    security::{SecurityAction, SecurityKind},
};
use pingora_core::protocols::Stream;
use policy::Listener;
use telemetry::ClientConnectionEnd;
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsAcceptor;

use super::{AddressPlace, Errands, Peer, transport::Transport};
use crate::{sidecar::Sidecar, snapshot::Snapshot};

/// What a listener wants before the first request; by default nothing.
#[derive(Clone, Default)]
pub(crate) struct Entrance {
    pub(crate) proxy_header: ProxyHeader,
    pub(crate) tls: Option<TlsAcceptor>,
}

/// A connection that was let in.
pub(super) struct Passed {
    pub(super) transport: Transport,
    pub(super) peer: Peer,
    pub(super) counted: Option<AddressPlace>,
}

/// Whether a connection begins with a PROXY protocol header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ProxyHeader {
    /// It has to.
    Demanded,
    /// What looks like one is no HTTP.
    #[default]
    None,
}

/// Why a connection did not name its client.
#[derive(Debug, thiserror::Error)]
enum Unnamed {
    #[error("the header is none: {}", .0.as_str())]
    NoHeader(proxy_protocol::NoHeader),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("the header did not come in time")]
    TooLate,
    #[error("the peer is none of the trusted proxies")]
    Untrusted,
}

// === impl Entrance ===

impl Entrance {
    /// Lets a connection in, each step within `clients.head_timeout`.
    pub(super) async fn pass(
        self,
        sidecar: &Arc<Sidecar>,
        snapshot: &Snapshot,
        mut stream: Stream,
        mut peer: Peer,
    ) -> Result<Passed, ClientConnectionEnd> {
        let limit = snapshot.policies.clients.head_timeout;
        if snapshot.tells_clients {
            peer.named = ends(&stream);
        }
        if self.proxy_header == ProxyHeader::Demanded {
            let listener = snapshot.policies.listeners.get(peer.listener);
            peer = introduced(&mut stream, peer, listener, limit)
                .await
                .map_err(|error| {
                    tracing::debug!(peer = %peer.ip, %error, "a client connection was turned away");
                    ClientConnectionEnd::ProxyHeaderRefused
                })?;
        }
        // Before TLS, which is what a flood would make us pay for.
        let counted = counted(sidecar, snapshot, peer)?;
        let transport = match self.tls {
            Some(tls) => {
                let stream = secured(stream, &tls, limit).await;
                stream.ok_or(ClientConnectionEnd::TlsFailed)?
            }
            None => Transport::Left(stream),
        };
        Ok(Passed {
            transport,
            peer,
            counted,
        })
    }
}

/// Counts the connection among those of its client's address, our own excepted.
fn counted(
    sidecar: &Arc<Sidecar>,
    snapshot: &Snapshot,
    peer: Peer,
) -> Result<Option<AddressPlace>, ClientConnectionEnd> {
    if peer.errands == Errands::Warming {
        return Ok(None);
    }
    let most = snapshot.policies.clients.max_connections_per_ip;
    match sidecar.addresses.admit(peer.ip, most) {
        Some(place) => Ok(Some(place)),
        None => {
            let evidence = format!("{most} connections of this address are open");
            let (kind, action) = (SecurityKind::ConnectionFlood, SecurityAction::Blocked);
            sidecar.tell(kind, action, Some(peer.ip), &evidence);
            Err(ClientConnectionEnd::Refused)
        }
    }
}

/// The peer as its header names it.
async fn introduced(
    stream: &mut Stream,
    peer: Peer,
    listener: Option<&Listener>,
    limit: Duration,
) -> Result<Peer, Unnamed> {
    let mut trusted = listener.into_iter().flat_map(|it| &it.trusted_proxies);
    if !trusted.any(|network| network.contains(&peer.ip)) {
        return Err(Unnamed::Untrusted);
    }
    let header = tokio::time::timeout(limit, read(stream)).await;
    Ok(match header.map_err(|_elapsed| Unnamed::TooLate)?? {
        Named::Client(ends) => Peer {
            ip: ends.source.ip().to_canonical(),
            named: Named::Client(ends),
            ..peer
        },
        Named::Nobody => peer,
    })
}

/// Reads a header, and not a byte beyond it.
async fn read(stream: &mut Stream) -> Result<Named, Unnamed> {
    let mut bytes = [0; proxy_protocol::LONGEST_V2];
    let mut taken = 0;
    loop {
        match proxy_protocol::read(&bytes[..taken]) {
            Read::Header(named) => return Ok(named),
            Read::Refused(why) => return Err(Unnamed::NoHeader(why)),
            Read::More(missing) => {
                let end = taken + missing.get();
                // No header is longer, so that there is always room.
                let room = bytes.get_mut(taken..end);
                let room = room.ok_or(Unnamed::NoHeader(proxy_protocol::NoHeader::TooLong))?;
                stream.read_exact(room).await?;
                taken = end;
            }
        }
    }
}

/// Does the TLS handshake within `limit`.
async fn secured(stream: Stream, tls: &TlsAcceptor, limit: Duration) -> Option<Transport> {
    // Boxed: a handshake is large, and a connection lives long after it.
    let handshake = Box::pin(tls.accept(stream));
    match tokio::time::timeout(limit, handshake).await {
        Ok(Ok(stream)) => Some(Transport::Right(Box::new(stream))),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_elapsed) => None,
    }
}

/// Both ends of a connection; a Unix socket has none that anybody else could use.
fn ends(stream: &Stream) -> Named {
    let ends = stream.get_socket_digest().and_then(|digest| {
        let peer = digest.peer_addr()?.as_inet()?;
        let own = digest.local_addr()?.as_inet()?;
        Ends::new(*peer, *own)
    });
    ends.map_or(Named::Nobody, Named::Client)
}
