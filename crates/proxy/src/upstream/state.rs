//! An upstream while the process runs.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use engine::attempt::Attempt;
use http::HeaderValue;
use policy::{HostHeader, Upstream};
use tokio::{sync::Notify, time::Instant};

use super::{
    BreakerCell, Line,
    capacity::CapacityCell,
    connect::Dialer,
    endpoint::{EndpointState, Unaddressable},
    health::{HealthReport, Nudge, Watched},
    roster::Roster,
    tls::{UpstreamTls, UpstreamTlsError},
};

/// An upstream that cannot be made ready.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum UpstreamError {
    /// Its TLS files cannot be used.
    Tls(#[from] UpstreamTlsError),
    /// An endpoint cannot be written as an authority.
    Unaddressable(#[from] Unaddressable),
}

/// An upstream and what is known about it.
#[derive(Debug)]
pub(crate) struct UpstreamState {
    pub(crate) policy: Upstream,
    /// Its position in the policies.
    pub(crate) position: u16,
    /// The whole upstream's.
    pub(crate) breaker: Option<BreakerCell>,
    /// Its room, if that is limited.
    pub(crate) capacity: Option<Arc<CapacityCell>>,
    pub(super) tls: UpstreamTls,
    roster: ArcSwap<Roster>,
    /// Wakes who watches over the health of the endpoints.
    nudge: Notify,
}

// === impl UpstreamState ===

impl UpstreamState {
    pub(crate) fn new(position: usize, policy: &Upstream) -> Result<Self, UpstreamError> {
        let position = u16::try_from(position).unwrap_or(u16::MAX);
        let roster = Roster::new((policy, position), &policy.endpoints, None)?;
        Ok(Self {
            roster: ArcSwap::from_pointee(roster),
            tls: UpstreamTls::load(policy)?,
            breaker: BreakerCell::new(policy.breaker.as_ref()),
            capacity: CapacityCell::new(policy.capacity.as_ref()),
            position,
            policy: policy.clone(),
            nudge: Notify::new(),
        })
    }

    /// Makes the roster anew, because the standing of an endpoint has changed.
    pub(super) fn rebuild(&self) {
        self.roster.rcu(|before| before.renewed(&self.policy));
        self.nudge.notify_one();
    }

    /// Waits until the endpoints, or the health of one, have to be looked at.
    pub(super) async fn nudged(&self) {
        self.nudge.notified().await;
    }

    /// The health of the endpoint at this position; nothing where nobody watches over it.
    pub(crate) fn health(&self, position: usize) -> Option<HealthReport> {
        let roster = self.roster.load();
        let endpoint = roster.endpoints.get(position)?;
        match Watched::of(&self.policy) {
            Watched::No => None,
            Watched::Yes => Some(endpoint.vitals.report()),
        }
    }

    /// Who may be asked now.
    pub(crate) fn roster(&self) -> Guard<Arc<Roster>> {
        self.roster.load()
    }

    /// Who gets the next request, those with the ids `tried` left out.
    pub(crate) fn pick(&self, line: Line<'_>, tried: &[u64]) -> Option<Arc<EndpointState>> {
        let roster = self.roster.load();
        roster.pick(self.position, line, tried).map(Arc::clone)
    }

    /// Takes note of how a try ended. This is the one place where all who watch over the upstream
    /// and its endpoints learn of it.
    pub(crate) fn attempted(&self, endpoint: &EndpointState, attempt: &Attempt) {
        if let Some(capacity) = &self.capacity {
            capacity.learn(attempt);
        }
        tracing::trace!(
            endpoint = %endpoint.authority,
            symptom = attempt.end.symptom().as_str(),
            took = ?attempt.took,
            "attempt"
        );
        if endpoint.vitals.attempted(attempt.end.symptom()) == Nudge::Look {
            self.nudge.notify_one();
        }
    }

    /// Does what follows from time alone; called once a second.
    pub(crate) fn tick(&self) {
        tracing::trace!(upstream = self.policy.name, "tick");
    }

    /// What a new connection to `endpoint` is made with.
    pub(crate) fn dialer<'a>(
        &'a self,
        endpoint: &'a EndpointState,
        line: Line<'a>,
        deadline: Option<Instant>,
    ) -> Dialer<'a> {
        Dialer {
            upstream: self,
            endpoint,
            protocol: self.policy.protocol,
            line,
            deadline,
        }
    }

    /// The `Host` that `endpoint` sees.
    pub(crate) fn host(&self, endpoint: &EndpointState, host: HeaderValue) -> HeaderValue {
        match self.policy.host_header {
            HostHeader::Client if !host.is_empty() => host,
            HostHeader::Client | HostHeader::Endpoint => endpoint.host.clone(),
        }
    }
}
