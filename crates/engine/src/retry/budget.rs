//! How many tries beyond the first all requests to an upstream may have together.
//!
//! # A share of live traffic
//! In ten seconds no more retries begin than `share` of the requests that came in the same time, or
//! than `min` when that is more. What matters is the ratio: an origin that fails for everybody sees
//! at most that share more than it would without retries, however many clients there are.
//!
//! # Waiting counts
//! A retry counts from the decision on, not from its sending: those that wait in back-off would
//! otherwise all be allowed, and arrive together (envoy issue 30205). It counts for as long as it is
//! remembered, and beyond that until it is over: a retry that hangs is load, however old.
//!
//! # What was no load is given back
//! A try that was provably not processed, and the one that followed it and was answered, are together
//! one request to the origin. Such a retry is forgotten when it is answered ([`Permit::give_back`]):
//! else one endpoint of two that is down would use up the budget, and requests would fail which the
//! other could have answered. When all are down nothing is answered, and everything counts.
//!
//! # One signal
//! Whoever takes from a budget says which share of it is left. An origin that is short of capacity
//! leaves less of it, and at the end nothing, `min` included.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use policy::Percent;

use super::traffic::{SLOTS, Traffic, is_recent, position, second};

/// What all requests to an upstream may spend on further tries.
#[derive(Debug)]
pub struct Budget {
    share: Percent,
    min: u32,
    requests: Traffic,
    /// A lock, because a retry is rare and its check and its count must be one step.
    spent: Mutex<Spent>,
}

/// Whether a further try may begin.
#[derive(Debug)]
pub enum Grant {
    /// No: too many have.
    Exhausted,
    /// Yes; it is over when this is dropped.
    Granted(Permit),
}

/// One further try, from the decision to its end.
#[derive(Debug)]
pub struct Permit {
    budget: Arc<Budget>,
    began: u32,
    load: Load,
}

/// Whether a further try was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    Additional,
    None,
}

/// The further tries that count.
#[derive(Debug, Default)]
struct Spent {
    slots: [Slot; SLOTS],
    /// Under way since before any slot.
    older: u64,
}

/// Those that began in one second.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    second: u32,
    began: u64,
    under_way: u64,
}

// === impl Budget ===

impl Budget {
    /// One of `share` of the requests of the last ten seconds, and of at least `min` in them.
    pub fn new(share: Percent, min: u32) -> Self {
        Self {
            share,
            min,
            requests: Traffic::default(),
            spent: Mutex::default(),
        }
    }

    /// Counts a request, at `now` (monotonic): not its further tries.
    pub fn request(&self, now: Duration) {
        self.requests.count(now);
    }

    /// Asks for one further try at `now` (monotonic); `left` is the share of the budget that the
    /// origin's capacity leaves, from 0 to 1.
    pub fn take(self: &Arc<Self>, now: Duration, left: f64) -> Grant {
        let most = self.most(now, left);
        let second = second(now);
        let mut spent = self.spent();
        if spent.count(second) >= most {
            return Grant::Exhausted;
        }
        Grant::Granted(Permit {
            began: spent.begin(second),
            load: Load::Additional,
            budget: Arc::clone(self),
        })
    }

    /// How many further tries count at `now` (monotonic).
    pub fn used(&self, now: Duration) -> u64 {
        self.spent().count(second(now))
    }

    /// How many further tries may count at `now` (monotonic).
    pub fn most(&self, now: Duration, left: f64) -> u64 {
        let share = self.requests.sum(now) * u64::from(self.share.hundredths()) / 100;
        scaled(share.max(u64::from(self.min)), left)
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        // Nothing in here can panic half-way, so what a panicking thread left behind is whole.
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `most` scaled by a share from 0 to 1, rounded down; what is no number leaves nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts of ten seconds are far below 2^53, and the product is neither negative nor larger"
)]
fn scaled(most: u64, left: f64) -> u64 {
    if left >= 1.0 {
        return most;
    }
    (most as f64 * left.max(0.0)) as u64
}

// === impl Spent ===

impl Spent {
    /// Those that began of late, and those of before that are not over.
    fn count(&self, now: u32) -> u64 {
        let remembered = |slot: &Slot| match is_recent(slot.second, now) {
            true => slot.began,
            false => slot.under_way,
        };
        self.slots.iter().map(remembered).sum::<u64>() + self.older
    }

    /// Counts one that begins, and gives the second that it is counted for.
    fn begin(&mut self, now: u32) -> u32 {
        let slot = &mut self.slots[position(now)];
        if slot.second < now {
            self.older += slot.under_way;
            *slot = Slot {
                second: now,
                ..Slot::default()
            };
        }
        slot.began += 1;
        slot.under_way += 1;
        slot.second
    }

    fn end(&mut self, began: u32, load: Load) {
        let slot = &mut self.slots[position(began)];
        if slot.second == began {
            slot.under_way -= 1;
            slot.began -= match load {
                Load::Additional => 0,
                Load::None => 1,
            };
        } else {
            self.older -= 1;
        }
    }
}

// === impl Grant ===

impl Grant {
    /// The word for it in logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Granted(_) => "granted",
        }
    }
}

// === impl Permit ===

impl Permit {
    /// It is over and was no additional load: it does not count any more.
    pub fn give_back(mut self) {
        self.load = Load::None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.spent().end(self.began, self.load);
    }
}

#[cfg(test)]
mod tests;
