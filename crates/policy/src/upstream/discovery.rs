//! Where endpoints come from that the file does not list.

use std::{path::PathBuf, time::Duration};

use super::Scheme;

/// Where endpoints come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// The answers of DNS.
    Dns(DnsDiscovery),
    /// A file that somebody else keeps up to date.
    File(FileDiscovery),
}

/// Endpoints by DNS: one for each address or target of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsDiscovery {
    /// The name, such as a headless service of Kubernetes.
    pub name: String,
    /// What is asked for.
    pub record: DnsRecord,
    /// How to speak to what is found.
    pub scheme: Scheme,
    /// The least time between two questions, however short the answer's TTL.
    pub min_refresh: Duration,
    /// The most, however long.
    pub max_refresh: Duration,
    /// The server to ask, `address:port`; the system's own when `None`.
    pub server: Option<std::net::SocketAddr>,
}

/// What DNS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsRecord {
    /// A and AAAA; they do not tell a port.
    Address {
        /// The port of each.
        port: u16,
    },
    /// SRV: target, port, priority and weight.
    Service,
}

/// Endpoints by a file: a YAML list of what may stand under `endpoints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiscovery {
    /// Its path.
    pub path: PathBuf,
    /// How often it is looked at.
    pub poll: Duration,
}
