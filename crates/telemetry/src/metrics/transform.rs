//! What is counted of the JSON bodies of one route that are trimmed.

use engine::transform::Trimmed;
use policy::Mode;

use super::{
    cells::{Counter, Shard, Sharded},
    export::Sheet,
};
use crate::{catalogue, words::Word};

/// The bodies of one route.
#[derive(Debug, Default)]
pub(super) struct TransformSeries(Sharded<TransformCells>);

#[derive(Debug, Default)]
struct TransformCells {
    responses: [Counter; Trimmed::ALL.len()],
    taken: Counter,
    given: Counter,
}

// === impl TransformSeries ===

impl TransformSeries {
    /// One body, of which so many bytes came in and went out.
    pub(super) fn trimmed(&self, shard: Shard, outcome: Trimmed, taken: u64, given: u64) {
        let cells = self.0.get_or_init(shard, TransformCells::default);
        cells.responses[outcome.slot()].add(shard, 1);
        cells.taken.add(shard, taken);
        cells.given.add(shard, given);
    }

    pub(super) fn export(&self, sheet: &mut Sheet, route: &str, mode: Mode) {
        for outcome in Trimmed::ALL {
            let count = self.0.sum(|cells| &cells.responses[outcome.slot()]);
            let labels = [route, outcome.word(), mode.word()];
            sheet.counter(&catalogue::TRANSFORM_RESPONSES, &labels, count);
        }
        let taken = self.0.sum(|cells| &cells.taken);
        let given = self.0.sum(|cells| &cells.given);
        for (direction, bytes) in [("in", taken), ("out", given)] {
            let labels = [route, direction, mode.word()];
            sheet.counter(&catalogue::TRANSFORM_BYTES, &labels, bytes);
        }
    }
}
