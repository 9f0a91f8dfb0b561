//! How many requests an origin is given at a time, found out from how it answers.
//!
//! # The rule
//! Once a round (about as long as an answer takes) the typical latency is compared with the one
//! without load ([`idle`]). While it is tolerable and the limit is used to the full, the limit grows,
//! by its square root at most; when it is not, the limit shrinks in proportion. What is tolerable is
//! learned as well ([`tolerance`]): as much as still brings more answers. Failures and refusals (429,
//! or 503 with `Retry-After`) beyond those that the origin has without load shrink the limit, too, as
//! long as that changes anything ([`blame`]): one broken route, or one client over its quota, must
//! not take the room of all others.
//!
//! # What keeps it honest
//! - A limit that is not used says nothing about the origin: it neither grows nor shrinks.
//! - It stays within `min` and `max`, and looking for the latency without load does not move it.
//! - Nothing has to be reset after an outage. At `min` the origin is still asked, and a limit that
//!   is far below what it used to be grows back quickly, unless the origin is plainly slower.
//! - That somebody leaves is no answer. Only one who has waited much longer than without load has
//!   learned something on his way.
//! - One very slow answer is one answer: what is typical is a geometric mean.
//!
//! Comparing a latency of late with one without load is the idea of the gradient limits of Netflix
//! and Envoy. `simulation` runs them beside this one.

mod blame;
mod idle;
mod tolerance;
mod window;

use std::time::Duration;

use self::{
    blame::Blame,
    idle::{Dipping, Idle},
    tolerance::Tolerance,
    window::{Seen, Went, Window},
};
use crate::attempt::{Attempt, AttemptEnd, Symptom};

/// How much of the way to where it should be the limit goes in a round: little for a difference (as
/// a logarithm) that may be noise, half for one that cannot be.
const GAIN: f64 = 0.06;
const MOST_GAIN: f64 = 0.5;
const NOISE: f64 = 0.35;
/// The most it shrinks in a round.
const DEEPEST: f64 = 0.5;
/// After so many rounds in a row that all had room, it is no noise that they had.
const SURE: u32 = 6;
/// Below this share of what it used to be, the limit is on its way back; what it used to be is
/// forgotten at this rate per round.
const RECOVERING: f64 = 0.5;
const FORGETTING: f64 = 0.02;
/// So many more failures than without load are no sign of overload yet.
const FAILURES: f64 = 0.05;
/// More given up than this say that nobody gets an answer in time; fewer than this may be hedges.
const MOSTLY: f64 = 0.5;
const HARDLY: f64 = 0.1;
/// The limit is used when this share of it is, on the mean of a round, and unused when no more than
/// that is.
const USED: f64 = 0.75;
const UNUSED: f64 = 0.5;
/// Who leaves after so many times the latency without load has waited long.
const LONG: f64 = 2.0;

/// An adaptive limit on requests in flight.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    limit: f64,
    min: f64,
    max: f64,
    /// What the limit used to be.
    usual: f64,
    window: Window,
    idle: Idle,
    tolerance: Tolerance,
    blame: Blame,
    /// The typical latency of late, in seconds; 0 before there is one.
    latency: f64,
    /// So many rounds in a row had room.
    roomy: u32,
    growth: Growth,
}

/// How the limit grows at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Growth {
    /// By half of itself, until the first sign of too much.
    AtFirst,
    /// By its square root.
    Since,
}

// === impl Limit ===

impl Limit {
    /// A limit between `min` and `max` that begins at `initial`. `min` counts as 1 at least, and
    /// `max` as `min` at least.
    pub fn new(min: u32, max: u32, initial: u32) -> Self {
        let min = f64::from(min.max(1));
        let max = f64::from(max).max(min);
        Self {
            limit: f64::from(initial).clamp(min, max),
            min,
            max,
            usual: 0.0,
            window: Window::default(),
            idle: Idle::default(),
            tolerance: Tolerance::new(),
            blame: Blame::default(),
            latency: 0.0,
            roomy: SURE,
            growth: Growth::AtFirst,
        }
    }

    /// So many may be in flight now.
    pub fn current(&self) -> u32 {
        let swung = self.tolerance.swung(self.limit);
        let limit = whole(swung.clamp(self.min, self.max));
        self.idle.dip().map_or(limit, |dip| dip.min(limit))
    }

    /// The typical latency without load, as far as it is known.
    pub fn idle_latency(&self) -> Option<Duration> {
        self.idle.latency().map(seconds)
    }

    /// The typical latency of late; zero before there is one.
    pub fn latency(&self) -> Duration {
        seconds(self.latency)
    }

    /// Learns how a try ended, with `in_flight` at that moment, itself included; `now` is monotonic.
    pub fn learn(&mut self, attempt: &Attempt, in_flight: u32, now: Duration) {
        let Some(went) = self.went(attempt) else {
            return;
        };
        let round = self.latency();
        if self.idle.dip().is_some() {
            if self.idle.ended(went, in_flight, round, now) == Dipping::Over {
                self.window = Window::begin(now);
                self.tolerance.start_over(now);
            }
            return;
        }
        self.window.ended(went, in_flight);
        if matches!(went, Went::Answered(_)) {
            self.tolerance.answered(self.limit, round, now);
        }
        if let Some(seen) = self.window.close(now, round) {
            self.window = Window::begin(now);
            self.steer(&seen, now);
            self.limit = self.limit.clamp(self.min, self.max);
            self.idle
                .begin_when_due(whole(self.limit), whole(self.min), now);
        } else if self.window.is_stale(now) {
            self.window = Window::begin(now);
        }
    }

    /// What a try says, if anything.
    fn went(&self, attempt: &Attempt) -> Option<Went> {
        let took = attempt.took;
        match attempt.end.symptom() {
            Symptom::Ill | Symptom::Overload => Some(Went::Failed),
            Symptom::Well => Some(Went::Answered(took)),
            Symptom::Nothing => {
                let long = LONG * self.idle.latency().unwrap_or(0.0);
                let waited = attempt.end == AttemptEnd::Abandoned && took.as_secs_f64() > long;
                waited.then_some(Went::GivenUp(took))
            }
        }
    }

    fn steer(&mut self, seen: &Seen, now: Duration) {
        let is_first = self.latency == 0.0;
        self.latency = seen.latency.unwrap_or(self.latency);
        if is_first {
            // The quickest answers come first: it says how long a round is, and no more.
            return;
        }
        // What it was in effect: a small limit swings by a large part of itself.
        let limit = f64::from(self.current());
        if seen.in_flight < USED * limit {
            self.tolerance.start_over(now);
        }
        if seen.in_flight <= UNUSED * limit && f64::from(seen.peak) < limit {
            if seen.given_up < HARDLY {
                self.idle.saw(seen, now);
            }
            return;
        }
        let failed = self.idle.excess(seen);
        if failed > FAILURES {
            self.blame.suspect(self.limit, now);
        }
        if let Some(share) = self.blame.saw(seen, self.limit, self.min) {
            self.idle.always_fails(share);
        }
        if seen.given_up > MOSTLY {
            self.shrink(DEEPEST);
        } else if failed > FAILURES {
            self.shrink(1.0 - failed / 2.0);
            // It was not too slow for this limit: it may have it back when it is well again.
            self.roomy = SURE;
        } else if let Some(latency) = seen.latency {
            if seen.given_up < HARDLY {
                self.idle.saw_busy(seen, now);
            }
            let idle = self.idle.latency().unwrap_or(latency);
            self.follow(self.tolerance.log() + (idle / latency).ln(), seen);
        }
    }

    /// Moves the limit by `room`: how much slower the origin could be, as a logarithm.
    fn follow(&mut self, room: f64, seen: &Seen) {
        let is_recovering = self.limit < RECOVERING * self.usual;
        self.usual += (self.limit - self.usual) * FORGETTING;
        let room = if is_recovering { room + NOISE } else { room };
        let gain = (GAIN + (room.abs() - NOISE).max(0.0)).min(MOST_GAIN);
        if room < 0.0 {
            self.roomy = 0;
            self.shrink((room * gain).exp());
        } else if seen.peak >= self.current() {
            self.roomy = self.roomy.saturating_add(1);
            let most = match self.growth {
                Growth::AtFirst => self.limit / 2.0,
                Growth::Since => self.limit.sqrt(),
            };
            self.limit += if is_recovering || self.roomy > SURE {
                most * (room / NOISE).min(1.0)
            } else {
                (self.limit * room * gain).min(most)
            };
        }
    }

    fn shrink(&mut self, factor: f64) {
        self.limit *= factor.max(DEEPEST);
        self.growth = Growth::Since;
    }
}

fn whole(limit: f64) -> u32 {
    // Never negative and never beyond `u32`: it is kept between two of them.
    limit as u32
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests;
