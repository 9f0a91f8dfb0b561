//! What is known about each endpoint while the process runs.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use engine::balance::{Balancer, Pick};
use http::{HeaderValue, uri::Authority};
use policy::{Balance, Endpoint, EndpointAddress, HostHeader, Mode, Upstream};

use super::{call::Line, connect::Dialer};

/// An upstream and the state of its endpoints.
#[derive(Debug)]
pub(crate) struct UpstreamState {
    pub(crate) policy: Upstream,
    /// Its position in the policies.
    pub(crate) position: u16,
    pub(crate) endpoints: Vec<Arc<EndpointState>>,
    /// In flight per endpoint, in the same order; what the picker looks at.
    pub(crate) in_flight: Arc<[AtomicUsize]>,
    balancer: Balancer,
    /// The balancer whose choices are counted and not followed.
    shadow: Option<Balancer>,
}

/// One endpoint.
#[derive(Debug)]
pub(crate) struct EndpointState {
    /// Unlike any other endpoint's of this process: what the pools are named by.
    pub(crate) id: u64,
    pub(crate) index: usize,
    pub(crate) policy: Endpoint,
    /// `host:port`, as requests name it.
    pub(crate) authority: Authority,
    /// The same, as a `Host` field.
    pub(crate) host: HeaderValue,
}

/// An upstream whose endpoint cannot be written as an authority.
#[derive(Debug, thiserror::Error)]
#[error("endpoint {0} cannot be addressed")]
pub struct Unaddressable(String);

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

// === impl UpstreamState ===

impl UpstreamState {
    pub(crate) fn new(position: usize, policy: &Upstream) -> Result<Self, Unaddressable> {
        let endpoints = policy
            .endpoints
            .iter()
            .enumerate()
            .map(|(index, endpoint)| EndpointState::new(index, endpoint).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let followed = match policy.balancing.mode {
            Mode::Enforce => policy.balancing.balance,
            Mode::Off | Mode::Shadow => Balance::RoundRobin,
        };
        Ok(Self {
            in_flight: policy
                .endpoints
                .iter()
                .map(|_| AtomicUsize::new(0))
                .collect(),
            balancer: Balancer::new(followed, &policy.endpoints),
            shadow: (policy.balancing.mode == Mode::Shadow)
                .then(|| Balancer::new(policy.balancing.balance, &policy.endpoints)),
            position: u16::try_from(position).unwrap_or(u16::MAX),
            policy: policy.clone(),
            endpoints,
        })
    }

    /// What a new connection to `endpoint` is made with.
    pub(crate) fn dialer<'a>(&self, endpoint: &'a EndpointState, line: Line<'a>) -> Dialer<'a> {
        Dialer {
            upstream: self.position,
            endpoint,
            protocol: self.policy.protocol,
            tls: line.tls,
            metrics: line.metrics,
        }
    }

    /// The `Host` that `endpoint` sees for a request to `host`; a client of HTTP/1.0 may name none.
    pub(crate) fn host(&self, endpoint: &EndpointState, host: HeaderValue) -> HeaderValue {
        match self.policy.host_header {
            HostHeader::Client if !host.is_empty() => host,
            HostHeader::Client | HostHeader::Endpoint => endpoint.host.clone(),
        }
    }

    /// Who gets the next request, `tried` endpoints left out.
    pub(crate) fn pick(&self, line: Line<'_>, tried: &[usize]) -> Option<&Arc<EndpointState>> {
        let in_flight = |index: usize| self.in_flight[index].load(Ordering::Relaxed);
        if let Some(shadow) = &self.shadow
            && tried.is_empty()
            && let Pick::Endpoint(index) = shadow.pick(in_flight, tried)
        {
            let endpoint = u16::try_from(index).unwrap_or(u16::MAX);
            line.metrics.shadow_pick(self.position, endpoint);
        }
        match self.balancer.pick(in_flight, tried) {
            Pick::Endpoint(index) => self.endpoints.get(index),
            Pick::NoneLeft => None,
        }
    }
}

// === impl EndpointState ===

impl EndpointState {
    fn new(index: usize, policy: &Endpoint) -> Result<Self, Unaddressable> {
        let named = match &policy.address {
            EndpointAddress::Tcp { host, port } if *port == policy.scheme.default_port() => {
                match host.contains(':') {
                    true => format!("[{host}]"),
                    false => host.clone(),
                }
            }
            EndpointAddress::Tcp { .. } => policy.address.to_string(),
            EndpointAddress::Unix(_) => policy.host().to_owned(),
        };
        let wrong = |_| Unaddressable(named.clone());
        Ok(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            index,
            policy: policy.clone(),
            authority: named.parse().map_err(wrong)?,
            host: HeaderValue::from_str(&named).map_err(|_| Unaddressable(named.clone()))?,
        })
    }
}
