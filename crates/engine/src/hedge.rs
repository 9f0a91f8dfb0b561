//! Whether a second try is sent beside a first one that is slow, and when.
//!
//! A second try cuts off the tail of the latencies for little additional load, if it is sent only
//! after what most requests take (Dean and Barroso: The Tail at Scale, CACM 2013). Both tries are
//! processed, so only a request that may be processed twice has one, with a body that can be sent
//! twice; and all of them together keep to a [`Budget`] of their own, because when an origin slows
//! down as a whole every request is slow, and twice the load is what it needs least.

mod latencies;

use std::{sync::Arc, time::Duration};

use policy::{Hedge, HedgeAfter};

pub use self::latencies::Latencies;
use crate::retry::{Budget, Grant, Nature, Replay};

/// What an upstream knows for its second tries.
#[derive(Debug)]
pub struct Hedging {
    policy: Hedge,
    latencies: Latencies,
    budget: Arc<Budget>,
}

/// A request that might have a second try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Whether it may be processed twice.
    pub nature: Nature,
    /// Whether its body can be sent twice at once.
    pub body: Replay,
    /// What is left until its deadline; `None` when it has none.
    pub left: Option<Duration>,
}

/// When a second try is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// When the first has taken this long without an answer.
    After(Duration),
    /// Never.
    Never(Never),
}

/// Why a request has no second try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Never {
    /// Its body can be sent once only.
    Body,
    /// Its deadline would come first.
    Deadline,
    /// Too few requests have been seen to say what is slow.
    Learning,
    /// It must not be processed twice.
    Method,
}

// === impl Hedging ===

impl Hedging {
    /// Second tries as `policy` says, with nothing learned yet.
    pub fn new(policy: Hedge) -> Self {
        Self {
            latencies: Latencies::default(),
            // No least that is always allowed: without traffic there is no tail to cut off.
            budget: Arc::new(Budget::new(policy.budget, 0)),
            policy,
        }
    }

    /// What the operator said.
    pub const fn policy(&self) -> &Hedge {
        &self.policy
    }

    /// Counts a request that arrives at `now` (monotonic), and says when its second try is due.
    pub fn plan(&self, now: Duration, candidate: Candidate) -> Plan {
        self.budget.request(now);
        if candidate.nature == Nature::Once {
            return Plan::Never(Never::Method);
        }
        if candidate.body == Replay::Gone {
            return Plan::Never(Never::Body);
        }
        let slow = match self.policy.after {
            HedgeAfter::Percentile(percentile) => self.latencies.percentile(now, percentile),
            HedgeAfter::Time(time) => Some(time),
        };
        let Some(slow) = slow else {
            return Plan::Never(Never::Learning);
        };
        let after = slow.max(self.policy.min_delay);
        if candidate.left.is_some_and(|left| after >= left) {
            return Plan::Never(Never::Deadline);
        }
        Plan::After(after)
    }

    /// Asks for one second try at `now` (monotonic); `left` is the share of the budget that the
    /// origin's capacity leaves, from 0 to 1.
    pub fn take(&self, now: Duration, left: f64) -> Grant {
        self.budget.take(now, left)
    }

    /// Learns at `now` (monotonic) how long a first try took until its head, or has taken until it
    /// was cancelled.
    ///
    /// Those that were cancelled have to be learned too: they are the slow ones, and without them
    /// the percentile would sink below itself, and each second try would cause more of them.
    pub fn learn(&self, now: Duration, took: Duration) {
        if let HedgeAfter::Percentile(_) = self.policy.after {
            self.latencies.observe(now, took);
        }
    }
}

// === impl Plan ===

impl Plan {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::After(_) => "after",
            Self::Never(never) => never.as_str(),
        }
    }
}

// === impl Never ===

impl Never {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Deadline => "deadline",
            Self::Learning => "learning",
            Self::Method => "method",
        }
    }
}

#[cfg(test)]
mod tests;
