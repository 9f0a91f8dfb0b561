//! How the origin is when it is not busy: its latency and its share of failures without load.
//!
//! While the limit is not used, this is simply what is seen. An origin that is always busy never
//! shows it, so now and then the limit makes a dip: for a short while half as many are let in. Past
//! a knee, half as many take at most half as long, wherever the knee is; before one, as long as
//! ever. Either way it shows. A dip takes a small share of the time between two of them, so that it
//! cannot cost more than that; and it is no part of the limit, which is afterwards where it was.

use std::time::Duration;

use super::window::{Seen, Went, Window};

/// The time until the first dip, and the shortest time between two.
const FIRST: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_secs(10);
/// A dip takes one part in so many of the time, as long as that is not more than [`RARELY`]; if it
/// is, one part in so many at most.
const PART: u32 = 80;
const LARGE_PART: u32 = 10;
const RARELY: Duration = Duration::from_secs(60);
/// So many answers are enough for a dip, and so many at least are wanted when its time is up.
const ENOUGH: u32 = 128;
const FEWEST: u32 = 8;
/// A dip lasts at most so many rounds, and may always last as long as this.
const ROUNDS: u32 = 5;
const SHORTEST: Duration = Duration::from_millis(100);
/// How far one look moves what is believed.
const TRUST: f64 = 0.2;
/// What is so many times as quick as what was believed is no noise.
const QUICK: f64 = 1.3;
/// So many standard deviations of a share are chance.
const CHANCE: f64 = 2.0;
/// No origin is taken for one of which more than this share fails as a rule.
const MOST_FAILED: f64 = 0.5;
/// So many tries say what share fails while there is much to do.
const COUNTED: f64 = 400.0;

/// How the origin is when it is not busy.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Idle {
    latency: Option<f64>,
    failed: f64,
    /// Failures and tries while there was much to do, since they were last looked at.
    busy: (f64, f64),
    /// So many were in flight when that was seen; `None` while it is only a guess.
    in_flight: Option<f64>,
    /// When it is time for the next dip; `None` until there is something to compare it with.
    due: Option<Duration>,
    dip: Option<Dip>,
}

/// A time of fewer requests.
#[derive(Clone, Copy, Debug)]
struct Dip {
    began: Duration,
    /// So many may be in flight.
    limit: u32,
    /// Since when there have been few enough.
    settled: Option<Duration>,
    /// What has been seen from a round after that: all that end then were among few.
    window: Window,
}

/// Whether a dip goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dipping {
    Over,
    Under,
}

// === impl Idle ===

impl Idle {
    /// The typical latency without load, in seconds.
    pub(super) const fn latency(&self) -> Option<f64> {
        self.latency
    }

    /// What share fails more than without load would, chance aside.
    pub(super) fn excess(&self, seen: &Seen) -> f64 {
        let chance = (self.failed * (1.0 - self.failed) / seen.tries).sqrt();
        seen.failed - self.failed - CHANCE * chance
    }

    /// This share fails, whatever the load is.
    pub(super) fn always_fails(&mut self, share: f64) {
        if share <= MOST_FAILED {
            self.failed = self.failed.max(share);
        }
    }

    /// So many may be in flight for now, whatever the limit is.
    pub(super) fn dip(&self) -> Option<u32> {
        self.dip.map(|dip| dip.limit)
    }

    /// Learns from a window in which the limit was not used.
    pub(super) fn saw(&mut self, seen: &Seen, now: Duration) {
        self.believe(seen);
        self.due = Some(now + EVERY);
    }

    /// Learns from a window in which it was. With as few in flight as when it was idle, it still is.
    pub(super) fn saw_busy(&mut self, seen: &Seen, now: Duration) {
        let (failures, tries) = &mut self.busy;
        *failures += seen.failed * seen.tries;
        *tries += seen.tries;
        if *tries >= COUNTED {
            // With less to do it would not fail more often.
            self.failed = self.failed.min(*failures / *tries);
            self.busy = (0.0, 0.0);
        }
        if self.in_flight.is_some_and(|idle| seen.in_flight <= idle) {
            self.believe(seen);
        } else if self.latency.is_none() {
            // A guess, which may be from far past the knee: the first dip comes soon.
            self.latency = seen.latency;
            self.due = Some(now + FIRST);
        }
    }

    /// Begins a dip from `limit`, not below `min`, if it is time for one.
    pub(super) fn begin_when_due(&mut self, limit: u32, min: u32, now: Duration) {
        let half = (limit / 2).max(min);
        if self.dip.is_some() || half >= limit || self.due.is_none_or(|due| now < due) {
            return;
        }
        self.dip = Some(Dip {
            began: now,
            limit: half,
            settled: None,
            window: Window::begin(now),
        });
    }

    /// Takes in a try that ended during a dip, where a round takes `round`.
    pub(super) fn ended(
        &mut self,
        went: Went,
        in_flight: u32,
        round: Duration,
        now: Duration,
    ) -> Dipping {
        let Some(dip) = &mut self.dip else {
            return Dipping::Over;
        };
        if in_flight <= dip.limit {
            let settled = *dip.settled.get_or_insert(now);
            if now.saturating_sub(settled) >= round {
                dip.window.ended(went, in_flight);
            }
        }
        let longest = (round * ROUNDS).max(SHORTEST);
        let lasted = now.saturating_sub(dip.began).min(longest);
        if dip.window.tries() < ENOUGH && lasted < longest {
            return Dipping::Under;
        }
        let every = (lasted * PART).clamp(EVERY, RARELY);
        self.due = Some(now + every.max(lasted * LARGE_PART));
        let window = dip.window;
        self.dip = None;
        if window.tries() >= FEWEST {
            self.saw_dip(&window.seen());
        }
        Dipping::Over
    }

    fn saw_dip(&mut self, seen: &Seen) {
        let is_quick = match (seen.latency, self.latency) {
            (Some(seen), Some(idle)) => seen < idle / QUICK,
            _ => false,
        };
        // What was a guess is none any more; or the knee is where nobody thought it was.
        if is_quick || self.in_flight.is_none() {
            self.latency = seen.latency.or(self.latency);
        }
        self.believe(seen);
    }

    fn believe(&mut self, seen: &Seen) {
        self.in_flight = Some(seen.in_flight);
        self.failed += (seen.failed.min(MOST_FAILED) - self.failed) * TRUST;
        let Some(seen) = seen.latency else { return };
        let idle = self.latency.unwrap_or(seen);
        self.latency = Some(idle + (seen - idle) * TRUST);
    }
}
