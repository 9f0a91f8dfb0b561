//! What is known about one endpoint while it is one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use engine::health::Standing;
use http::{HeaderValue, uri::Authority};
use policy::{Endpoint, EndpointAddress, Upstream};

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
    pub(crate) policy: Endpoint,
    /// `host:port`, as requests name it.
    pub(crate) authority: Authority,
    /// The same, as a `Host` field.
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
    pub(super) fn new(
        of: &Upstream,
        upstream: u16,
        slot: u16,
        policy: &Endpoint,
        form: Form,
    ) -> Result<Self, Unaddressable> {
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
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            id,
            upstream,
            slot,
            policy: policy.clone(),
            authority: named.parse().map_err(wrong)?,
            host: HeaderValue::from_str(&named).map_err(|_| Unaddressable(named.clone()))?,
            vitals: Vitals::new(of.outliers.as_ref()),
            breaker: BreakerCell::new(of.endpoint_breaker.as_ref()),
            form,
            home: Home::new(id, of),
        })
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
