//! Envoy's adaptive concurrency filter with its gradient controller, as its documentation gives it:
//! every 100 ms the median latency is compared with `minRTT` and a buffer of a quarter; the limit is
//! multiplied by their quotient, between a half and two, and gets the square root of itself as headroom. `minRTT`
//! is measured once a minute with 3 in flight over 50 requests, and again when the limit has been at
//! its least for five updates.

use std::time::Duration;

use super::{Control, INITIAL, MAX, answered};
use crate::attempt::Attempt;

const LEAST: f64 = 3.0;
const UPDATE: Duration = Duration::from_millis(100);
const MEASURE_EVERY: Duration = Duration::from_secs(60);
const MEASURED: usize = 50;
const BUFFER: f64 = 1.25;

#[derive(Debug)]
pub(in super::super) struct Gradient {
    limit: f64,
    min_rtt: f64,
    samples: Vec<f64>,
    updated: Duration,
    measured: Duration,
    measuring: bool,
    at_least: u32,
}

// === impl Gradient ===

impl Gradient {
    pub(in super::super) fn new() -> Self {
        Self {
            limit: f64::from(INITIAL),
            min_rtt: 0.0,
            samples: Vec::new(),
            updated: Duration::ZERO,
            measured: Duration::ZERO,
            measuring: true,
            at_least: 0,
        }
    }

    fn median(&mut self) -> f64 {
        self.samples.sort_by(f64::total_cmp);
        let median = self.samples[self.samples.len() / 2];
        self.samples.clear();
        median
    }

    fn update(&mut self) {
        let gradient = (self.min_rtt * BUFFER / self.median()).clamp(0.5, 2.0);
        let scaled = self.limit * gradient;
        self.limit = (scaled + scaled.sqrt()).clamp(LEAST, f64::from(MAX));
        self.at_least = if self.limit <= LEAST {
            self.at_least + 1
        } else {
            0
        };
    }
}

impl Control for Gradient {
    fn limit(&self) -> u32 {
        if self.measuring {
            LEAST as u32
        } else {
            self.limit as u32
        }
    }

    fn learn(&mut self, attempt: &Attempt, _in_flight: u32, now: Duration) {
        self.samples.extend(answered(attempt));
        if self.measuring {
            if self.samples.len() >= MEASURED {
                self.min_rtt = self.median();
                (self.measuring, self.measured, self.updated) = (false, now, now);
            }
        } else if now.saturating_sub(self.measured) >= MEASURE_EVERY || self.at_least >= 5 {
            self.measuring = true;
            self.at_least = 0;
            self.samples.clear();
        } else if now.saturating_sub(self.updated) >= UPDATE && !self.samples.is_empty() {
            self.updated = now;
            self.update();
        }
    }
}
