//! Does the client already hold what would be sent (RFC 9110, section 13; RFC 9111, section 4.3.2)?
//!
//! `If-None-Match` goes first, and when it is there `If-Modified-Since` is not read at all. Tags are
//! compared weakly, so that a tag which we weakened when compressing still matches the stored one
//! (TRAPS row 18). Without a condition there is never a 304.

use std::time::SystemTime;

use http::{HeaderMap, HeaderName, StatusCode, header};

use super::{
    date::HttpDate,
    etag::{EntityTag, Member, Members},
    request::Lookup,
    stored::{StoredHead, StoredMeta},
};

/// How a request is answered with a stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditional {
    /// With 304 and [`not_modified_headers`].
    NotModified,
    /// With all of it.
    Send,
}

/// Decides how to answer `request` with `stored`; `now` resolves two-digit years.
pub fn decide(
    lookup: &Lookup,
    request: &HeaderMap,
    stored: &StoredMeta,
    now: SystemTime,
) -> Conditional {
    // Conditions only ever replace a success.
    if !lookup.conditional || stored.status != StatusCode::OK {
        return Conditional::Send;
    }
    let held = if request.contains_key(header::IF_NONE_MATCH) {
        holds_tag(request, stored)
    } else {
        holds_date(request, stored, now)
    };
    if held {
        Conditional::NotModified
    } else {
        Conditional::Send
    }
}

/// The fields that a 304 for a stored response carries; the caller adds `Age`.
///
/// `Last-Modified` goes along when there is no tag, since it is then what a next condition uses.
pub fn not_modified_headers(stored: &StoredHead) -> HeaderMap {
    const CARRIED: [HeaderName; 6] = [
        header::CACHE_CONTROL,
        header::CONTENT_LOCATION,
        header::DATE,
        header::ETAG,
        header::EXPIRES,
        header::VARY,
    ];
    let mut headers = HeaderMap::with_capacity(CARRIED.len() + 4);
    let mut carry = |name: HeaderName| {
        for value in stored.values_of(&name) {
            headers.append(name.clone(), value);
        }
    };
    for name in CARRIED {
        carry(name);
    }
    if !stored.contains(&header::ETAG) {
        carry(header::LAST_MODIFIED);
    }
    headers
}

fn holds_tag(request: &HeaderMap, stored: &StoredMeta) -> bool {
    let ours = stored.head.get(&header::ETAG).and_then(EntityTag::parse);
    request.get_all(header::IF_NONE_MATCH).iter().any(|line| {
        Members::of(line.as_bytes()).any(|member| match member {
            Member::Any => true,
            Member::Invalid => false,
            Member::Tag(theirs) => ours.is_some_and(|ours| ours.weakly_equals(theirs)),
        })
    })
}

fn holds_date(request: &HeaderMap, stored: &StoredMeta, now: SystemTime) -> bool {
    let mut lines = request.get_all(header::IF_MODIFIED_SINCE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return false;
    };
    let Some(since) = HttpDate::parse(line.as_bytes(), now) else {
        return false;
    };
    let modified = match stored.head.get(&header::LAST_MODIFIED) {
        // A date that cannot be read proves nothing.
        Some(value) => match HttpDate::parse(value, now) {
            Some(date) => date,
            None => return false,
        },
        None => stored.date,
    };
    modified <= since
}

// === impl Conditional ===

impl Conditional {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotModified => "not-modified",
            Self::Send => "send",
        }
    }
}

#[cfg(test)]
mod tests;
