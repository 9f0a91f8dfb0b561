//! Which of the operator's times a response gets, where the origin is silent.
//!
//! The first case that fits refines the general times field by field. A general TTL is for success
//! and for what has moved or gone for good, never for an error (TRAPS rows 13 and 22): for those the
//! operator names the status, in a case or as a time to remember that error.
//!
//! **Jitter.** What was stored together would expire together (TRAPS row 21), so a lifetime that the
//! origin did not choose is shortened by a random part. Never lengthened: nothing is used longer than
//! its operator said.

use std::time::Duration;

use http::StatusCode;
use policy::{LifetimeCase, Lifetimes, Percent, Times};

use super::{
    draw::Draw,
    freshness::{Lifetime, LifetimeSource},
};
use crate::{compression::media_type, outcome::SkipReason};

/// What the operator's cases ask about a response.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its media type without parameters, if it has one.
    pub content_type: Option<&'a str>,
    /// It is one user's, or one of several that differ by who asks.
    pub personalized: bool,
}

/// The operator's times for a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The lifetime, or why they give it none.
    pub lifetime: Result<Lifetime, SkipReason>,
    /// The times it was taken from, for what comes after.
    pub times: Times,
}

/// Chooses the times for a response.
pub fn choose(lifetimes: &Lifetimes, subject: Subject<'_>) -> Chosen {
    let case = lifetimes.cases.iter().find(|case| is_about(case, &subject));
    let times = case.map_or(lifetimes.times, |case| {
        lifetimes.times.refined_by(case.times)
    });
    Chosen {
        lifetime: lifetime(lifetimes, case, times, subject.status),
        times,
    }
}

/// Shortens what the origin did not choose by a random part of at most `jitter`.
pub fn jittered(lifetime: Lifetime, jitter: Percent, draw: Draw) -> Lifetime {
    if is_of_origin(lifetime.source) {
        return lifetime;
    }
    let most = f64::from(jitter.hundredths()) / 100.0;
    let kept = most.mul_add(draw.get() - 1.0, 1.0);
    let length = Duration::try_from_secs_f64(lifetime.length.as_secs_f64() * kept)
        .unwrap_or(lifetime.length)
        .min(lifetime.length);
    Lifetime { length, ..lifetime }
}

/// A case that names the status is the most particular, a time for that error the next.
fn lifetime(
    lifetimes: &Lifetimes,
    case: Option<&LifetimeCase>,
    times: Times,
    status: StatusCode,
) -> Result<Lifetime, SkipReason> {
    let named = case.filter(|case| !case.statuses.is_empty());
    if let Some(length) = named.and_then(|case| case.times.ttl) {
        return Ok(Lifetime {
            length,
            source: LifetimeSource::OperatorTtl,
        });
    }
    let negative = lifetimes.negative.iter().find(|one| one.status == status);
    if let Some(negative) = negative {
        return Ok(Lifetime {
            length: negative.ttl,
            source: LifetimeSource::Negative,
        });
    }
    match times.ttl {
        Some(length) if takes_general_ttl(status) => Ok(Lifetime {
            length,
            source: LifetimeSource::OperatorTtl,
        }),
        Some(_) => Err(SkipReason::Status),
        None => Err(SkipReason::NoFreshness),
    }
}

fn is_about(case: &LifetimeCase, subject: &Subject<'_>) -> bool {
    let status = case.statuses.is_empty() || case.statuses.contains(&subject.status);
    let content_type = case.content_types.is_empty()
        || subject.content_type.is_some_and(|essence| {
            let takes = |pattern| media_type::matches(pattern, essence);
            case.content_types.iter().any(takes)
        });
    let audience = case
        .personalized
        .is_none_or(|asked| asked == subject.personalized);
    status && content_type && audience
}

fn is_of_origin(source: LifetimeSource) -> bool {
    match source {
        LifetimeSource::Heuristic | LifetimeSource::Negative | LifetimeSource::OperatorTtl => false,
        LifetimeSource::Expires
        | LifetimeSource::MaxAge
        | LifetimeSource::NoCache
        | LifetimeSource::SharedMaxAge => true,
    }
}

/// Statuses that RFC 9110, section 15.1 calls heuristically cacheable and that are not errors, without
/// 206; and 410, which says that the error is for good.
pub(super) fn takes_general_ttl(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 300 | 301 | 308 | 410)
}

#[cfg(test)]
mod tests;
