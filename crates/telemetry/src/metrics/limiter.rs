//! What the limits on callers tell of themselves at a scrape.

use std::sync::OnceLock;

use super::{Metrics, export::Sheet};
use crate::catalogue;

/// The limits on callers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitFigures {
    /// Callers that rate limits remember one by one.
    pub callers: u64,
    /// Decisions about callers for whom there was no room.
    pub shared: u64,
    /// Requests that wait for their turn.
    pub waiting: u64,
    /// Requests in flight under each limit on them, by the names of its route and of itself.
    pub in_flight: Vec<(String, String, u32)>,
    /// Callers that have to give under each rate limit that follows its upstream, in the same way.
    pub tightened: Vec<(String, String, usize)>,
}

pub(super) type Source = Box<dyn Fn() -> LimitFigures + Send + Sync>;

/// Where the figures come from.
#[derive(Default)]
pub(super) struct Limiter(OnceLock<Source>);

// === impl Metrics ===

impl Metrics {
    /// Where the figures of the limits on callers come from, asked at each scrape; the first source
    /// stays.
    pub fn watch_limits(&self, figures: impl Fn() -> LimitFigures + Send + Sync + 'static) {
        self.series.process.watch_limits(Box::new(figures));
    }
}

// === impl Limiter ===

impl Limiter {
    pub(super) fn watch(&self, source: Source) {
        let _only_the_first_counts = self.0.set(source);
    }

    pub(super) fn export(&self, sheet: &mut Sheet) {
        let Some(figures) = self.0.get() else {
            return;
        };
        let figures = figures();
        sheet.gauge(&catalogue::RATE_LIMIT_CALLERS, &[], figures.callers as f64);
        sheet.counter_or_zero(&catalogue::RATE_LIMIT_SHARED, &[], figures.shared);
        sheet.gauge(&catalogue::LIMITS_WAITING, &[], figures.waiting as f64);
        for (route, limit, in_flight) in &figures.in_flight {
            let labels = [route.as_str(), limit.as_str()];
            let family = &catalogue::CONCURRENCY_IN_FLIGHT;
            sheet.gauge(family, &labels, f64::from(*in_flight));
        }
        for (route, limit, callers) in &figures.tightened {
            let labels = [route.as_str(), limit.as_str()];
            let family = &catalogue::RATE_LIMIT_TIGHTENED;
            sheet.gauge(family, &labels, *callers as f64);
        }
    }
}
