//! How connections to endpoints are made, kept and shared.

use std::{path::PathBuf, time::Duration};

/// Which protocol is spoken to an upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1; over TLS, HTTP/2 when ALPN agrees.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only: by prior knowledge in plain text, by ALPN over TLS. gRPC needs it.
    Http2,
}

/// Which `Host` the upstream sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostHeader {
    /// The one the client sent.
    #[default]
    Client,
    /// The endpoint's own name, for APIs that are chosen by name.
    Endpoint,
}

/// How long each stage of an exchange with an upstream may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamTimeouts {
    /// Until the connection stands; TLS has a time of its own.
    pub connect: Duration,
    /// Until TLS has been agreed on, once the connection stands.
    pub tls: Duration,
    /// From the request being sent to the head of the final response.
    pub first_byte: Duration,
    /// Between two pieces of a body, in either direction.
    pub idle: Duration,
    /// One try, connecting included, until the head of its response; `None` for no such limit.
    pub per_try: Option<Duration>,
    /// The whole exchange until the last byte of the response; `None` leaves long streams alone.
    pub total: Option<Duration>,
    /// How long an unused connection is kept.
    pub keep_alive: Duration,
}

/// How connections are kept and shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Idle connections kept per endpoint and worker; all workers together where `max_open` is set.
    pub max_idle: usize,
    /// Connections open per endpoint, all workers together; `None` for as many as are needed.
    pub max_open: Option<usize>,
    /// A connection older than this is not used again; `None` uses it as long as it works.
    pub max_age: Option<Duration>,
    /// Connections per endpoint and worker that are opened before anybody asks.
    pub preconnect: usize,
    /// Requests at a time on one HTTP/2 connection; the next opens another.
    pub max_streams: u32,
    /// What is said of the client at the head of a connection to an endpoint.
    pub proxy_protocol: Option<ProxyProtocol>,
}

/// The header that tells an endpoint who the client is before a byte of HTTP is sent.
///
/// A connection with such a header serves one client connection alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// The readable one.
    V1,
    /// The binary one.
    V2,
}

/// TLS towards an upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamTls {
    /// Certificate authorities in PEM, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Our certificate chain and its key in PEM, for endpoints that ask for one.
    pub client: Option<crate::Tls>,
    /// The name to ask for (SNI) and to verify, instead of the endpoint's host.
    pub server_name: Option<String>,
}

// === impl UpstreamTimeouts ===

impl Default for UpstreamTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            tls: Duration::from_secs(3),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            per_try: None,
            total: None,
            keep_alive: Duration::from_secs(60),
        }
    }
}

// === impl Connections ===

impl Default for Connections {
    fn default() -> Self {
        Self {
            max_idle: 64,
            max_open: None,
            max_age: None,
            preconnect: 0,
            max_streams: 100,
            proxy_protocol: None,
        }
    }
}
