//! May a stored response answer this request as it is (RFC 9111, section 4)?
//!
//! Two steps: [`select`] finds which of the responses under a key the request selects, [`decide`]
//! says whether that one may be used now. Neither allocates, and a hit looks at the request's fields
//! only if its response has a `Vary`.

use std::time::Duration;

use http::HeaderMap;

use super::{
    age,
    request::Lookup,
    seconds::DeltaSeconds,
    stored::{Declared, StoredMeta},
    vary::Match,
};
use crate::{
    outcome::{BypassReason, MissReason},
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

/// What may be done with the selected response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// It answers the request.
    Fresh {
        /// Its age, for the `Age` field.
        age: DeltaSeconds,
        /// How much longer it is fresh, for `Cache-Status`.
        ttl: DeltaSeconds,
    },
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
    /// It is no longer fresh.
    Stale,
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
pub fn decide(meta: &StoredMeta, lookup: &Lookup, now: Now) -> Reuse {
    if lookup.authorization && !meta.rules.allows_credentials {
        return Reuse::Unusable(BypassReason::Authorization);
    }
    if lookup.cookies && meta.declared() == Declared::ByOperator {
        return Reuse::Unusable(BypassReason::Cookie);
    }
    if meta.rules.no_cache {
        return Reuse::Revalidate(RevalidateReason::NoCache);
    }
    let age = age::current(meta.initial_age, meta.received_at, now);
    let Some(left) = meta
        .lifetime
        .length
        .checked_sub(age)
        .filter(|left| !left.is_zero())
    else {
        return Reuse::Revalidate(RevalidateReason::Stale);
    };
    if demands_more(meta, lookup, age, left) {
        return Reuse::Revalidate(RevalidateReason::Demand);
    }
    Reuse::Fresh {
        age: DeltaSeconds::new(age.as_secs()),
        ttl: DeltaSeconds::new(left.as_secs()),
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
            Self::Stale => "stale",
        }
    }
}

#[cfg(test)]
mod tests;
