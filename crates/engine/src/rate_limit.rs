//! How often one caller may ask: two ways of counting with one face, and what the caller is told.
//!
//! # Two ways
//! [`Gcra`] remembers one number for each caller, allows a steady rate and a burst after a rest.
//! [`SlidingWindow`] remembers when what was allowed, and never allows more than the quota in any
//! window, wherever it begins. A [`Limiter`] is either.
//!
//! # Turns
//! A request may be ready to wait. Then the verdict may be [`Verdict::Wait`]: it has taken its place,
//! counts from now on, and its turn comes after that time. Both bounds hold for the turns.
//!
//! # Costs
//! A request may cost more than one. What costs more than the whole quota counts as the whole quota:
//! it may come after a rest, and is never refused for good. When the true cost is known only from the
//! answer, [`Settlement`] says so: what is missing is debited, into debt if need be, at most one more
//! quota deep; what was too much is given back as far as that can never let more through than if the
//! true cost had been known at once.
//!
//! # Blame
//! Who is refused need not have done anything wrong: a [`Factor`] may have taken most of its quota
//! away, others may have filled the room in which it would have waited, or use up what it shares with
//! them. A denial says who is to [`Blame`], because nobody may be shut out for what others did.
//!
//! # Time
//! Time never goes back: a `now` before one that was seen counts no more than it would have then. But a
//! caller is not shut out until a clock that was once far ahead is reached again: what lies further
//! ahead than any decision can have put it is brought back to there.

mod blame;
mod factor;
mod gcra;
mod headers;
mod history;
mod sliding_window;

use std::time::Duration;

use policy::{LimitAlgorithm, LimitPolicy};

pub use self::{
    blame::Blame,
    factor::Factor,
    gcra::{Cell, Gcra},
    headers::{LegacyFields, LimitHeaders, LimitList, retry_after},
    history::{History, MARK_BYTES},
    sliding_window::{MARKS, SlidingWindow},
};

/// One rate limit, either way of counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limiter {
    /// A steady rate, and a burst after a rest.
    Gcra(Gcra),
    /// Never more than the quota in any window.
    SlidingWindow(SlidingWindow),
}

/// What a request asks of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What it takes from the quota.
    pub cost: u32,
    /// Monotonic time.
    pub now: Duration,
    /// How long it may wait for its turn; never longer than the limit was made for.
    pub longest_wait: Duration,
    /// How long it might wait with the whole of its quota, and room for it among those who wait.
    pub queue: Duration,
    /// The share of the quota that its caller has at the moment.
    pub factor: Factor,
}

/// What a request has cost after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What it was charged when it was allowed.
    pub charged: u32,
    /// What it should have been.
    pub actual: u32,
    /// When its turn was: the `now` it was asked at, and what it had to wait.
    pub turn: Duration,
}

/// What a rate limit says to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on.
    Allow {
        /// How much more could come right now.
        remaining: u32,
        /// Until the whole quota is there again.
        reset: Duration,
    },
    /// It may not.
    Deny {
        /// Until it may.
        retry_after: Duration,
        /// Whose fault that is.
        blame: Blame,
    },
    /// It may when its turn has come; its place is taken.
    Wait {
        /// Until its turn.
        delay: Duration,
        /// From its turn until the whole quota is there again.
        reset: Duration,
    },
}

// === impl Limiter ===

impl Limiter {
    /// The limit that a policy asks for.
    pub fn new(policy: &LimitPolicy) -> Self {
        let delay = policy.adapt.as_ref().and_then(|adapt| adapt.delay);
        let patience = policy.queue.max(delay).unwrap_or_default();
        let slowest = match &policy.adapt {
            Some(adapt) => Factor::of(adapt.min),
            None => Factor::ONE,
        };
        match policy.algorithm {
            LimitAlgorithm::Gcra { burst } => {
                let gcra = Gcra::new(policy.rate, burst);
                Self::Gcra(gcra.waiting(patience).slowing(slowest))
            }
            LimitAlgorithm::SlidingWindow => {
                let window = SlidingWindow::new(policy.rate, patience);
                Self::SlidingWindow(window.slowing(slowest))
            }
        }
    }

    /// The most that may come at once.
    pub fn quota(&self) -> u32 {
        match self {
            Self::Gcra(gcra) => gcra.burst(),
            Self::SlidingWindow(window) => window.quota(),
        }
    }

    /// The time in which the whole quota comes back.
    pub fn window(&self) -> Duration {
        match self {
            Self::Gcra(gcra) => gcra.interval().saturating_mul(gcra.burst()),
            Self::SlidingWindow(window) => window.window(),
        }
    }
}

// === impl Ask ===

impl Ask {
    /// A request that costs one, at `now`, of an untightened caller, and does not wait.
    pub const fn new(now: Duration) -> Self {
        Self {
            cost: 1,
            now,
            longest_wait: Duration::ZERO,
            queue: Duration::ZERO,
            factor: Factor::ONE,
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
            Self::Wait { .. } => "wait",
        }
    }
}

fn nanos(time: Duration) -> u64 {
    let whole = time.as_secs().saturating_mul(1_000_000_000);
    whole.saturating_add(u64::from(time.subsec_nanos()))
}

#[cfg(test)]
mod tests;
