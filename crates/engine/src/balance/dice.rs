//! Several random numbers out of one that was handed in.
//!
//! One pick may need more than one draw. The caller rolls once, and the rest follows from that by
//! the finalizer of SplitMix64 (Steele, Lea and Flood, 2014), so that a pick stays a function.

/// Random bits, used up one number at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dice(u64);

// === impl Dice ===

impl Dice {
    pub(super) const fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// The next 64 bits.
    pub(super) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scattered(self.0)
    }

    /// A number below `end`, which is not zero.
    pub(super) const fn below(&mut self, end: usize) -> usize {
        ((self.bits() as u128 * end as u128) >> 64) as usize
    }

    /// A fraction of one, one left out.
    pub(super) const fn fraction(&mut self) -> f64 {
        fraction(self.bits())
    }
}

/// Every bit of the input changes about half of the output.
pub(super) const fn scattered(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// These bits as a fraction of one, one left out.
pub(super) const fn fraction(bits: u64) -> f64 {
    // A double holds 53 bits exactly.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
