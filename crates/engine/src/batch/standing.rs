//! Whether batches of a route are worth trying.
//!
//! Each batch that fails costs the origin one request more than its members would have. So after a
//! few failures in a row none is tried for a while, twice as long after each further failure; one
//! that succeeds clears the record.

use std::time::Duration;

/// So many failures in a row are taken for chance.
const TOLERATED: u32 = 2;
/// The wait after the first failure that is not.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The wait after any number of failures.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How the batches of a route did of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    failures: u32,
    /// No sooner than this (monotonic).
    not_before: Duration,
}

/// Whether a request may wait for a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Not before this monotonic time.
    Paused(Duration),
    /// Yes.
    Trusted,
}

// === impl Standing ===

impl Standing {
    /// Whether batches are made at `now` (monotonic).
    pub fn decide(self, now: Duration) -> Trust {
        if now < self.not_before {
            Trust::Paused(self.not_before)
        } else {
            Trust::Trusted
        }
    }

    /// After a batch that failed at `now` (monotonic); `dice` is any random number. Those that were
    /// under way when the pause began say nothing new.
    #[must_use]
    pub fn failed(self, now: Duration, dice: u32) -> Self {
        if now < self.not_before {
            return self;
        }
        let failures = self.failures.saturating_add(1);
        let not_before = match failures.checked_sub(TOLERATED + 1) {
            None => Duration::ZERO,
            Some(doublings) => now + wait(doublings, dice),
        };
        Self {
            failures,
            not_before,
        }
    }

    /// After a batch that was taken apart.
    #[must_use]
    pub fn succeeded(self) -> Self {
        Self::default()
    }
}

/// Between half of the full wait and all of it.
fn wait(doublings: u32, dice: u32) -> Duration {
    let full = (FIRST_WAIT * (1 << doublings.min(16))).min(LONGEST_WAIT);
    full / 2 + (full / 2).mul_f64(f64::from(dice) / f64::from(u32::MAX))
}

// === impl Trust ===

impl Trust {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paused(_) => "paused",
            Self::Trusted => "trusted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn two_failures_are_chance_and_the_third_is_not() {
        let mut standing = Standing::default();
        for _ in 0..2 {
            standing = standing.failed(SECOND, u32::MAX);
            assert_eq!(standing.decide(SECOND), Trust::Trusted);
        }
        standing = standing.failed(SECOND, u32::MAX);
        assert_eq!(standing.decide(SECOND), Trust::Paused(6 * SECOND));
        assert_eq!(standing.decide(6 * SECOND), Trust::Trusted);
    }

    #[test]
    fn each_further_failure_doubles_the_wait_up_to_five_minutes() {
        let (mut standing, mut now) = (Standing::default(), Duration::ZERO);
        for _ in 0..2 {
            standing = standing.failed(now, 0);
        }
        let mut waits = Vec::new();
        for _ in 0..8 {
            standing = standing.failed(now, u32::MAX);
            let Trust::Paused(until) = standing.decide(now) else {
                panic!("not paused");
            };
            waits.push((until - now).as_secs());
            now = until;
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn failures_of_batches_that_were_under_way_count_once() {
        let three = (0..3).fold(Standing::default(), |it, _| it.failed(SECOND, 0));
        assert_eq!(three.failed(2 * SECOND, u32::MAX), three);
    }

    #[test]
    fn a_success_clears_the_record() {
        let bad = (0..5).fold(Standing::default(), |it, _| it.failed(SECOND, 0));
        assert_eq!(bad.succeeded().decide(SECOND), Trust::Trusted);
        let once = bad.succeeded().failed(SECOND, u32::MAX);
        assert_eq!(once.decide(SECOND), Trust::Trusted);
    }
}
