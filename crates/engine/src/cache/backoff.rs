//! How long after a failed renewal in the background the next one is tried (TRAPS row 21).
//!
//! While an origin fails, every hit on a stale response would ask it again. Each failure in a row
//! doubles the longest pause, and the pause itself is drawn from all of it, so that what failed
//! together is not tried again together.

use std::time::Duration;

use super::draw::Draw;

/// The longest pause after a first failure.
const BASE: Duration = Duration::from_secs(1);
/// The longest pause there is.
const LONGEST: Duration = Duration::from_secs(60);

/// The pause after the `failures`th failure in a row, at most a minute; none without a failure.
pub fn pause(failures: u32, draw: Draw) -> Duration {
    let Some(doublings) = failures.checked_sub(1) else {
        return Duration::ZERO;
    };
    let longest = 2u32
        .checked_pow(doublings)
        .map_or(LONGEST, |factor| BASE.saturating_mul(factor))
        .min(LONGEST);
    // A product with at most 1 is at most `longest`.
    longest.mul_f64(draw.get())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_pause_doubles_up_to_a_minute() {
        let longest = |failures| pause(failures, Draw::NEUTRAL).as_secs();
        let found: Vec<_> = (0..9).map(longest).collect();
        assert_eq!(found, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(longest(32), 60);
        assert_eq!(longest(33), 60);
        assert_eq!(longest(u32::MAX), 60);
    }

    #[test]
    fn the_pause_is_drawn_from_all_of_it() {
        assert_eq!(pause(4, Draw::of(1 << 63)).as_millis(), 4_000);
        assert!(pause(4, Draw::of(0)) < Duration::from_millis(1));
    }

    proptest! {
        #[test]
        fn never_longer_than_a_minute(failures in any::<u32>(), bits in any::<u64>()) {
            prop_assert!(pause(failures, Draw::of(bits)) <= LONGEST);
        }
    }
}
