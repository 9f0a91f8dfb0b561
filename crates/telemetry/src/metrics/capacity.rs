//! What the limits on upstreams tell of themselves at a scrape.

use std::{sync::OnceLock, time::Duration};

use engine::capacity::ShedReason;
use policy::{Mode, Priority};

use super::{
    cells::{Durations, DurationsSum, Shard, Sharded},
    export::Sheet,
};
use crate::{catalogue, words::Word};

/// Refused requests by class and reason, in the order of [`Priority::ALL`] and [`ShedReason::ALL`].
pub type ShedCounts = [[u64; ShedReason::ALL.len()]; Priority::ALL.len()];

/// The limit on one upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct CapacityFigures {
    /// The name of the upstream.
    pub upstream: String,
    /// How far it may go.
    pub mode: Mode,
    /// So many requests may be in flight.
    pub limit: u32,
    /// So many are.
    pub in_flight: u32,
    /// So many wait.
    pub queued: u32,
    /// The share of their budgets that retries, hedges and warming have left: 0 to 1.
    pub share: f64,
    /// The typical latency without load, as far as it is known.
    pub idle_latency: Option<Duration>,
    /// Who was refused; in shadow mode, who would have been.
    pub shed: ShedCounts,
    /// How long those waited who waited and were let in.
    pub waited: Waited,
}

/// How long requests waited in a queue; counting takes no lock.
#[derive(Debug, Default)]
pub struct Waits(Sharded<Durations>);

/// How long requests have waited so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waited(DurationsSum);

type Source = Box<dyn Fn() -> Vec<CapacityFigures> + Send + Sync>;

/// Where the figures come from.
#[derive(Default)]
pub(super) struct Capacities(OnceLock<Source>);

// === impl Waits ===

impl Waits {
    /// Somebody waited so long.
    pub fn observe(&self, waited: Duration) {
        let shard = Shard::mine();
        self.0
            .get_or_init(shard, Durations::default)
            .observe(shard, waited);
    }

    /// All of them so far.
    pub fn so_far(&self) -> Waited {
        Waited(self.0.durations(|waits| waits))
    }
}

// === impl Waited ===

impl Waited {
    /// How many waited.
    pub fn count(&self) -> u64 {
        self.0.count()
    }
}

// === impl Capacities ===

impl Capacities {
    pub(super) fn watch(&self, source: Source) {
        let _only_the_first_counts = self.0.set(source);
    }

    pub(super) fn export(&self, sheet: &mut Sheet) {
        let Some(figures) = self.0.get() else {
            return;
        };
        for capacity in figures() {
            let upstream = [capacity.upstream.as_str()];
            let gauges = [
                (&catalogue::CAPACITY_LIMIT, f64::from(capacity.limit)),
                (
                    &catalogue::CAPACITY_IN_FLIGHT,
                    f64::from(capacity.in_flight),
                ),
                (&catalogue::CAPACITY_QUEUED, f64::from(capacity.queued)),
                (&catalogue::CAPACITY_SHARE, capacity.share),
            ];
            for (family, value) in gauges {
                sheet.gauge(family, &upstream, value);
            }
            if let Some(latency) = capacity.idle_latency {
                let family = &catalogue::CAPACITY_IDLE_LATENCY;
                sheet.gauge(family, &upstream, latency.as_secs_f64());
            }
            sheet.durations(
                &catalogue::CAPACITY_WAIT_DURATION,
                &upstream,
                &capacity.waited.0,
            );
            export_shed(&capacity, sheet);
        }
    }
}

fn export_shed(capacity: &CapacityFigures, sheet: &mut Sheet) {
    for (class, reasons) in Priority::ALL.into_iter().zip(&capacity.shed) {
        for (reason, count) in ShedReason::ALL.into_iter().zip(reasons) {
            let labels = [
                capacity.upstream.as_str(),
                class.as_str(),
                reason.as_str(),
                capacity.mode.word(),
            ];
            sheet.counter(&catalogue::CAPACITY_SHED, &labels, *count);
        }
    }
}
