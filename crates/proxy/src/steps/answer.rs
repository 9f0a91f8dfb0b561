//! Step 11: the response as the client gets it.

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
    compression::{Decision, Suitability},
    forwarding,
    outcome::{AsIsReason, CacheOutcome, EncodeOutcome, StaleReason},
};
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{AGE, CACHE_STATUS, CONTENT_LENGTH},
    request,
};
use policy::Coding;
use store::StoredResponse;

use self::life::Life;
pub(crate) use self::refusal::{Refusal, refuse};
use super::{
    encode::{self, Candidate, Place},
    fetch::Delivery,
    keep::Kept,
    lookup::Intent,
};
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
    let body = encoded(
        &mut exchange,
        request,
        head.status,
        &mut head.headers,
        body,
        None,
    );
    exchange.finish(Response::from_parts(head, body))
}

/// Sends what may be given to several clients to one of them.
fn send(mut exchange: Exchange, shareable: Shareable<'_>) -> Response<RecordedBody> {
    let Shareable {
        stored,
        body,
        lookup,
        request,
        age,
        told,
        personal,
        key,
    } = shareable;
    let wall = exchange.recording.event.at.wall;
    let mut response = match conditional::decide(lookup, &request.headers, &stored.meta, wall) {
        Conditional::NotModified => not_modified(&mut exchange, request, stored, &body),
        Conditional::Send => match parts::parts(&mut exchange, lookup, request, stored, body) {
            Ok(response) => response,
            Err(body) => whole(&mut exchange, request, stored, body, key),
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

/// The client has it already.
fn not_modified(
    exchange: &mut Exchange,
    request: &request::Parts,
    stored: &StoredResponse,
    body: &ResponseBody,
) -> Response<ResponseBody> {
    // Where the decision is known already, the fields are not looked at again.
    let fields = match stored.suitability {
        Some(_) => HeaderMap::new(),
        None => stored.meta.head.to_headers(),
    };
    let (status, known) = (stored.meta.status, stored.suitability);
    let decision = decide(exchange, request, status, &fields, body, known);
    exchange.event().encode = EncodeOutcome::AsIs(AsIsReason::NoBody);
    let mut headers = conditional::not_modified_headers(&stored.meta.head);
    encode::mark_not_modified(decision, &mut headers);
    respond(StatusCode::NOT_MODIFIED, headers, ResponseBody::Empty)
}

/// All of it, in the coding that suits the client.
fn whole(
    exchange: &mut Exchange,
    request: &request::Parts,
    stored: &Arc<StoredResponse>,
    body: ResponseBody,
    key: Option<&[u8]>,
) -> Response<ResponseBody> {
    let status = stored.meta.status;
    let mut headers = HeaderMap::new();
    if stored.suitability.is_none() {
        headers = stored.meta.head.to_headers();
    }
    let known = stored.suitability;
    let decision = decide(exchange, request, status, &headers, &body, known);
    if let (Some(_), Some(EncodeOutcome::Encoded(coding))) =
        (known, decision.map(|decision| decision.outcome))
    {
        return stored_in(exchange, coding, stored, body, key);
    }
    if known.is_some() {
        headers = stored.meta.head.to_headers();
    }
    let length = encode::known_length(&body);
    if let Some(length) = length
        && request.method == Method::HEAD
        && matches!(body, ResponseBody::Full(_))
        && !headers.contains_key(CONTENT_LENGTH)
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let body = carried_out(exchange, request, decision, &mut headers, body);
    respond(status, headers, body)
}

/// All of it in a coding: as it is kept, or made now and kept from now on.
fn stored_in(
    exchange: &mut Exchange,
    coding: Coding,
    stored: &Arc<StoredResponse>,
    body: ResponseBody,
    key: Option<&[u8]>,
) -> Response<ResponseBody> {
    let status = stored.meta.status;
    exchange.event().uncompressed_bytes = stored.body.len() as u64;
    if let Some(encoding) = stored.encoding(coding) {
        let body = ResponseBody::Full(encoding.body.clone());
        return respond(status, encoding.head.to_headers(), body);
    }
    let mut headers = stored.meta.head.to_headers();
    let sidecar = Arc::clone(exchange.sidecar());
    let place = key.map(|key| Place {
        sidecar: &sidecar,
        key,
        stored,
    });
    let body = encode::in_coding(exchange.event(), coding, &mut headers, body, place);
    respond(status, headers, body)
}

/// Step 10 and what HEAD leaves of a body.
fn encoded(
    exchange: &mut Exchange,
    request: &request::Parts,
    status: StatusCode,
    headers: &mut HeaderMap,
    body: ResponseBody,
    known: Option<Suitability>,
) -> ResponseBody {
    let decision = decide(exchange, request, status, headers, &body, known);
    carried_out(exchange, request, decision, headers, body)
}

fn carried_out(
    exchange: &mut Exchange,
    request: &request::Parts,
    decision: Option<Decision>,
    headers: &mut HeaderMap,
    body: ResponseBody,
) -> ResponseBody {
    let event = exchange.event();
    let plain = encode::known_length(&body);
    let body = encode::encode(event, decision, headers, body);
    if let ResponseBody::Full(_) = body {
        event.uncompressed_bytes = plain.unwrap_or_default();
    }
    match (&request.method, &body) {
        // An upstream body of a HEAD is empty already, and gives its connection back.
        (&Method::HEAD, ResponseBody::Full(_) | ResponseBody::Filling(_)) => ResponseBody::Empty,
        _ => body,
    }
}

fn decide(
    exchange: &mut Exchange,
    request: &request::Parts,
    status: StatusCode,
    headers: &HeaderMap,
    body: &ResponseBody,
    suitability: Option<Suitability>,
) -> Option<Decision> {
    let (event, route) = exchange.event_and_route();
    encode::decide(
        event,
        route,
        Candidate {
            method: &request.method,
            request: &request.headers,
            status,
            response: headers,
            length: encode::known_length(body),
            suitability,
        },
    )
}

fn respond(status: StatusCode, headers: HeaderMap, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
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
