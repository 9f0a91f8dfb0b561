//! The bytes of a connection to an endpoint: TCP or a Unix socket.

use std::{io, net::SocketAddr};

use policy::EndpointAddress;
use tokio::net::{TcpStream, UnixStream};
use tokio_util::either::Either;

/// A connected socket: TCP, with each write sent at once, or to a path on this machine.
pub(super) type Socket = Either<TcpStream, UnixStream>;

/// Connects; of a host with several addresses each is tried in turn.
pub(super) async fn connect(address: &EndpointAddress) -> io::Result<Socket> {
    match address {
        EndpointAddress::Tcp { host, port } => dial(host, *port).await.map(Either::Left),
        EndpointAddress::Unix(path) => UnixStream::connect(path).await.map(Either::Right),
    }
}

/// Connects by TCP; of a host with several addresses each is tried in turn.
pub(crate) async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(
        io::ErrorKind::NotFound,
        "it is no address, and its name resolves to none",
    );
    for address in tokio::net::lookup_host((host, port)).await? {
        match TcpStream::connect::<SocketAddr>(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
