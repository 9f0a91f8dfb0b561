//! The share of a quota that a caller has at the moment.

use policy::Percent;

/// A share above nothing and up to the whole, in steps of 1/65536.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor(u32);

const WHOLE: u32 = 1 << 16;

// === impl Factor ===

impl Factor {
    /// The whole.
    pub const ONE: Self = Self(WHOLE);
    /// The least: a hundredth.
    pub const LEAST: Self = Self(WHOLE.div_ceil(100));

    /// This share, between the least and the whole; what is no number is the whole.
    pub fn new(share: f64) -> Self {
        if share.is_nan() {
            return Self::ONE;
        }
        let parts = (share.clamp(0.0, 1.0) * f64::from(WHOLE)) as u32;
        Self(parts.clamp(Self::LEAST.0, WHOLE))
    }

    /// This many hundredths, one at least.
    pub fn of(share: Percent) -> Self {
        Self::new(f64::from(share.hundredths()) / 100.0)
    }

    /// As a number.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }

    /// A time that is so much longer, rounded up.
    pub(super) fn slowed(self, nanos: u64) -> u64 {
        if self == Self::ONE {
            return nanos;
        }
        let slowed = (u128::from(nanos) * u128::from(WHOLE)).div_ceil(u128::from(self.0));
        u64::try_from(slowed).unwrap_or(u64::MAX)
    }

    /// This share of a quota, rounded down, one at least.
    pub(super) fn of_quota(self, quota: u32) -> u32 {
        let share = u64::from(quota) * u64::from(self.0) / u64::from(WHOLE);
        // Never more than the quota was.
        (share as u32).max(1)
    }
}

impl Default for Factor {
    fn default() -> Self {
        Self::ONE
    }
}
