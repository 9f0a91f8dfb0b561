//! Why is this not cached? The verdict on an answer, and the one line that would change it.
//!
//! It is reached by the functions that reach it while serving, about one of three answers: one that
//! was saved, the one that the upstream gives now, or, when nobody knows, that of an origin that says
//! nothing about caching, which is what a legacy API does.

use std::{path::PathBuf, time::Duration};

use engine::{
    cache::{
        advice::{Advice, Answered, Facts, advise},
        date::HttpDate,
        draw::Draw,
        freshness::Lifetime,
        keep::{self, Keep},
        request::{Lookup, RequestClass},
        response::{Framing, ResponseFacts, ResponseHead},
    },
    outcome::{CacheOutcome, MissReason, SkipReason, StoreOutcome},
    time::Now,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use policy::{CachePolicy, Mode, Route};

use super::{request::Request, saved::Saved};

/// What the cache would do with an answer.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) source: Source,
    pub(super) status: StatusCode,
    pub(super) outcome: CacheOutcome,
    pub(super) store: Option<StoreOutcome>,
    /// How long it is fresh, when it is kept.
    pub(super) lifetime: Option<Lifetime>,
    pub(super) advice: Advice,
}

/// Whose answer was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The upstream's, just now.
    Asked(String),
    /// The one in this file.
    Saved(PathBuf),
    /// That of an origin that says nothing about caching.
    Silent,
}

/// An answer to be judged.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) source: Source,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) framing: Framing,
    /// When it came.
    pub(super) at: Now,
}

// === impl Given ===

impl Given {
    /// What an API without a word about caching answers.
    pub(super) fn silent(now: Now) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("2"));
        Self {
            source: Source::Silent,
            status: StatusCode::OK,
            headers,
            framing: Framing::Delimited,
            at: now,
        }
    }

    /// A saved answer is judged as if it had come when it was made: it must not seem old only because
    /// it has been lying about.
    pub(super) fn saved(saved: Saved, path: PathBuf, now: Now) -> Self {
        let date = saved.headers.get(header::DATE);
        let date = date.and_then(|value| HttpDate::parse(value.as_bytes(), now.wall));
        let lain = date.map_or(Duration::ZERO, |date| HttpDate::of(now.wall).since(date));
        Self {
            source: Source::Saved(path),
            status: saved.status,
            framing: Framing::of(saved.version, saved.status, &saved.headers),
            headers: saved.headers,
            at: Now {
                monotonic: now.monotonic,
                wall: now.wall.checked_sub(lain).unwrap_or(now.wall),
            },
        }
    }
}

// === impl Verdict ===

impl Verdict {
    /// Judges an answer to a request.
    pub(super) fn of(route: &Route, request: &Request, class: RequestClass, given: Given) -> Self {
        let cache = route.cache.as_ref().filter(|cache| cache.mode != Mode::Off);
        let (outcome, store, lifetime) = judge(cache, class, &given);
        let facts = Facts {
            method: &request.method,
            headers: &request.headers,
            query: request.target.query(),
            answered: Some(Answered::of(given.status, &given.headers)),
        };
        Self {
            advice: advise(outcome, store, &facts),
            source: given.source,
            status: given.status,
            outcome,
            store,
            lifetime,
        }
    }

    /// The word for it.
    pub(super) const fn as_str(&self) -> &'static str {
        match (self.outcome, self.store) {
            (CacheOutcome::Bypass(reason), _) => reason.as_str(),
            (_, Some(store)) => store.as_str(),
            (outcome, None) => outcome.as_str(),
        }
    }
}

/// As the first request for something would find it.
fn judge(
    cache: Option<&CachePolicy>,
    class: RequestClass,
    given: &Given,
) -> (CacheOutcome, Option<StoreOutcome>, Option<Lifetime>) {
    let known = match class {
        RequestClass::Bypass(reason) => return (CacheOutcome::Bypass(reason), None, None),
        RequestClass::Lookup(known) => known,
    };
    let miss = CacheOutcome::Miss(MissReason::Uri);
    let skipped = |reason| (miss, Some(StoreOutcome::Skipped(reason)), None);
    let Some(cache) = cache else {
        // Not worth a cache when the origin forbids what a cache would do.
        return match keep(&known, given, &with_ttl()) {
            Keep::Skip(reason) => skipped(reason),
            Keep::Store(_) => (CacheOutcome::Off, None, None),
        };
    };
    match keep(&known, given, cache) {
        Keep::Skip(reason) => skipped(reason),
        Keep::Store(_) if cache.mode == Mode::Shadow => skipped(SkipReason::Shadow),
        Keep::Store(terms) => (miss, Some(StoreOutcome::Stored), Some(terms.lifetime)),
    }
}

fn keep(known: &Lookup, given: &Given, cache: &CachePolicy) -> Keep {
    let facts = ResponseFacts::read(ResponseHead {
        status: given.status,
        headers: &given.headers,
        framing: given.framing,
        sent_at: given.at,
        received_at: given.at,
    });
    keep::decide(known, &facts, cache, Draw::NEUTRAL)
}

/// The cache that would be advised.
fn with_ttl() -> CachePolicy {
    let mut cache = CachePolicy::default();
    cache.lifetimes.times.ttl = Some(Duration::from_secs(60));
    cache
}
