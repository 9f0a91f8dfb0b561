//! An upstream while the process runs.

mod membership;

use std::{sync::Arc, time::Duration};

use arc_swap::{ArcSwap, Guard};
use engine::{attempt::Attempt, hedge::Hedging};
use http::HeaderValue;
use parking_lot::Mutex;
use policy::{HostHeader, Mode, Upstream};
use telemetry::Metrics;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use self::membership::Looked;
use super::{
    BreakerCell, Line,
    capacity::CapacityCell,
    choice::Chooser,
    connect::Dialer,
    endpoint::{EndpointState, Unaddressable},
    health::{HealthReport, Nudge, Watched},
    layers::{mirror::Mirroring, retry::Retrying},
    roster::Roster,
    tls::{UpstreamTls, UpstreamTlsError},
};
use crate::{clock, errand::Errand, sticky::StickyKeyError};

/// An upstream that cannot be made ready.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum UpstreamError {
    /// The key of its sticky cookies cannot be used.
    Sticky(#[from] StickyKeyError),
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
    /// What is known for further tries; `None` when there are none.
    pub(super) retrying: Option<Retrying>,
    /// What is known for second tries beside a slow first one; `None` when there are none.
    pub(super) hedging: Option<Hedging>,
    /// What is known of copies for another upstream; `None` when there are none.
    pub(super) mirroring: Option<Mirroring>,
    /// The whole upstream's.
    pub(crate) breaker: Option<BreakerCell>,
    /// Its room, if that is limited.
    pub(crate) capacity: Option<Arc<CapacityCell>>,
    chooser: Chooser,
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
        let chooser = Chooser::new(policy)?;
        let listed = policy.endpoints.clone();
        metrics.upstream_endpoints(position, listed.len());
        let (of, now) = ((policy, position), clock::monotonic());
        let (roster, _nobody_left) = Roster::new(of, listed, &chooser, None, metrics, now)?;
        let looked = match policy.discovery {
            None => Looked::Once,
            Some(_) => Looked::NotYet,
        };
        Ok(Self {
            chooser,
            roster: ArcSwap::from_pointee(roster),
            left: Mutex::default(),
            looked: watch::Sender::new(looked),
            tls: UpstreamTls::load(policy)?,
            breaker: BreakerCell::new(policy.breaker.as_ref()),
            capacity: CapacityCell::new(policy.capacity.as_ref()),
            position,
            retrying: Retrying::of(policy),
            mirroring: Mirroring::of(policy),
            hedging: (policy.hedge.clone())
                .filter(|hedge| hedge.mode != Mode::Off)
                .map(Hedging::new),
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

    /// Who gets the request of `errand`, those with the ids `tried` left out.
    pub(crate) fn pick(&self, errand: &Errand, tried: &[u64]) -> Option<Arc<EndpointState>> {
        let roster = self.roster.load();
        roster.pick(&self.chooser, errand, tried).map(Arc::clone)
    }

    /// All but those with the ids `tried`, the well ones first, and among them those of the first
    /// priority.
    pub(crate) fn others(&self, tried: &[u64]) -> Vec<Arc<EndpointState>> {
        self.roster.load().others(tried)
    }

    /// The `Set-Cookie` that binds the client of `errand` to the endpoint that answered it, if
    /// clients are bound and this one is not bound to that.
    pub(crate) fn binding(&self, errand: &Errand, answered: &EndpointState) -> Option<HeaderValue> {
        let roster = self.roster.load();
        roster.cookie(&self.chooser, errand, answered)
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
        endpoint.form.attempted(attempt);
        if endpoint.vitals.attempted(attempt.end.symptom()) == Nudge::Look {
            self.nudge.notify_one();
        }
    }

    /// Does what follows from time alone; called once a second.
    pub(crate) fn tick(&self) {
        let due_at = self.roster.load().due_at();
        if due_at.is_some_and(|due_at| due_at <= clock::monotonic()) {
            self.renew();
        }
    }

    /// The share of the budgets for further tries that the capacity of the origin leaves.
    pub(super) fn capacity_left(&self) -> f64 {
        self.capacity.as_ref().map_or(1.0, |cell| cell.share())
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
