//! Which bytes go out: the response as it came or is kept, or in the coding that suits the client.

use std::sync::Arc;

use engine::{
    cache::conditional,
    coding::Padding,
    compression::{Decision, Suitability},
    outcome::{AsIsReason, EncodeOutcome},
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header::CONTENT_LENGTH, request};
use policy::Coding;
use store::StoredResponse;

use crate::{
    body::ResponseBody,
    exchange::Exchange,
    steps::{
        dictionary,
        encode::{self, Candidate, Manner, Place, Privacy, guard},
    },
};

/// A response that is held, and the one who gets all of it.
pub(super) struct Whole<'a> {
    pub(super) request: &'a request::Parts,
    pub(super) stored: &'a Arc<StoredResponse>,
    pub(super) body: ResponseBody,
    /// Where it is kept, if a coding of it is to be kept beside it.
    pub(super) key: Option<&'a [u8]>,
    pub(super) privacy: Privacy,
}

/// The client has it already.
pub(super) fn not_modified(
    exchange: &mut Exchange,
    request: &request::Parts,
    stored: &StoredResponse,
    body: &ResponseBody,
) -> Response<ResponseBody> {
    let decision = decide_on_stored(exchange, request, stored, body);
    exchange.event().encode = EncodeOutcome::AsIs(AsIsReason::NoBody);
    let mut headers = conditional::not_modified_headers(&stored.meta.head);
    encode::mark_not_modified(decision, &mut headers);
    respond(StatusCode::NOT_MODIFIED, headers, ResponseBody::Empty)
}

/// Whether it would have to be undone for this client: then a part of it means nothing to it.
pub(super) fn undone_for(
    exchange: &mut Exchange,
    request: &request::Parts,
    stored: &StoredResponse,
    body: &ResponseBody,
) -> Option<Coding> {
    decide_on_stored(exchange, request, stored, body)?.undo
}

fn decide_on_stored(
    exchange: &mut Exchange,
    request: &request::Parts,
    stored: &StoredResponse,
    body: &ResponseBody,
) -> Option<Decision> {
    // Where the decision is known already, the fields are not looked at again.
    let fields = match stored.suitability {
        Some(_) => HeaderMap::new(),
        None => stored.meta.head.to_headers(),
    };
    let (status, known) = (stored.meta.status, stored.suitability);
    decide(exchange, request, status, &fields, body, known)
}

/// All of it, in the coding that suits the client.
pub(super) fn whole(exchange: &mut Exchange, whole: Whole<'_>) -> Response<ResponseBody> {
    let (stored, request) = (whole.stored, whole.request);
    let status = stored.meta.status;
    let mut headers = HeaderMap::new();
    let known = stored.suitability;
    if known.is_none() {
        headers = stored.meta.head.to_headers();
    }
    let decision = decide(exchange, request, status, &headers, &whole.body, known);
    if let (Some(_), Some(decision)) = (known, decision)
        && let EncodeOutcome::Encoded(coding) = decision.outcome
        && whole.privacy == Privacy::Shared
    {
        return stored_in(exchange, coding, decision, whole);
    }
    if known.is_some() {
        headers = stored.meta.head.to_headers();
    }
    let length = encode::known_length(&whole.body);
    if let Some(length) = length
        && request.method == Method::HEAD
        && matches!(whole.body, ResponseBody::Full(_))
        && !headers.contains_key(CONTENT_LENGTH)
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let privacy = whole.privacy;
    let body = carried_out(
        exchange,
        request,
        decision,
        &mut headers,
        whole.body,
        privacy,
    );
    respond(status, headers, body)
}

/// All of it in a coding: as it is kept, or made now and kept from now on.
fn stored_in(
    exchange: &mut Exchange,
    coding: Coding,
    decision: Decision,
    whole: Whole<'_>,
) -> Response<ResponseBody> {
    let stored = whole.stored;
    let status = stored.meta.status;
    exchange.event().uncompressed_bytes = stored.body.len() as u64;
    if let Some(encoding) = stored.encoding(coding) {
        let body = ResponseBody::Full(encoding.body.clone());
        return respond(status, encoding.head.to_headers(), body);
    }
    let mut headers = stored.meta.head.to_headers();
    let sidecar = Arc::clone(exchange.sidecar());
    let manner = Manner::of(exchange, Some(decision), &headers, Padding::default());
    let is_here = matches!(whole.body, ResponseBody::Full(_));
    let place = whole.key.filter(|_| is_here).map(|key| Place {
        sidecar: &sidecar,
        key,
        stored,
    });
    let decision = Some(decision);
    let event = exchange.event();
    let body = encode::encode(
        event,
        decision,
        &mut headers,
        whole.body,
        manner.as_ref(),
        place,
    );
    respond(status, headers, body)
}

/// What is passed on to the one client it is for.
pub(super) fn passed_on(
    exchange: &mut Exchange,
    request: &request::Parts,
    status: StatusCode,
    headers: &mut HeaderMap,
    body: ResponseBody,
) -> ResponseBody {
    let decision = decide(exchange, request, status, headers, &body, None);
    carried_out(exchange, request, decision, headers, body, Privacy::Own)
}

/// Step 10 and what HEAD leaves of a body.
fn carried_out(
    exchange: &mut Exchange,
    request: &request::Parts,
    decision: Option<Decision>,
    headers: &mut HeaderMap,
    mut body: ResponseBody,
    privacy: Privacy,
) -> ResponseBody {
    let (decision, padding) = match privacy {
        Privacy::Own => guard::guard(exchange, request, headers, &mut body, decision),
        Privacy::Shared => (decision, Padding::default()),
    };
    let manner = Manner::of(exchange, decision, headers, padding);
    let event = exchange.event();
    let plain = encode::known_length(&body);
    let body = encode::encode(event, decision, headers, body, manner.as_ref(), None);
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
    let decision = encode::decide(
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
    );
    dictionary::instead(exchange, &request.headers, decision)
}

pub(super) fn respond(
    status: StatusCode,
    headers: HeaderMap,
    body: ResponseBody,
) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
