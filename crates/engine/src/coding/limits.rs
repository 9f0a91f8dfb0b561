//! How much may come out of a coded body before it is taken for a bomb.
//!
//! A size is judged from the first byte on. A ratio is not: a few hundred bytes of one letter are
//! nothing to worry about, whatever they were packed into, so it counts from [`RATIO_FLOOR`] on.

/// So many bytes may come out of however few, in bytes.
pub const RATIO_FLOOR: u64 = 64 * 1024;

/// What may come out of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in all.
    pub max_size: u64,
    /// Bytes for each that went in.
    pub max_ratio: u32,
}

/// What went in and came out so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    taken: u64,
    given: u64,
}

/// Why a body is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// More came out of each byte than may.
    Ratio,
    /// More came out than may.
    Size,
}

// === impl Tally ===

impl Tally {
    /// Counts what a call took and gave.
    ///
    /// # Errors
    /// When it is too much by now.
    pub const fn count(
        &mut self,
        limits: Limits,
        taken: usize,
        given: usize,
    ) -> Result<(), Excess> {
        self.taken = self.taken.saturating_add(taken as u64);
        self.given = self.given.saturating_add(given as u64);
        if self.given > limits.max_size {
            return Err(Excess::Size);
        }
        let fair = self.taken.saturating_mul(limits.max_ratio as u64);
        if self.given > RATIO_FLOOR && self.given > fair {
            return Err(Excess::Ratio);
        }
        Ok(())
    }

    /// Bytes that went in.
    pub const fn taken(self) -> u64 {
        self.taken
    }

    /// Bytes that came out.
    pub const fn given(self) -> u64 {
        self.given
    }
}

// === impl Excess ===

impl Excess {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ratio => "max_ratio",
            Self::Size => "max_size",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_counts_from_the_first_byte_and_a_ratio_from_the_floor() {
        let limits = Limits {
            max_size: 1_000_000,
            max_ratio: 10,
        };
        let floor = usize::try_from(RATIO_FLOOR).unwrap();
        for (steps, wanted) in [
            (&[(1, floor)][..], Ok(())),
            (&[(1, floor), (0, 1)], Err(Excess::Ratio)),
            (&[(10_000, 100_000)], Ok(())),
            (&[(10_000, 100_001)], Err(Excess::Ratio)),
            (&[(1_000_000, 1_000_000)], Ok(())),
            (&[(1_000_000, 1_000_001)], Err(Excess::Size)),
            (&[(usize::MAX, usize::MAX), (9, 9)], Err(Excess::Size)),
        ] {
            let mut tally = Tally::default();
            let last = steps
                .iter()
                .map(|(taken, given)| tally.count(limits, *taken, *given))
                .last();
            assert_eq!(last, Some(wanted), "{steps:?}");
        }
    }
}
