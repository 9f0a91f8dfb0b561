//! One server.

use std::{fmt, path::PathBuf, sync::Arc};

use crate::Weight;

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Plain or TLS.
    pub scheme: Scheme,
    /// Where it is.
    pub address: EndpointAddress,
    /// The name it goes by, where its address does not tell: that of an endpoint found by DNS.
    pub name: Option<Arc<str>>,
    /// Its share of the requests, where the balance looks at weights.
    pub weight: Weight,
    /// Its group: endpoints of a higher number get requests only when the lower ones are not well.
    pub priority: u8,
    /// Where it stands, to be preferred by whoever stands there too.
    pub zone: Option<Arc<str>>,
}

/// Where an endpoint is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EndpointAddress {
    /// A DNS name or an IP address (IPv6 without brackets), and a port.
    Tcp {
        /// The name or address.
        host: String,
        /// The port; the scheme's own when the URL has none.
        port: u16,
    },
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// How to speak to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS, verified.
    Https,
}

// === impl Endpoint ===

impl Endpoint {
    /// One that is reached over TCP, of weight 1 and the first priority, in no zone.
    pub fn tcp(scheme: Scheme, host: &str, port: u16) -> Self {
        Self {
            scheme,
            address: EndpointAddress::Tcp {
                host: host.to_owned(),
                port,
            },
            name: None,
            weight: Weight::ONE,
            priority: 0,
            zone: None,
        }
    }

    /// The name to ask for where there is one: of a Unix socket there is none but this machine's.
    pub fn host(&self) -> &str {
        match (&self.name, &self.address) {
            (Some(name), _) => name,
            (None, EndpointAddress::Tcp { host, .. }) => host,
            (None, EndpointAddress::Unix(_)) => "localhost",
        }
    }

    /// As the file spells it: `http://127.0.0.1:3000`, or `http+unix:/run/app.sock`.
    pub fn url(&self) -> String {
        let (scheme, address) = (self.scheme.as_str(), &self.address);
        match address {
            EndpointAddress::Tcp { .. } => format!("{scheme}://{address}"),
            EndpointAddress::Unix(_) => format!("{scheme}+{address}"),
        }
    }
}

// === impl EndpointAddress ===

impl fmt::Display for EndpointAddress {
    /// As logs and metrics name it: `host:port`, IPv6 in brackets, or `unix:/path`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(formatter, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(formatter, "{host}:{port}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

// === impl Scheme ===

impl Scheme {
    /// As URLs begin.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that is meant when none is named.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}
