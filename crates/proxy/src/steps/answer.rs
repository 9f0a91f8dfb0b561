//! Step 11: the response as the client gets it.

mod coded;
mod life;
mod parts;
mod refusal;

use std::sync::Arc;

use engine::{
    cache::{
        conditional::{self, Conditional},
        request::Lookup,
        seconds::DeltaSeconds,
        status::CacheStatus,
        targeted::FOREBAY_CACHE_CONTROL,
    },
    forwarding,
    outcome::{CacheOutcome, StaleReason},
};
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{AGE, CACHE_STATUS},
    request,
};
use store::StoredResponse;

pub(crate) use self::refusal::{Refusal, refuse};
use self::{coded::Whole, life::Life};
use super::{encode::Privacy, fetch::Delivery, keep::Kept, lookup::Intent};
use crate::{
    batch::Whose, body::ResponseBody, clock, exchange::Exchange, penalty, recording::RecordedBody,
};

/// A response from the cache.
#[derive(Debug)]
pub(crate) struct FromStore {
    pub(crate) lookup: Lookup,
    pub(crate) stored: Arc<StoredResponse>,
    pub(crate) age: DeltaSeconds,
    pub(crate) left: Left,
    /// How it is to be renewed in the background.
    pub(crate) renewal: Option<Box<Intent>>,
    /// Where it is kept, if it may be wanted in a coding in which it is not kept yet.
    pub(crate) key: Option<Box<[u8]>>,
}

/// How much of its lifetime a response has left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Left {
    /// None: it has been over for so long, and this lets it be used.
    Over(DeltaSeconds, StaleReason),
    /// So much.
    Ttl(DeltaSeconds),
}

/// A response that may be given to several clients, and how this one asked for it.
struct Shareable<'a> {
    stored: &'a Arc<StoredResponse>,
    body: ResponseBody,
    lookup: &'a Lookup,
    request: &'a request::Parts,
    /// Absent when the origin made the response for this very request, and no cache before it aged
    /// it (RFC 9111, section 5.1).
    age: Option<DeltaSeconds>,
    told: CacheStatus,
    /// Fields for this client alone.
    personal: HeaderMap,
    /// Where it is kept, if a coding of it is to be kept beside it.
    key: Option<&'a [u8]>,
    privacy: Privacy,
}

/// Answers from the cache.
pub(crate) fn from_store(
    exchange: Exchange,
    request: &request::Parts,
    found: &FromStore,
) -> Response<RecordedBody> {
    let told = CacheStatus {
        outcome: found.outcome(),
        ttl: match found.left {
            Left::Ttl(ttl) => Some(ttl),
            Left::Over(..) => None,
        },
        over: match found.left {
            Left::Ttl(_) => None,
            Left::Over(over, _) => Some(over),
        },
        ..CacheStatus::default()
    };
    let body = ResponseBody::Full(found.stored.body.clone());
    send(
        exchange,
        Shareable {
            stored: &found.stored,
            body,
            lookup: &found.lookup,
            request,
            age: Some(found.age),
            told,
            personal: HeaderMap::new(),
            key: found.key.as_deref(),
            privacy: Privacy::of(
                found.stored.persona(),
                found.lookup.partition,
                &found.stored.meta.vary,
            ),
        },
    )
}

/// Answers with what the origin said.
pub(crate) fn from_origin(mut exchange: Exchange, delivery: Delivery) -> Response<RecordedBody> {
    let Delivery {
        errand,
        kept,
        origin,
        store,
        join,
        protect,
        personal,
        failure: _,
    } = delivery;
    let own = origin.filter(|origin| origin.whose == Whose::Own);
    if let Some(origin) = own {
        penalty::answered(&exchange, &errand, origin.status);
    }
    let event = exchange.event();
    event.join = join;
    event.store = store;
    event.protect = protect;
    if let Some(origin) = own {
        event.upstream = Some(origin.upstream);
        event.endpoint = Some(origin.endpoint);
        event.upstream_status = Some(origin.status.as_u16());
        event.upstream_time = Some(origin.time);
        event.upstream_tries = origin.tries;
    }
    match (&kept, event.cache) {
        (Kept::Renewed(_), CacheOutcome::Stale) => event.cache = CacheOutcome::Revalidated,
        (Kept::StoodIn(_), _) => event.cache = CacheOutcome::ServedStale(StaleReason::IfError),
        _ => {}
    }
    let told = CacheStatus {
        outcome: event.cache,
        revalidated: errand.intent.stale.as_ref().map(|stale| stale.reason),
        forward_status: origin.as_ref().map(|origin| origin.status),
        store,
        join,
        ..CacheStatus::default()
    };
    let whole = |stored: &StoredResponse| ResponseBody::Full(stored.body.clone());
    let (stored, body, is_kept) = match kept {
        Kept::Direct(fetched) => return direct(exchange, &errand.head, *fetched, told),
        Kept::Filling { head, reader } => (head, ResponseBody::Filling(reader), false),
        Kept::Renewed(stored) | Kept::Stored(stored) => {
            let body = whole(&stored);
            (stored, body, true)
        }
        Kept::StoodIn(stored) => {
            let body = whole(&stored);
            (stored, body, false)
        }
    };
    let lookup = errand.intent.lookup.unwrap_or(Lookup::PLAIN_GET);
    let life = Life::of(&stored, clock::now());
    let fetched_for_it = origin.is_some_and(|origin| origin.status != StatusCode::NOT_MODIFIED)
        && !matches!(told.outcome, CacheOutcome::ServedStale(_));
    let age = Some(life.age).filter(|age| !fetched_for_it || age.get() > 0);
    send(
        exchange,
        Shareable {
            stored: &stored,
            body,
            lookup: &lookup,
            request: &errand.head,
            age,
            told: CacheStatus {
                ttl: life.ttl,
                over: life.over,
                ..told
            },
            personal,
            key: is_kept.then_some(&*errand.intent.key),
            privacy: Privacy::of(&errand.intent.persona, lookup.partition, &stored.meta.vary),
        },
    )
}

/// Passes a response through to the one client it is for.
fn direct(
    mut exchange: Exchange,
    request: &request::Parts,
    fetched: crate::upstream::Fetched,
    told: CacheStatus,
) -> Response<RecordedBody> {
    let mut head = fetched.head;
    forwarding::prepare_response(&mut head.headers);
    head.headers.remove(FOREBAY_CACHE_CONTROL);
    head.version = http::Version::HTTP_11;
    head.headers
        .append(CACHE_STATUS, exchange.cache_status(&told));
    let body = ResponseBody::Upstream(Box::new(fetched.body));
    let headers = &mut head.headers;
    let body = coded::passed_on(&mut exchange, request, head.status, headers, body);
    exchange.finish(Response::from_parts(head, body))
}

/// Sends what may be given to several clients to one of them.
fn send(mut exchange: Exchange, shareable: Shareable<'_>) -> Response<RecordedBody> {
    let Shareable {
        stored,
        mut body,
        lookup,
        request,
        age,
        told,
        personal,
        key,
        privacy,
    } = shareable;
    let wall = exchange.recording.event.at.wall;
    let mut response = match conditional::decide(lookup, &request.headers, &stored.meta, wall) {
        Conditional::NotModified => coded::not_modified(
            &mut exchange,
            request,
            stored,
            &mut body,
            privacy,
            &personal,
        ),
        Conditional::Send => match parts::parts(&mut exchange, lookup, request, stored, body) {
            Ok(response) => response,
            Err(body) => {
                let whole = Whole {
                    request,
                    stored,
                    body,
                    key,
                    privacy,
                    personal: &personal,
                };
                coded::whole(&mut exchange, whole)
            }
        },
    };
    let headers = response.headers_mut();
    if !personal.is_empty() {
        headers.extend(personal);
    }
    if let Some(age) = age {
        headers.insert(AGE, HeaderValue::from(age.get()));
    }
    let told = exchange.cache_status(&told);
    response.headers_mut().append(CACHE_STATUS, told);
    exchange.finish(response)
}

// === impl FromStore ===

impl FromStore {
    /// What is told about it.
    pub(crate) const fn outcome(&self) -> CacheOutcome {
        match self.left {
            Left::Over(_, reason) => CacheOutcome::ServedStale(reason),
            Left::Ttl(_) => CacheOutcome::Hit,
        }
    }
}
