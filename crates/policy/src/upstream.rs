//! Where requests go.
//!
//! One file per concern; what is `None` here is switched off, and costs a request nothing.

mod balance;
mod breaker;
mod capacity;
mod connections;
mod discovery;
mod endpoint;
mod health;
mod mirror;
mod retry;

use http::HeaderName;

pub use self::{
    balance::{Balance, Balancing, HashOn, Sticky},
    breaker::{Breaker, OpenAnswer},
    capacity::{Capacity, ClassSource, Classes, Priority},
    connections::{
        Connections, HostHeader, ProxyProtocol, UpstreamProtocol, UpstreamTimeouts, UpstreamTls,
    },
    discovery::{Discovery, DnsDiscovery, DnsRecord, FileDiscovery},
    endpoint::{Endpoint, EndpointAddress, Scheme},
    health::{HealthCheck, Outliers, Probe, SuccessRate},
    mirror::Mirror,
    retry::{Hedge, HedgeAfter, Retry, RetryOn},
};

/// A named group of endpoints that answer the same requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its name in routes, logs and metrics.
    pub name: String,
    /// Those that the file lists; may be empty when `discovery` finds them.
    pub endpoints: Vec<Endpoint>,
    /// Where endpoints come from that the file does not list.
    pub discovery: Option<Discovery>,
    /// Who gets the next request.
    pub balancing: Balancing,
    /// What is spoken to the endpoints.
    pub protocol: UpstreamProtocol,
    /// Which `Host` the endpoint sees.
    pub host_header: HostHeader,
    /// How long each stage may take.
    pub timeouts: UpstreamTimeouts,
    /// The field that tells the endpoint how many milliseconds are left.
    pub deadline_header: Option<HeaderName>,
    /// How connections are kept and shared.
    pub connections: Connections,
    /// Whom `https` endpoints are to be, and who we are to them.
    pub tls: UpstreamTls,
    /// How each endpoint is asked whether it is well.
    pub health_check: Option<HealthCheck>,
    /// When an endpoint is left out because of how it answers.
    pub outliers: Option<Outliers>,
    /// What is tried again.
    pub retry: Option<Retry>,
    /// When a second try is sent beside a slow first one.
    pub hedge: Option<Hedge>,
    /// When the whole upstream is left alone for a while.
    pub breaker: Option<Breaker>,
    /// When one endpoint is left alone for a while; its `answer` is never asked.
    pub endpoint_breaker: Option<Breaker>,
    /// How many requests the upstream is given at a time.
    pub capacity: Option<Capacity>,
    /// Who else gets a copy of some requests.
    pub mirror: Option<Mirror>,
}

// === impl Upstream ===

impl Upstream {
    /// One of this name, with these endpoints and nothing that the file did not ask for.
    pub fn plain(name: String, endpoints: Vec<Endpoint>) -> Self {
        Self {
            name,
            endpoints,
            discovery: None,
            balancing: Balancing::default(),
            protocol: UpstreamProtocol::default(),
            host_header: HostHeader::default(),
            timeouts: UpstreamTimeouts::default(),
            deadline_header: None,
            connections: Connections::default(),
            tls: UpstreamTls::default(),
            health_check: None,
            outliers: None,
            retry: None,
            hedge: None,
            breaker: None,
            endpoint_breaker: None,
            capacity: None,
            mirror: None,
        }
    }
}
