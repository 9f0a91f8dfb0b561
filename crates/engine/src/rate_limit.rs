//! How often one caller may ask: the generic cell rate algorithm, and what the caller is told.
//!
//! # The algorithm
//! A caller's whole history is one number, the theoretical arrival time: when its next request would
//! come if it kept exactly to the rate. A request is allowed if it is early by no more than the burst
//! allows, and then moves that time on by one interval. In any window of length `w`, at most
//! `burst + w / interval` requests are allowed, whatever their times, and also when `now` steps back:
//! an earlier `now` can only deny more.
//!
//! # The headers
//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) think in windows. A
//! bucket is told as one: the quota `q` is the burst, and the window `w` the time it takes to fill
//! again, so that what remains is never more than the quota.

mod headers;

use std::time::Duration;

use policy::Rate;

pub use self::headers::{LimitHeaders, retry_after};

/// One rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gcra {
    /// Nanoseconds between two requests at exactly the rate.
    interval: u64,
    /// Nanoseconds by which a request may be early.
    tolerance: u64,
    burst: u32,
}

/// One caller's history: its theoretical arrival time in nanoseconds since the process began.
///
/// Zero, the default, is a caller never seen, and so is any time that has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub u64);

/// What a rate limit says to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on.
    Allow {
        /// How many more could come right now.
        remaining: u32,
        /// Until the whole burst is there again.
        reset: Duration,
    },
    /// It may not.
    Deny {
        /// Until the next one may.
        retry_after: Duration,
    },
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
        Self {
            interval,
            tolerance: interval.saturating_mul(u64::from(burst - 1)),
            burst,
        }
    }

    /// The time between two requests at exactly the rate.
    pub fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval)
    }

    /// How many requests may come at once after a rest.
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// Decides one request at `now`, time since the process began, and gives the caller's new history.
    pub fn decide(&self, cell: Cell, now: Duration) -> (Verdict, Cell) {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let horizon = now.saturating_add(self.tolerance);
        if cell.0 > horizon {
            return (Self::deny(cell.0 - horizon), cell);
        }
        match cell.0.max(now).checked_add(self.interval) {
            Some(next) => (self.allow(next, now, horizon), Cell(next)),
            // Time itself is used up, centuries from now or with an interval as long.
            None => (Self::deny(self.interval), cell),
        }
    }

    fn allow(&self, next: u64, now: u64, horizon: u64) -> Verdict {
        let remaining = match horizon.checked_sub(next) {
            Some(early) => early / self.interval + 1,
            None => 0,
        };
        Verdict::Allow {
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            reset: Duration::from_nanos(next - now),
        }
    }

    fn deny(nanos: u64) -> Verdict {
        Verdict::Deny {
            retry_after: Duration::from_nanos(nanos),
        }
    }
}

// === impl Verdict ===

impl Verdict {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Deny { .. } => "deny",
        }
    }
}

#[cfg(test)]
mod tests;
