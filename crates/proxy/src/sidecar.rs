//! Everything that outlives a request.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use engine::{
    cache::purge::{Manner, Purge},
    collapse::memory::Recollection,
    compression::headroom::Headroom,
    forwarding::{Instance, InvalidPseudonym},
    security::{SecurityAction, SecurityKind},
    time::{Now, Stepped, WallWatch},
};
use parking_lot::Mutex;
use policy::Policies;
use store::{
    FillBudget, InFlightCells, LimiterCells, MemoryShares, PenaltyBoxes, Purges, ResponseStore,
    SearchVariances, Uncacheable, Verdicts, WriteMarks, popularity::Popularity,
};
use telemetry::{
    AccessLog, CacheAnswers, CacheFigures, ClientConnectionEnd, EndpointFigures, Health, Metrics,
    SecurityEvent, SecurityEvents, SecurityLog,
};

use crate::{
    clock,
    connection::Addresses,
    flight::Flights,
    headroom::HeadroomWatch,
    purged_urls::inner_keys,
    renewal::Renewals,
    snapshot::{Snapshot, SnapshotError},
    steps::limit::WaitingRoom,
    upstream::{HealthReport, TlsClient},
};

/// One running Forebay: its policies, its stores, and what it tells.
#[derive(Debug)]
pub struct Sidecar {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) instance: Instance,
    pub(crate) responses: ResponseStore,
    pub(crate) fills: Arc<FillBudget>,
    pub(crate) limiter: LimiterCells,
    pub(crate) places: Arc<InFlightCells>,
    pub(crate) waiting_room: WaitingRoom,
    pub(crate) penalties: PenaltyBoxes,
    pub(crate) uncacheable: Uncacheable,
    /// Keys whose whole response was not worth fetching for a part of it.
    pub(crate) unfillable: Uncacheable,
    pub(crate) purges: Purges,
    pub(crate) writes: WriteMarks,
    pub(crate) searches: SearchVariances,
    pub(crate) renewals: Arc<Renewals>,
    partitions: AtomicBool,
    purged: Purged,
    pub(crate) verdicts: Verdicts,
    pub(crate) popularity: Option<Popularity>,
    pub(crate) flights: Arc<Flights>,
    pub(crate) tls: TlsClient,
    pub(crate) access_log: Option<AccessLog>,
    pub(crate) security: SecurityEvents,
    pub(crate) health: Arc<Health>,
    pub(crate) headroom: HeadroomWatch,
    wall: Mutex<WallWatch>,
    pub(crate) addresses: Arc<Addresses>,
    connections: AtomicUsize,
}

/// The purges that somebody ordered.
#[derive(Debug, Default)]
struct Purged {
    hard: AtomicU64,
    soft: AtomicU64,
}

/// A sidecar that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum SidecarError {
    /// The name for `Via` is no token.
    Pseudonym(#[from] InvalidPseudonym),
    /// The policies cannot be made ready.
    Snapshot(#[from] SnapshotError),
}

/// One client connection, counted while it lives.
#[derive(Debug)]
pub(crate) struct CountedConnection(Arc<Sidecar>);

// === impl Sidecar ===

impl Sidecar {
    /// Sets everything up; `pseudonym` must differ between running instances.
    ///
    /// # Errors
    /// When the pseudonym is no token, or the policies cannot be made ready: an endpoint cannot be
    /// addressed, or the keys for tokens cannot be used.
    pub fn new(
        policies: Policies,
        pseudonym: &str,
        metrics: Metrics,
        access_log: Option<AccessLog>,
        health: Arc<Health>,
    ) -> Result<Self, SidecarError> {
        let shares = MemoryShares::of(policies.memory.limit);
        let popularity = popularity(&policies);
        Ok(Self {
            snapshot: ArcSwap::from_pointee(Snapshot::new(policies, metrics)?),
            instance: Instance::new(pseudonym)?,
            responses: ResponseStore::new(shares.responses),
            fills: Arc::new(FillBudget::new(shares.fills)),
            limiter: LimiterCells::new(shares.limiter),
            places: Arc::default(),
            waiting_room: WaitingRoom::default(),
            penalties: PenaltyBoxes::new(shares.penalties),
            uncacheable: Uncacheable::default(),
            unfillable: Uncacheable::default(),
            purges: Purges::default(),
            writes: WriteMarks::default(),
            searches: SearchVariances::default(),
            renewals: Arc::default(),
            partitions: AtomicBool::new(false),
            purged: Purged::default(),
            verdicts: Verdicts::default(),
            popularity,
            flights: Arc::default(),
            tls: TlsClient::default(),
            access_log,
            security: SecurityEvents::default(),
            health,
            headroom: HeadroomWatch::of_machine(),
            wall: Mutex::default(),
            addresses: Arc::default(),
            connections: AtomicUsize::new(0),
        })
    }

    /// Writes what is told of attacks to `log`, too.
    #[must_use]
    pub fn with_security_log(mut self, log: SecurityLog) -> Self {
        self.security = SecurityEvents::new(Some(log));
        self
    }

    /// Tells a security event that is not about one request: of a connection, or of nobody.
    pub(crate) fn tell(
        &self,
        kind: SecurityKind,
        action: SecurityAction,
        client: Option<IpAddr>,
        evidence: &str,
    ) {
        let event = SecurityEvent {
            at: clock::now(),
            kind,
            action,
            client,
            route: None,
            policy: None,
            evidence,
            request_id: None,
        };
        self.security.tell(&self.snapshot.load().metrics, &event);
    }

    /// How full the stores are.
    pub fn cache_figures(&self) -> CacheFigures {
        let stats = self.responses.stats();
        CacheFigures {
            entries: stats.entries,
            bytes: stats.bytes,
            limit_bytes: stats.limit_bytes,
            fill_bytes: self.fills.used(),
            evicted_expired: 0,
            evicted_explicit: stats.removed,
            evicted_replaced: 0,
            evicted_size: stats.evicted,
            purged_hard: self.purged.hard.load(Ordering::Relaxed),
            purged_soft: self.purged.soft.load(Ordering::Relaxed),
            renewals_failed: self.renewals.failed(),
            renewals_succeeded: self.renewals.succeeded(),
        }
    }

    /// What the cache has answered since the process began.
    pub fn cache_answers(&self) -> CacheAnswers {
        self.snapshot.load().metrics.cache_answers()
    }

    /// The endpoints of the upstream at this position as they are now, those that are leaving
    /// included.
    pub fn endpoints(&self, upstream: usize) -> Vec<EndpointFigures> {
        let snapshot = self.snapshot.load();
        let upstream = snapshot.upstreams.get(upstream);
        upstream.map_or_else(Vec::new, |upstream| upstream.figures())
    }

    /// The health of one endpoint, both by position; nothing where nobody watches over it.
    pub fn endpoint_health(&self, upstream: usize, endpoint: usize) -> Option<HealthReport> {
        let snapshot = self.snapshot.load();
        snapshot.upstreams.get(upstream)?.health(endpoint)
    }

    /// The policies that are in force.
    pub fn policies(&self) -> Arc<Policies> {
        Arc::clone(&self.snapshot.load().policies)
    }

    /// The counters of these policies.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.snapshot.load().metrics)
    }

    /// Takes note of a purge: from now on nothing it is about is used as it was before.
    ///
    /// The URL of a purge is as a client would ask for it: it is purged under every key that a route
    /// makes of it.
    pub fn purge(&self, purge: &Purge) {
        let counted = match purge.manner {
            Manner::Hard => &self.purged.hard,
            Manner::Soft => &self.purged.soft,
        };
        counted.fetch_add(1, Ordering::Relaxed);
        let snapshot = self.snapshot.load();
        for what in inner_keys(&snapshot.policies, &self.searches, &purge.what) {
            self.purges.record(&Purge {
                what,
                manner: purge.manner,
            });
        }
    }

    /// What is asked for most; nothing when the policies remember it nowhere.
    pub fn popularity(&self) -> Option<&Popularity> {
        self.popularity.as_ref()
    }

    /// How much processor time is left over.
    pub fn headroom(&self) -> Headroom {
        self.headroom.now()
    }

    /// Keeps the memory promise, and an eye on the processors and the clock; call it a few times a
    /// second.
    pub fn tidy(&self) {
        self.responses.tidy();
        self.headroom.look();
        self.penalties.sweep(clock::monotonic());
        if let Some(now) = clock::at_once() {
            self.watch_clock(now);
        }
    }

    /// Tells of a wall clock that stepped back: dates in tokens and messages mean something else now.
    fn watch_clock(&self, now: Now) {
        if let Stepped::Back(by) = self.wall.lock().look(now) {
            let (kind, action) = (SecurityKind::ClockStepped, SecurityAction::Noted);
            let evidence = format!("back by {:.3} s", by.as_secs_f64());
            self.tell(kind, action, None, &evidence);
        }
    }

    /// Whether anything was ever asked for one user, or by the body of its request: then one URL
    /// may have several keys.
    pub(crate) fn has_partitions(&self) -> bool {
        self.partitions.load(Ordering::Relaxed)
    }

    /// Notes that something may be stored for one user, or by the body of its request.
    pub(crate) fn partition(&self) {
        if !self.has_partitions() {
            self.partitions.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a request for a part had better ask for that part alone.
    pub(crate) fn refuses_whole(&self, key: &[u8]) -> bool {
        let remembered = (self.unfillable).recall(store::hash(key), clock::monotonic());
        remembered == Recollection::Unshareable
    }

    /// Counts a new client connection, or refuses it when there are `limit` already.
    pub(crate) fn admit_connection(self: &Arc<Self>, limit: usize) -> Option<CountedConnection> {
        let counted = self
            .connections
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
                (open < limit).then_some(open + 1)
            });
        counted.is_ok().then(|| CountedConnection(Arc::clone(self)))
    }

    /// Tells that a client has connected.
    pub(crate) fn connection_began(&self) {
        self.snapshot.load().metrics.client_connected();
    }

    /// Tells how a client connection ended.
    pub(crate) fn connection_ended(&self, end: ClientConnectionEnd) {
        self.snapshot.load().metrics.client_disconnected(end);
    }
}

/// Counted only where somebody wants to know.
fn popularity(policies: &Policies) -> Option<Popularity> {
    let warm = policies.cache.warm.as_ref()?;
    warm.popularity.as_ref()?;
    let top = usize::try_from(warm.top.get()).unwrap_or(usize::MAX);
    Some(Popularity::new(top))
}

// === impl CountedConnection ===

impl Drop for CountedConnection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FILE: &str = "version: 1\nlisteners: [{address: \"127.0.0.1:0\"}]\nupstreams:\n  app: \
                        {endpoints: [\"http://a:1\"]}\nroutes: [{name: all, upstream: app}]\n";

    fn sidecar() -> Sidecar {
        let source = policy::Source {
            name: "test",
            bytes: FILE.as_bytes(),
        };
        let policies = policy::parse(source, &|_| None).unwrap().policies;
        let health = Health::new();
        let metrics = Metrics::new(&policies, &health).unwrap();
        Sidecar::new(policies, "test", metrics, None, health).unwrap()
    }

    #[test]
    fn a_clock_that_stepped_back_is_told_of_once() {
        let sidecar = sidecar();
        let began = clock::now();
        let later = began.after(Duration::from_secs(10));
        let stepped = Now {
            wall: began.wall - Duration::from_secs(3600),
            ..later
        };
        for reading in [began, later, stepped, stepped] {
            sidecar.watch_clock(reading);
        }
        let text = sidecar.metrics().text().unwrap();
        let told = r#"forebay_security_events_total{kind="clock_stepped",action="noted"} 1"#;
        assert!(text.contains(told), "{text}");
    }
}
