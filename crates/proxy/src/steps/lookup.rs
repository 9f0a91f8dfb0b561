//! Step 4: do we hold it, and how fresh?

mod found;
mod keys;

use std::{cell::RefCell, sync::Arc};

use bytes::Bytes;
use engine::{
    cache::{
        persona::{self, Persona},
        request::{
            self as cache_request, Lookup, Partition, RequestClass, RequestHead, RequestRules,
            Retrieval,
        },
        reuse::RevalidateReason,
    },
    client_ip::PeerTrust,
    outcome::{BypassReason, CacheOutcome},
    path::NormalPath,
    transform::wants_original,
};
use http::{Method, request};
use policy::{CachePolicy, HonorRequest, Mode, QueryKey, Ranges, RequestCookies};
use store::StoredResponse;

pub(crate) use self::keys::{
    complete_flight_key, key_parts, mark_shadow, port_of, search_variance,
};
use self::{
    found::Found,
    keys::{in_words, keyed_body, request_hash, says_twice_what_it_is},
};
use super::{
    admit::Admitted,
    answer::FromStore,
    identify::{self, Asker, identify},
    transform::is_trimmed,
};
use crate::{caller, exchange::Exchange};

/// What the cache says to a request.
#[derive(Debug)]
pub(crate) enum Looked {
    /// Here it is.
    Answer(FromStore),
    /// The origin must be asked.
    Ask(Intent),
    /// The body is part of the key: it has to be read first, up to so many bytes.
    Gather(u64),
    /// The client wanted a stored response, and there is none.
    NotCached,
}

/// What is to become of the origin's answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intent {
    /// What is known of the request, if its answer may be stored or shared at all.
    pub(crate) lookup: Option<Lookup>,
    /// The cache key.
    pub(crate) key: Box<[u8]>,
    /// The key under which requests in flight are joined; empty when they are not.
    pub(crate) flight_key: Box<[u8]>,
    /// Who is asking, as far as the operator said that responses differ by it.
    pub(crate) persona: Box<[u8]>,
    /// What is stored and must be confirmed by the origin.
    pub(crate) stale: Option<Stale>,
    /// How much of the representation is asked for.
    pub(crate) scope: Scope,
    /// Nobody waits for it: it renews what is stored.
    pub(crate) renewal: bool,
}

/// How much of a representation the origin is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of it, as the client does.
    #[default]
    All,
    /// All of it, though the client wants a part: the part is cut from it.
    AllForPart,
    /// The part that the client wants.
    Part,
}

/// A stored response that may not be used as it is.
#[derive(Clone, Debug)]
pub(crate) struct Stale {
    pub(crate) stored: Arc<StoredResponse>,
    pub(crate) reason: RevalidateReason,
}

/// A request, as the cache sees it.
#[derive(Clone, Copy)]
struct Request<'a> {
    head: &'a request::Parts,
    known: &'a Lookup,
    key: &'a [u8],
    persona: &'a [u8],
}

/// The buffers of a lookup, kept so that a hit allocates nothing.
#[derive(Default)]
struct Buffers {
    key: Vec<u8>,
    persona: Vec<u8>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Asks the cache, if the route has one and the request allows it. `content` is the body, once it has
/// been read.
pub(crate) fn lookup(
    exchange: &mut Exchange,
    route: usize,
    head: &request::Parts,
    admitted: &Admitted<'_>,
    content: Option<&Bytes>,
) -> Looked {
    let snapshot = Arc::clone(exchange.snapshot());
    let trims = is_trimmed(&snapshot, route);
    let route = &snapshot.policies.routes[route];
    let cache = route.cache.as_ref().filter(|cache| cache.mode != Mode::Off);
    let joins = route
        .deduplication
        .as_ref()
        .is_some_and(|deduplication| deduplication.mode != Mode::Off);
    if cache.is_none() && !joins {
        return Looked::Ask(Intent::bypass());
    }
    let asker = cache.map_or(Ok(Asker::Anybody), |cache| {
        identify(&cache.key, || caller::proven(exchange, &head.headers))
    });
    let classified = asker.and_then(|asker| {
        let peer = exchange.client.peer;
        let mut known = classify(peer, head, admitted, cache, &asker)?;
        identify::note_credentials(&snapshot, &head.headers, &mut known);
        if trims && wants_original(&head.headers) {
            return Err(BypassReason::NoTransform);
        }
        if known.conditional && head.method == Method::POST {
            // To a method that is no read a condition that fails means 412 (RFC 9110, 13.1.2).
            return Err(BypassReason::Precondition);
        }
        Ok((asker, known))
    });
    let (asker, known) = match classified {
        Ok(classified) => classified,
        Err(reason) => return bypass(exchange, cache, reason),
    };
    if known.method == Retrieval::Query && content.is_none() {
        let most = cache.map_or(0, |cache| cache.key.body.max_size.bytes());
        return Looked::Gather(most);
    }
    count(exchange, head, admitted);
    if content.is_some() && says_twice_what_it_is(&head.headers) {
        return bypass(exchange, cache, BypassReason::Override);
    }
    BUFFERS.with_borrow_mut(|Buffers { key, persona }| {
        let dimensions = cache.map_or(&[][..], |cache| &cache.key.dimensions);
        if persona::write(dimensions, &head.headers, asker.claims(), persona) == Persona::Absurd {
            return bypass(exchange, cache, BypassReason::Persona);
        }
        let scheme = exchange.recording.connection.peer.scheme;
        let mut parts = key_parts(scheme, route, head, admitted);
        parts.user = cache.and_then(|cache| asker.user(&cache.key));
        parts.body = content.map(|content| keyed_body(head, content));
        let query = cache.map_or(&NO_QUERY_RULES, |cache| &cache.key.query);
        let search = search_variance(exchange.sidecar(), &parts, query);
        parts.encode(query, search.as_deref(), key);
        if exchange.wants_key(&head.headers) {
            exchange.shown_key = Some(in_words(&parts, query, search.as_deref()));
        }
        let looked = match cache {
            Some(cache) => ask_store(exchange, cache, key, persona, &known, head),
            None => Looked::Ask(Intent::default()),
        };
        let Looked::Ask(mut intent) = looked else {
            return looked;
        };
        if parts.user.is_some() || parts.body.is_some() {
            // Noted before the origin is asked: a write meanwhile must know of it.
            exchange.sidecar().partition();
        }
        intent.scope = scope(exchange, cache, key, &known, trims);
        if intent.scope == Scope::All && known.range {
            return bypass(exchange, cache, BypassReason::Range);
        }
        intent.key = key.as_slice().into();
        intent.persona = persona.as_slice().into();
        intent.lookup = Some(known);
        if joins && intent.scope != Scope::Part {
            let rules = (query, search.as_deref());
            parts.encode_flight(rules, &known, &head.headers, persona, key);
            complete_flight_key(exchange, &intent.key, &head.headers, key);
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

fn bypass(exchange: &mut Exchange, cache: Option<&CachePolicy>, reason: BypassReason) -> Looked {
    if cache.is_some() {
        exchange.event().cache = CacheOutcome::Bypass(reason);
    }
    Looked::Ask(Intent::bypass())
}

pub(crate) fn classify(
    peer: PeerTrust,
    head: &request::Parts,
    admitted: &Admitted<'_>,
    cache: Option<&CachePolicy>,
    asker: &Asker,
) -> Result<Lookup, BypassReason> {
    if matches!(admitted.path, NormalPath::Ambiguous(_)) {
        return Err(BypassReason::AmbiguousPath);
    }
    let user = cache.and_then(|cache| asker.user(&cache.key));
    let classified = cache_request::classify(
        RequestHead {
            method: &head.method,
            headers: &head.headers,
            has_body: admitted.has_body,
        },
        &RequestRules {
            body: cache.map(|cache| &cache.key.body),
            cookies: cache.map_or(RequestCookies::Bypass, |cache| cache.request_cookies),
            honor: cache.map_or(HonorRequest::Always, |cache| cache.honor_request),
            peer,
            partition: match user {
                Some(_) => Partition::User,
                None => Partition::Shared,
            },
        },
    );
    match classified {
        RequestClass::Lookup(known) => Ok(known),
        RequestClass::Bypass(reason) => Err(reason),
    }
}

/// How much to ask the origin for.
fn scope(
    exchange: &Exchange,
    cache: Option<&CachePolicy>,
    key: &[u8],
    known: &Lookup,
    trims: bool,
) -> Scope {
    // A range means nothing to HEAD (RFC 9110, section 14.2).
    if !known.range || known.method == Retrieval::Head {
        return Scope::All;
    }
    match cache {
        Some(cache) if cache.mode == Mode::Enforce => match cache.ranges {
            Ranges::Pass => Scope::All,
            // A part of what the origin has is no part of what is made of it.
            Ranges::Parts if !trims => match known.method {
                Retrieval::Get => Scope::Part,
                Retrieval::Head | Retrieval::Query => Scope::All,
            },
            Ranges::Fill | Ranges::Parts if exchange.sidecar().refuses_whole(key) => Scope::All,
            Ranges::Fill | Ranges::Parts => Scope::AllForPart,
        },
        _ => Scope::All,
    }
}

/// Lets a restart know what was popular. Only a GET can be asked for again by its URL alone.
fn count(exchange: &Exchange, head: &request::Parts, admitted: &Admitted<'_>) {
    if let (Some(popularity), &Method::GET) = (&exchange.sidecar().popularity, &head.method) {
        let target = head.uri.path_and_query();
        let target = target.map_or(admitted.path.as_str(), |target| target.as_str());
        let scheme = exchange.recording.connection.peer.scheme;
        let authority = admitted.authority.as_str();
        popularity.asked(fastrand::u64(..), scheme, authority, target);
    }
}

fn ask_store(
    exchange: &mut Exchange,
    cache: &CachePolicy,
    key: &mut Vec<u8>,
    persona: &[u8],
    known: &Lookup,
    head: &request::Parts,
) -> Looked {
    mark_shadow(cache, key);
    let request = Request {
        head,
        known,
        key,
        persona,
    };
    let found = found::find(exchange, cache, &request);
    match (found, cache.mode) {
        (found, Mode::Shadow) => {
            let event = exchange.event();
            event.cache = CacheOutcome::Bypass(BypassReason::Shadow);
            event.shadow.cache = Some(found.outcome());
            Looked::Ask(Intent::default())
        }
        (Found::Usable(from_store), _) => {
            exchange.event().cache = from_store.outcome();
            Looked::Answer(from_store)
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

// === impl Intent ===

impl Intent {
    /// The answer is for this client alone.
    pub(crate) fn bypass() -> Self {
        Self::default()
    }

    /// What names this request among background renewals: its key and who is asking.
    pub(crate) fn hash(&self) -> u128 {
        request_hash(&self.key, &self.persona)
    }
}
