//! What is counted for the limits of one route.

use engine::outcome::LimitDecision;
use policy::{Mode, Route};

use super::{
    cells::{Counter, Shard, Sharded},
    export::Sheet,
};
use crate::{LimitMarks, RequestEvent, catalogue, words::Word};

/// The names and modes of the limits of a route, by position.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LimitLabels {
    rates: Vec<(String, Mode)>,
    places: Vec<(String, Mode)>,
}

/// What each of them said, by position.
#[derive(Debug)]
pub(super) struct LimitCells {
    rates: Decisions,
    places: Decisions,
}

type Which = fn(&LimitCells) -> &Decisions;

type Decisions = Box<[[Counter; LimitDecision::ALL.len()]]>;

// === impl LimitLabels ===

impl LimitLabels {
    pub(super) fn new(route: &Route) -> Self {
        let rates = route.rate_limits.iter();
        let places = route.concurrency.iter();
        Self {
            rates: rates
                .map(|limit| (limit.name.clone(), limit.mode))
                .collect(),
            places: places
                .map(|limit| (limit.name.clone(), limit.mode))
                .collect(),
        }
    }

    pub(super) fn export<T>(
        &self,
        sheet: &mut Sheet,
        route: &str,
        cells: &Sharded<T>,
        limits: impl Fn(&T) -> &LimitCells,
    ) {
        let rates: Which = |limits| &limits.rates;
        let places: Which = |limits| &limits.places;
        let families = [
            (&catalogue::RATE_LIMIT_DECISIONS, &self.rates, rates),
            (&catalogue::CONCURRENCY_DECISIONS, &self.places, places),
        ];
        for (family, names, decisions) in families {
            for (position, (name, mode)) in names.iter().enumerate() {
                for decision in LimitDecision::ALL {
                    let count =
                        cells.sum(|cells| &decisions(limits(cells))[position][decision.slot()]);
                    let labels = [route, name, decision.word(), mode.word()];
                    if *mode != Mode::Off {
                        sheet.counter(family, &labels, count);
                    }
                }
            }
        }
    }
}

// === impl LimitCells ===

impl LimitCells {
    pub(super) fn new(labels: &LimitLabels) -> Self {
        let cells = |limits: &[_]| limits.iter().map(|_| Default::default()).collect();
        Self {
            rates: cells(&labels.rates),
            places: cells(&labels.places),
        }
    }

    pub(super) fn record(&self, shard: Shard, event: &RequestEvent) {
        record(shard, &self.rates, &event.limits);
        record(shard, &self.places, &event.concurrency);
    }
}

fn record(shard: Shard, decisions: &Decisions, marks: &LimitMarks) {
    if marks.is_empty() {
        return;
    }
    for (position, counters) in decisions.iter().enumerate() {
        if let Some(decision) = marks.of(position) {
            counters[decision.slot()].add(shard, 1);
        }
    }
}
