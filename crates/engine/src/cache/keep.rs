//! May this response be stored, and how long is it fresh (RFC 9111, section 3)?
//!
//! Everything that forbids sharing forbids storing ([`super::share`]). Beyond that a stored response
//! needs a reason to be kept: a lifetime from the origin, the operator or heuristics, a validator to
//! ask with, or a use once it is stale. The operator and heuristics speak only where the origin is
//! silent ([`super::lifetimes`], [`super::freshness`]).

use http::{StatusCode, header};
use policy::CachePolicy;

use super::{
    draw::Draw,
    freshness::{self, Grace, Lifetime, Terms},
    lifetimes::{self, Chosen, Subject},
    request::{Lookup, Partition, Retrieval},
    response::{Framing, ResponseFacts},
    share,
};
use crate::{compression::media_type, outcome::SkipReason};

/// Whether a response is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// No.
    Skip(SkipReason),
    /// Yes, once its body has ended as announced.
    Store(Terms),
}

/// Decides it once the head is there; `draw` shortens a lifetime that the origin did not choose.
pub fn decide(
    lookup: &Lookup,
    response: &ResponseFacts<'_>,
    policy: &CachePolicy,
    draw: Draw,
) -> Keep {
    match terms(lookup, response, policy, draw) {
        Ok(terms) => Keep::Store(terms),
        Err(reason) => Keep::Skip(reason),
    }
}

fn terms(
    lookup: &Lookup,
    response: &ResponseFacts<'_>,
    policy: &CachePolicy,
    draw: Draw,
) -> Result<Terms, SkipReason> {
    // GET and HEAD share a key, and a head is no answer to GET.
    if lookup.method == Retrieval::Head {
        return Err(SkipReason::Method);
    }
    if let Some(reason) = share::forbidden(lookup, response, policy.set_cookie) {
        return Err(reason);
    }
    if response.head.framing == Framing::CloseDelimited {
        return Err(SkipReason::CloseDelimited);
    }
    if announced_length(response).is_some_and(|length| length > policy.max_object.bytes()) {
        return Err(SkipReason::TooLarge);
    }
    let chosen = lifetimes::choose(&policy.lifetimes, subject(lookup, response, policy));
    let lifetime = match response.explicit {
        Some(lifetime) => lifetime,
        None if response.is_no_cache() => unsaid_but_revalidated(response)?,
        None => {
            let lifetime = unsaid(lookup, response, policy, &chosen)?;
            lifetimes::jittered(lifetime, policy.lifetimes.jitter, draw)
        }
    };
    let terms = Terms {
        lifetime,
        grace: Grace::of(&response.control, &chosen.times),
    };
    let useful = lifetime.length.saturating_add(terms.grace.longest());
    let usable_as_it_is = !response.is_no_cache() && useful > response.initial_age;
    if usable_as_it_is || response.has_validator() {
        Ok(terms)
    } else {
        Err(SkipReason::Stale)
    }
}

/// What `Content-Length` says. A body without one is measured as it comes.
fn announced_length(response: &ResponseFacts<'_>) -> Option<u64> {
    let value = response.head.headers.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

fn subject<'a>(lookup: &Lookup, response: &ResponseFacts<'a>, policy: &CachePolicy) -> Subject<'a> {
    Subject {
        status: response.head.status,
        content_type: media_type::essence(response.head.headers),
        personalized: lookup.partition == Partition::User || !policy.key.dimensions.is_empty(),
    }
}

/// `no-cache` without a lifetime: worth keeping because a 304 is cheaper than a 200.
fn unsaid_but_revalidated(response: &ResponseFacts<'_>) -> Result<Lifetime, SkipReason> {
    if takes_heuristics(response) {
        Ok(Terms::NONE.lifetime)
    } else {
        Err(SkipReason::Status)
    }
}

/// The lifetime of a response whose origin says nothing.
fn unsaid(
    lookup: &Lookup,
    response: &ResponseFacts<'_>,
    policy: &CachePolicy,
    chosen: &Chosen,
) -> Result<Lifetime, SkipReason> {
    let lifetime = chosen.lifetime.or_else(|reason| {
        // What a body asks for may change whenever the body's method means more than reading.
        if lookup.method == Retrieval::Query || !takes_heuristics(response) {
            return Err(reason);
        }
        let rule = &policy.lifetimes.heuristic;
        let received_at = response.head.received_at.wall;
        freshness::heuristic(rule, response.head.headers, response.date, received_at).ok_or(reason)
    })?;
    if lookup.cookies {
        return Err(SkipReason::Cookie);
    }
    Ok(lifetime)
}

/// `public`, or a status that RFC 9110, section 15.1 calls heuristically cacheable, without 206.
fn takes_heuristics(response: &ResponseFacts<'_>) -> bool {
    let status: StatusCode = response.head.status;
    response.control.public
        || lifetimes::takes_general_ttl(status)
        || matches!(status.as_u16(), 404 | 405 | 414 | 501)
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
