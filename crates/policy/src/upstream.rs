//! Where requests go.

use std::time::Duration;

use crate::{Mode, Weight};

/// A named group of endpoints that answer the same requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its name in routes, logs and metrics.
    pub name: String,
    /// At least one.
    pub endpoints: Vec<Endpoint>,
    /// Who gets the next request.
    pub balance: Balance,
    /// Whether `balance` chooses; in shadow mode, and when off, each endpoint has its turn.
    pub balance_mode: Mode,
    /// What is spoken to the endpoints.
    pub protocol: UpstreamProtocol,
    /// Which `Host` the endpoint sees.
    pub host_header: HostHeader,
    /// How long each stage may take.
    pub timeouts: UpstreamTimeouts,
    /// Idle connections kept per endpoint and worker.
    pub max_idle_connections: usize,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Plain or TLS.
    pub scheme: Scheme,
    /// A DNS name or an IP address; IPv6 without brackets.
    pub host: String,
    /// The port, the scheme's own when the URL has none.
    pub port: u16,
    /// Its share under [`Balance::Weighted`] and [`Balance::LeastRequests`].
    pub weight: Weight,
}

/// How to reach an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS, verified against the system's certificate authorities.
    Https,
}

/// Who gets the next request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// The endpoint with the fewest requests in flight, relative to its weight.
    LeastRequests,
    /// Each in turn.
    #[default]
    RoundRobin,
    /// Each in turn, as often as its weight says, evenly interleaved.
    Weighted,
}

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
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From the request being sent to the head of the final response.
    pub first_byte: Duration,
    /// Between two pieces of a body, in either direction.
    pub idle: Duration,
    /// The whole exchange until the last byte of the response; `None` leaves long streams alone.
    pub total: Option<Duration>,
    /// How long an unused connection is kept.
    pub keep_alive: Duration,
}

// === impl Balance ===

impl Balance {
    /// The word for it in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeastRequests => "least_requests",
            Self::RoundRobin => "round_robin",
            Self::Weighted => "weighted",
        }
    }
}
