//! How hard is tried: by the body's size, what it is made for, and the processor time that is left.
//!
//! A body that is sent once pays for its bytes once, and a level beyond the middle costs several times
//! the time for a few percent. One that is kept is made once and sent many times, so more is worth it
//! while it is small enough not to hold up the worker that makes it. When no processor time is left,
//! the fastest level is used and nothing is refused: even that one saves most of the bytes, and what
//! is not compressed costs time in the network's stack instead.

use policy::{Coding, CompressionLevel};

use super::headroom::Headroom;

/// What a coding is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is made once, kept, and sent to many.
    Kept,
    /// It is sent to one client.
    Once,
}

/// How hard a library tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// The library's own level, quality or the like.
    pub level: i32,
    /// How far back brotli looks, as a power of two.
    pub window_bits: u32,
    /// How many bytes will come, if that is known for sure.
    pub size: Option<u64>,
}

/// Up to this many bytes a body is small.
const SMALL: u64 = 64 << 10;
/// Beyond this many bytes a body is large.
const LARGE: u64 = 1 << 20;
/// 4 MiB: what every browser has room for (RFC 7932 allows up to 16 MiB).
const WIDEST: u32 = 22;
const NARROWEST: u32 = 16;

/// The levels of gzip (and deflate), br and zstd.
type Levels = (i32, i32, i32);

const FASTEST: Levels = (1, 1, 1);
const BEST: Levels = (9, 9, 12);

/// Decides for one body.
pub fn effort(
    coding: Coding,
    wish: CompressionLevel,
    purpose: Purpose,
    size: Option<u64>,
    headroom: Headroom,
) -> Effort {
    let (gzip, br, zstd) = match wish {
        CompressionLevel::Adaptive => adaptive(purpose, size, headroom),
        CompressionLevel::Best => BEST,
        CompressionLevel::Fastest => FASTEST,
    };
    Effort {
        level: match coding {
            Coding::Br => br,
            Coding::Deflate | Coding::Gzip => gzip,
            Coding::Zstd => zstd,
        },
        window_bits: window(size),
        size,
    }
}

fn adaptive(purpose: Purpose, size: Option<u64>, headroom: Headroom) -> Levels {
    // A body of unknown size is a stream, or large; it is taken for something between.
    let size = size.unwrap_or(LARGE);
    match (headroom, purpose) {
        (Headroom::Exhausted, _) => FASTEST,
        (Headroom::Scarce, Purpose::Once) => (2, 2, 1),
        (Headroom::Scarce, Purpose::Kept) => (5, 4, 3),
        (Headroom::Ample, Purpose::Once) if size <= SMALL => (6, 5, 6),
        (Headroom::Ample, Purpose::Once) if size <= LARGE => (5, 4, 3),
        (Headroom::Ample, Purpose::Once) => (4, 3, 2),
        (Headroom::Ample, Purpose::Kept) if size <= SMALL => BEST,
        (Headroom::Ample, Purpose::Kept) if size <= LARGE => (7, 6, 9),
        (Headroom::Ample, Purpose::Kept) => (6, 5, 5),
    }
}

/// As wide as the body, if that is known: a wider window only costs memory.
fn window(size: Option<u64>) -> u32 {
    match size {
        Some(size) => (u64::BITS - size.leading_zeros()).clamp(NARROWEST, WIDEST),
        None => WIDEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(
        wish: CompressionLevel,
        purpose: Purpose,
        size: Option<u64>,
        headroom: Headroom,
    ) -> [i32; 4] {
        [Coding::Gzip, Coding::Deflate, Coding::Br, Coding::Zstd]
            .map(|coding| effort(coding, wish, purpose, size, headroom).level)
    }

    /// Gzip, deflate, br, zstd.
    #[test]
    fn the_table() {
        use CompressionLevel::{Adaptive, Best, Fastest};
        use Headroom::{Ample, Exhausted, Scarce};
        use Purpose::{Kept, Once};
        for (wish, purpose, size, headroom, wanted) in [
            (Adaptive, Once, Some(1000), Ample, [6, 6, 5, 6]),
            (Adaptive, Once, Some(64 << 10), Ample, [6, 6, 5, 6]),
            (Adaptive, Once, Some((64 << 10) + 1), Ample, [5, 5, 4, 3]),
            (Adaptive, Once, None, Ample, [5, 5, 4, 3]),
            (Adaptive, Once, Some((1 << 20) + 1), Ample, [4, 4, 3, 2]),
            (Adaptive, Kept, Some(1000), Ample, [9, 9, 9, 12]),
            (Adaptive, Kept, Some(1 << 20), Ample, [7, 7, 6, 9]),
            (Adaptive, Kept, Some((1 << 20) + 1), Ample, [6, 6, 5, 5]),
            (Adaptive, Once, Some(1000), Scarce, [2, 2, 2, 1]),
            (Adaptive, Once, None, Scarce, [2, 2, 2, 1]),
            (Adaptive, Kept, Some(1000), Scarce, [5, 5, 4, 3]),
            (Adaptive, Once, Some(1000), Exhausted, [1, 1, 1, 1]),
            (Adaptive, Kept, None, Exhausted, [1, 1, 1, 1]),
            (Best, Once, None, Exhausted, [9, 9, 9, 12]),
            (Fastest, Kept, Some(1000), Ample, [1, 1, 1, 1]),
        ] {
            assert_eq!(
                levels(wish, purpose, size, headroom),
                wanted,
                "{wish:?} {purpose:?} {size:?} {headroom:?}"
            );
        }
    }

    /// Less headroom, or a larger body, never means more work for each byte.
    #[test]
    fn effort_falls_with_headroom_and_size() {
        let sizes = [
            0,
            1,
            1 << 16,
            (1 << 16) + 1,
            1 << 20,
            (1 << 20) + 1,
            u64::MAX,
        ];
        for purpose in [Purpose::Kept, Purpose::Once] {
            for coding in Coding::ALL {
                let level = |size, headroom| {
                    let wish = CompressionLevel::Adaptive;
                    effort(coding, wish, purpose, Some(size), headroom).level
                };
                for pair in sizes.windows(2) {
                    for headroom in Headroom::ALL {
                        assert!(level(pair[0], headroom) >= level(pair[1], headroom));
                    }
                }
                for pair in Headroom::ALL.windows(2) {
                    assert!(
                        sizes
                            .iter()
                            .all(|it| level(*it, pair[0]) <= level(*it, pair[1]))
                    );
                }
            }
        }
    }

    #[test]
    fn a_window_is_as_wide_as_the_body() {
        for (size, wanted) in [
            (Some(0), 16),
            (Some(65_535), 16),
            (Some(65_536), 17),
            (Some(1 << 20), 21),
            (Some(u64::MAX), 22),
            (None, 22),
        ] {
            assert_eq!(window(size), wanted, "{size:?}");
        }
    }
}
