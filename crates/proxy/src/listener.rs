//! From pingora's listeners to a connection of ours.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use async_trait::async_trait;
use engine::proxy_protocol::Named;
use pingora_core::{
    apps::ServerApp,
    listeners::{L4BufferSettings, ListenerConfig, Listeners},
    protocols::Stream,
    server::ShutdownWatch,
    services::listening::Service,
};
use policy::{ListenAddress, Listener, Policies, Scheme};

use crate::{
    connection::{self, Entrance, Errands, Peer, ProxyHeader},
    server_tls,
    sidecar::Sidecar,
};

/// Serves the connections of one listener.
pub struct ClientApp {
    sidecar: Arc<Sidecar>,
    listener: usize,
    scheme: Scheme,
    entrance: Entrance,
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
            let app = ClientApp::new(Arc::clone(sidecar), position, listener)?;
            let mut listeners = Listeners::new();
            listeners.add_listener(config(listener));
            let name = format!("clients {}", address(listener));
            let mut service = Service::with_listeners(name, listeners, app);
            service.threads = Some(threads);
            Ok(service)
        });
    services.collect()
}

fn config(listener: &Listener) -> ListenerConfig {
    let config = match &listener.address {
        ListenAddress::Tcp(address) => ListenerConfig::tcp(address.to_string()),
        ListenAddress::Unix(path) => ListenerConfig::uds(path.to_string_lossy()),
    };
    // hyper has buffers of its own.
    config.l4_buffer(L4BufferSettings::unbuffered())
}

fn address(listener: &Listener) -> String {
    match &listener.address {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix:{}", path.display()),
    }
}

// === impl ClientApp ===

impl ClientApp {
    fn new(
        sidecar: Arc<Sidecar>,
        position: usize,
        listener: &Listener,
    ) -> Result<Self, ListenerError> {
        let tls = listener.tls.as_ref().map(server_tls::acceptor).transpose();
        let tls = tls.map_err(|reason| ListenerError {
            address: address(listener),
            reason,
        })?;
        Ok(Self {
            sidecar,
            listener: position,
            scheme: match listener.tls {
                Some(_) => Scheme::Https,
                None => Scheme::Http,
            },
            entrance: Entrance {
                proxy_header: match listener.proxy_protocol {
                    true => ProxyHeader::Demanded,
                    false => ProxyHeader::None,
                },
                tls,
            },
        })
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
            named: Named::Nobody,
            scheme: self.scheme,
            listener: self.listener,
            errands: Errands::Clients,
        };
        // A task of its own, on this same worker: pingora's would poll each byte of this connection
        // through four layers of futures that have nothing left to do.
        tokio::spawn(connection::serve(
            Arc::clone(&self.sidecar),
            stream,
            peer,
            self.entrance.clone(),
        ));
        None
    }
}

/// The address at the other end; whoever can open a Unix socket is on this machine.
fn peer_ip(stream: &Stream) -> IpAddr {
    stream
        .get_socket_digest()
        .and_then(|digest| digest.peer_addr()?.as_inet().map(|address| address.ip()))
        // A socket for both kinds of addresses writes one of IPv4 as one of IPv6.
        .map(|address| address.to_canonical())
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}
