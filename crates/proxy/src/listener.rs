//! From pingora's listeners to a connection of ours.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use async_trait::async_trait;
use pingora_core::{
    apps::ServerApp,
    listeners::{L4BufferSettings, ListenerConfig, Listeners, tls::TlsSettings},
    protocols::Stream,
    server::ShutdownWatch,
    services::listening::Service,
};
use policy::{ListenAddress, Listener, Policies, Scheme};

use crate::{
    connection::{self, Peer},
    sidecar::Sidecar,
};

/// Serves the connections of one listener.
#[derive(Debug)]
pub struct ClientApp {
    sidecar: Arc<Sidecar>,
    listener: usize,
    scheme: Scheme,
}

/// A listener that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {reason}")]
pub struct ListenerError {
    address: String,
    reason: String,
}

/// One pingora service per listener of the policies.
///
/// # Errors
/// When a certificate or key cannot be used. That an address is free must be found out before: pingora
/// ends the process when it is not.
pub fn listeners(
    sidecar: &Arc<Sidecar>,
    policies: &Policies,
    threads: usize,
) -> Result<Vec<Service<ClientApp>>, ListenerError> {
    let services = policies
        .listeners
        .iter()
        .enumerate()
        .map(|(position, listener)| {
            let app = ClientApp::new(Arc::clone(sidecar), position, listener);
            let mut listeners = Listeners::new();
            listeners.add_listener(config(listener)?);
            let name = format!("clients {}", address(listener));
            let mut service = Service::with_listeners(name, listeners, app);
            service.threads = Some(threads);
            Ok(service)
        });
    services.collect()
}

fn config(listener: &Listener) -> Result<ListenerConfig, ListenerError> {
    let config = match &listener.address {
        ListenAddress::Tcp(address) => ListenerConfig::tcp(address.to_string()),
        ListenAddress::Unix(path) => ListenerConfig::uds(path.to_string_lossy()),
    };
    // hyper has buffers of its own.
    let config = config.l4_buffer(L4BufferSettings::unbuffered());
    let Some(tls) = &listener.tls else {
        return Ok(config);
    };
    let failed = |reason: String| ListenerError {
        address: address(listener),
        reason,
    };
    crate::server_tls::check(tls).map_err(&failed)?;
    let mut settings = TlsSettings::intermediate(
        &tls.certificate_file.to_string_lossy(),
        &tls.key_file.to_string_lossy(),
    )
    .map_err(|error| failed(error.to_string()))?;
    settings.enable_h2();
    Ok(config.tls(settings))
}

fn address(listener: &Listener) -> String {
    match &listener.address {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix:{}", path.display()),
    }
}

// === impl ClientApp ===

impl ClientApp {
    fn new(sidecar: Arc<Sidecar>, position: usize, listener: &Listener) -> Self {
        Self {
            sidecar,
            listener: position,
            scheme: match listener.tls {
                Some(_) => Scheme::Https,
                None => Scheme::Http,
            },
        }
    }
}

#[async_trait]
impl ServerApp for ClientApp {
    async fn process_new(
        self: &Arc<Self>,
        stream: Stream,
        _shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        let peer = Peer {
            ip: peer_ip(&stream),
            scheme: self.scheme,
            listener: self.listener,
        };
        // A task of its own, on this same worker: pingora's would poll each byte of this connection
        // through four layers of futures that have nothing left to do.
        tokio::spawn(connection::serve(Arc::clone(&self.sidecar), stream, peer));
        None
    }
}

/// The address at the other end; whoever can open a Unix socket is on this machine.
fn peer_ip(stream: &Stream) -> IpAddr {
    stream
        .get_socket_digest()
        .and_then(|digest| digest.peer_addr()?.as_inet().map(|address| address.ip()))
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}
