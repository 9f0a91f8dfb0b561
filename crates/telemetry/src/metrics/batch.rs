//! What is counted of the batches of one route.

use engine::batch::{BatchOutcome, MemberOutcome};
use policy::Mode;

use super::{
    cells::{Counter, Shard, Sharded},
    export::Sheet,
};
use crate::{catalogue, words::Word};

/// The batches of one route, and the requests that were or were not in one.
#[derive(Debug, Default)]
pub(super) struct BatchSeries(Sharded<BatchCells>);

#[derive(Debug, Default)]
struct BatchCells {
    batches: [Counter; BatchOutcome::ALL.len()],
    members: Counter,
    requests: [Counter; MemberOutcome::ALL.len()],
}

// === impl BatchSeries ===

impl BatchSeries {
    pub(super) fn batch(&self, shard: Shard, outcome: BatchOutcome, members: u64) {
        let cells = self.0.get_or_init(shard, BatchCells::default);
        cells.batches[outcome.slot()].add(shard, 1);
        cells.members.add(shard, members);
    }

    pub(super) fn request(&self, shard: Shard, outcome: MemberOutcome) {
        let cells = self.0.get_or_init(shard, BatchCells::default);
        cells.requests[outcome.slot()].add(shard, 1);
    }

    pub(super) fn export(&self, sheet: &mut Sheet, route: &str, mode: Mode) {
        for outcome in BatchOutcome::ALL {
            let count = self.0.sum(|cells| &cells.batches[outcome.slot()]);
            let labels = [route, outcome.word(), mode.word()];
            sheet.counter(&catalogue::BATCHES, &labels, count);
        }
        let members = self.0.sum(|cells| &cells.members);
        sheet.counter(&catalogue::BATCH_MEMBERS, &[route, mode.word()], members);
        for outcome in MemberOutcome::ALL {
            let count = self.0.sum(|cells| &cells.requests[outcome.slot()]);
            let labels = [route, outcome.word(), mode.word()];
            sheet.counter(&catalogue::BATCH_REQUESTS, &labels, count);
        }
    }
}
