//! May a stored response answer this request (RFC 9111, section 4; RFC 5861)?
//!
//! Two steps: [`select`] finds which of the responses under a key the request selects, [`decide`]
//! says whether that one may be used now. Neither allocates, and a hit looks at the request's fields
//! only if its response has a `Vary`. A third comes when the origin has failed: [`on_error`].
//!
//! # Stale use
//! Never when the response says `no-cache`, `must-revalidate`, `proxy-revalidate` or `s-maxage`
//! (section 4.2.4): those left no [`Grace`](super::freshness::Grace) when it was stored. While it is
//! renewed, a client that asked for something fresh or younger waits for the renewal. `max-stale` is
//! the client's own permission; where it names a limit, the limit holds for every stale use.
//!
//! # Purged softly
//! Such a response is stale from now on, by no time at all until its lifetime is over, so that its
//! grace decides about its use. `max-stale` does not bring it back: an operator has called it wrong.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::{
    age,
    draw::Draw,
    early::{self, Renewal},
    purge::Purged,
    request::{Demand, Lookup},
    seconds::DeltaSeconds,
    stored::{Declared, StoredMeta},
    vary::Match,
};
use crate::{
    failure::{Blame, Failure},
    outcome::{BypassReason, MissReason, StaleReason},
    time::Now,
};

/// Which stored response a request selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selected {
    /// None.
    Nothing(MissReason),
    /// The one with this position among those asked about.
    Variant(usize),
}

/// What there is to know about a stored response besides itself when it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time.
    pub now: Now,
    /// Whether it has been purged.
    pub purged: Purged,
    /// A draw for [`early`] renewal; `None` where the operator wants none.
    pub early: Option<Draw>,
}

/// What may be done with the selected response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// It answers the request.
    Fresh {
        /// Its age, for the `Age` field.
        age: DeltaSeconds,
        /// How much longer it is fresh, for `Cache-Status`.
        ttl: DeltaSeconds,
        /// Whether it is renewed in the background all the same.
        renewal: Renewal,
    },
    /// It answers the request though it is stale; unless the reason is
    /// [`StaleReason::MaxStale`], it is renewed in the background.
    Stale {
        /// Its age, for the `Age` field.
        age: DeltaSeconds,
        /// For how long it has been stale, for `Cache-Status`.
        over: DeltaSeconds,
        /// What permits it.
        reason: StaleReason,
    },
    /// It was purged for good: it is as if nothing were there.
    Gone,
    /// The origin must be asked first.
    Revalidate(RevalidateReason),
    /// It is for others; the request goes on alone.
    Unusable(BypassReason),
}

/// Why the origin must be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevalidateReason {
    /// The client demanded it, or something younger.
    Demand,
    /// The response said `no-cache`.
    NoCache,
    /// It was purged softly.
    Purged,
    /// It is no longer fresh.
    Stale,
}

/// Whether a stored response stands in for an origin that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// No: the failure is told.
    Refused,
    /// It answers the request.
    Stale {
        /// Its age, for the `Age` field.
        age: DeltaSeconds,
        /// For how long it has been stale, for `Cache-Status`.
        over: DeltaSeconds,
    },
}

/// How asking the origin went, as far as `stale-if-error` is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// It gave an answer to be passed on.
    Answered,
    /// It did not, or said that it cannot.
    Failed,
}

/// Finds the stored response a request selects.
///
/// Of several the one with the latest `Date` counts. The newest response decides by which fields the
/// resource varies: older ones that vary by others are no longer trusted.
pub fn select<'a>(
    stored: impl Iterator<Item = &'a StoredMeta> + Clone,
    request: &HeaderMap,
) -> Selected {
    let mut each = stored.clone();
    if let (Some(only), None) = (each.next(), each.next()) {
        return match only.vary.matches(request) {
            Match::Different => Selected::Nothing(MissReason::Vary),
            Match::Same => Selected::Variant(0),
        };
    }
    let when = |meta: &StoredMeta| (meta.date, meta.received_at);
    let Some(newest) = stored.clone().max_by_key(|meta| when(meta)) else {
        return Selected::Nothing(MissReason::Uri);
    };
    stored
        .enumerate()
        .filter(|(_, meta)| meta.vary.names().eq(newest.vary.names()))
        .filter(|(_, meta)| meta.vary.matches(request) == Match::Same)
        .max_by_key(|(_, meta)| when(meta))
        .map_or(Selected::Nothing(MissReason::Vary), |(position, _)| {
            Selected::Variant(position)
        })
}

/// Decides about the selected response.
pub fn decide(meta: &StoredMeta, lookup: &Lookup, moment: &Moment) -> Reuse {
    if moment.purged == Purged::Hard {
        return Reuse::Gone;
    }
    if lookup.authorization && !meta.rules.allows_credentials {
        return Reuse::Unusable(BypassReason::Authorization);
    }
    if lookup.cookies && meta.declared() == Declared::ByOperator {
        return Reuse::Unusable(BypassReason::Cookie);
    }
    if meta.rules.no_cache {
        return Reuse::Revalidate(RevalidateReason::NoCache);
    }
    let age = age::current(meta.initial_age, meta.received_at, moment.now);
    let left = meta.lifetime.length.saturating_sub(age);
    if left.is_zero() || moment.purged == Purged::Soft {
        return stale(meta, &lookup.demand, moment.purged, age);
    }
    if demands_more(meta, lookup, age, left) {
        return Reuse::Revalidate(RevalidateReason::Demand);
    }
    Reuse::Fresh {
        age: DeltaSeconds::new(age.as_secs()),
        ttl: DeltaSeconds::new(left.as_secs()),
        renewal: moment.early.map_or(Renewal::None, |draw| {
            let on_arrival = meta.lifetime.length.saturating_sub(meta.initial_age);
            early::decide(meta.fetch_time, on_arrival, left, draw)
        }),
    }
}

/// Says whether the stored response stands in for an origin that has failed.
///
/// What the client demands about age is not asked here: `stale-if-error` holds regardless of other
/// freshness information (RFC 5861, section 4). Nor is a soft purge: by no more than its grace may a
/// response be stale, and one that was purged while fresh is stale by nothing yet.
pub fn on_error(meta: &StoredMeta, now: Now) -> StandIn {
    let over = over(meta, now);
    if over < meta.grace.if_error {
        standing_in(meta, now)
    } else {
        StandIn::Refused
    }
}

/// Says whether the stored response stands in for an origin that is left alone because it has
/// failed too often, where the operator wants that: however old it is, unless the origin forbade to
/// use it without asking (RFC 9111, section 4.2.4).
pub fn on_open_breaker(meta: &StoredMeta, now: Now) -> StandIn {
    match meta.rules.must_revalidate || meta.rules.no_cache {
        true => StandIn::Refused,
        false => standing_in(meta, now),
    }
}

fn standing_in(meta: &StoredMeta, now: Now) -> StandIn {
    let age = age::current(meta.initial_age, meta.received_at, now);
    StandIn::Stale {
        age: DeltaSeconds::new(age.as_secs()),
        over: DeltaSeconds::new(over(meta, now).as_secs()),
    }
}

/// For how long it has been stale.
fn over(meta: &StoredMeta, now: Now) -> Duration {
    let age = age::current(meta.initial_age, meta.received_at, now);
    age.saturating_sub(meta.lifetime.length)
}

/// Decides about a response that is no longer fresh.
fn stale(meta: &StoredMeta, demand: &Demand, purged: Purged, age: Duration) -> Reuse {
    let over = age.saturating_sub(meta.lifetime.length);
    let refused = match purged {
        Purged::No => RevalidateReason::Stale,
        Purged::Soft | Purged::Hard => RevalidateReason::Purged,
    };
    let within = |limit: DeltaSeconds| over <= limit.as_duration();
    // Whoever names an age or a rest of freshness wants nothing stale, unless it says so
    // (RFC 9111, section 5.2.1.1).
    let accepts = match demand.max_stale {
        Some(limit) => within(limit),
        None => demand.max_age.is_none(),
    };
    let young = demand
        .max_age
        .is_none_or(|most| age <= most.as_duration() && most != DeltaSeconds::ZERO);
    if demand.no_cache || demand.min_fresh.is_some() || !accepts || !young {
        return Reuse::Revalidate(refused);
    }
    let permitted = purged == Purged::No && !meta.rules.must_revalidate;
    let reason = if over < meta.grace.while_revalidate {
        StaleReason::WhileRevalidate
    } else if permitted && demand.max_stale.is_some() {
        StaleReason::MaxStale
    } else {
        return Reuse::Revalidate(refused);
    };
    Reuse::Stale {
        age: DeltaSeconds::new(age.as_secs()),
        over: DeltaSeconds::new(over.as_secs()),
        reason,
    }
}

fn demands_more(meta: &StoredMeta, lookup: &Lookup, age: Duration, left: Duration) -> bool {
    let demand = &lookup.demand;
    // A reload sends `max-age=0`; an immutable response has not changed (RFC 8246, section 2).
    let too_old = demand.max_age.is_some_and(|most| {
        !meta.rules.immutable && (most == DeltaSeconds::ZERO || age > most.as_duration())
    });
    demand.no_cache
        || too_old
        || demand
            .min_fresh
            .is_some_and(|least| left < least.as_duration())
}

// === impl RevalidateReason ===

impl RevalidateReason {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demand => "demand",
            Self::NoCache => "no-cache",
            Self::Purged => "purged",
            Self::Stale => "stale",
        }
    }
}

// === impl Moment ===

impl Moment {
    /// A response that was not purged and is not renewed early.
    pub const fn plain(now: Now) -> Self {
        Self {
            now,
            purged: Purged::No,
            early: None,
        }
    }
}

// === impl Asked ===

impl Asked {
    /// An answer with this status (RFC 5861, section 4).
    pub const fn with_status(status: StatusCode) -> Self {
        match status.as_u16() {
            500 | 502 | 503 | 504 => Self::Failed,
            _ => Self::Answered,
        }
    }

    /// No answer. Only what is the upstream's doing counts: no client is served something stale
    /// because it stopped sending, and none is told less about a fault of ours.
    pub const fn with_failure(failure: Failure) -> Self {
        match failure.blame() {
            Blame::Upstream => Self::Failed,
            Blame::Client | Blame::Us => Self::Answered,
        }
    }
}

#[cfg(test)]
mod tests;
