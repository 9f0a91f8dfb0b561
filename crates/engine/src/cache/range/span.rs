//! Stretches of bytes, counted from the beginning of a representation.

use super::field::MAX_SPANS;

/// From one byte to another, both included, as `Content-Range` counts; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    first: u64,
    last: u64,
}

/// One to [`MAX_SPANS`] spans that neither overlap nor touch, in the order they are sent.
#[derive(Clone, Copy)]
pub struct Spans {
    spans: [Span; MAX_SPANS],
    count: usize,
}

/// A span of a representation of known length, as `Content-Range: bytes 0-1/2` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    span: Span,
    length: u64,
}

// === impl Span ===

impl Span {
    /// From byte `first` to byte `last`; `None` when `last` is before `first`, or is the one byte
    /// that no length can include.
    pub const fn new(first: u64, last: u64) -> Option<Self> {
        if first <= last && last < u64::MAX {
            Some(Self { first, last })
        } else {
            None
        }
    }

    /// The whole of `length` bytes; `None` when there are none.
    pub const fn whole(length: u64) -> Option<Self> {
        match length.checked_sub(1) {
            Some(last) => Some(Self { first: 0, last }),
            None => None,
        }
    }

    /// The first byte.
    pub const fn first(self) -> u64 {
        self.first
    }

    /// The last byte.
    pub const fn last(self) -> u64 {
        self.last
    }

    /// The byte after the last one.
    pub const fn end(self) -> u64 {
        // `last` is less than the largest number.
        self.last + 1
    }

    /// How many bytes it is; at least one.
    #[expect(clippy::len_without_is_empty, reason = "a span is never empty")]
    pub const fn len(self) -> u64 {
        self.end() - self.first
    }

    /// Whether every byte of `other` is in it.
    pub const fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// Both together, when they overlap or one begins where the other ends.
    pub fn joined(self, other: Self) -> Option<Self> {
        if self.first > other.end() || other.first > self.end() {
            return None;
        }
        Some(Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        })
    }
}

// === impl Spans ===

impl Spans {
    pub(super) const fn one(span: Span) -> Self {
        Self {
            spans: [span; MAX_SPANS],
            count: 1,
        }
    }

    /// Adds one, joined with those it overlaps or touches, in the place of the first of them.
    ///
    /// `None` when there is no room. Those already there do not touch each other, so that joining
    /// cannot reach a further one.
    pub(super) fn with(self, span: Span) -> Option<Self> {
        let mut joined = span;
        let mut place = None;
        let mut spans = [span; MAX_SPANS];
        let mut count = 0;
        for &each in self.as_slice() {
            if let Some(both) = joined.joined(each) {
                joined = both;
                if place.is_some() {
                    continue;
                }
                place = Some(count);
            } else {
                spans[count] = each;
            }
            count += 1;
        }
        let place = place.unwrap_or_else(|| {
            count += 1;
            count - 1
        });
        *spans.get_mut(place)? = joined;
        Some(Self { spans, count })
    }

    /// The spans.
    pub fn as_slice(&self) -> &[Span] {
        &self.spans[..self.count]
    }

    /// How many bytes they are in all.
    pub fn bytes(&self) -> u64 {
        // They are disjoint, so their sum is at most the length of what they are part of.
        self.as_slice().iter().map(|span| span.len()).sum()
    }
}

impl std::fmt::Debug for Spans {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.as_slice()).finish()
    }
}

impl PartialEq for Spans {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Spans {}

// === impl Extent ===

impl Extent {
    /// `span` of `length` bytes; `None` when it does not lie within them.
    pub const fn new(span: Span, length: u64) -> Option<Self> {
        if span.last < length {
            Some(Self { span, length })
        } else {
            None
        }
    }

    /// All of `length` bytes; `None` when there are none.
    pub const fn whole(length: u64) -> Option<Self> {
        match Span::whole(length) {
            Some(span) => Some(Self { span, length }),
            None => None,
        }
    }

    /// The span.
    pub const fn span(self) -> Span {
        self.span
    }

    /// How many bytes the whole has.
    pub const fn length(self) -> u64 {
        self.length
    }
}
