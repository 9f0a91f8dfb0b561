//! Which bytes of a representation does the client want (RFC 9110, sections 13.1.5 and 14)?
//!
//! **Ignoring is always right.** A server may answer any range request with the whole, so whatever
//! is malformed, excessive, or not understood is answered so. Only ranges that lie wholly behind the
//! end are refused, with 416 and the length.
//!
//! **Abuse.** More than [`MAX_SPANS`] ranges, or ranges that ask for more bytes than there are, get
//! the whole once; ranges that overlap or touch become one, so that no byte is sent twice
//! (TRAPS row 19). A number too large to hold lies behind every end.
//!
//! **Order of questions.** The client's conditions go first ([`super::conditional`]): a 304 needs no
//! range. Then `If-Range`, then `Range` (RFC 9110, section 13.2.2). Only GET has ranges, HEAD
//! ignores them (section 14.2), and only a stored 200 is cut.
//!
//! **Identity bytes.** Offsets count the bytes that are stored. A response that would have been
//! compressed for this client is cut uncompressed and keeps its tag; the tag of a compressed answer
//! is weak and so never passes `If-Range` (TRAPS row 18). Of what the origin encoded one part is cut,
//! but never several: `Content-Encoding` would then be about the answer and not about its parts.

mod content_range;
mod field;
mod head;
mod held;
mod if_range;
mod multipart;
mod span;

use std::time::SystemTime;

use http::{HeaderMap, StatusCode, header};

pub use content_range::{ContentRange, Received};
pub use field::MAX_SPANS;
pub use head::{multipart_headers, single_headers, unsatisfiable_headers};
pub use held::Held;
pub use if_range::IfRange;
pub use multipart::{Boundary, Multipart, Segment, Segments};
pub use span::{Extent, Span, Spans};

use super::{
    request::{Lookup, Retrieval},
    stored::StoredMeta,
};

/// Which bytes a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Two or more parts: 206 with [`Multipart`] and [`multipart_headers`].
    Several(Spans),
    /// One part: 206 with [`single_headers`].
    Single(Span),
    /// Nothing that exists: 416 with [`unsatisfiable_headers`].
    Unsatisfiable,
    /// All of them: 200, as if no range had been asked for.
    Whole(WholeReason),
}

/// Why all bytes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WholeReason {
    /// There are no bytes, and no `Content-Range` can say so.
    Empty,
    /// Several parts of what the origin encoded: no field could say that it is the parts.
    Encoded,
    /// The ranges overlap so much that together they ask for more than the whole.
    Excessive,
    /// `If-Range` does not prove that the client holds parts of what is stored.
    IfRange,
    /// `Range` cannot be read.
    Invalid,
    /// Ranges have a meaning for GET only.
    Method,
    /// There is no `Range`.
    NotAsked,
    /// The unit is not bytes.
    OtherUnit,
    /// There are several `Range` fields.
    Repeated,
    /// What is stored is not a 200.
    Status,
    /// There are more than [`MAX_SPANS`] ranges.
    TooMany,
}

/// Decides which bytes of a stored representation of `length` bytes a request gets.
///
/// To be asked after [`super::conditional::decide`] has said that something is sent; `now` resolves
/// two-digit years in `If-Range`. Nothing is allocated.
pub fn decide(
    lookup: &Lookup,
    request: &HeaderMap,
    stored: &StoredMeta,
    length: u64,
    now: SystemTime,
) -> Wanted {
    let mut lines = request.get_all(header::RANGE).iter();
    let Some(range) = lines.next() else {
        return Wanted::Whole(WholeReason::NotAsked);
    };
    if lookup.method != Retrieval::Get {
        return Wanted::Whole(WholeReason::Method);
    }
    if stored.status != StatusCode::OK {
        return Wanted::Whole(WholeReason::Status);
    }
    if lines.next().is_some() {
        return Wanted::Whole(WholeReason::Repeated);
    }
    if IfRange::evaluate(request, stored, now) == IfRange::Fails {
        return Wanted::Whole(WholeReason::IfRange);
    }
    match Wanted::parse(range.as_bytes(), length) {
        Wanted::Several(_) if stored.head.contains(&header::CONTENT_ENCODING) => {
            Wanted::Whole(WholeReason::Encoded)
        }
        wanted => wanted,
    }
}

// === impl Wanted ===

impl Wanted {
    /// Reads the value of a `Range` field against a representation of `length` bytes.
    pub fn parse(range: &[u8], length: u64) -> Self {
        field::parse(range, length)
    }

    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Several(_) => "several",
            Self::Single(_) => "single",
            Self::Unsatisfiable => "unsatisfiable",
            Self::Whole(reason) => reason.as_str(),
        }
    }
}

// === impl WholeReason ===

impl WholeReason {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Encoded => "encoded",
            Self::Excessive => "excessive",
            Self::IfRange => "if-range",
            Self::Invalid => "invalid",
            Self::Method => "method",
            Self::NotAsked => "not-asked",
            Self::OtherUnit => "other-unit",
            Self::Repeated => "repeated",
            Self::Status => "status",
            Self::TooMany => "too-many",
        }
    }
}

#[cfg(test)]
mod tests;
