//! How much slower than without load the origin may be, learned from what more load brings.
//!
//! While the limit is used, it is a little higher for some rounds and then a little lower, or the
//! other way round, and what each of the two brings in answers per second is compared. That is the
//! one measure that means the same for every origin: more in flight bring as many more answers while
//! there is room, none where throughput is at its best, and fewer where it collapses. How much the
//! latency has grown by then differs: by nothing before a hard knee, by two times or three where an
//! origin gives way slowly.
//!
//! The two are as far apart as is needed: further while one comparison after the other says the
//! same, closer once they contradict each other, which they do at the best place. Which of them
//! comes first follows the Thue-Morse sequence, so that an origin that slowly changes by itself does
//! not look like an effect.

use std::time::Duration;

/// How far up and down it goes, as a share of the limit.
const WIDEST: f64 = 0.1;
const NARROWEST: f64 = 0.02;
const WIDER: f64 = 1.3;
const NARROWER: f64 = 0.75;
/// What one percent more in flight must bring, in percent of answers.
const WORTH: f64 = 0.05;
/// A round passes after each change before answers are counted, for so many rounds, and so many.
const COUNTED: u32 = 2;
const FEWEST: u32 = 150;
/// Where the limit itself has moved by more than this (as a logarithm), nothing can be compared.
const MOVED: f64 = 0.15;
/// How far the tolerance follows what a comparison says, and the most that one may say.
const STEP: f64 = 0.5;
const MOST_SAID: f64 = 0.16;
/// The logarithm of the tolerance: at the beginning, and its bounds. Noise looks like slowness, so
/// that none at all cannot be told; and nobody wants answers that take more than twice as long.
const FIRST: f64 = 0.4;
const LEAST: f64 = 0.08;
const MOST: f64 = 0.8;

/// The tolerated latency, and the comparison that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    log: f64,
    swing: f64,
    /// How many changes there have been.
    turn: u32,
    changed: Duration,
    /// What is being counted since the change, once a round has passed.
    count: Option<Count>,
    /// What the first of the two has brought.
    first: Option<Brought>,
    /// What the last comparison said.
    said: f64,
}

/// Answers, and since when they are counted, at which limit.
#[derive(Clone, Copy, Debug)]
struct Count {
    since: Duration,
    limit: f64,
    answers: u32,
}

/// The logarithm of answers per second, and at which limit.
#[derive(Clone, Copy, Debug)]
struct Brought {
    log: f64,
    limit: f64,
}

// === impl Tolerance ===

impl Tolerance {
    pub(super) const fn new() -> Self {
        Self {
            log: FIRST,
            swing: WIDEST,
            turn: 0,
            changed: Duration::ZERO,
            count: None,
            first: None,
            said: 0.0,
        }
    }

    /// The logarithm of how many times the latency without load is tolerated.
    pub(super) const fn log(&self) -> f64 {
        self.log
    }

    /// What `limit` is for now.
    pub(super) fn swung(&self, limit: f64) -> f64 {
        let swing = (limit * self.swing).max(0.5);
        if self.is_up() {
            limit + swing
        } else {
            limit - swing
        }
    }

    fn is_up(&self) -> bool {
        self.turn.count_ones() % 2 == 1
    }

    /// One was answered, while the limit was `limit` and a round took `round`.
    pub(super) fn answered(&mut self, limit: f64, round: Duration, now: Duration) {
        let Some(count) = &mut self.count else {
            if now.saturating_sub(self.changed) >= round {
                self.count = Some(Count {
                    since: now,
                    limit,
                    answers: 0,
                });
            }
            return;
        };
        count.answers += 1;
        let lasted = now.saturating_sub(count.since);
        if count.answers < FEWEST || lasted < round * COUNTED || lasted.is_zero() {
            return;
        }
        let brought = Brought {
            log: (f64::from(count.answers) / lasted.as_secs_f64()).ln(),
            limit: count.limit,
        };
        match self.first.take() {
            None => self.first = Some(brought),
            Some(first) if (brought.limit / first.limit).ln().abs() <= MOVED => {
                self.compare(first, brought);
            }
            Some(_) => {}
        }
        self.turn = self.turn.wrapping_add(1);
        self.change(now);
    }

    /// What has been counted cannot be compared: the limit has not been used, or there was a dip.
    pub(super) fn start_over(&mut self, now: Duration) {
        if self.first.take().is_some() {
            self.turn = self.turn.wrapping_add(1);
        }
        self.change(now);
    }

    fn change(&mut self, now: Duration) {
        self.changed = now;
        self.count = None;
    }

    fn compare(&mut self, first: Brought, second: Brought) {
        let gain = if self.is_up() {
            second.log - first.log
        } else {
            first.log - second.log
        };
        let said = gain - WORTH * 2.0 * self.swing;
        self.swing = if said * self.said > 0.0 {
            (self.swing * WIDER).min(WIDEST)
        } else {
            (self.swing * NARROWER).max(NARROWEST)
        };
        self.said = said;
        self.log = (self.log + STEP * said.clamp(-MOST_SAID, MOST_SAID)).clamp(LEAST, MOST);
    }
}
