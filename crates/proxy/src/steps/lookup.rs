//! Step 4: do we hold it, and how fresh?

use std::{cell::RefCell, sync::Arc};

use engine::{
    cache::{
        key::KeyParts,
        request::{
            self as cache_request, Lookup, Partition, RequestClass, RequestHead, RequestRules,
        },
        reuse::{self, Moment, Reuse, RevalidateReason},
        seconds::DeltaSeconds,
    },
    client_ip::PeerTrust,
    outcome::{BypassReason, CacheOutcome, MissReason},
    path::NormalPath,
};
use http::{Method, request};
use policy::{CachePolicy, HonorRequest, Mode, QueryKey, RequestCookies, Route, Scheme};
use store::StoredResponse;

use super::{admit::Admitted, answer::FromStore};
use crate::exchange::Exchange;

/// What the cache says to a request.
#[derive(Debug)]
pub(crate) enum Looked {
    /// Here it is.
    Answer(FromStore),
    /// The origin must be asked.
    Ask(Intent),
    /// The client wanted a stored response, and there is none.
    NotCached,
}

/// What is to become of the origin's answer.
#[derive(Debug, Default)]
pub(crate) struct Intent {
    /// What is known of the request, if its answer may be stored or shared at all.
    pub(crate) lookup: Option<Lookup>,
    /// The cache key.
    pub(crate) key: Box<[u8]>,
    /// The key under which requests in flight are joined; empty when they are not.
    pub(crate) flight_key: Box<[u8]>,
    /// What is stored and must be confirmed by the origin.
    pub(crate) stale: Option<Stale>,
}

/// A stored response that may not be used as it is.
#[derive(Clone, Debug)]
pub(crate) struct Stale {
    pub(crate) stored: Arc<StoredResponse>,
    pub(crate) reason: RevalidateReason,
}

/// What the store says, before the policy's mode has its word.
enum Found {
    Fresh {
        stored: Arc<StoredResponse>,
        age: DeltaSeconds,
        ttl: DeltaSeconds,
    },
    Nothing(CacheOutcome, Option<Stale>),
}

/// The last byte of the keys of a cache in shadow mode, whose entries have no bodies: switching it
/// on for real must not find them.
const SHADOW_KEY: u8 = b'~';

thread_local! {
    static KEY: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(512));
}

/// Asks the cache, if the route has one and the request allows it.
pub(crate) fn lookup(
    exchange: &mut Exchange,
    route: usize,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Looked {
    let snapshot = Arc::clone(exchange.snapshot());
    let route = &snapshot.policies.routes[route];
    let cache = route.cache.as_ref().filter(|cache| cache.mode != Mode::Off);
    let joins = route
        .deduplication
        .as_ref()
        .is_some_and(|deduplication| deduplication.mode != Mode::Off);
    if cache.is_none() && !joins {
        return Looked::Ask(Intent::bypass());
    }
    let known = match classify(exchange.client.peer, head, admitted, cache) {
        RequestClass::Lookup(known) => known,
        RequestClass::Bypass(reason) => {
            if cache.is_some() {
                exchange.event().cache = CacheOutcome::Bypass(reason);
            }
            return Looked::Ask(Intent::bypass());
        }
    };
    count(exchange, head, admitted);
    KEY.with_borrow_mut(|key| {
        let scheme = exchange.recording.connection.peer.scheme;
        let parts = key_parts(scheme, route, head, admitted);
        let query = cache.map_or(&NO_QUERY_RULES, |cache| &cache.key.query);
        let looked = match cache {
            Some(cache) => {
                store_key(&parts, cache, key);
                ask_store(exchange, cache, key, &known, head)
            }
            None => {
                parts.encode(query, None, key);
                Looked::Ask(Intent::default())
            }
        };
        let Looked::Ask(mut intent) = looked else {
            return looked;
        };
        intent.key = key.as_slice().into();
        intent.lookup = Some(known);
        if joins {
            parts.encode_flight((query, None), &known, &head.headers, &[], key);
            intent.flight_key = key.as_slice().into();
        }
        Looked::Ask(intent)
    })
}

static NO_QUERY_RULES: QueryKey = QueryKey {
    ignore: Vec::new(),
    keep: None,
    sort: false,
    no_vary_search: false,
};

pub(crate) fn classify(
    peer: PeerTrust,
    head: &request::Parts,
    admitted: &Admitted<'_>,
    cache: Option<&CachePolicy>,
) -> RequestClass {
    if matches!(admitted.path, NormalPath::Ambiguous(_)) {
        return RequestClass::Bypass(BypassReason::AmbiguousPath);
    }
    cache_request::classify(
        RequestHead {
            method: &head.method,
            headers: &head.headers,
            has_body: admitted.has_body,
        },
        &RequestRules {
            body: None,
            cookies: cache.map_or(RequestCookies::Bypass, |cache| cache.request_cookies),
            honor: cache.map_or(HonorRequest::Always, |cache| cache.honor_request),
            peer,
            partition: Partition::Shared,
        },
    )
}

/// Lets a restart know what was popular. Only a GET can be asked for again by its URL alone.
fn count(exchange: &Exchange, head: &request::Parts, admitted: &Admitted<'_>) {
    if let (Some(popularity), &Method::GET) = (&exchange.sidecar().popularity, &head.method) {
        let target = head.uri.path_and_query();
        let target = target.map_or(admitted.path.as_str(), |target| target.as_str());
        let scheme = exchange.recording.connection.peer.scheme;
        popularity.asked(
            fastrand::u64(..),
            scheme,
            admitted.authority.as_str(),
            target,
        );
    }
}

pub(crate) fn key_parts<'a>(
    scheme: Scheme,
    route: &'a Route,
    head: &'a request::Parts,
    admitted: &'a Admitted<'_>,
) -> KeyParts<'a> {
    KeyParts {
        route: &route.name,
        scheme,
        host: admitted.authority.host(),
        port: port_of(
            admitted.authority.as_str(),
            admitted.authority.host(),
            scheme,
        ),
        path: admitted.path.as_str(),
        query: head.uri.query(),
        user: None,
        body: None,
    }
}

/// The bytes under which a cache in this mode keeps what `parts` stand for.
pub(crate) fn store_key(parts: &KeyParts<'_>, cache: &CachePolicy, key: &mut Vec<u8>) {
    parts.encode(&cache.key.query, None, key);
    if cache.mode == Mode::Shadow {
        key.push(SHADOW_KEY);
    }
}

/// The port of a canonical authority, which names it only when it is not the scheme's own.
pub(crate) fn port_of(authority: &str, host: &str, scheme: Scheme) -> u16 {
    let named = authority[host.len()..].strip_prefix(':');
    named
        .and_then(|port| port.parse().ok())
        .unwrap_or(match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        })
}

fn ask_store(
    exchange: &mut Exchange,
    cache: &CachePolicy,
    key: &[u8],
    known: &Lookup,
    head: &request::Parts,
) -> Looked {
    let found = find(exchange, key, known, head);
    match (found, cache.mode) {
        (found, Mode::Shadow) => {
            let event = exchange.event();
            event.cache = CacheOutcome::Bypass(BypassReason::Shadow);
            event.shadow.cache = Some(found.outcome());
            Looked::Ask(Intent::default())
        }
        (Found::Fresh { stored, age, ttl }, _) => {
            exchange.event().cache = CacheOutcome::Hit;
            Looked::Answer(FromStore {
                lookup: *known,
                stored,
                age,
                ttl,
            })
        }
        (Found::Nothing(..), _) if known.only_if_cached => Looked::NotCached,
        (Found::Nothing(outcome, stale), _) => {
            exchange.event().cache = outcome;
            Looked::Ask(Intent {
                stale,
                ..Intent::default()
            })
        }
    }
}

fn find(exchange: &Exchange, key: &[u8], known: &Lookup, head: &request::Parts) -> Found {
    let Some(variants) = exchange.sidecar().responses.get(key) else {
        return Found::Nothing(CacheOutcome::Miss(MissReason::Uri), None);
    };
    let stored = match variants.select(&head.headers, b"") {
        Ok(stored) => stored,
        Err(reason) => return Found::Nothing(CacheOutcome::Miss(reason), None),
    };
    let moment = Moment::plain(exchange.recording.event.at);
    match reuse::decide(&stored.meta, known, &moment) {
        Reuse::Fresh { age, ttl, .. } => Found::Fresh {
            stored: Arc::clone(stored),
            age,
            ttl,
        },
        Reuse::Stale { .. } => Found::stale(stored, RevalidateReason::Stale),
        Reuse::Revalidate(reason) => Found::stale(stored, reason),
        Reuse::Unusable(reason) => Found::Nothing(CacheOutcome::Bypass(reason), None),
    }
}

// === impl Found ===

impl Found {
    fn stale(stored: &Arc<StoredResponse>, reason: RevalidateReason) -> Self {
        let stored = Arc::clone(stored);
        Self::Nothing(CacheOutcome::Stale, Some(Stale { stored, reason }))
    }

    const fn outcome(&self) -> CacheOutcome {
        match self {
            Self::Fresh { .. } => CacheOutcome::Hit,
            Self::Nothing(outcome, _) => *outcome,
        }
    }
}

// === impl Intent ===

impl Intent {
    /// The answer is for this client alone.
    pub(crate) fn bypass() -> Self {
        Self::default()
    }
}
