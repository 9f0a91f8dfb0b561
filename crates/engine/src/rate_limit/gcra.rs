//! The generic cell rate algorithm.
//!
//! # The bound
//! A caller's whole history is one number, the theoretical arrival time: when its next request would
//! come if it kept exactly to the rate. A request is allowed if it is early by no more than the burst
//! allows, and then moves that time on by one interval for each unit of its cost. In any window of
//! length `w`, requests that cost at most `burst + w / interval` together are allowed, whatever their
//! times, also when they waited for their turns and when `now` steps back.
//!
//! # Tightening
//! A [`Factor`] below the whole makes the intervals of a request longer, and leaves the time that the
//! bucket holds as it is: rate and burst shrink alike. Since every interval is at least the
//! untightened one, the bound holds whatever factors come in whatever order. A request of which the
//! longer interval does not fit into the bucket any more may come when the bucket is full.

use std::time::Duration;

use policy::Rate;

use super::{Ask, Blame, Factor, Settlement, Verdict, nanos};

/// A limit of so much at a steady rate, and so much at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gcra {
    /// Nanoseconds between two requests at exactly the rate.
    interval: u64,
    /// Nanoseconds in which the whole burst comes back.
    full: u64,
    burst: u32,
    /// Nanoseconds that a request may wait.
    patience: u64,
    /// Nanoseconds by which a cell can be ahead at most.
    reach: u64,
}

/// One caller's history: its theoretical arrival time in nanoseconds since the process began.
///
/// Zero, the default, is a caller never seen, and so is any time that has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub u64);

/// When a request has its turn, and where that puts the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) turn: u64,
    pub(super) next: u64,
}

// === impl Gcra ===

impl Gcra {
    /// A limit of `rate`, with `burst` requests at once after a rest; a burst of 0 counts as 1.
    ///
    /// The interval is rounded up to the nanosecond, so that the rate is never exceeded.
    pub fn new(rate: Rate, burst: u32) -> Self {
        let burst = burst.max(1);
        let interval = rate.per().as_nanos().div_ceil(u128::from(rate.events()));
        let interval = u64::try_from(interval).unwrap_or(u64::MAX).max(1);
        let full = interval.saturating_mul(u64::from(burst));
        Self {
            interval,
            full,
            burst,
            patience: 0,
            reach: full.saturating_mul(2),
        }
    }

    /// The same, and requests may wait so long.
    pub fn waiting(mut self, patience: Duration) -> Self {
        self.patience = nanos(patience);
        self.reach = self.reach.saturating_add(self.patience);
        self
    }

    /// The same, for callers that may be slowed down so far.
    pub(super) fn slowing(mut self, slowest: Factor) -> Self {
        let more = slowest.slowed(self.full) - self.full;
        self.reach = self.reach.saturating_add(more);
        self
    }

    /// The time between two requests at exactly the rate.
    pub fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval)
    }

    /// How many requests may come at once after a rest.
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// Decides one request and gives the caller's new history.
    pub fn decide(&self, cell: Cell, ask: &Ask) -> (Verdict, Cell) {
        let now = nanos(ask.now);
        let cell = cell.0.min(now.saturating_add(self.reach));
        let cost = u64::from(ask.cost.min(self.burst));
        let step = ask.factor.slowed(self.interval.saturating_mul(cost));
        let Some(place) = place(cell, step, self.full.max(step), now) else {
            return (Verdict::deny(self.interval), Cell(cell));
        };
        let longest = self.patience.min(nanos(ask.longest_wait));
        match place.turn - now {
            0 => {
                let unit = ask.factor.slowed(self.interval);
                let left = now.saturating_add(self.full).saturating_sub(place.next);
                (
                    Verdict::allow(left / unit, place.next - now),
                    Cell(place.next),
                )
            }
            wait if wait <= longest => {
                let reset = place.next - place.turn;
                (Verdict::wait(wait, reset), Cell(place.next))
            }
            wait => (Verdict::deny(wait), Cell(cell)),
        }
    }

    /// Puts right what a request that was allowed has cost; gives the caller's new history. `now` is
    /// read when the cost is known.
    pub fn settle(&self, cell: Cell, settlement: &Settlement, now: Duration) -> Cell {
        let now = nanos(now);
        let charged = settlement.charged.min(self.burst);
        if settlement.actual >= charged {
            let more = u64::from(settlement.actual - charged).saturating_mul(self.interval);
            let most = now.saturating_add(self.reach);
            return Cell(match more {
                0 => cell.0,
                _ => cell.0.max(now).saturating_add(more).min(most),
            });
        }
        let [charged, actual] =
            [charged, settlement.actual].map(|cost| self.interval.saturating_mul(u64::from(cost)));
        let less = charged - actual;
        // Somebody waits, and his turn cannot be moved any more; or the clock has stepped back.
        let turn = nanos(settlement.turn);
        if cell.0.saturating_sub(self.full) > now || now < turn {
            return cell;
        }
        // Not what the bucket would have had no room for since.
        let lost = now - turn;
        Cell(cell.0.saturating_sub(less.saturating_sub(lost)))
    }
}

/// The first turn, from `now` on, at which a request that moves the cell by `step` leaves it no
/// further ahead than `full`; `None` when time itself is used up.
pub(super) fn place(cell: u64, step: u64, full: u64, now: u64) -> Option<Place> {
    let turn = now.max(cell.checked_add(step)?.saturating_sub(full));
    let next = cell.max(turn).checked_add(step)?;
    Some(Place { turn, next })
}

// === impl Verdict ===

impl Verdict {
    pub(super) fn allow(remaining: u64, reset: u64) -> Self {
        Self::Allow {
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            reset: Duration::from_nanos(reset),
        }
    }

    pub(super) fn deny(nanos: u64) -> Self {
        Self::Deny {
            retry_after: Duration::from_nanos(nanos),
            blame: Blame::Caller,
        }
    }

    pub(super) fn wait(delay: u64, reset: u64) -> Self {
        Self::Wait {
            delay: Duration::from_nanos(delay),
            reset: Duration::from_nanos(reset),
        }
    }
}
