//! What is known about one endpoint while it is one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use engine::health::Standing;
use http::{HeaderValue, uri::Authority};
use policy::{Endpoint, EndpointAddress, Scheme, Upstream};
use telemetry::EndpointPlace;

use super::{BreakerCell, form::Form, health::Vitals, pool::Home};

/// One endpoint. It outlives its place in the roster for as long as a request is in flight on it.
#[derive(Debug)]
pub(crate) struct EndpointState {
    /// Unlike any other endpoint's of this process: what the pools are named by.
    pub(crate) id: u64,
    /// The position of its upstream in the policies.
    pub(crate) upstream: u16,
    /// Its place in the metrics of its upstream.
    pub(crate) slot: u16,
    _place: Option<EndpointPlace>,
    /// As it was when it was first heard of; the roster knows its standing now.
    pub(crate) policy: Endpoint,
    /// Where it is, as logs name it: `host:port`, without the port where it is the scheme's own.
    pub(crate) authority: Authority,
    /// Who it is, as a `Host` field: the same, unless another name led to its address.
    pub(crate) host: HeaderValue,
    /// What is known of its health.
    pub(super) vitals: Vitals,
    pub(crate) breaker: Option<BreakerCell>,
    /// What who balances remembers of it.
    pub(super) form: Form,
    /// Where its connections are while nobody uses them.
    pub(super) home: Home,
}

/// One request counted as in flight at an endpoint for as long as it lives.
#[derive(Debug)]
pub(crate) struct InFlight(pub(crate) Arc<EndpointState>);

/// An endpoint that cannot be written as an authority.
#[derive(Debug, thiserror::Error)]
#[error("endpoint {0} cannot be addressed")]
pub struct Unaddressable(String);

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

// === impl EndpointState ===

impl EndpointState {
    /// One of this upstream that is counted at `place`; without one it is counted for nobody.
    pub(super) fn new(
        of: &Upstream,
        upstream: u16,
        place: Option<EndpointPlace>,
        policy: &Endpoint,
        form: Form,
    ) -> Result<Self, Unaddressable> {
        let at = match &policy.address {
            EndpointAddress::Tcp { host, port } => spelled(host, *port, policy.scheme),
            EndpointAddress::Unix(_) => policy.host().to_owned(),
        };
        let host = match &policy.address {
            EndpointAddress::Tcp { port, .. } => spelled(policy.host(), *port, policy.scheme),
            EndpointAddress::Unix(_) => policy.host().to_owned(),
        };
        let host: Authority = host.parse().map_err(|_| Unaddressable(host))?;
        let host = HeaderValue::from_str(host.as_str()).map_err(|_| Unaddressable(at.clone()))?;
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            id,
            upstream,
            slot: place.as_ref().map_or(u16::MAX, EndpointPlace::number),
            _place: place,
            policy: policy.clone(),
            authority: at.parse().map_err(|_| Unaddressable(at))?,
            host,
            vitals: Vitals::new(of.outliers.as_ref()),
            breaker: BreakerCell::new(of.endpoint_breaker.as_ref()),
            form,
            home: Home::new(id, of),
        })
    }

    /// It is in no roster any more: what is in flight ends in its own time, and no connection to it
    /// is kept.
    pub(super) fn retire(&self) {
        self.home.retire();
    }

    /// Whether it is in no roster any more.
    pub(crate) fn is_retired(&self) -> bool {
        self.home.is_retired()
    }

    /// Whether it should be asked.
    pub(crate) fn standing(&self) -> Standing {
        self.vitals.standing()
    }

    /// The requests it has now.
    pub(crate) fn in_flight(&self) -> usize {
        self.form.in_flight()
    }
}

/// A host and a port as URLs have them.
fn spelled(host: &str, port: u16, scheme: Scheme) -> String {
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    match port == scheme.default_port() {
        true => host,
        false => format!("{host}:{port}"),
    }
}

// === impl InFlight ===

impl InFlight {
    pub(crate) fn begin(endpoint: &Arc<EndpointState>) -> Self {
        endpoint.form.begins();
        Self(Arc::clone(endpoint))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.form.ends();
    }
}
