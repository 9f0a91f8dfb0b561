//! A random number, handed in like the time.
//!
//! Three decisions want chance so that many copies of a thing do not act at once: how far a lifetime
//! is shortened, whether a hit renews early, how long a failed renewal waits (TRAPS row 21). Which
//! number came up is the caller's business, so that the decisions stay functions.

/// A number above 0 and at most 1, drawn evenly.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Draw(f64);

/// The bits of a fraction that a double holds exactly.
const PRECISION: u32 = 53;

// === impl Draw ===

impl Draw {
    /// The draw that changes nothing: no lifetime is shortened and no renewal is early.
    pub const NEUTRAL: Self = Self(1.0);

    /// Makes one of 64 random bits.
    #[expect(
        clippy::cast_precision_loss,
        reason = "both numbers are at most 2^53, which a double holds exactly"
    )]
    pub const fn of(bits: u64) -> Self {
        let steps = (bits >> (u64::BITS - PRECISION)) + 1;
        Self(steps as f64 / (1u64 << PRECISION) as f64)
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ends_are_above_zero_and_one() {
        assert!(Draw::of(0).get() > 0.0);
        assert_eq!(Draw::of(u64::MAX), Draw::NEUTRAL);
        assert!((Draw::of(1 << 63).get() - 0.5).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn every_draw_is_above_zero_and_at_most_one(bits in any::<u64>()) {
            let draw = Draw::of(bits).get();
            prop_assert!(draw > 0.0 && draw <= 1.0);
        }
    }
}
