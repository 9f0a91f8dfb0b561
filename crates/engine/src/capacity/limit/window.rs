//! What has been seen since the limit was last moved.
//!
//! A window is closed after as many answers as tell something, and not before those that were under
//! way at its beginning can have come: whoever steers faster than the origin answers steers by what
//! he did before last.

use std::time::Duration;

/// With fewer tries a window says nothing.
const FEWEST: u32 = 12;
/// One that takes longer than this is about several moments, and is forgotten.
const LONGEST: Duration = Duration::from_secs(30);
/// A latency below this cannot be told from another one.
const FINEST: f64 = 1e-6;

/// What has been seen since the limit was last moved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    began: Duration,
    /// Those that were given up included.
    answers: u32,
    given_up: u32,
    failures: u32,
    /// The sum of the logarithms of what the answers took, in seconds.
    log_sum: f64,
    in_flight_sum: f64,
    peak: u32,
}

/// How one try went.
#[derive(Clone, Copy, Debug)]
pub(super) enum Went {
    /// It was answered after so long.
    Answered(Duration),
    /// It failed, or was refused because of overload.
    Failed,
    /// Somebody waited so long for it and no longer.
    GivenUp(Duration),
}

/// What a window says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// The typical latency, in seconds: the geometric mean, which one very slow answer cannot move
    /// far. `None` when most have failed: the few that have not are no measure.
    pub(super) latency: Option<f64>,
    /// How many tries it is about.
    pub(super) tries: f64,
    /// The share of failures.
    pub(super) failed: f64,
    /// The share of those that somebody gave up.
    pub(super) given_up: f64,
    /// The mean of what was in flight.
    pub(super) in_flight: f64,
    /// The most that was in flight.
    pub(super) peak: u32,
}

// === impl Window ===

impl Window {
    pub(super) fn begin(now: Duration) -> Self {
        Self {
            began: now,
            ..Self::default()
        }
    }

    /// Takes in one try that ended with `in_flight` in flight, itself included.
    pub(super) fn ended(&mut self, went: Went, in_flight: u32) {
        match went {
            Went::Answered(took) => self.took(took),
            Went::Failed => self.failures += 1,
            Went::GivenUp(after) => {
                self.given_up += 1;
                self.took(after);
            }
        }
        self.in_flight_sum += f64::from(in_flight);
        self.peak = self.peak.max(in_flight);
    }

    fn took(&mut self, took: Duration) {
        self.answers += 1;
        self.log_sum += took.as_secs_f64().max(FINEST).ln();
    }

    /// How many tries are in it.
    pub(super) const fn tries(&self) -> u32 {
        self.answers + self.failures
    }

    /// What it says, once it has a `round` behind it and enough in it. Failures need not wait for
    /// the round: they are often quicker, and always bad enough.
    pub(super) fn close(&self, now: Duration, round: Duration) -> Option<Seen> {
        let lasted = now.saturating_sub(self.began);
        let is_failing = self.failures == self.tries();
        (self.tries() >= FEWEST && (lasted >= round || is_failing)).then(|| self.seen())
    }

    /// What it says as it is.
    pub(super) fn seen(&self) -> Seen {
        let tries = f64::from(self.tries().max(1));
        let is_measure = self.answers > self.failures;
        Seen {
            latency: is_measure.then(|| (self.log_sum / f64::from(self.answers)).exp()),
            tries,
            failed: f64::from(self.failures) / tries,
            given_up: f64::from(self.given_up) / tries,
            in_flight: self.in_flight_sum / tries,
            peak: self.peak,
        }
    }

    /// Whether it has been open for so long that it says nothing about now.
    pub(super) fn is_stale(&self, now: Duration) -> bool {
        now.saturating_sub(self.began) > LONGEST
    }
}
