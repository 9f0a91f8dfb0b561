//! `If-Range`: the part, if nothing has changed, or else the whole (RFC 9110, section 13.1.5).
//!
//! Only what proves that the bytes are the very same counts: a strong tag on both sides, or the
//! exact date of a `Last-Modified` that is itself proof because the response was made at least a
//! second later (section 8.8.2.2), so that no second change could hide in the same second. Whatever
//! cannot be read proves nothing.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};

use crate::cache::{date::HttpDate, etag::EntityTag, stored::StoredMeta};

/// What `If-Range` says about the ranges of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfRange {
    /// There is none: the ranges count.
    Absent,
    /// The client may hold parts of something else: the ranges do not count.
    Fails,
    /// The client holds parts of what is stored: the ranges count.
    Holds,
}

// === impl IfRange ===

impl IfRange {
    /// Evaluates the condition of `request` against `stored`; `now` resolves two-digit years.
    pub fn evaluate(request: &HeaderMap, stored: &StoredMeta, now: SystemTime) -> Self {
        let mut lines = request.get_all(header::IF_RANGE).iter();
        let Some(line) = lines.next() else {
            return Self::Absent;
        };
        let holds = lines.next().is_none()
            && match line.as_bytes().trim_ascii() {
                [b'"', ..] | [b'W', b'/', ..] => holds_tag(line, stored),
                date => holds_date(date, stored, now),
            };
        if holds { Self::Holds } else { Self::Fails }
    }

    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Fails => "fails",
            Self::Holds => "holds",
        }
    }
}

fn holds_tag(line: &HeaderValue, stored: &StoredMeta) -> bool {
    let ours = stored.head.get(&header::ETAG).and_then(EntityTag::parse);
    let theirs = EntityTag::of(line);
    // The strong comparison: neither is weak, and the text is the same.
    matches!((ours, theirs), (Some(ours), Some(theirs)) if ours == theirs && !ours.weak)
}

fn holds_date(date: &[u8], stored: &StoredMeta, now: SystemTime) -> bool {
    let modified = stored
        .head
        .get(&header::LAST_MODIFIED)
        .and_then(|value| HttpDate::parse(value, now));
    let Some(modified) = modified else {
        return false;
    };
    HttpDate::parse(date, now) == Some(modified)
        && stored.date.since(modified) >= Duration::from_secs(1)
}
