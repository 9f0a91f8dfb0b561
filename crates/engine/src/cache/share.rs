//! May others who are waiting for the same thing have this response now (TRAPS row 16)?
//!
//! Less than storing asks for: a response that is silent about freshness may be shared between
//! simultaneous requests, because the operator who switched deduplication on said so. What the origin
//! forbids stays forbidden.

use http::StatusCode;
use policy::SetCookie;

use super::{directives::Reach, request::Lookup, response::ResponseFacts, vary::Vary};
use crate::outcome::SkipReason;

/// Whether the followers of a fetch may have its response.
///
/// Each follower's own request must also select it: compare [`super::vary::VaryKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// No: each of them asks for itself.
    No(SkipReason),
    /// Yes, with the fields of [`super::stored::prepare_headers`].
    Yes,
}

/// Decides it once the head of the leader's response is there.
pub fn decide(lookup: &Lookup, response: &ResponseFacts<'_>, set_cookie: SetCookie) -> Share {
    if let Some(reason) = forbidden(lookup, response, set_cookie) {
        return Share::No(reason);
    }
    if response.is_no_cache() {
        return Share::No(SkipReason::NoCache);
    }
    match response.explicit {
        Some(lifetime) if lifetime.length <= response.initial_age => Share::No(SkipReason::Stale),
        _ => Share::Yes,
    }
}

/// Why nobody but the one who asked may be given a response, now or later.
///
/// The key being one user's changes nothing about `private`: what an origin wants in no shared cache
/// is in none of ours (TRAPS row 14).
pub(super) fn forbidden(
    lookup: &Lookup,
    response: &ResponseFacts<'_>,
    set_cookie: SetCookie,
) -> Option<SkipReason> {
    let control = &response.control;
    let status = response.head.status;
    if status == StatusCode::PARTIAL_CONTENT {
        return Some(SkipReason::Partial);
    }
    if status.is_informational() || status == StatusCode::NOT_MODIFIED {
        return Some(SkipReason::Status);
    }
    // RFC 9111, section 5.2.2.3: whoever understands the status follows the status's rules, and the
    // `no-store` beside `must-understand` is for the others.
    if control.must_understand && !is_understood(status) {
        return Some(SkipReason::Status);
    }
    if control.no_store && !control.must_understand {
        return Some(SkipReason::NoStore);
    }
    if control.private == Reach::Whole {
        return Some(SkipReason::Private);
    }
    if lookup.authorization && !response.allows_credentials() {
        return Some(SkipReason::Authorization);
    }
    if set_cookie == SetCookie::Refuse && response.has_personal_cookie() {
        return Some(SkipReason::SetCookie);
    }
    (response.vary == Vary::Star).then_some(SkipReason::VaryStar)
}

/// Statuses whose caching rules are implemented here (206 and 304 are dealt with apart).
fn is_understood(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 302 | 303 | 307 | 308 | 404 | 405 | 410 | 414 | 501
    )
}

// === impl Share ===

impl Share {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No(reason) => reason.as_str(),
            Self::Yes => "yes",
        }
    }
}

#[cfg(test)]
mod tests;
