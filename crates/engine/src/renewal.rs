//! When a stored response may be renewed in the background.
//!
//! A stale response that is still served is renewed behind the client's back (RFC 5861, section 3).
//! One renewal at a time, or each request in that time would cause another; and after a failure not
//! at once again, or an origin that is down would be asked once per request (TRAPS row 21). The wait
//! doubles with each failure in a row, and is spread by chance, so that the keys of one origin do not
//! come back all together.

use std::time::Duration;

/// After the first failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// After any number of failures.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Failures this long ago say nothing any more.
const FORGIVEN_AFTER: Duration = Duration::from_secs(300);

/// The failures in a row of one key's renewals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setbacks {
    failures: u32,
    /// No sooner than this (monotonic).
    not_before: Duration,
}

/// Whether a renewal may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Not before this monotonic time: it failed a short while ago.
    BackingOff(Duration),
    /// Yes.
    Begin,
}

// === impl Setbacks ===

impl Setbacks {
    /// After one more failure, at `now` (monotonic); `dice` is any random number.
    #[must_use]
    pub fn failed(self, now: Duration, dice: u32) -> Self {
        let failures = self.failures.saturating_add(1);
        Self {
            failures,
            not_before: now + wait(failures, dice),
        }
    }

    /// Whether a renewal may begin at `now`.
    pub fn decide(self, now: Duration) -> Renewal {
        if now < self.not_before {
            Renewal::BackingOff(self.not_before)
        } else {
            Renewal::Begin
        }
    }

    /// What is left of them at `now`: failures of long ago are forgiven.
    #[must_use]
    pub fn at(self, now: Duration) -> Self {
        if now >= self.not_before + FORGIVEN_AFTER {
            Self::default()
        } else {
            self
        }
    }

    /// When the next renewal may begin (monotonic).
    pub const fn not_before(self) -> Duration {
        self.not_before
    }
}

/// Between half of the full wait and all of it.
fn wait(failures: u32, dice: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT);
    full / 2 + (full / 2).mul_f64(f64::from(dice) / f64::from(u32::MAX))
}

// === impl Renewal ===

impl Renewal {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BackingOff(_) => "backing-off",
            Self::Begin => "begin",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn after(failures: u32, dice: u32) -> Setbacks {
        (0..failures).fold(Setbacks::default(), |it, _| it.failed(Duration::ZERO, dice))
    }

    #[test]
    fn the_first_may_begin_at_once() {
        assert_eq!(Setbacks::default().decide(Duration::ZERO), Renewal::Begin);
    }

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        let waits: Vec<_> = (1..10)
            .map(|failures| after(failures, u32::MAX).not_before().as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(after(1, 0).not_before(), SECOND / 2);
    }

    #[test]
    fn it_begins_when_the_wait_is_over() {
        let setbacks = after(3, u32::MAX);
        let until = 4 * SECOND;
        assert_eq!(setbacks.decide(3 * SECOND), Renewal::BackingOff(until));
        assert_eq!(setbacks.decide(until), Renewal::Begin);
    }

    #[test]
    fn failures_of_long_ago_are_forgiven() {
        let setbacks = after(5, u32::MAX);
        assert_eq!(setbacks.at(100 * SECOND), setbacks);
        assert_eq!(setbacks.at(316 * SECOND), Setbacks::default());
    }

    proptest! {
        #[test]
        fn the_wait_is_never_under_half_and_never_over_all_of_it(failures in 1..u32::MAX, dice: u32) {
            let longest = wait(failures, u32::MAX);
            let waited = wait(failures, dice);
            prop_assert!(waited >= longest / 2 && waited <= longest && longest <= LONGEST_WAIT);
        }
    }
}
