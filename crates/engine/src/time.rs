//! Time as the engine sees it: handed in, never read.
//!
//! # A wall clock that steps back
//! What is measured here is measured on the monotonic clock, so that quotas, bans, ages and timeouts do
//! not notice. Dates in messages are compared with the wall clock all the same (the times of a token,
//! `Date`, `Expires`), and an operator has to know that it went back: a [`WallWatch`] sees it.

use std::time::{Duration, SystemTime};

/// One reading of both clocks, taken once per decision by the caller.
///
/// Two clocks on purpose: how long something has been here is measured on the monotonic one, which
/// no operator can set back; dates in messages are compared with the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since the process began, never stepping back.
    pub monotonic: Duration,
    /// The date.
    pub wall: SystemTime,
}

/// Compares readings of both clocks with each other.
///
/// What is compared is how far the wall clock is ahead of the monotonic one, with the most that it ever
/// was since the last step: so that many small steps are seen as one. A clock that is slewed takes the
/// monotonic one along, and is not seen as one that steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallWatch {
    /// The date at which the monotonic clock began, by the wall clock at its most.
    began: Option<SystemTime>,
}

/// What became of the wall clock since it was looked at last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// It went back by so much.
    Back(Duration),
    /// It went on.
    On,
}

/// A step back by less is none: a leap second is one second.
pub const LEAST_STEP: Duration = Duration::from_millis(1500);

// === impl Now ===

impl Now {
    /// The same instant, `by` later on both clocks.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self {
            monotonic: self.monotonic + by,
            wall: self.wall + by,
        }
    }
}

// === impl WallWatch ===

impl WallWatch {
    /// Looks at a reading of both clocks, which has to be of one moment.
    pub fn look(&mut self, now: Now) -> Stepped {
        let Some(began) = now.wall.checked_sub(now.monotonic) else {
            // Before the beginning of what the system can say: nothing to compare.
            return Stepped::On;
        };
        let before = *self.began.get_or_insert(began);
        match before.duration_since(began) {
            Ok(back) if back >= LEAST_STEP => {
                self.began = Some(began);
                Stepped::Back(back)
            }
            Ok(_) => Stepped::On,
            Err(_ahead) => {
                self.began = Some(began);
                Stepped::On
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The wall clock says `wall` milliseconds when the monotonic one says `monotonic`.
    fn at(monotonic: u64, wall: u64) -> Now {
        Now {
            monotonic: Duration::from_millis(monotonic),
            wall: SystemTime::UNIX_EPOCH + Duration::from_millis(wall),
        }
    }

    const BACK: fn(u64) -> Stepped = |millis| Stepped::Back(Duration::from_millis(millis));

    #[test]
    fn a_step_back_is_seen_once_and_with_its_size() {
        let mut watch = WallWatch::default();
        let told: Vec<_> = [
            (0, 100_000),
            (1_000, 101_000),
            // A minute.
            (2_000, 42_000),
            (3_000, 43_000),
            // And forward again, and back by less than that.
            (4_000, 104_000),
            (5_000, 102_000),
        ]
        .map(|(monotonic, wall)| watch.look(at(monotonic, wall)))
        .into();
        let on = Stepped::On;
        assert_eq!(told, [on, on, BACK(60_000), on, on, BACK(3_000)]);
    }

    #[test]
    fn small_steps_are_one_when_they_add_up() {
        let mut watch = WallWatch::default();
        let told = [0, 400, 800, 1_200, 1_600].map(|back| watch.look(at(0, 100_000 - back)));
        let on = Stepped::On;
        assert_eq!(told, [on, on, on, on, BACK(1_600)]);
        // A leap second is none of them.
        let mut watch = WallWatch::default();
        assert_eq!(watch.look(at(0, 100_000)), on);
        assert_eq!(watch.look(at(1_000, 100_000)), on);
    }

    #[test]
    fn the_first_reading_and_the_beginning_of_time_say_nothing() {
        for first in [at(0, 0), at(u64::MAX, 0), at(0, 1 << 50)] {
            assert_eq!(WallWatch::default().look(first), Stepped::On);
        }
    }

    proptest! {
        /// A clock that only goes on, however unevenly it is looked at or jumps forward, never stepped
        /// back; and one that does is seen, whatever was before.
        #[test]
        fn nothing_else_is_a_step_back(
            looks in proptest::collection::vec((0_u64..100_000, 0_u64..100_000), 1..20),
            back in 1_500_u64..1 << 40,
        ) {
            let mut watch = WallWatch::default();
            let (mut monotonic, mut wall) = (0, 1 << 41);
            for (passed, jumped) in looks {
                monotonic += passed;
                wall += passed + jumped;
                prop_assert_eq!(watch.look(at(monotonic, wall)), Stepped::On);
            }
            prop_assert_eq!(watch.look(at(monotonic, wall - back)), BACK(back));
            prop_assert_eq!(watch.look(at(monotonic, wall - back)), Stepped::On);
        }
    }
}
