//! Where the bytes of two joined parts are taken from.
//!
//! Where both have a byte it is the same one, by their strong tag; so each is copied once, and none
//! when one part covers the other.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::cache::range::Span;

/// One or two pieces, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    first: Piece,
    second: Option<Piece>,
}

/// Bytes of one of the two bodies, counted from its own beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Of the body that came.
    New(Range<u64>),
    /// Of the body that is stored.
    Stored(Range<u64>),
}

// === impl Layout ===

impl Layout {
    /// Of a stored part and a new one that overlaps or touches it.
    pub(super) fn of(stored: Span, new: Span) -> Self {
        if stored.covers(new) {
            return Self::single(Piece::Stored(0..stored.len()));
        }
        if new.covers(stored) {
            return Self::single(Piece::New(0..new.len()));
        }
        if stored.first() < new.first() {
            Self {
                first: Piece::Stored(0..stored.len()),
                second: Some(Piece::New(stored.end() - new.first()..new.len())),
            }
        } else {
            Self {
                first: Piece::New(0..new.len()),
                second: Some(Piece::Stored(new.end() - stored.first()..stored.len())),
            }
        }
    }

    const fn single(first: Piece) -> Self {
        Self {
            first,
            second: None,
        }
    }

    /// The pieces, in their order.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        std::iter::once(&self.first).chain(&self.second)
    }

    /// Puts the two bodies together; `None` when one of them is shorter than it was said to be.
    ///
    /// Two pieces are copied into memory of their own; one is the body it is of.
    pub fn assemble(&self, stored: &Bytes, new: &Bytes) -> Option<Bytes> {
        let first = self.first.cut(stored, new)?;
        let Some(second) = &self.second else {
            return Some(first);
        };
        let second = second.cut(stored, new)?;
        let mut whole = BytesMut::with_capacity(first.len() + second.len());
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&second);
        Some(whole.freeze())
    }
}

// === impl Piece ===

impl Piece {
    fn cut(&self, stored: &Bytes, new: &Bytes) -> Option<Bytes> {
        let (body, range) = match self {
            Self::New(range) => (new, range),
            Self::Stored(range) => (stored, range),
        };
        let from = usize::try_from(range.start).ok()?;
        let to = usize::try_from(range.end).ok()?;
        (from <= to && to <= body.len()).then(|| body.slice(from..to))
    }
}
