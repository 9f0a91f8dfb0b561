//! What became of a response's coding.

use engine::outcome::{AsIsReason, BreachOutcome, EncodeOutcome};
use policy::Coding;

use super::Word;

// === impl EncodeOutcome ===

impl Word for EncodeOutcome {
    const ALL: &'static [Self] = &[
        Self::Encoded(Coding::Br),
        Self::Encoded(Coding::Gzip),
        Self::Encoded(Coding::Zstd),
        Self::AsIs(AsIsReason::AlreadyEncoded),
        Self::AsIs(AsIsReason::ClientDeclined),
        Self::AsIs(AsIsReason::EventStream),
        Self::AsIs(AsIsReason::NoBody),
        Self::AsIs(AsIsReason::NoTransform),
        Self::AsIs(AsIsReason::Off),
        Self::AsIs(AsIsReason::Partial),
        Self::AsIs(AsIsReason::Shadow),
        Self::AsIs(AsIsReason::TooSmall),
        Self::AsIs(AsIsReason::Type),
        Self::Encoded(Coding::Deflate),
        Self::Decoded,
        Self::AsIs(AsIsReason::BreachRisk),
        Self::Dictionary,
    ];

    fn slot(self) -> usize {
        match self {
            Self::Encoded(Coding::Br) => 0,
            Self::Encoded(Coding::Gzip) => 1,
            Self::Encoded(Coding::Zstd) => 2,
            Self::Encoded(Coding::Deflate) => 13,
            Self::Decoded => 14,
            Self::Dictionary => 16,
            Self::AsIs(reason) => match reason {
                AsIsReason::AlreadyEncoded => 3,
                AsIsReason::BreachRisk => 15,
                AsIsReason::ClientDeclined => 4,
                AsIsReason::EventStream => 5,
                AsIsReason::NoBody => 6,
                AsIsReason::NoTransform => 7,
                AsIsReason::Off => 8,
                AsIsReason::Partial => 9,
                AsIsReason::Shadow => 10,
                AsIsReason::TooSmall => 11,
                AsIsReason::Type => 12,
            },
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl BreachOutcome ===

impl Word for BreachOutcome {
    const ALL: &'static [Self] = &[Self::Padded, Self::Skipped, Self::Stopped];

    fn slot(self) -> usize {
        match self {
            Self::Padded => 0,
            Self::Skipped => 1,
            Self::Stopped => 2,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
