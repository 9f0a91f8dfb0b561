//! What ours is compared with, after what has been published.

mod envoy;
mod netflix;

use std::time::Duration;

pub(super) use self::{
    envoy::Gradient,
    netflix::{Gradient2, Vegas},
};
use super::super::Limit;
use crate::attempt::{Attempt, Symptom};

pub(super) const MIN: u32 = 2;
pub(super) const MAX: u32 = 1000;
pub(super) const INITIAL: u32 = 20;

/// Whoever says how many may be in flight.
pub(super) trait Control {
    fn limit(&self) -> u32;
    fn learn(&mut self, attempt: &Attempt, in_flight: u32, now: Duration);
}

/// A number that somebody has guessed.
#[derive(Debug)]
pub(super) struct Fixed(pub(super) u32);

// === impl Fixed ===

impl Control for Fixed {
    fn limit(&self) -> u32 {
        self.0
    }

    fn learn(&mut self, _: &Attempt, _: u32, _: Duration) {}
}

// === impl Limit ===

impl Control for Limit {
    fn limit(&self) -> u32 {
        self.current()
    }

    fn learn(&mut self, attempt: &Attempt, in_flight: u32, now: Duration) {
        Self::learn(self, attempt, in_flight, now);
    }
}

/// What a try took, in seconds, if it was answered well.
fn answered(attempt: &Attempt) -> Option<f64> {
    (attempt.end.symptom() == Symptom::Well).then_some(attempt.took.as_secs_f64())
}

/// Whether a try counts as dropped: it failed, or somebody gave up waiting.
fn dropped(attempt: &Attempt) -> bool {
    attempt.end.symptom() != Symptom::Well
}
