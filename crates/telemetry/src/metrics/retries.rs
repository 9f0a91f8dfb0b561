//! What is tried again, and what is tried twice at once.

use engine::retry::{Reason, Stop};

use super::{
    cells::{Counter, Shard, Sharded},
    export::Sheet,
};
use crate::{catalogue, words::Word};

/// What came of a further try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryOutcome {
    /// The client left, or time ran out, while it waited or was under way.
    Abandoned,
    /// An answer that says nothing against the endpoint.
    Answered,
    /// It failed as well.
    Failed,
    /// Nothing: it would have been sent if the policy were not in shadow mode.
    Shadow,
}

/// What came of a second try beside a slow first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HedgeOutcome {
    /// The client left, or time ran out, before either was answered.
    Abandoned,
    /// It was not sent: the budget was used up.
    Exhausted,
    /// The first try was answered first after all.
    Lost,
    /// It was not sent: the policy is in shadow mode.
    Shadow,
    /// It was answered first.
    Won,
}

/// The counters of one upstream.
#[derive(Debug, Default)]
pub(super) struct Retries(Sharded<Cells>);

#[derive(Debug, Default)]
struct Cells {
    retries: [[Counter; RetryOutcome::ALL.len()]; Reason::ALL.len()],
    stopped: [Counter; Stop::ALL.len()],
    hedges: [Counter; HedgeOutcome::ALL.len()],
}

// === impl Retries ===

impl Retries {
    pub(super) fn retried(&self, shard: Shard, reason: Reason, outcome: RetryOutcome) {
        self.cells(shard).retries[reason.slot()][outcome.slot()].add(shard, 1);
    }

    pub(super) fn stopped(&self, shard: Shard, stop: Stop) {
        self.cells(shard).stopped[stop.slot()].add(shard, 1);
    }

    pub(super) fn hedged(&self, shard: Shard, outcome: HedgeOutcome) {
        self.cells(shard).hedges[outcome.slot()].add(shard, 1);
    }

    pub(super) fn export(&self, upstream: &str, sheet: &mut Sheet) {
        for reason in Reason::ALL {
            for outcome in RetryOutcome::ALL {
                let (row, column) = (reason.slot(), outcome.slot());
                let count = self.0.sum(|cells| &cells.retries[row][column]);
                let labels = [upstream, reason.word(), outcome.word()];
                sheet.counter(&catalogue::UPSTREAM_RETRIES, &labels, count);
            }
        }
        for stop in Stop::ALL {
            let count = self.0.sum(|cells| &cells.stopped[stop.slot()]);
            let labels = [upstream, stop.word()];
            sheet.counter(&catalogue::UPSTREAM_RETRIES_STOPPED, &labels, count);
        }
        for outcome in HedgeOutcome::ALL {
            let count = self.0.sum(|cells| &cells.hedges[outcome.slot()]);
            let labels = [upstream, outcome.word()];
            sheet.counter(&catalogue::UPSTREAM_HEDGES, &labels, count);
        }
    }

    fn cells(&self, shard: Shard) -> &Cells {
        self.0.get_or_init(shard, Cells::default)
    }
}

// === impl RetryOutcome ===

impl RetryOutcome {
    const ALL: [Self; 4] = [Self::Abandoned, Self::Answered, Self::Failed, Self::Shadow];

    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Shadow => "shadow",
        }
    }
}

impl Word for RetryOutcome {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl HedgeOutcome ===

impl HedgeOutcome {
    const ALL: [Self; 5] = [
        Self::Abandoned,
        Self::Exhausted,
        Self::Lost,
        Self::Shadow,
        Self::Won,
    ];

    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Exhausted => "exhausted",
            Self::Lost => "lost",
            Self::Shadow => "shadow",
            Self::Won => "won",
        }
    }
}

impl Word for HedgeOutcome {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
