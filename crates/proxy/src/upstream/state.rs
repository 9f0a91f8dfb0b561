//! An upstream while the process runs.

use std::{sync::Arc, time::Duration};

use arc_swap::{ArcSwap, Guard};
use engine::attempt::Attempt;
use http::HeaderValue;
use parking_lot::Mutex;
use policy::{Endpoint, HostHeader, Upstream};
use telemetry::{EndpointFigures, EndpointOrigin, Metrics};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    BreakerCell, Line,
    connect::Dialer,
    endpoint::{EndpointState, Unaddressable},
    health::{HealthReport, Nudge, Watched},
    roster::Roster,
    tls::{UpstreamTls, UpstreamTlsError},
};
use crate::clock;

/// How long an endpoint that is gone, and has nothing in flight, is remembered.
const REMEMBERED: Duration = Duration::from_secs(10);

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

/// Whether the endpoints of an upstream have been looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    NotYet,
    /// Or there is nothing to look for.
    Once,
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

    /// From now on these are its endpoints. The states of those that stay go on; those that are gone
    /// get nothing new, end what they have, and lose their idle connections.
    ///
    /// # Errors
    /// When one of them cannot be addressed; then nothing changes.
    pub(super) fn replace(
        &self,
        endpoints: Vec<Endpoint>,
        metrics: &Metrics,
    ) -> Result<(), Unaddressable> {
        let mut left = self.left.lock();
        let before = self.roster.load();
        let known = endpoints.len();
        let upstream = (&self.policy, self.position);
        let (roster, gone) = Roster::new(upstream, endpoints, Some(&before), metrics)?;
        self.roster.store(Arc::new(roster));
        metrics.upstream_endpoints(self.position, known);
        self.nudge.notify_one();
        let now = clock::monotonic();
        for endpoint in gone {
            endpoint.retire();
            left.push((now, endpoint));
        }
        Ok(())
    }

    /// Forgets those who have left and have nothing in flight any more.
    pub(super) fn forget(&self, metrics: &Metrics) {
        let now = clock::monotonic();
        self.left.lock().retain(|(since, endpoint)| {
            endpoint.in_flight() > 0 || now.saturating_sub(*since) < REMEMBERED
        });
        metrics.forget_endpoints(self.position, now);
    }

    /// Its endpoints as they are now, and those that are leaving.
    pub(crate) fn figures(&self) -> Vec<EndpointFigures> {
        let roster = self.roster.load();
        let figures = |endpoint: &Endpoint, state: &EndpointState, origin| EndpointFigures {
            endpoint: endpoint.clone(),
            origin,
            in_flight: state.in_flight() as u64,
        };
        let standing = roster.standings.iter().zip(&roster.endpoints);
        // Those of the configuration come first, in its order.
        let listed = self.policy.endpoints.len();
        let members = standing.enumerate().map(|(place, (endpoint, state))| {
            let origin = match place < listed {
                true => EndpointOrigin::Listed,
                false => EndpointOrigin::Found,
            };
            figures(endpoint, state, origin)
        });
        let left = self.left.lock();
        let leaving = left.iter().filter(|(_, state)| state.in_flight() > 0);
        let leaving =
            leaving.map(|(_, state)| figures(&state.policy, state, EndpointOrigin::Draining));
        members.chain(leaving).collect()
    }

    /// The endpoint at this place in the metrics, also if it has left a short while ago.
    pub(crate) fn endpoint_at(&self, slot: u16) -> Option<Arc<EndpointState>> {
        self.roster.load().at(slot).or_else(|| {
            let left = self.left.lock();
            let mut left = left.iter().filter(|(_, endpoint)| endpoint.slot == slot);
            left.next_back().map(|(_, endpoint)| Arc::clone(endpoint))
        })
    }

    /// The endpoints have been looked for.
    pub(super) fn looked(&self) {
        self.looked.send_replace(Looked::Once);
    }

    /// Waits until the endpoints have been looked for once.
    pub(super) async fn first_look(&self) {
        let mut looked = self.looked.subscribe();
        let _it_lives = looked.wait_for(|looked| *looked == Looked::Once).await;
    }

    /// Makes the roster anew, because the standing of an endpoint has changed.
    pub(super) fn rebuild(&self) {
        let one_at_a_time = self.left.lock();
        let renewed = self.roster.load().renewed(&self.policy);
        self.roster.store(Arc::new(renewed));
        drop(one_at_a_time);
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
