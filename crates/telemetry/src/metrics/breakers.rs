//! What breakers tell of themselves at a scrape.

use std::sync::OnceLock;

use engine::breaker::Position;
use policy::Mode;

use super::export::Sheet;
use crate::{catalogue, words::Word};

/// Whom a breaker watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakerScope {
    /// One endpoint; those of an upstream are told as one.
    Endpoint,
    /// One route.
    Route,
    /// One upstream.
    Upstream,
}

/// The breakers of one route or upstream, or of the endpoints of one upstream together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerFigures {
    /// Whom they watch.
    pub scope: BreakerScope,
    /// The name of the route or the upstream.
    pub name: String,
    /// How far they may go.
    pub mode: Mode,
    /// How many there are in each position, in the order of [`Position::ALL`].
    pub positions: [u64; Position::ALL.len()],
    /// How often one opened.
    pub opened: u64,
    /// How many requests found one open.
    pub stopped: u64,
}

type Source = Box<dyn Fn() -> Vec<BreakerFigures> + Send + Sync>;

/// Where the figures come from.
#[derive(Default)]
pub(super) struct Breakers(OnceLock<Source>);

// === impl Breakers ===

impl Breakers {
    pub(super) fn watch(&self, source: Source) {
        let _only_the_first_counts = self.0.set(source);
    }

    pub(super) fn export(&self, sheet: &mut Sheet) {
        let Some(figures) = self.0.get() else {
            return;
        };
        for breaker in figures() {
            let (scope, name) = (breaker.scope.as_str(), breaker.name.as_str());
            for (position, count) in Position::ALL.into_iter().zip(breaker.positions) {
                let labels = [scope, name, position.as_str()];
                sheet.gauge(&catalogue::BREAKERS, &labels, count as f64);
            }
            let labels = [scope, name, breaker.mode.word()];
            sheet.counter_or_zero(&catalogue::BREAKER_OPENINGS, &labels, breaker.opened);
            sheet.counter_or_zero(&catalogue::BREAKER_STOPPED, &labels, breaker.stopped);
        }
    }
}

// === impl BreakerScope ===

impl BreakerScope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Endpoint, Self::Route, Self::Upstream];

    /// The word for it in metrics and at the admin door.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Route => "route",
            Self::Upstream => "upstream",
        }
    }
}
