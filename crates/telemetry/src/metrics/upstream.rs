//! What is counted for one upstream.

use std::sync::Arc;

use policy::Upstream;

use super::{
    CloseReason, ConnectOutcome, ConnectionState, NONE,
    cells::{Counter, Durations, Gauge, Shard, Sharded},
    export::Sheet,
    health::{HealthCells, HealthSums},
    retries::Retries,
};
use crate::{
    RequestEvent, catalogue,
    words::{CodeClass, UpstreamOutcome, Word},
};

/// The series of one upstream.
#[derive(Debug)]
pub(super) struct UpstreamSeries {
    labels: UpstreamLabels,
    cells: Sharded<UpstreamCells>,
    retries: Retries,
}

/// What of an upstream is in labels.
#[derive(Debug, PartialEq, Eq)]
struct UpstreamLabels {
    name: String,
    /// `host:port` of each, no two the same, and `none` at the end.
    endpoints: Vec<String>,
    /// For each endpoint of the policy its position above: an endpoint may be listed twice.
    slots: Vec<usize>,
}

#[derive(Debug)]
struct UpstreamCells {
    endpoints: Box<[EndpointCells]>,
    durations: Durations,
    connections: [Gauge; ConnectionState::ALL.len()],
    closes: [Counter; CloseReason::ALL.len()],
    waiting: Gauge,
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
        let mut endpoints: Vec<String> = Vec::new();
        let mut slots = Vec::new();
        for endpoint in &upstream.endpoints {
            let authority = endpoint.address.to_string();
            let known = endpoints.iter().position(|known| *known == authority);
            slots.push(known.unwrap_or(endpoints.len()));
            if known.is_none() {
                endpoints.push(authority);
            }
        }
        endpoints.push(NONE.to_owned());
        Self {
            labels: UpstreamLabels {
                name: upstream.name.clone(),
                endpoints,
                slots,
            },
            cells: Sharded::default(),
            retries: Retries::default(),
        }
    }

    /// One of `old` with the same labels, so that its numbers go on, or else this.
    pub(super) fn or_kept(self, old: &[Arc<Self>]) -> Arc<Self> {
        old.iter()
            .find(|old| old.labels == self.labels)
            .map_or_else(|| Arc::new(self), Arc::clone)
    }

    pub(super) fn record(&self, shard: Shard, event: &RequestEvent) {
        let cells = self.cells(shard);
        let outcome = match event.failure {
            Some(failure) => UpstreamOutcome::Failed(failure),
            None => UpstreamOutcome::Answered(CodeClass::of(event.upstream_status.unwrap_or(0))),
        };
        cells.endpoints[self.slot(event.endpoint)].outcomes[outcome.slot()].add(shard, 1);
        if let Some(duration) = event.upstream_time {
            cells.durations.observe(shard, duration);
        }
    }

    pub(super) fn connect(&self, shard: Shard, endpoint: u16, outcome: ConnectOutcome) {
        let slot = self.slot(Some(endpoint));
        self.cells(shard).endpoints[slot].connects[outcome.slot()].add(shard, 1);
    }

    pub(super) fn shadow_pick(&self, shard: Shard, endpoint: u16) {
        let slot = self.slot(Some(endpoint));
        self.cells(shard).endpoints[slot].shadow_picks.add(shard, 1);
    }

    /// The health of an endpoint, to be written to.
    pub(super) fn health(&self, shard: Shard, endpoint: u16) -> &HealthCells {
        &self.cells(shard).endpoints[self.slot(Some(endpoint))].health
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

    pub(super) fn export(&self, sheet: &mut Sheet) {
        let upstream = self.labels.name.as_str();
        self.retries.export(upstream, sheet);
        for (slot, endpoint) in self.labels.endpoints.iter().enumerate() {
            for (outcome, word) in UpstreamOutcome::all_words().into_iter().enumerate() {
                let count = self
                    .cells
                    .sum(|cells| &cells.endpoints[slot].outcomes[outcome]);
                let labels = [upstream, endpoint, word];
                sheet.counter(&catalogue::UPSTREAM_REQUESTS, &labels, count);
            }
            for outcome in ConnectOutcome::ALL {
                let count = self
                    .cells
                    .sum(|cells| &cells.endpoints[slot].connects[outcome.slot()]);
                let labels = [upstream, endpoint, outcome.word()];
                sheet.counter(&catalogue::UPSTREAM_CONNECTS, &labels, count);
            }
            let picks = self.cells.sum(|cells| &cells.endpoints[slot].shadow_picks);
            sheet.counter(
                &catalogue::UPSTREAM_SHADOW_PICKS,
                &[upstream, endpoint],
                picks,
            );
            let health = self.cells.touched();
            let health = health.map(|cells| &cells.endpoints[slot].health);
            HealthSums::of(health).export(sheet, upstream, endpoint);
        }
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
        let waiting = self.cells.level(|cells| &cells.waiting);
        sheet.gauge(
            &catalogue::UPSTREAM_CONNECTION_WAITS,
            &[upstream],
            waiting.max(0) as f64,
        );
    }

    /// The place of an endpoint; the last one is for requests that reached none.
    fn slot(&self, endpoint: Option<u16>) -> usize {
        let slot = endpoint.and_then(|endpoint| self.labels.slots.get(usize::from(endpoint)));
        slot.copied().unwrap_or(self.labels.endpoints.len() - 1)
    }

    fn cells(&self, shard: Shard) -> &UpstreamCells {
        self.cells
            .get_or_init(shard, || UpstreamCells::new(self.labels.endpoints.len()))
    }
}

// === impl UpstreamCells ===

impl UpstreamCells {
    fn new(endpoints: usize) -> Self {
        let endpoint = |_| EndpointCells {
            outcomes: std::array::from_fn(|_| Counter::default()),
            connects: Default::default(),
            shadow_picks: Counter::default(),
            health: HealthCells::default(),
        };
        Self {
            endpoints: (0..endpoints).map(endpoint).collect(),
            durations: Durations::default(),
            connections: Default::default(),
            closes: Default::default(),
            waiting: Gauge::default(),
        }
    }
}
