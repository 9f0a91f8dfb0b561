//! Asking the origin whether a stored response still holds, and taking its 304 in
//! (RFC 9111, sections 4.3.1 and 4.3.4, and 3.2).

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use policy::CachePolicy;

use super::{
    draw::Draw,
    etag::EntityTag,
    freshness::Terms,
    keep::{self, Keep},
    request::{Lookup, Retrieval},
    response::{Framing, ResponseFacts, ResponseHead},
    stored::{StoredMeta, prepare_headers},
    targeted::{Directives, FOREBAY_CACHE_CONTROL},
    vary::AcceptEncoding,
};
use crate::{outcome::SkipReason, time::Now};

/// What a request to the origin asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The response, unless it is the one that is stored.
    Conditionally,
    /// The response.
    Plainly,
}

/// An answer that confirms what is stored, a 304 or a 200 to HEAD, and the request it is for.
#[derive(Clone, Copy, Debug)]
pub struct Confirmation<'a> {
    /// The fields of the answer.
    pub headers: &'a HeaderMap,
    /// The fields of the client's request.
    pub request: &'a HeaderMap,
    /// What is known of that request.
    pub lookup: &'a Lookup,
    /// What happened to its `Accept-Encoding`.
    pub accept_encoding: AcceptEncoding,
    /// When the request was sent.
    pub sent_at: Now,
    /// When the answer was received.
    pub received_at: Now,
    /// Shortens a lifetime that the origin did not choose.
    pub draw: Draw,
}

/// What a 304 makes of a stored response.
#[derive(Clone, Debug)]
pub enum Freshened {
    /// It answers this request and must then be forgotten.
    Last(Box<StoredMeta>, SkipReason),
    /// The 304 is about another response: forget the stored one and ask again, plainly.
    Mismatch,
    /// It holds, with these fields from now on.
    Updated(Box<StoredMeta>),
}

/// Whether the origin's answer to a conditional request confirms the stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 304: see [`freshen`].
    Confirmed,
    /// An answer of its own, which replaces the stored one as far as it may be stored.
    Replaced,
}

/// Conditions of the client, which say nothing about what is stored here and would keep the cache
/// from being filled.
const CONDITIONS: [HeaderName; 5] = [
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
];

// === impl Verdict ===

impl Verdict {
    /// Reads it from the status of the answer to what [`prepare`] made.
    pub fn of(asking: Asking, status: StatusCode) -> Self {
        match (asking, status) {
            (Asking::Conditionally, StatusCode::NOT_MODIFIED) => Self::Confirmed,
            _ => Self::Replaced,
        }
    }
}

/// Turns a client's request into one that fills or renews the cache: its own conditions are taken
/// out, those of the response that it selects are put in.
///
/// Only of that one. The tags of other variants may be sent along (RFC 9111, section 4.3.1), but
/// origins that give two variants the same tag would confirm the wrong one. Of methods that are not
/// for reading nothing is asked conditionally: to them a condition that fails means 412 (RFC 9110,
/// section 13.1.2).
pub fn prepare(method: &Method, request: &mut HeaderMap, selected: Option<&StoredMeta>) -> Asking {
    for name in CONDITIONS {
        request.remove(name);
    }
    let is_read = matches!(method.as_str(), "GET" | "HEAD" | "QUERY");
    let Some(selected) = selected.filter(|_| is_read) else {
        return Asking::Plainly;
    };
    let mut asking = Asking::Plainly;
    for (validator, condition) in [
        (header::ETAG, header::IF_NONE_MATCH),
        (header::LAST_MODIFIED, header::IF_MODIFIED_SINCE),
    ] {
        let own = selected.origin_tag.clone();
        let own = own.filter(|_| validator == header::ETAG);
        if let Some(value) = own.or_else(|| selected.head.value(&validator)) {
            request.insert(condition, value);
            asking = Asking::Conditionally;
        }
    }
    asking
}

/// Takes a 304 in: every field it carries replaces the stored ones, except those on which the stored
/// bytes depend, and the result is judged like a new response, `Vary` included (TRAPS row 17).
///
/// `Set-Cookie` of the 304 is not taken in (TRAPS row 15): it belongs to the client whose request
/// this was, and the caller may pass it on to that one.
pub fn freshen(stored: &StoredMeta, answer: &Confirmation<'_>, policy: &CachePolicy) -> Freshened {
    if !is_about(stored, answer.headers) {
        return Freshened::Mismatch;
    }
    match update(stored, answer, policy) {
        (meta, Keep::Store(_)) => Freshened::Updated(meta),
        (meta, Keep::Skip(reason)) => Freshened::Last(meta, reason),
    }
}

/// Merges the fields of `answer` into the stored ones and judges the result like a new response.
pub(super) fn update(
    stored: &StoredMeta,
    answer: &Confirmation<'_>,
    policy: &CachePolicy,
) -> (Box<StoredMeta>, Keep) {
    let merged = merge(stored, answer);
    let facts = ResponseFacts::read(ResponseHead {
        status: stored.status,
        headers: &merged,
        framing: Framing::Delimited,
        sent_at: answer.sent_at,
        received_at: answer.received_at,
    });
    // A HEAD may renew what a GET stored: the 304 to either says the same.
    let method = match answer.lookup.method {
        Retrieval::Get | Retrieval::Head => Retrieval::Get,
        Retrieval::Query => Retrieval::Query,
    };
    let lookup = Lookup {
        method,
        ..*answer.lookup
    };
    let keep = keep::decide(&lookup, &facts, policy, answer.draw);
    let terms = match keep {
        Keep::Store(terms) => terms,
        Keep::Skip(_) => Terms::NONE,
    };
    let meta = StoredMeta {
        origin_tag: stored.origin_tag.clone(),
        ..StoredMeta::new(&facts, answer.request, terms, answer.accept_encoding)
    };
    (Box::new(meta), keep)
}

/// Whether a 304 is about the stored response.
///
/// Its tag must be the stored one. The comparison is the weak one even for a strong tag: origins that
/// compress send a weak tag with 200 and the strong one with 304.
fn is_about(stored: &StoredMeta, headers: &HeaderMap) -> bool {
    if let Some(theirs) = headers.get(header::ETAG) {
        let ours = stored.head.get(&header::ETAG);
        return match (EntityTag::of(theirs), ours.and_then(EntityTag::parse)) {
            (Some(theirs), Some(ours)) => theirs.weakly_equals(ours),
            _ => ours == Some(theirs.as_bytes()),
        };
    }
    match headers.get(header::LAST_MODIFIED) {
        Some(theirs) => stored.head.get(&header::LAST_MODIFIED) == Some(theirs.as_bytes()),
        None => true,
    }
}

fn merge(stored: &StoredMeta, answer: &Confirmation<'_>) -> HeaderMap {
    let withheld = Directives::of(answer.headers).withheld;
    let update = prepare_headers(answer.headers, &withheld, answer.received_at.wall);
    let mut merged = stored.head.to_headers();
    for name in update.keys().filter(|name| is_taken_in(name)) {
        merged.remove(name);
        for value in update.get_all(name) {
            merged.append(name.clone(), value.clone());
        }
    }
    if let Some(age) = answer.headers.get(header::AGE) {
        merged.insert(header::AGE, age.clone());
    }
    let own = answer.headers.get_all(FOREBAY_CACHE_CONTROL).iter();
    for line in own.chain(not_repeated(stored, answer.headers)) {
        merged.append(FOREBAY_CACHE_CONTROL, line.clone());
    }
    merged
}

/// What the stored response was told for us alone, unless the answer tells it anew.
fn not_repeated<'a>(stored: &'a StoredMeta, answer: &HeaderMap) -> Option<&'a HeaderValue> {
    let repeated = answer.contains_key(FOREBAY_CACHE_CONTROL);
    stored.own_control.as_ref().filter(|_| !repeated)
}

/// The stored tag stays: one that was only weakly the same makes the stored bytes neither more nor
/// less exact.
fn is_taken_in(name: &HeaderName) -> bool {
    !matches!(
        name.as_str(),
        "content-encoding" | "content-length" | "content-range" | "etag"
    )
}

#[cfg(test)]
mod tests;
