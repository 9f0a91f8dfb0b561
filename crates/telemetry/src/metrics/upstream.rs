//! What is counted for one upstream.
//!
//! Endpoints have places, which `places` gives away; the cells of a place are made in groups, when
//! the first of a group is counted for, so that a thousand possible endpoints cost nothing.

mod discovery;
mod notes;
mod places;

use std::{
    array,
    sync::{Arc, OnceLock},
    time::Duration,
};

use engine::mirror::CopyOutcome;
use policy::Upstream;

use self::{discovery::Discovery, places::Places};
use super::{
    CloseReason, ConnectOutcome, ConnectionState,
    cells::{Counter, Durations, Gauge, Shard, Sharded},
    export::Sheet,
    health::{HealthCells, HealthSums},
    retries::Retries,
};
use crate::{
    RequestEvent, catalogue,
    words::{CodeClass, UpstreamOutcome, Word},
};

/// Endpoints whose cells are made together.
const GROUP: usize = 16;

/// The series of one upstream.
#[derive(Debug)]
pub(super) struct UpstreamSeries {
    labels: UpstreamLabels,
    places: Places,
    cells: Sharded<UpstreamCells>,
    retries: Retries,
    pub(super) discovery: Discovery,
}

/// An endpoint's place in the metrics of its upstream, held for as long as this lives.
#[derive(Debug)]
pub struct EndpointPlace {
    place: u16,
    series: Arc<UpstreamSeries>,
}

/// What of an upstream is in labels before anything is found.
#[derive(Debug, PartialEq, Eq)]
struct UpstreamLabels {
    name: String,
    /// `host:port` of each that is listed, no two the same.
    listed: Vec<String>,
}

#[derive(Debug)]
struct UpstreamCells {
    endpoints: [OnceLock<Box<[EndpointCells; GROUP]>>; places::ALL.div_ceil(GROUP)],
    durations: Durations,
    connections: [Gauge; ConnectionState::ALL.len()],
    closes: [Counter; CloseReason::ALL.len()],
    waiting: Gauge,
    copies: [Counter; CopyOutcome::ALL.len()],
}

#[derive(Debug)]
struct EndpointCells {
    outcomes: [Counter; UpstreamOutcome::COUNT],
    connects: [Counter; ConnectOutcome::ALL.len()],
    shadow_picks: Counter,
    health: HealthCells,
}

// === impl UpstreamSeries ===

impl UpstreamSeries {
    pub(super) fn new(upstream: &Upstream) -> Self {
        let mut listed: Vec<String> = Vec::new();
        for endpoint in &upstream.endpoints {
            let authority = endpoint.address.to_string();
            if !listed.contains(&authority) {
                listed.push(authority);
            }
        }
        Self {
            places: Places::new(&listed),
            labels: UpstreamLabels {
                name: upstream.name.clone(),
                listed,
            },
            cells: Sharded::default(),
            retries: Retries::default(),
            discovery: Discovery::default(),
        }
    }

    /// One of `old` with the same labels, so that its numbers go on, or else this.
    pub(super) fn or_kept(self, old: &[Arc<Self>]) -> Arc<Self> {
        old.iter()
            .find(|old| old.labels == self.labels)
            .map_or_else(|| Arc::new(self), Arc::clone)
    }

    /// Forgets the endpoints that have been gone for a while.
    pub(super) fn forget(&self, now: Duration) {
        self.places.forget(now, |place| self.clear(place));
    }

    pub(super) fn record(&self, shard: Shard, event: &RequestEvent) {
        let cells = self.cells(shard);
        let outcome = match event.failure {
            Some(failure) => UpstreamOutcome::Failed(failure),
            None => UpstreamOutcome::Answered(CodeClass::of(event.upstream_status.unwrap_or(0))),
        };
        let endpoint = cells.endpoint(self.places.of(event.endpoint));
        endpoint.outcomes[outcome.slot()].add(shard, 1);
        if let Some(duration) = event.upstream_time {
            cells.durations.observe(shard, duration);
        }
    }

    pub(super) fn connect(&self, shard: Shard, endpoint: u16, outcome: ConnectOutcome) {
        let cells = self.cells(shard);
        let endpoint = cells.endpoint(self.places.of(Some(endpoint)));
        endpoint.connects[outcome.slot()].add(shard, 1);
    }

    pub(super) fn shadow_pick(&self, shard: Shard, endpoint: u16) {
        let cells = self.cells(shard);
        let endpoint = cells.endpoint(self.places.of(Some(endpoint)));
        endpoint.shadow_picks.add(shard, 1);
    }

    /// The health of an endpoint, to be written to.
    pub(super) fn health(&self, shard: Shard, endpoint: u16) -> &HealthCells {
        let cells = self.cells(shard);
        &cells.endpoint(self.places.of(Some(endpoint))).health
    }

    pub(super) fn connection(
        &self,
        shard: Shard,
        from: Option<ConnectionState>,
        to: Option<ConnectionState>,
    ) {
        let connections = &self.cells(shard).connections;
        if let Some(from) = from {
            connections[from.slot()].add(shard, -1);
        }
        if let Some(to) = to {
            connections[to.slot()].add(shard, 1);
        }
    }

    pub(super) const fn retries(&self) -> &Retries {
        &self.retries
    }

    pub(super) fn closed(&self, shard: Shard, reason: CloseReason) {
        self.cells(shard).closes[reason.slot()].add(shard, 1);
    }

    pub(super) fn waiting(&self, shard: Shard, more: i64) {
        self.cells(shard).waiting.add(shard, more);
    }

    pub(super) fn copied(&self, shard: Shard, outcome: CopyOutcome) {
        self.cells(shard).copies[outcome.slot()].add(shard, 1);
    }

    pub(super) fn export(&self, sheet: &mut Sheet) {
        let upstream = self.labels.name.as_str();
        self.retries.export(upstream, sheet);
        for (place, endpoint) in self.places.names() {
            self.export_endpoint(place, &endpoint, sheet);
        }
        let dropped = self.places.dropped();
        sheet.counter(&catalogue::UPSTREAM_SERIES_DROPPED, &[upstream], dropped);
        self.discovery.export(upstream, sheet);
        let durations = self.cells.durations(|cells| &cells.durations);
        sheet.durations(
            &catalogue::UPSTREAM_REQUEST_DURATION,
            &[upstream],
            &durations,
        );
        for state in ConnectionState::ALL {
            let open = self.cells.level(|cells| &cells.connections[state.slot()]);
            let labels = [upstream, state.word()];
            sheet.gauge(
                &catalogue::UPSTREAM_CONNECTIONS,
                &labels,
                open.max(0) as f64,
            );
        }
        for reason in CloseReason::ALL {
            let count = self.cells.sum(|cells| &cells.closes[reason.slot()]);
            let labels = [upstream, reason.word()];
            sheet.counter(&catalogue::UPSTREAM_CONNECTION_CLOSES, &labels, count);
        }
        for outcome in CopyOutcome::ALL {
            let count = self.cells.sum(|cells| &cells.copies[outcome.slot()]);
            let labels = [upstream, outcome.word()];
            sheet.counter(&catalogue::UPSTREAM_COPIES, &labels, count);
        }
        let waiting = self.cells.level(|cells| &cells.waiting);
        sheet.gauge(
            &catalogue::UPSTREAM_CONNECTION_WAITS,
            &[upstream],
            waiting.max(0) as f64,
        );
    }

    fn export_endpoint(&self, place: u16, endpoint: &str, sheet: &mut Sheet) {
        let upstream = self.labels.name.as_str();
        let cells: Vec<&EndpointCells> = self
            .cells
            .touched()
            .filter_map(|cells| cells.known(place))
            .collect();
        if cells.is_empty() {
            return;
        }
        let sum = |read: &dyn Fn(&EndpointCells) -> u64| cells.iter().map(|it| read(it)).sum();
        for (outcome, word) in UpstreamOutcome::all_words().into_iter().enumerate() {
            let count = sum(&|cells| cells.outcomes[outcome].get());
            let labels = [upstream, endpoint, word];
            sheet.counter(&catalogue::UPSTREAM_REQUESTS, &labels, count);
        }
        for outcome in ConnectOutcome::ALL {
            let count = sum(&|cells| cells.connects[outcome.slot()].get());
            let labels = [upstream, endpoint, outcome.word()];
            sheet.counter(&catalogue::UPSTREAM_CONNECTS, &labels, count);
        }
        let picks = sum(&|cells| cells.shadow_picks.get());
        let labels = [upstream, endpoint];
        sheet.counter(&catalogue::UPSTREAM_SHADOW_PICKS, &labels, picks);
        let health = cells.iter().map(|cells| &cells.health);
        HealthSums::of(health).export(sheet, upstream, endpoint);
    }

    fn clear(&self, place: u16) {
        for cells in self.cells.touched() {
            if let Some(endpoint) = cells.known(place) {
                endpoint.clear();
            }
        }
    }

    fn cells(&self, shard: Shard) -> &UpstreamCells {
        self.cells.get_or_init(shard, UpstreamCells::default)
    }
}

// === impl EndpointPlace ===

impl EndpointPlace {
    pub(super) fn claim(series: &Arc<UpstreamSeries>, endpoint: &str) -> Self {
        Self {
            place: series.places.claim(endpoint, |place| series.clear(place)),
            series: Arc::clone(series),
        }
    }

    /// Its number, as events have it.
    pub fn number(&self) -> u16 {
        self.place
    }
}

impl Drop for EndpointPlace {
    fn drop(&mut self) {
        self.series.places.release(self.place);
    }
}

// === impl UpstreamCells ===

impl Default for UpstreamCells {
    fn default() -> Self {
        Self {
            endpoints: array::from_fn(|_| OnceLock::new()),
            durations: Durations::default(),
            connections: Default::default(),
            closes: Default::default(),
            waiting: Gauge::default(),
            copies: Default::default(),
        }
    }
}

impl UpstreamCells {
    /// The cells of a place, made when first counted for.
    fn endpoint(&self, place: u16) -> &EndpointCells {
        let place = usize::from(place);
        let group = self.endpoints[place / GROUP].get_or_init(Default::default);
        &group[place % GROUP]
    }

    /// The cells of a place, if anybody has counted for it or its neighbours.
    fn known(&self, place: u16) -> Option<&EndpointCells> {
        let place = usize::from(place);
        Some(&self.endpoints[place / GROUP].get()?[place % GROUP])
    }
}

// === impl EndpointCells ===

impl Default for EndpointCells {
    fn default() -> Self {
        Self {
            outcomes: array::from_fn(|_| Counter::default()),
            connects: Default::default(),
            shadow_picks: Counter::default(),
            health: HealthCells::default(),
        }
    }
}

impl EndpointCells {
    fn clear(&self) {
        let counters = self.outcomes.iter().chain(&self.connects);
        counters.for_each(Counter::clear);
        self.shadow_picks.clear();
        self.health.clear();
    }
}
