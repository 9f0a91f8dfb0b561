//! Counting, without looking anything up.
//!
//! Every label value a request can have is known when the policies are loaded, so all counters live
//! in plain arrays, addressed by position, and recording a request is a handful of additions. Each
//! thread adds to a shard of its own, because workers that share a cache line spend more time
//! fighting over it than counting. The metrics library comes in only when somebody asks:
//! a collector of our own sums the shards and hands over what is not zero.

mod bans;
mod batch;
mod breakers;
mod capacity;
mod cells;
mod compression;
mod connections;
mod export;
mod health;
mod identity;
mod limiter;
mod limits;
mod process;
mod retries;
mod route;
mod security;
mod shield;
mod transform;
mod upstream;

use std::{slice, sync::Arc, time::SystemTime};

use engine::{
    batch::{BatchOutcome, MemberOutcome},
    compression::headroom::Headroom,
    outcome::{BypassReason, CacheOutcome, MissReason},
    transform::Trimmed,
};
use policy::{AttackCategory, Policies};
use prometheus::{Registry, TextEncoder, process_collector::ProcessCollector};

use crate::{AccessLog, Health, RequestEvent, ShieldDecision};

pub use bans::BanFigures;
pub use breakers::{BreakerFigures, BreakerScope};
pub use capacity::{CapacityFigures, ShedCounts, Waited, Waits};
pub use connections::{ClientConnectionEnd, CloseReason, ConnectOutcome, ConnectionState};
pub use limiter::LimitFigures;
pub use process::{CacheAnswers, CacheFigures};
pub use retries::{HedgeOutcome, RetryOutcome};
pub use upstream::EndpointPlace;

pub(crate) use cells::{BOUNDS, SHARDS, Shard};

use export::Exporter;
use process::Process;
use route::RouteSeries;
use upstream::UpstreamSeries;

/// The label value of requests without a route, and of exchanges without an endpoint.
const NONE: &str = "none";

/// The counters for one set of policies.
#[derive(Debug)]
pub struct Metrics {
    series: Arc<Series>,
    registry: Registry,
}

/// Metrics could not be set up or written out.
#[derive(Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

/// Everything counted, by position in the policies.
#[derive(Debug)]
struct Series {
    process: Arc<Process>,
    /// Of requests that no route takes.
    unrouted: Arc<RouteSeries>,
    routes: Vec<Arc<RouteSeries>>,
    upstreams: Vec<Arc<UpstreamSeries>>,
}

// === impl Metrics ===

impl Metrics {
    /// What `/metrics` says in `Content-Type`.
    pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

    /// Counters for `policies`, all at zero.
    ///
    /// # Errors
    /// When the catalogue contradicts itself, which a test excludes.
    pub fn new(policies: &Policies, health: &Arc<Health>) -> Result<Self, MetricsError> {
        Self::build(Series::new(
            policies,
            Process::new(Arc::clone(health)),
            None,
        ))
    }

    /// Counters for other policies that go on where these are: what belongs to the process, to a
    /// route or to an upstream that is still there keeps its numbers, also those that requests add
    /// which began under the old policies.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn reloaded(&self, policies: &Policies) -> Result<Self, MetricsError> {
        let process = Arc::clone(&self.series.process);
        Self::build(Series::new(policies, process, Some(&self.series)))
    }

    fn build(series: Series) -> Result<Self, MetricsError> {
        let series = Arc::new(series);
        let registry = Registry::new();
        registry.register(Box::new(Exporter::new(Arc::clone(&series))?))?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        Ok(Self { series, registry })
    }

    /// Counts one finished request; called once for each, by the thread that served it.
    pub fn record(&self, event: &RequestEvent) {
        let shard = Shard::mine();
        let series = &*self.series;
        let route = event
            .route
            .and_then(|route| series.routes.get(usize::from(route)));
        route.unwrap_or(&series.unrouted).record(shard, event);
        if let Some(upstream) = self.upstream(event.upstream) {
            upstream.record(shard, event);
        }
    }

    /// Counts a batch of so many requests of the route at this position.
    pub fn batch(&self, route: usize, outcome: BatchOutcome, members: usize) {
        if let Some(series) = self.series.routes.get(route) {
            series
                .batches()
                .batch(Shard::mine(), outcome, members as u64);
        }
    }

    /// Counts the body of a request that was decompressed, of the route at this position: its bytes
    /// before and after.
    pub fn request_decoded(&self, route: usize, coded: u64, plain: u64) {
        if let Some(series) = self.series.routes.get(route) {
            series.compression().request(Shard::mine(), coded, plain);
        }
    }

    /// Counts what became of a request that might have been in a batch, of the route at this position.
    pub fn batch_request(&self, route: usize, outcome: MemberOutcome) {
        if let Some(series) = self.series.routes.get(route) {
            series.batches().request(Shard::mine(), outcome);
        }
    }

    /// Counts what the shield of the route at this position said to a request.
    pub fn shield_decided(&self, route: usize, decision: ShieldDecision) {
        if let Some(series) = self.series.routes.get(route) {
            series.shield().decided(Shard::mine(), decision);
        }
    }

    /// Counts a request in which the shield of the route at this position saw an attack of this kind.
    pub fn shield_matched(&self, route: usize, category: AttackCategory) {
        if let Some(series) = self.series.routes.get(route) {
            series.shield().matched(Shard::mine(), category);
        }
    }

    /// Counts what became of a JSON body of the route at this position, and how many bytes of it came
    /// in and went out; in shadow mode would have gone out.
    pub fn trimmed(&self, route: usize, outcome: Trimmed, taken: u64, given: u64) {
        if let Some(series) = self.series.routes.get(route) {
            series
                .transforms()
                .trimmed(Shard::mine(), outcome, taken, given);
        }
    }

    /// A client has connected.
    pub fn client_connected(&self) {
        self.series.process.client_connected(Shard::mine());
    }

    /// A connection of a client has ended, on whichever thread.
    pub fn client_disconnected(&self, end: ClientConnectionEnd) {
        self.series.process.client_disconnected(Shard::mine(), end);
    }

    /// The configuration was loaded at `at`; also the first time.
    pub fn config_loaded(&self, at: SystemTime) {
        self.series.process.config_loaded(at);
    }

    /// A configuration was refused, and the one before stays in force.
    pub fn config_refused(&self) {
        self.series.process.config_refused();
    }

    /// Where the figures of the cache come from, asked at each scrape; the first source stays.
    pub fn watch_cache(&self, figures: impl Fn() -> CacheFigures + Send + Sync + 'static) {
        self.series.process.watch_cache(Box::new(figures));
    }

    /// Where the figures of the penalty boxes come from, asked at each scrape; the first source stays.
    pub fn watch_bans(&self, figures: impl Fn() -> Vec<BanFigures> + Send + Sync + 'static) {
        self.series.process.watch_bans(figures);
    }

    /// Where the figures of the breakers come from, asked at each scrape; the first source stays.
    pub fn watch_breakers(
        &self,
        figures: impl Fn() -> Vec<BreakerFigures> + Send + Sync + 'static,
    ) {
        self.series.process.watch_breakers(figures);
    }

    /// Where the figures of the limits on upstreams come from, asked at each scrape; the first
    /// source stays.
    pub fn watch_capacity(
        &self,
        figures: impl Fn() -> Vec<CapacityFigures> + Send + Sync + 'static,
    ) {
        self.series.process.watch_capacity(figures);
    }

    /// Where the headroom for compression comes from, asked at each scrape; the first source stays.
    pub fn watch_headroom(&self, headroom: impl Fn() -> Headroom + Send + Sync + 'static) {
        self.series.process.watch_headroom(Box::new(headroom));
    }

    /// Which access log to report the losses of; the first one stays.
    pub fn watch_access_log(&self, log: &AccessLog) {
        self.series.process.watch_access_log(log.losses());
    }

    /// What the caches answered, summed over the routes of these policies.
    pub fn cache_answers(&self) -> CacheAnswers {
        let routes = &self.series.routes;
        let sum = |outcome| {
            routes
                .iter()
                .map(|route| route.cache_requests(outcome))
                .sum()
        };
        CacheAnswers {
            bypasses: sum(CacheOutcome::Bypass(BypassReason::Method)),
            hits: sum(CacheOutcome::Hit),
            misses: sum(CacheOutcome::Miss(MissReason::Uri)),
            revalidations: sum(CacheOutcome::Revalidated),
            stale: sum(CacheOutcome::Stale),
        }
    }

    /// Everything in the Prometheus text format.
    ///
    /// # Errors
    /// When the metrics library refuses a family, which a test excludes.
    pub fn text(&self) -> Result<String, MetricsError> {
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }

    fn upstream(&self, position: Option<u16>) -> Option<&UpstreamSeries> {
        let upstream = self.series.upstreams.get(usize::from(position?))?;
        Some(upstream)
    }
}

// === impl Series ===

impl Series {
    fn new(policies: &Policies, process: Arc<Process>, old: Option<&Self>) -> Self {
        let old_routes = old.map_or(&[][..], |old| &old.routes);
        let routes: Vec<_> = policies
            .routes
            .iter()
            .map(|route| RouteSeries::new(route).or_kept(old_routes))
            .collect();
        let old_upstreams = old.map_or(&[][..], |old| &old.upstreams);
        let upstreams = policies
            .upstreams
            .iter()
            .map(|upstream| UpstreamSeries::new(upstream).or_kept(old_upstreams))
            .collect();
        // A route may be called `none`; two sets of series with the same labels may not exist.
        let called_none = routes.iter().find(|route| route.name() == NONE);
        let old_unrouted = old.map_or(&[][..], |old| slice::from_ref(&old.unrouted));
        let unrouted =
            called_none.map_or_else(|| RouteSeries::unrouted().or_kept(old_unrouted), Arc::clone);
        Self {
            process,
            unrouted,
            routes,
            upstreams,
        }
    }
}

#[cfg(test)]
mod tests;
