//! Whether failures come from too much load.
//!
//! A route may be broken for reasons of its own, and an API says 429 to a client that has used up
//! its share: with less to do the origin would fail just as often. Whoever shrinks the limit for
//! them shrinks it for everybody, down to the least, and nothing gets better by it. So what half of
//! the limit has changed is looked at: when as large a share fails as before, the load was not to
//! blame.

use std::time::Duration;

use super::window::Seen;

/// How things were is told by what the limit was above this share of what it is at the beginning,
const BEFORE: f64 = 0.7;
/// and what has changed by what it is below this one.
const AFTER: f64 = 0.5;
/// What is still this share of what it was has not been changed by half of the limit.
const UNCHANGED: f64 = 0.8;
/// So many tries at least say what share fails.
const FEWEST: f64 = 96.0;
/// What has not been decided after this long is about several moments.
const LONGEST: Duration = Duration::from_secs(10);

/// What is found out while failures shrink the limit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blame(Option<Trial>);

#[derive(Clone, Copy, Debug)]
struct Trial {
    began: Duration,
    /// The limit at the beginning.
    limit: f64,
    before: Count,
    after: Count,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    failures: f64,
    tries: f64,
}

// === impl Blame ===

impl Blame {
    /// More fails than is usual, at this limit: from here on it is looked what less load changes.
    pub(super) fn suspect(&mut self, limit: f64, now: Duration) {
        let is_of_now =
            |trial: &Trial| now.saturating_sub(trial.began) <= LONGEST && limit <= trial.limit;
        if !self.0.as_ref().is_some_and(is_of_now) {
            self.0 = Some(Trial::begin(limit, now));
        }
    }

    /// Takes in a window, in which the limit was this one and not below `min`; `Some` with the share
    /// that fails when the load turns out not to be to blame for it.
    pub(super) fn saw(&mut self, seen: &Seen, limit: f64, min: f64) -> Option<f64> {
        let trial = self.0.as_mut()?;
        let after = (trial.limit * AFTER).max(min);
        // What is at its least already cannot shrink any more: what comes first tells how it was.
        let is_before = limit > after || (trial.limit <= min && trial.before.tries < FEWEST);
        if !is_before {
            trial.after.add(seen);
        } else if limit >= trial.limit * BEFORE {
            trial.before.add(seen);
        }
        if trial.after.tries < FEWEST || trial.before.tries < FEWEST {
            return None;
        }
        let (before, after) = (trial.before.share(), trial.after.share());
        self.0 = None;
        (after >= before * UNCHANGED).then_some(after)
    }
}

// === impl Trial ===

impl Trial {
    fn begin(limit: f64, now: Duration) -> Self {
        Self {
            began: now,
            limit,
            before: Count::default(),
            after: Count::default(),
        }
    }
}

// === impl Count ===

impl Count {
    fn add(&mut self, seen: &Seen) {
        self.tries += seen.tries;
        self.failures += seen.tries * seen.failed;
    }

    fn share(self) -> f64 {
        self.failures / self.tries.max(1.0)
    }
}
