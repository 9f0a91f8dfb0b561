//! What the store has for a request, and what may be done with it.

use std::sync::Arc;

use engine::{
    cache::{
        draw::Draw,
        early::Renewal,
        partial::{self, Coverage},
        purge::Purged,
        range,
        reuse::{self, Moment, Reuse, RevalidateReason, StandIn},
    },
    compression::Suitability,
    negotiation::{Negotiated, negotiate},
    outcome::{CacheOutcome, MissReason, StaleReason},
    time::Now,
};
use policy::{CachePolicy, EarlyRefresh, Mode};
use store::StoredResponse;

use super::{Intent, Request, Stale, request_hash};
use crate::{
    exchange::Exchange,
    steps::answer::{FromStore, Left},
};

/// What the store says, before the policy's mode has its word.
pub(super) enum Found {
    /// The origin must be asked; with what must be confirmed.
    Nothing(CacheOutcome, Option<Stale>),
    /// It answers the request.
    Usable(FromStore),
}

/// Looks into the store.
pub(super) fn find(exchange: &Exchange, cache: &CachePolicy, request: &Request<'_>) -> Found {
    let sidecar = exchange.sidecar();
    let Some(variants) = sidecar.responses.get(request.key) else {
        return Found::miss(MissReason::Uri);
    };
    let stored = match variants.select(&request.head.headers, request.persona) {
        Ok(stored) => stored,
        Err(reason) => return Found::miss(reason),
    };
    let purged = match cache.mode {
        Mode::Enforce => sidecar.purges.judge(stored, request.key),
        // What is remembered in shadow mode is only counted.
        Mode::Off | Mode::Shadow => Purged::No,
    };
    let now = exchange.recording.event.at;
    if lacks(stored, request, now) {
        return Found::miss(MissReason::Partial);
    }
    let moment = Moment {
        now,
        purged,
        early: (cache.lifetimes.early_refresh == EarlyRefresh::On)
            .then(|| Draw::of(fastrand::u64(..))),
    };
    let usable = |age, left| FromStore {
        lookup: *request.known,
        stored: Arc::clone(stored),
        age,
        left,
        renewal: None,
        key: key_for_encoding(exchange, stored, request),
    };
    match reuse::decide(&stored.meta, request.known, &moment) {
        Reuse::Fresh { age, ttl, renewal } => {
            let from_store = usable(age, Left::Ttl(ttl));
            match renewal {
                Renewal::None => Found::Usable(from_store),
                Renewal::Early => Found::Usable(from_store.renewed(request, stored)),
            }
        }
        Reuse::Stale { age, over, reason } => {
            let from_store = usable(age, Left::Over(over, reason));
            Found::Usable(match reason {
                StaleReason::WhileRevalidate => from_store.renewed(request, stored),
                StaleReason::IfError | StaleReason::MaxStale => from_store,
            })
        }
        Reuse::Revalidate(reason) => {
            // Who demands more than is stored is told of the failure itself.
            if reason != RevalidateReason::Demand
                && let Some((age, over)) = resting(exchange, stored, request, now)
            {
                return Found::Usable(usable(age, Left::Over(over, StaleReason::IfError)));
            }
            let stale = Stale {
                stored: Arc::clone(stored),
                reason,
            };
            Found::Nothing(CacheOutcome::Stale, Some(stale))
        }
        Reuse::Gone => Found::miss(MissReason::Uri),
        Reuse::Unusable(reason) => Found::Nothing(CacheOutcome::Bypass(reason), None),
    }
}

/// Whether only a part is stored, and not the one that is asked for.
fn lacks(stored: &StoredResponse, request: &Request<'_>, now: Now) -> bool {
    let Some(extent) = stored.part else {
        return false;
    };
    let length = extent.length();
    let headers = &request.head.headers;
    let wanted = range::decide(request.known, headers, &stored.meta, length, now.wall);
    partial::coverage(extent, &wanted) == Coverage::Lacking
}

/// The age of what stands in for an origin that failed so short a while ago that it is left alone.
fn resting(
    exchange: &Exchange,
    stored: &StoredResponse,
    request: &Request<'_>,
    now: Now,
) -> Option<(
    engine::cache::seconds::DeltaSeconds,
    engine::cache::seconds::DeltaSeconds,
)> {
    if request.known.demand.no_cache {
        return None;
    }
    let StandIn::Stale { age, over } = reuse::on_error(&stored.meta, now) else {
        return None;
    };
    let hash = request_hash(request.key, request.persona);
    let resting = exchange.sidecar().renewals.is_resting(hash, now.monotonic);
    resting.then_some((age, over))
}

/// The key, if the response is wanted in a coding in which it is not kept yet.
fn key_for_encoding(
    exchange: &Exchange,
    stored: &StoredResponse,
    request: &Request<'_>,
) -> Option<Box<[u8]>> {
    let Some(Suitability::Fit | Suitability::Coded(_, None)) = stored.suitability else {
        return None;
    };
    let policy = exchange.route()?.compression.as_ref()?;
    match negotiate(&request.head.headers, &policy.encodings) {
        Negotiated::Coding(coding) if stored.encoding(coding).is_none() => Some(request.key.into()),
        Negotiated::Coding(_) | Negotiated::Identity | Negotiated::Nothing => None,
    }
}

// === impl Found ===

impl Found {
    const fn miss(reason: MissReason) -> Self {
        Self::Nothing(CacheOutcome::Miss(reason), None)
    }

    pub(super) const fn outcome(&self) -> CacheOutcome {
        match self {
            Self::Usable(from_store) => from_store.outcome(),
            Self::Nothing(outcome, ..) => *outcome,
        }
    }
}

// === impl FromStore ===

impl FromStore {
    /// The same, renewed in the background.
    fn renewed(self, request: &Request<'_>, stored: &Arc<StoredResponse>) -> Self {
        let intent = Intent {
            lookup: Some(request.known.for_renewal()),
            key: request.key.into(),
            persona: request.persona.into(),
            stale: Some(Stale {
                stored: Arc::clone(stored),
                reason: RevalidateReason::Stale,
            }),
            renewal: true,
            ..Intent::default()
        };
        Self {
            renewal: Some(Box::new(intent)),
            ..self
        }
    }
}
