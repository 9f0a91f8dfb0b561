//! Where clients connect.

use std::{net::SocketAddr, path::PathBuf};

use ipnet::IpNet;

/// One address that accepts clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens.
    pub address: ListenAddress,
    /// Peers whose `X-Forwarded-*` and `Forwarded` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether every connection begins with a PROXY protocol header; it is believed from
    /// `trusted_proxies` only, and a connection of anybody else is closed.
    pub proxy_protocol: bool,
    /// Certificate and key; `None` speaks plain HTTP.
    pub tls: Option<Tls>,
}

/// A TCP address or a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// `0.0.0.0:8080`.
    Tcp(SocketAddr),
    /// `unix:/run/forebay.sock`.
    Unix(PathBuf),
}

/// Paths of a PEM certificate chain and its PEM key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain, leaf first.
    pub certificate_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
}
