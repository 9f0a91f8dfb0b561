//! What stands in front of an origin: a Unix socket, TLS, or both.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixListener},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{HandshakeKind, ServerConfig},
};

use crate::{ports, runtime::runtime};

/// A listener whose connections end at an origin; it lives as long as the tests do.
#[derive(Debug)]
pub struct Front {
    address: Option<SocketAddr>,
    handshakes: Arc<Mutex<Vec<Handshake>>>,
}

/// What was agreed on with the sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The name it asked for.
    pub server_name: Option<String>,
    /// What it will speak.
    pub protocol: Option<String>,
    /// The certificates it showed.
    pub certificates: usize,
    /// Whether it came back with a session of before.
    pub resumed: bool,
}

// === impl Front ===

impl Front {
    /// TLS in front of `target`.
    pub fn tls(target: SocketAddr, config: Arc<ServerConfig>) -> Self {
        let listener = runtime()
            .block_on(TcpListener::bind(ports::free()))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let handshakes = Arc::<Mutex<Vec<Handshake>>>::default();
        let noted = Arc::clone(&handshakes);
        runtime().spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                near.set_nodelay(true).unwrap();
                tokio::spawn(secured(
                    near,
                    target,
                    Arc::clone(&config),
                    Arc::clone(&noted),
                ));
            }
        });
        Self {
            address: Some(address),
            handshakes,
        }
    }

    /// A Unix socket in front of `target`, with TLS on it if there is a configuration for it.
    pub fn unix(path: &Path, target: SocketAddr, config: Option<Arc<ServerConfig>>) -> Self {
        let _context = runtime().enter();
        let listener = UnixListener::bind(path).unwrap();
        let handshakes = Arc::<Mutex<Vec<Handshake>>>::default();
        let noted = Arc::clone(&handshakes);
        runtime().spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                match config.clone() {
                    Some(config) => {
                        tokio::spawn(secured(near, target, config, Arc::clone(&noted)));
                    }
                    None => {
                        tokio::spawn(carried(near, target));
                    }
                }
            }
        });
        Self {
            address: None,
            handshakes,
        }
    }

    /// Where it listens, if not at a path.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        self.address.expect("it listens at a path")
    }

    /// Every handshake that came to its end so far.
    pub fn handshakes(&self) -> Vec<Handshake> {
        self.handshakes.lock().unwrap().clone()
    }
}

async fn secured(
    near: impl AsyncRead + AsyncWrite + Unpin,
    target: SocketAddr,
    config: Arc<ServerConfig>,
    noted: Arc<Mutex<Vec<Handshake>>>,
) {
    let Ok(near) = TlsAcceptor::from(config).accept(near).await else {
        return;
    };
    let (_, agreed) = near.get_ref();
    noted.lock().unwrap().push(Handshake {
        server_name: agreed.server_name().map(str::to_owned),
        protocol: agreed
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned()),
        certificates: agreed.peer_certificates().map_or(0, <[_]>::len),
        resumed: agreed.handshake_kind() == Some(HandshakeKind::Resumed),
    });
    carried(near, target).await;
}

async fn carried(mut near: impl AsyncRead + AsyncWrite + Unpin, target: SocketAddr) {
    let Ok(mut far) = TcpStream::connect(target).await else {
        return;
    };
    far.set_nodelay(true).unwrap();
    let _gone = copy_bidirectional(&mut near, &mut far).await;
}
