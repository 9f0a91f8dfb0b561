//! May this response be stored, and how long is it fresh (RFC 9111, section 3)?
//!
//! Everything that forbids sharing forbids storing ([`super::share`]). Beyond that a stored response
//! needs a reason to be kept: a lifetime from the origin, a validator to ask with, or the operator's
//! TTL, which speaks only where the origin is silent and the status is one that tells of success or
//! of a lasting move, never of an error (TRAPS rows 13 and 22).

use std::time::Duration;

use http::{StatusCode, header};
use policy::{CachePolicy, RequestCookies};

use super::{
    freshness::{Lifetime, LifetimeSource},
    request::{Lookup, Retrieval},
    response::{Framing, ResponseFacts},
    share,
};
use crate::outcome::SkipReason;

/// Whether a response is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// No.
    Skip(SkipReason),
    /// Yes, once its body has ended as announced.
    Store(Lifetime),
}

/// Decides it once the head is there.
pub fn decide(lookup: &Lookup, response: &ResponseFacts<'_>, policy: &CachePolicy) -> Keep {
    match lifetime(lookup, response, policy) {
        Ok(lifetime) => Keep::Store(lifetime),
        Err(reason) => Keep::Skip(reason),
    }
}

fn lifetime(
    lookup: &Lookup,
    response: &ResponseFacts<'_>,
    policy: &CachePolicy,
) -> Result<Lifetime, SkipReason> {
    // GET and HEAD share a key, and a head is no answer to GET.
    if lookup.method == Retrieval::Head {
        return Err(SkipReason::Method);
    }
    if let Some(reason) = share::forbidden(lookup, response) {
        return Err(reason);
    }
    if response.head.framing == Framing::CloseDelimited {
        return Err(SkipReason::CloseDelimited);
    }
    if announced_length(response).is_some_and(|length| length > policy.max_object.bytes()) {
        return Err(SkipReason::TooLarge);
    }
    let lifetime = match response.explicit {
        Some(lifetime) => lifetime,
        None if response.is_no_cache() => unsaid_but_revalidated(response)?,
        None => from_operator(lookup, response, policy)?,
    };
    let usable_as_it_is = !response.is_no_cache() && lifetime.length > response.initial_age;
    if usable_as_it_is || response.has_validator() {
        Ok(lifetime)
    } else {
        Err(SkipReason::Stale)
    }
}

/// What `Content-Length` says. A body without one is measured as it comes.
fn announced_length(response: &ResponseFacts<'_>) -> Option<u64> {
    let value = response.head.headers.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

/// `no-cache` without a lifetime: worth keeping because a 304 is cheaper than a 200.
fn unsaid_but_revalidated(response: &ResponseFacts<'_>) -> Result<Lifetime, SkipReason> {
    if response.control.public || is_heuristically_cacheable(response.head.status) {
        Ok(Lifetime {
            length: Duration::ZERO,
            source: LifetimeSource::NoCache,
        })
    } else {
        Err(SkipReason::Status)
    }
}

fn from_operator(
    lookup: &Lookup,
    response: &ResponseFacts<'_>,
    policy: &CachePolicy,
) -> Result<Lifetime, SkipReason> {
    let length = policy.lifetimes.times.ttl.ok_or(SkipReason::NoFreshness)?;
    if !takes_operator_ttl(response.head.status) {
        return Err(SkipReason::Status);
    }
    if lookup.cookies && policy.request_cookies == RequestCookies::Bypass {
        return Err(SkipReason::Cookie);
    }
    Ok(Lifetime {
        length,
        source: LifetimeSource::OperatorTtl,
    })
}

/// Statuses that RFC 9110, section 15.1 calls heuristically cacheable, without 206.
fn is_heuristically_cacheable(status: StatusCode) -> bool {
    takes_operator_ttl(status) || matches!(status.as_u16(), 404 | 405 | 414 | 501)
}

/// Of those, the ones that are not errors; and 410, which says that the error is for good.
fn takes_operator_ttl(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 300 | 301 | 308 | 410)
}

// === impl Keep ===

impl Keep {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip(reason) => reason.as_str(),
            Self::Store(_) => "store",
        }
    }
}

#[cfg(test)]
mod tests;
