//! An upstream while the process runs.

mod membership;

use std::{sync::Arc, time::Duration};

use arc_swap::{ArcSwap, Guard};
use engine::attempt::Attempt;
use http::HeaderValue;
use parking_lot::Mutex;
use policy::{HostHeader, Upstream};
use telemetry::Metrics;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use self::membership::Looked;
use super::{
    BreakerCell, Line,
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
    pub(super) tls: UpstreamTls,
    roster: ArcSwap<Roster>,
    /// Wakes who watches over the health of the endpoints.
    nudge: Notify,
    /// Those that were in it, and since when they are not (monotonic). Whoever changes the roster
    /// holds the lock.
    left: Mutex<Vec<(Duration, Arc<EndpointState>)>>,
    /// Whether the endpoints have been looked for once, whatever came of it.
    looked: watch::Sender<Looked>,
}

// === impl UpstreamState ===

impl UpstreamState {
    pub(crate) fn new(
        position: usize,
        policy: &Upstream,
        metrics: &Metrics,
    ) -> Result<Self, UpstreamError> {
        let position = u16::try_from(position).unwrap_or(u16::MAX);
        let listed = policy.endpoints.clone();
        metrics.upstream_endpoints(position, listed.len());
        let (roster, _nobody_left) = Roster::new((policy, position), listed, None, metrics)?;
        let looked = match policy.discovery {
            None => Looked::Once,
            Some(_) => Looked::NotYet,
        };
        Ok(Self {
            roster: ArcSwap::from_pointee(roster),
            left: Mutex::default(),
            looked: watch::Sender::new(looked),
            tls: UpstreamTls::load(policy)?,
            breaker: BreakerCell::new(policy.breaker.as_ref()),
            position,
            policy: policy.clone(),
            nudge: Notify::new(),
        })
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
