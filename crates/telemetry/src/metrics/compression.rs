//! What is counted of the compression of one route, beyond what every request tells.

use engine::outcome::BreachOutcome;
use policy::Mode;

use super::{
    cells::{Counter, Shard, Sharded},
    export::Sheet,
};
use crate::{catalogue, words::Word};

/// What few requests have: a secret that was guarded, a body that was decompressed.
#[derive(Debug, Default)]
pub(super) struct CompressionSeries(Sharded<CompressionCells>);

#[derive(Debug, Default)]
struct CompressionCells {
    breaches: [Counter; BreachOutcome::ALL.len()],
    coded_bytes: Counter,
    plain_bytes: Counter,
}

// === impl CompressionSeries ===

impl CompressionSeries {
    pub(super) fn breach(&self, shard: Shard, outcome: BreachOutcome) {
        let cells = self.0.get_or_init(shard, CompressionCells::default);
        cells.breaches[outcome.slot()].add(shard, 1);
    }

    pub(super) fn request(&self, shard: Shard, coded: u64, plain: u64) {
        let cells = self.0.get_or_init(shard, CompressionCells::default);
        cells.coded_bytes.add(shard, coded);
        cells.plain_bytes.add(shard, plain);
    }

    pub(super) fn export(&self, sheet: &mut Sheet, route: &str, mode: Mode) {
        for outcome in BreachOutcome::ALL {
            let count = self.0.sum(|cells| &cells.breaches[outcome.slot()]);
            let labels = [route, outcome.word(), mode.word()];
            sheet.counter(&catalogue::COMPRESSION_BREACH, &labels, count);
        }
        let coded = self.0.sum(|cells| &cells.coded_bytes);
        let plain = self.0.sum(|cells| &cells.plain_bytes);
        for (direction, count) in [("in", coded), ("out", plain)] {
            let labels = [route, direction];
            sheet.counter(&catalogue::COMPRESSION_REQUEST_BYTES, &labels, count);
        }
    }
}
