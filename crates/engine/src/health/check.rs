//! Asking an endpoint whether it is well, and what its answers amount to.
//!
//! # Before the first answer
//! An endpoint that has not been asked yet counts as well: at the start there is nobody better, and
//! requests would wait for a check that may take seconds. It is a guess, so the first answer decides
//! at once, whichever it is; the thresholds protect what is known from one stray answer, and nothing
//! is known yet.
//!
//! # When
//! The pause between two questions is drawn anew each time, within the configured share of the
//! interval, and so is the one before the first. Instances that start together drift apart instead
//! of asking together for as long as they live.

mod body;
mod verdict;

use std::time::Duration;

use policy::{HealthCheck, Percent};

pub use self::{
    body::{BODY_LIMIT, BodySearch, Found},
    verdict::{CheckOutcome, judge_status},
};
use crate::cache::draw::Draw;

/// What the checks of one endpoint amount to so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckState {
    condition: Condition,
    /// Answers in a row that speak against `condition`.
    against: u32,
    healthy_after: u32,
    unhealthy_after: u32,
}

/// What is thought of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Condition {
    /// It fails its checks.
    Ill,
    /// It has not been asked yet.
    #[default]
    Unknown,
    /// It passes its checks.
    Well,
}

/// What one more answer changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It became ill.
    FellIll,
    /// It became well after it had been ill.
    Recovered,
    /// Nothing, or only that what was assumed is now known.
    Same,
}

// === impl CheckState ===

impl CheckState {
    /// Nothing known; thresholds of 0 count as 1.
    pub fn new(policy: &HealthCheck) -> Self {
        Self {
            condition: Condition::Unknown,
            against: 0,
            healthy_after: policy.healthy_after.max(1),
            unhealthy_after: policy.unhealthy_after.max(1),
        }
    }

    /// What is thought of the endpoint.
    pub const fn condition(&self) -> Condition {
        self.condition
    }

    /// Takes note of one more answer.
    pub fn record(&mut self, outcome: CheckOutcome) -> Turn {
        let seen = outcome.condition();
        if seen == self.condition {
            self.against = 0;
            return Turn::Same;
        }
        self.against = self.against.saturating_add(1);
        let needed = match self.condition {
            Condition::Ill => self.healthy_after,
            Condition::Unknown => 1,
            Condition::Well => self.unhealthy_after,
        };
        if self.against < needed {
            return Turn::Same;
        }
        let before = std::mem::replace(&mut self.condition, seen);
        self.against = 0;
        match (before, seen) {
            (_, Condition::Ill) => Turn::FellIll,
            (Condition::Ill, _) => Turn::Recovered,
            _ => Turn::Same,
        }
    }
}

// === impl Condition ===

impl Condition {
    /// The word for it in logs and the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ill => "ill",
            Self::Unknown => "unknown",
            Self::Well => "well",
        }
    }
}

/// How long to wait before the first question: the jitter's share of the interval, times the draw.
///
/// Never the whole interval, unless the jitter is: until the answer an ill endpoint gets requests.
pub fn first_pause(interval: Duration, jitter: Percent, draw: Draw) -> Duration {
    interval.mul_f64(share(jitter) * draw.get())
}

/// How long to wait from an answer to the next question: the interval, more or less the jitter.
pub fn next_pause(interval: Duration, jitter: Percent, draw: Draw) -> Duration {
    interval.mul_f64(1.0 + share(jitter) * (2.0 * draw.get() - 1.0))
}

fn share(percent: Percent) -> f64 {
    f64::from(percent.hundredths()) / 100.0
}

#[cfg(test)]
mod tests;
