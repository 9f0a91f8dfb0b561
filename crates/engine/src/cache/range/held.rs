//! Bytes that are here, and where they lie in their representation.

use bytes::Bytes;

use super::Span;

/// A stretch of a representation, in memory.
#[derive(Clone, Debug)]
pub struct Held {
    bytes: Bytes,
    first: u64,
}

// === impl Held ===

impl Held {
    /// The whole representation.
    pub const fn whole(bytes: Bytes) -> Self {
        Self { bytes, first: 0 }
    }

    /// A part of it that begins with byte `first`.
    pub const fn part(bytes: Bytes, first: u64) -> Self {
        Self { bytes, first }
    }

    /// The bytes of `span`, which are not copied; `None` when not all of them are here.
    pub fn cut(&self, span: Span) -> Option<Bytes> {
        let from = usize::try_from(span.first().checked_sub(self.first)?).ok()?;
        let to = usize::try_from(span.end().checked_sub(self.first)?).ok()?;
        (to <= self.bytes.len()).then(|| self.bytes.slice(from..to))
    }
}
