//! How fast a body has to move at least, for clients that never stall and never finish.
//!
//! A byte now and then satisfies any limit on a single wait, and holds a connection, its buffers and
//! perhaps a connection to an upstream for days. What counts is therefore the average, over the time
//! that was spent waiting for the client alone: an upstream that takes or gives slowly is not its
//! fault. A body that has waited for less than the grace is not judged, so that a short silence at the
//! beginning ends nothing.

use std::time::Duration;

/// What a body has moved so far, and how long the client was waited for.
#[derive(Clone, Debug)]
pub struct BodyRate {
    /// Bytes a second.
    least: u64,
    grace: Duration,
    waited: Duration,
    moved: u64,
}

/// Whether a client keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// It does, or it is too soon to say.
    Enough,
    /// It does not.
    TooSlow,
}

// === impl BodyRate ===

impl BodyRate {
    /// At least so many bytes a second once the client was waited for longer than `grace`.
    pub const fn new(least: u64, grace: Duration) -> Self {
        Self {
            least,
            grace,
            waited: Duration::ZERO,
            moved: 0,
        }
    }

    /// The client was waited for so much longer, and then moved so many bytes.
    pub fn waited(&mut self, time: Duration, bytes: u64) -> Pace {
        self.waited = self.waited.saturating_add(time);
        self.moved = self.moved.saturating_add(bytes);
        self.pace()
    }

    /// Whether it has kept up until now.
    pub fn pace(&self) -> Pace {
        judge(self.least, self.grace, self.waited, self.moved)
    }
}

/// Whether `moved` bytes in `waited` are enough, for whoever counts for themselves.
pub fn judge(least: u64, grace: Duration, waited: Duration, moved: u64) -> Pace {
    let due = u128::from(least) * waited.as_millis() / 1_000;
    match waited > grace && u128::from(moved) < due {
        true => Pace::TooSlow,
        false => Pace::Enough,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_byte_now_and_then_is_too_slow_after_the_grace() {
        let mut rate = BodyRate::new(100, 30 * SECOND);
        for _ in 0..3 {
            assert_eq!(rate.waited(10 * SECOND, 1), Pace::Enough);
        }
        assert_eq!(rate.waited(10 * SECOND, 1), Pace::TooSlow);
    }

    #[test]
    fn it_is_the_average_that_counts() {
        let mut rate = BodyRate::new(100, SECOND);
        assert_eq!(rate.waited(SECOND, 10_000), Pace::Enough);
        assert_eq!(rate.waited(99 * SECOND, 0), Pace::Enough);
        assert_eq!(rate.waited(SECOND, 0), Pace::TooSlow);
        assert_eq!(rate.waited(Duration::ZERO, 100), Pace::Enough);
    }

    #[test]
    fn nobody_is_judged_by_what_nobody_waited_for() {
        let mut rate = BodyRate::new(u64::MAX, Duration::ZERO);
        assert_eq!(rate.waited(Duration::ZERO, 0), Pace::Enough);
        assert_eq!(rate.waited(Duration::MAX, u64::MAX), Pace::TooSlow);
        let mut none = BodyRate::new(0, Duration::ZERO);
        assert_eq!(none.waited(Duration::MAX, 0), Pace::Enough);
    }
}
