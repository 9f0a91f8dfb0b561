//! What becomes of a part that the origin sent (RFC 9111, sections 3.3 and 3.4)?
//!
//! **One stretch.** Of a representation one stretch of bytes is kept, never a patchwork: parts that
//! overlap or touch become one, until it is whole and is a stored response like any other.
//!
//! **The same bytes, provably.** Two parts belong together only with the same strong tag, the same
//! length of the whole, and the same content coding. A part without a strong tag or without a known
//! length is passed on and not kept; a body of several parts neither.
//!
//! **The fields of the whole.** A part is kept with the fields that a 200 would have: its status is
//! 200, its `Content-Length` that of the whole, `Content-Range` is gone. So the client's conditions,
//! its ranges and freshness are decided as for every other stored response. The answer to an
//! `If-Range` may leave out what describes the whole (RFC 9110, section 15.3.7): it can lengthen what
//! is stored, and is not kept alone.

mod layout;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use policy::CachePolicy;

pub use layout::{Layout, Piece};

use super::{
    draw::Draw,
    etag::EntityTag,
    freshness::Grace,
    keep::{self, Keep},
    range::{Extent, Received, Wanted},
    request::Lookup,
    response::{ResponseFacts, ResponseHead},
    stored::{ReuseRules, StoredHead, StoredMeta},
    vary::AcceptEncoding,
};
use crate::outcome::SkipReason;

/// A 206 whose head has come, and the request it answers.
#[derive(Clone, Copy, Debug)]
pub struct PartialAnswer<'a> {
    /// Its head, as the origin sent it.
    pub response: ResponseHead<'a>,
    /// The fields of the client's request, `Range` and `If-Range` as they were sent on.
    pub request: &'a HeaderMap,
    /// What is known of that request.
    pub lookup: &'a Lookup,
    /// What happened to its `Accept-Encoding`.
    pub accept_encoding: AcceptEncoding,
    /// Shortens a lifetime that the origin did not choose.
    pub draw: Draw,
}

/// A part as it may be kept, once all of its bytes have come.
#[derive(Clone, Debug)]
pub struct Part {
    /// The head, with the fields of the whole.
    pub meta: StoredMeta,
    /// Which bytes they are; the body has exactly as many.
    pub extent: Extent,
    /// Whether all fields are there.
    pub fields: Fields,
}

/// What is stored already: a part, or the whole with [`Extent::whole`].
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The head, with the fields of the whole.
    pub meta: &'a StoredMeta,
    /// Which bytes are stored.
    pub extent: Extent,
}

/// How much the head of a part says about the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// As much as that of a 200.
    Complete,
    /// Perhaps only what a client needs that holds the rest: the part is not kept alone.
    Lean,
}

/// What a new part makes of what is stored.
#[derive(Clone, Debug)]
pub enum Combined {
    /// One part, no shorter than either.
    Longer(Box<Merged>),
    /// What is stored is history, and the new part cannot be kept alone: forget it.
    Obsolete,
    /// The new part is kept, as it is, in the place of what is stored.
    Replaced,
    /// What is stored stays as it is, and the new part is not kept.
    Unrelated,
    /// Nothing is missing any more.
    Whole(Box<Merged>),
}

/// Two parts in one.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The head for both.
    pub meta: StoredMeta,
    /// Which bytes they are together.
    pub extent: Extent,
    /// Where to take them from.
    pub layout: Layout,
}

/// Whether what is stored has the bytes that a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Every one of them.
    Covered,
    /// Not all: the origin must be asked.
    Lacking,
}

/// Decides whether a part may be kept, from its head.
///
/// All that forbids storing a 200 forbids storing a part of one. `max_object` bounds the part, not
/// the whole. The body must turn out to have exactly as many bytes as the extent.
pub fn accept(answer: &PartialAnswer<'_>, policy: &CachePolicy) -> Result<Part, SkipReason> {
    let head = answer.response;
    if head.status != StatusCode::PARTIAL_CONTENT {
        return Err(SkipReason::Status);
    }
    let Received::Part(range) = Received::of(head.headers) else {
        return Err(SkipReason::Partial);
    };
    let extent = range.extent().ok_or(SkipReason::Partial)?;
    strong_tag(head.headers).ok_or(SkipReason::Partial)?;
    let mut headers = as_of_whole(head.headers);
    // Judged by its own size, kept with that of the whole.
    headers.insert(header::CONTENT_LENGTH, extent.span().len().into());
    let facts = ResponseFacts::read(ResponseHead {
        status: StatusCode::OK,
        headers: &headers,
        ..head
    });
    let terms = match keep::decide(answer.lookup, &facts, policy, answer.draw) {
        Keep::Store(terms) => terms,
        Keep::Skip(reason) => return Err(reason),
    };
    let mut meta = StoredMeta::new(&facts, answer.request, terms, answer.accept_encoding);
    let mut kept = meta.head.to_headers();
    kept.insert(header::CONTENT_LENGTH, extent.length().into());
    meta.head = StoredHead::new(&kept);
    Ok(Part {
        meta,
        extent,
        fields: Fields::of(answer.request),
    })
}

/// Decides what a new part makes of what is stored for the same request; parts are joined up to
/// `max_object` bytes.
///
/// Of what cannot be joined the longer stays, the new one if they are equal. What is about another
/// representation replaces what is stored, unless it is older by `Date`.
pub fn combine(stored: Known<'_>, new: &Part, max_object: u64) -> Combined {
    if !is_same_representation(stored, new) {
        return match new.fields {
            _ if new.meta.date < stored.meta.date => Combined::Unrelated,
            Fields::Complete => Combined::Replaced,
            // Another variant is no reason to forget this one.
            Fields::Lean if new.meta.vary != stored.meta.vary => Combined::Unrelated,
            Fields::Lean => Combined::Obsolete,
        };
    }
    let (old_span, new_span) = (stored.extent.span(), new.extent.span());
    let joined = old_span
        .joined(new_span)
        .filter(|span| span.len() <= max_object.max(old_span.len()))
        .and_then(|span| Extent::new(span, new.extent.length()));
    let Some(extent) = joined else {
        return match new.fields {
            Fields::Complete if new_span.len() >= old_span.len() => Combined::Replaced,
            _ => Combined::Unrelated,
        };
    };
    let merged = Box::new(Merged {
        meta: merge(stored.meta, &new.meta),
        extent,
        layout: Layout::of(old_span, new_span),
    });
    if extent.span().len() == extent.length() {
        Combined::Whole(merged)
    } else {
        Combined::Longer(merged)
    }
}

/// Decides whether `stored` has the bytes that [`super::range::decide`] gave a request.
pub fn coverage(stored: Extent, wanted: &Wanted) -> Coverage {
    let covered = match wanted {
        Wanted::Several(spans) => spans
            .as_slice()
            .iter()
            .all(|span| stored.span().covers(*span)),
        Wanted::Single(span) => stored.span().covers(*span),
        // The length is known, and that is all the answer says.
        Wanted::Unsatisfiable => true,
        Wanted::Whole(_) => stored.span().len() == stored.length(),
    };
    if covered {
        Coverage::Covered
    } else {
        Coverage::Lacking
    }
}

fn strong_tag(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers
        .get(header::ETAG)
        .filter(|value| EntityTag::of(value).is_some_and(|tag| !tag.weak))
}

/// The fields of a 206 without those that are about the part.
fn as_of_whole(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(header::CONTENT_RANGE);
    headers.remove("content-digest");
    headers.remove("content-md5");
    headers
}

fn is_same_representation(stored: Known<'_>, new: &Part) -> bool {
    let (ours, theirs) = (&stored.meta.head.to_headers(), &new.meta.head.to_headers());
    let tag = |headers| strong_tag(headers).and_then(EntityTag::of);
    let coding = |headers: &HeaderMap| headers.get(header::CONTENT_ENCODING).cloned();
    let same_coding = match (new.fields, coding(theirs)) {
        (Fields::Lean, None) => true,
        (_, theirs) => theirs == coding(ours),
    };
    stored.meta.status == StatusCode::OK
        && stored.extent.length() == new.extent.length()
        && stored.meta.vary == new.meta.vary
        && matches!((tag(ours), tag(theirs)), (Some(ours), Some(theirs)) if ours == theirs)
        && same_coding
}

/// The head of two parts of the same representation: the fields of the newer replace those of the
/// other (RFC 9111, sections 3.2 and 3.4).
fn merge(stored: &StoredMeta, new: &StoredMeta) -> StoredMeta {
    if new.date < stored.date {
        return stored.clone();
    }
    let mut merged = new.clone();
    let (mut headers, newer) = (stored.head.to_headers(), new.head.to_headers());
    for name in newer.keys().filter(|name| is_taken_in(name)) {
        headers.remove(name);
        for value in newer.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    merged.head = StoredHead::new(&headers);
    if !newer.contains_key(header::CACHE_CONTROL) {
        // What the stored part was told still stands in its fields, and so it still counts.
        merged.lifetime.length = merged.lifetime.length.min(stored.lifetime.length);
        merged.grace = Grace {
            while_revalidate: (new.grace.while_revalidate).min(stored.grace.while_revalidate),
            if_error: new.grace.if_error.min(stored.grace.if_error),
        };
        merged.rules = stricter(stored.rules, new.rules);
    }
    merged
}

/// The same in both, or about how the bytes are stored.
fn is_taken_in(name: &HeaderName) -> bool {
    !matches!(
        name.as_str(),
        "content-encoding" | "content-length" | "content-range" | "etag"
    )
}

const fn stricter(one: ReuseRules, other: ReuseRules) -> ReuseRules {
    ReuseRules {
        allows_credentials: one.allows_credentials && other.allows_credentials,
        immutable: one.immutable && other.immutable,
        must_revalidate: one.must_revalidate || other.must_revalidate,
        no_cache: one.no_cache || other.no_cache,
    }
}

// === impl Fields ===

impl Fields {
    fn of(request: &HeaderMap) -> Self {
        if request.contains_key(header::IF_RANGE) {
            Self::Lean
        } else {
            Self::Complete
        }
    }

    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Lean => "lean",
        }
    }
}

// === impl Combined ===

impl Combined {
    /// The word for it in logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Longer(_) => "longer",
            Self::Obsolete => "obsolete",
            Self::Replaced => "replaced",
            Self::Unrelated => "unrelated",
            Self::Whole(_) => "whole",
        }
    }
}

// === impl Coverage ===

impl Coverage {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Lacking => "lacking",
        }
    }
}

#[cfg(test)]
mod tests;
