//! Two limits of Netflix's `concurrency-limits`, with the numbers they have unless told otherwise.
//!
//! Both look at windows of a second with ten samples at least, and leave the limit alone when less
//! than half of it is used.

use std::time::Duration;

use super::{Control, INITIAL, MAX, MIN, answered, dropped};
use crate::attempt::Attempt;

const WINDOW: Duration = Duration::from_secs(1);
const FEWEST: u32 = 10;

/// The mean of a window.
#[derive(Debug, Default)]
struct Window {
    began: Duration,
    count: u32,
    sum: f64,
    in_flight: u32,
    dropped: bool,
}

/// Compares the mean of a window with an exponential mean over 600 of them: the limit is multiplied
/// by one and a half times their quotient, between a half and one, gets 4 as headroom, and is smoothed
/// by a fifth. A long-term mean over twice the short-term one decays by a twentieth.
#[derive(Debug)]
pub(in super::super) struct Gradient2 {
    limit: f64,
    long: f64,
    warming: u32,
    window: Window,
}

/// Counts how many of those in flight must be waiting by how much slower than the quickest they are:
/// fewer than three times the logarithm of the limit, and it grows by that logarithm (by twice as
/// much when hardly any wait); more than six times, or one dropped, and it shrinks by it. The quickest is forgotten after thirty times the limit in
/// windows.
#[derive(Debug)]
pub(in super::super) struct Vegas {
    limit: f64,
    quickest: f64,
    windows: f64,
    window: Window,
}

// === impl Window ===

impl Window {
    fn learn(&mut self, attempt: &Attempt, in_flight: u32, now: Duration) -> Option<Self> {
        self.count += 1;
        self.sum += answered(attempt).unwrap_or(attempt.took.as_secs_f64());
        self.in_flight = self.in_flight.max(in_flight);
        self.dropped |= dropped(attempt);
        if now.saturating_sub(self.began) < WINDOW || self.count < FEWEST {
            return None;
        }
        let next = Self {
            began: now,
            ..Self::default()
        };
        Some(std::mem::replace(self, next))
    }

    fn mean(&self) -> f64 {
        self.sum / f64::from(self.count)
    }
}

// === impl Gradient2 ===

impl Gradient2 {
    pub(in super::super) fn new() -> Self {
        Self {
            limit: f64::from(INITIAL),
            long: 0.0,
            warming: 0,
            window: Window::default(),
        }
    }
}

impl Control for Gradient2 {
    fn limit(&self) -> u32 {
        self.limit as u32
    }

    fn learn(&mut self, attempt: &Attempt, in_flight: u32, now: Duration) {
        let Some(window) = self.window.learn(attempt, in_flight, now) else {
            return;
        };
        let short = window.mean();
        self.warming = (self.warming + 1).min(10);
        let factor = if self.warming < 10 {
            1.0 / f64::from(self.warming)
        } else {
            2.0 / 601.0
        };
        self.long += (short - self.long) * factor;
        if self.long / short > 2.0 {
            self.long *= 0.95;
        }
        if f64::from(window.in_flight) < self.limit / 2.0 {
            return;
        }
        let gradient = (1.5 * self.long / short).clamp(0.5, 1.0);
        let next = self.limit * gradient + 4.0;
        self.limit = (self.limit * 0.8 + next * 0.2).clamp(f64::from(MIN), f64::from(MAX));
    }
}

// === impl Vegas ===

impl Vegas {
    pub(in super::super) fn new() -> Self {
        Self {
            limit: f64::from(INITIAL),
            quickest: f64::INFINITY,
            windows: 0.0,
            window: Window::default(),
        }
    }
}

impl Control for Vegas {
    fn limit(&self) -> u32 {
        self.limit as u32
    }

    fn learn(&mut self, attempt: &Attempt, in_flight: u32, now: Duration) {
        let Some(window) = self.window.learn(attempt, in_flight, now) else {
            return;
        };
        let mean = window.mean();
        self.windows += 1.0;
        if self.windows >= 30.0 * self.limit || mean < self.quickest {
            self.windows = 0.0;
            self.quickest = mean;
            return;
        }
        let step = self.limit.log10().max(1.0);
        let waiting = (self.limit * (1.0 - self.quickest / mean)).ceil();
        let next = if window.dropped || waiting > 6.0 * step {
            self.limit - step
        } else if f64::from(window.in_flight) * 2.0 < self.limit {
            self.limit
        } else if waiting <= step {
            self.limit + 6.0 * step
        } else if waiting < 3.0 * step {
            self.limit + step
        } else {
            self.limit
        };
        self.limit = next.clamp(f64::from(MIN), f64::from(MAX));
    }
}
