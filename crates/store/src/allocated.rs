//! What a piece of memory costs.
//!
//! An allocator gives out sizes from a list of its own and rounds up to the next one. A store that
//! weighed only what was asked for would hold up to a fifth more than it promised.

/// Up to this size pieces grow in steps of [`STEP`].
const FINE: usize = 64;
/// The least step, two words.
const STEP: usize = 16;

/// The bytes that a piece of `size` takes up: four sizes to each doubling, as mimalloc has them.
pub(crate) const fn allocated(size: usize) -> usize {
    if size <= FINE {
        return size.next_multiple_of(STEP);
    }
    let step = 1 << (size - 1).ilog2().saturating_sub(2);
    size.next_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_those_of_the_allocator() {
        for (size, expected) in [
            (0, 0),
            (1, 16),
            (64, 64),
            (65, 80),
            (80, 80),
            (81, 96),
            (129, 160),
            (8192, 8192),
            (8193, 10240),
        ] {
            assert_eq!(allocated(size), expected, "{size}");
        }
    }

    proptest! {
        #[test]
        fn never_less_and_never_much_more(size in 1_usize..1 << 30) {
            let taken = allocated(size);
            prop_assert!(size <= taken && taken <= size + size / 4 + STEP);
            prop_assert_eq!(allocated(taken), taken);
        }
    }
}
