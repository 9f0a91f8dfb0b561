//! What is counted of the health of one endpoint.

use engine::health::{Standing, check::CheckOutcome, outlier::Reason};
use policy::Mode;

use super::{
    cells::{Counter, Gauge, Shard},
    export::Sheet,
};
use crate::{catalogue, words::Word};

const STANDINGS: usize = <Standing as Word>::ALL.len();
const CHECKS: usize = <CheckOutcome as Word>::ALL.len();
/// For each reason one number per mode.
const EJECTIONS: usize = <Reason as Word>::ALL.len() * MODES;
const MODES: usize = <Mode as Word>::ALL.len();

/// The cells of one endpoint in one shard.
#[derive(Debug, Default)]
pub(super) struct HealthCells {
    /// How many endpoints of this name have each standing: none where nobody watches over them.
    standings: [Gauge; STANDINGS],
    checks: [Counter; CHECKS],
    ejections: [Counter; EJECTIONS],
}

/// The cells of one endpoint, all shards together.
#[derive(Debug, Default)]
pub(super) struct HealthSums {
    standings: [i64; STANDINGS],
    checks: [u64; CHECKS],
    ejections: [u64; EJECTIONS],
}

// === impl HealthCells ===

impl HealthCells {
    pub(super) fn standing(&self, shard: Shard, from: Option<Standing>, to: Option<Standing>) {
        if let Some(from) = from {
            self.standings[from.slot()].add(shard, -1);
        }
        if let Some(to) = to {
            self.standings[to.slot()].add(shard, 1);
        }
    }

    pub(super) fn check(&self, shard: Shard, outcome: CheckOutcome) {
        self.checks[outcome.slot()].add(shard, 1);
    }

    pub(super) fn ejection(&self, shard: Shard, reason: Reason, mode: Mode) {
        self.ejections[place(reason, mode)].add(shard, 1);
    }

    /// Begins again for another endpoint. Standings are left: whoever counted under one takes it back.
    pub(super) fn clear(&self) {
        let counters = self.checks.iter().chain(&self.ejections);
        counters.for_each(Counter::clear);
    }
}

// === impl HealthSums ===

impl HealthSums {
    /// The sums of some shards.
    pub(super) fn of<'a>(shards: impl Iterator<Item = &'a HealthCells>) -> Self {
        let mut sums = Self::default();
        for cells in shards {
            for (sum, cell) in sums.standings.iter_mut().zip(&cells.standings) {
                *sum += cell.get();
            }
            for (sum, cell) in sums.checks.iter_mut().zip(&cells.checks) {
                *sum += cell.get();
            }
            for (sum, cell) in sums.ejections.iter_mut().zip(&cells.ejections) {
                *sum += cell.get();
            }
        }
        sums
    }

    /// Writes them down.
    pub(super) fn export(&self, sheet: &mut Sheet, upstream: &str, endpoint: &str) {
        let well = self.standings[Standing::Well.slot()];
        let all: i64 = self.standings.iter().sum();
        if all > 0 {
            let healthy = if well == all { 1.0 } else { 0.0 };
            let labels = [upstream, endpoint];
            sheet.gauge(&catalogue::UPSTREAM_ENDPOINT_HEALTHY, &labels, healthy);
        }
        for &outcome in <CheckOutcome as Word>::ALL {
            let labels = [upstream, endpoint, outcome.word()];
            let count = self.checks[outcome.slot()];
            sheet.counter(&catalogue::UPSTREAM_HEALTH_CHECKS, &labels, count);
        }
        for &reason in <Reason as Word>::ALL {
            for &mode in <Mode as Word>::ALL {
                let labels = [upstream, endpoint, reason.word(), mode.word()];
                let count = self.ejections[place(reason, mode)];
                sheet.counter(&catalogue::UPSTREAM_EJECTIONS, &labels, count);
            }
        }
    }
}

fn place(reason: Reason, mode: Mode) -> usize {
    reason.slot() * MODES + mode.slot()
}
