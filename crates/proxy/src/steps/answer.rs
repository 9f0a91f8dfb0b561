//! Step 11: the response as the client gets it.

use std::sync::Arc;

use engine::{
    cache::{
        conditional::{self, Conditional},
        request::Lookup,
        reuse::{self, Moment, Reuse},
        seconds::DeltaSeconds,
        status::{CacheStatus, NOT_CACHED},
        targeted::FOREBAY_CACHE_CONTROL,
    },
    compression::{Decision, Suitability},
    failure::Failure,
    forwarding,
    outcome::{AsIsReason, CacheOutcome, EncodeOutcome},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{AGE, CACHE_STATUS, CONTENT_LENGTH},
    request,
};
use store::StoredResponse;

use super::{
    encode::{self, Candidate},
    join::Delivery,
    keep::Kept,
};
use crate::{answer, body::ResponseBody, clock, exchange::Exchange, recording::RecordedBody};

/// A fresh response from the cache.
#[derive(Debug)]
pub(crate) struct FromStore {
    pub(crate) lookup: Lookup,
    pub(crate) stored: Arc<StoredResponse>,
    pub(crate) age: DeltaSeconds,
    pub(crate) ttl: DeltaSeconds,
}

/// A request that does not get what it asked for.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) failure: Failure,
    /// Fields that go with this failure.
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
}

/// A response that may be given to several clients, and how this one asked for it.
struct Shareable<'a> {
    stored: &'a StoredResponse,
    body: ResponseBody,
    lookup: &'a Lookup,
    request: &'a request::Parts,
    /// Absent when the origin made the response for this very request, and no cache before it aged
    /// it (RFC 9111, section 5.1).
    age: Option<DeltaSeconds>,
    told: CacheStatus,
}

/// Answers from the cache.
pub(crate) fn from_store(
    exchange: Exchange,
    request: &request::Parts,
    hit: &FromStore,
) -> Response<RecordedBody> {
    let told = CacheStatus {
        outcome: CacheOutcome::Hit,
        ttl: Some(hit.ttl),
        ..CacheStatus::default()
    };
    let body = ResponseBody::Full(hit.stored.body.clone());
    send(
        exchange,
        Shareable {
            stored: &hit.stored,
            body,
            lookup: &hit.lookup,
            request,
            age: Some(hit.age),
            told,
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
    } = delivery;
    let event = exchange.event();
    event.join = join;
    event.store = store;
    if let Some(origin) = &origin {
        event.upstream = u16::try_from(errand.route().upstream).ok();
        event.endpoint = u16::try_from(origin.endpoint).ok();
        event.upstream_status = Some(origin.status.as_u16());
        event.upstream_time = Some(origin.time);
    }
    if matches!(kept, Kept::Renewed(_)) && event.cache == CacheOutcome::Stale {
        event.cache = CacheOutcome::Revalidated;
    }
    let told = CacheStatus {
        outcome: event.cache,
        revalidated: errand.intent.stale.as_ref().map(|stale| stale.reason),
        forward_status: origin.as_ref().map(|origin| origin.status),
        store,
        join,
        ..CacheStatus::default()
    };
    let (stored, body) = match kept {
        Kept::Direct(fetched) => return direct(exchange, &errand.head, *fetched, told),
        Kept::Filling { head, reader } => (head, ResponseBody::Filling(reader)),
        Kept::Renewed(stored) | Kept::Stored(stored) => {
            let body = ResponseBody::Full(stored.body.clone());
            (stored, body)
        }
    };
    let lookup = errand.intent.lookup.unwrap_or(Lookup::PLAIN_GET);
    let moment = Moment::plain(clock::now());
    let (age, ttl) = match reuse::decide(&stored.meta, &Lookup::PLAIN_GET, &moment) {
        Reuse::Fresh { age, ttl, .. } => (age, Some(ttl)),
        Reuse::Stale { .. } | Reuse::Revalidate(_) | Reuse::Unusable(_) => {
            (DeltaSeconds::new(stored.meta.initial_age.as_secs()), None)
        }
    };
    let fetched_for_it = origin.is_some_and(|origin| origin.status != StatusCode::NOT_MODIFIED);
    let age = Some(age).filter(|age| !fetched_for_it || age.get() > 0);
    send(
        exchange,
        Shareable {
            stored: &stored,
            body,
            lookup: &lookup,
            request: &errand.head,
            age,
            told: CacheStatus { ttl, ..told },
        },
    )
}

/// Answers with a problem document.
pub(crate) fn refuse(mut exchange: Exchange, refusal: Refusal) -> Response<RecordedBody> {
    let failure = refusal.failure;
    exchange.event().failure = Some(failure);
    let mut response = answer::problem(failure, exchange.request_id.as_str());
    for (name, value) in refusal.fields {
        response.headers_mut().append(name, value);
    }
    let told = match failure {
        Failure::NotCached => NOT_CACHED,
        _ => CacheStatus {
            outcome: exchange.event().cache,
            ..CacheStatus::default()
        }
        .header_value(),
    };
    response.headers_mut().insert(CACHE_STATUS, told);
    let connection = &exchange.recording.connection;
    if answer::ends_connection(failure) && !connection.is_multiplexed() {
        answer::close_after(&mut response);
    }
    exchange.finish(response)
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
    head.headers.append(CACHE_STATUS, told.header_value());
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
    } = shareable;
    let status = stored.meta.status;
    let wall = exchange.recording.event.at.wall;
    let mut response = match conditional::decide(lookup, &request.headers, &stored.meta, wall) {
        Conditional::NotModified => {
            // Where the decision is known already, the fields are not looked at again.
            let fields = match stored.suitability {
                Some(_) => HeaderMap::new(),
                None => stored.meta.head.to_headers(),
            };
            let known = stored.suitability;
            let decision = decide(&mut exchange, request, status, &fields, &body, known);
            exchange.event().encode = EncodeOutcome::AsIs(AsIsReason::NoBody);
            let mut headers = conditional::not_modified_headers(&stored.meta.head);
            encode::mark_not_modified(decision, &mut headers);
            respond(StatusCode::NOT_MODIFIED, headers, ResponseBody::Empty)
        }
        Conditional::Send => {
            let mut headers = stored.meta.head.to_headers();
            let length = encode::known_length(&body);
            if let Some(length) = length
                && request.method == Method::HEAD
                && !headers.contains_key(CONTENT_LENGTH)
            {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            let known = stored.suitability;
            let body = encoded(&mut exchange, request, status, &mut headers, body, known);
            respond(status, headers, body)
        }
    };
    let headers = response.headers_mut();
    if let Some(age) = age {
        headers.insert(AGE, HeaderValue::from(age.get()));
    }
    headers.append(CACHE_STATUS, told.header_value());
    exchange.finish(response)
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

// === impl Refusal ===

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            fields: Vec::new(),
        }
    }
}
