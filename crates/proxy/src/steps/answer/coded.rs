//! Which bytes go out: the response as it came or is kept, or in the coding that suits the client.

use std::sync::Arc;

use engine::{
    cache::conditional,
    compression::Decision,
    outcome::{AsIsReason, EncodeOutcome},
};
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_LENGTH, IF_RANGE},
    request,
};
use policy::Coding;
use store::StoredResponse;

use crate::{
    body::ResponseBody,
    exchange::Exchange,
    steps::{
        dictionary::{self, Asked},
        encode::{
            self, Candidate, Manner, Place, Privacy,
            guard::{self, Precaution},
        },
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
    /// The fields of the answer that are for the one who asked, and are never kept.
    pub(super) personal: &'a HeaderMap,
}

/// Whether a part can be cut from what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Fits,
    Senseless,
}

/// What a decision is about.
struct Subject<'a> {
    status: StatusCode,
    /// Its fields; empty where `stored` says already what they say about compressing it.
    fields: &'a HeaderMap,
    body: &'a ResponseBody,
    stored: Option<&'a StoredResponse>,
    privacy: Privacy,
    /// Where a cookie stands that is set: with the kept fields there is none.
    personal: &'a HeaderMap,
}

/// The client has it already.
pub(super) fn not_modified(
    exchange: &mut Exchange,
    request: &request::Parts,
    stored: &StoredResponse,
    body: &mut ResponseBody,
    privacy: Privacy,
    personal: &HeaderMap,
) -> Response<ResponseBody> {
    let fields = fields_to_look_at(stored);
    let subject = Subject::of_stored(stored, &fields, body, privacy, personal);
    let decision = decide(exchange, request, &subject);
    let decision = guarded(exchange, request, personal, body, decision, privacy).0;
    let event = exchange.event();
    event.encode = EncodeOutcome::AsIs(AsIsReason::NoBody);
    // Nothing is sent that could tell anything.
    event.breach = None;
    let mut headers = conditional::not_modified_headers(&stored.meta.head);
    encode::mark_not_modified(decision, &mut headers);
    respond(StatusCode::NOT_MODIFIED, headers, ResponseBody::Empty)
}

/// Whether a part of it means anything to this client: not where the whole would have to be undone for it.
/// Nor where it holds by its date alone what may be a part of a coded form: that has the same date, while
/// its tag is another.
pub(super) fn cut_for(
    exchange: &mut Exchange,
    request: &request::Parts,
    stored: &StoredResponse,
    body: &ResponseBody,
) -> Cut {
    let fields = fields_to_look_at(stored);
    let none = HeaderMap::new();
    let subject = Subject::of_stored(stored, &fields, body, Privacy::Own, &none);
    let decision = decide(exchange, request, &subject);
    let is_coded_for_it = stored.suitability.is_some()
        && decision.is_some_and(|it| it.outcome == EncodeOutcome::AsIs(AsIsReason::Partial));
    let is_undone = decision.is_some_and(|decision| decision.undo.is_some());
    match is_undone || (is_coded_for_it && names_a_date(&request.headers)) {
        true => Cut::Senseless,
        false => Cut::Fits,
    }
}

fn names_a_date(request: &HeaderMap) -> bool {
    let is_tag = |value: &HeaderValue| {
        let value = value.as_bytes().trim_ascii_start();
        value.starts_with(b"\"") || value.starts_with(b"W/")
    };
    request.get(IF_RANGE).is_some_and(|value| !is_tag(value))
}

/// Where the decision is known already, the fields are not looked at again.
fn fields_to_look_at(stored: &StoredResponse) -> HeaderMap {
    match stored.suitability {
        Some(_) => HeaderMap::new(),
        None => stored.meta.head.to_headers(),
    }
}

/// All of it, in the coding that suits the client.
pub(super) fn whole(exchange: &mut Exchange, whole: Whole<'_>) -> Response<ResponseBody> {
    let (stored, request) = (whole.stored, whole.request);
    let (status, known) = (stored.meta.status, stored.suitability);
    let mut headers = fields_to_look_at(stored);
    let (privacy, personal) = (whole.privacy, whole.personal);
    let subject = Subject::of_stored(stored, &headers, &whole.body, privacy, personal);
    let decision = decide(exchange, request, &subject);
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
    let mut body = whole.body;
    let (decision, precaution) = guarded(exchange, request, personal, &mut body, decision, privacy);
    let body = carried_out(exchange, request, decision, precaution, &mut headers, body);
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
    let is_head = whole.request.method == Method::HEAD;
    if let Some(encoding) = stored.encoding(coding) {
        let headers = encoding.head.to_headers();
        if is_head {
            return respond(status, headers, ResponseBody::Empty);
        }
        exchange.event().uncompressed_bytes = stored.body.len() as u64;
        let body = ResponseBody::Full(encoding.body.clone());
        return respond(status, headers, body);
    }
    let mut headers = stored.meta.head.to_headers();
    if is_head {
        encode::describe(Some(decision), &mut headers);
        return respond(status, headers, ResponseBody::Empty);
    }
    exchange.event().uncompressed_bytes = stored.body.len() as u64;
    let sidecar = Arc::clone(exchange.sidecar());
    let manner = Manner::of(exchange, Some(decision), &headers, Precaution::default());
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
    mut body: ResponseBody,
) -> ResponseBody {
    let subject = Subject {
        status,
        fields: headers,
        body: &body,
        stored: None,
        privacy: Privacy::Own,
        personal: headers,
    };
    let decision = decide(exchange, request, &subject);
    if status == StatusCode::NOT_MODIFIED {
        encode::confirm(exchange.route(), &request.headers, headers);
        dictionary::confirmed(exchange, &asked(request, headers, Privacy::Own));
        return body;
    }
    let (decision, precaution) = guarded(
        exchange,
        request,
        headers,
        &mut body,
        decision,
        Privacy::Own,
    );
    carried_out(exchange, request, decision, precaution, headers, body)
}

/// Step 10 and what HEAD leaves of a body.
fn carried_out(
    exchange: &mut Exchange,
    request: &request::Parts,
    decision: Option<Decision>,
    precaution: Precaution,
    headers: &mut HeaderMap,
    body: ResponseBody,
) -> ResponseBody {
    if request.method == Method::HEAD {
        encode::describe(decision, headers);
        return match body {
            ResponseBody::Full(_) | ResponseBody::Filling(_) => ResponseBody::Empty,
            // That of a HEAD is empty already, and gives its connection back.
            from_upstream => from_upstream,
        };
    }
    let manner = Manner::of(exchange, decision, headers, precaution);
    let event = exchange.event();
    let plain = encode::known_length(&body);
    let body = encode::encode(event, decision, headers, body, manner.as_ref(), None);
    if let ResponseBody::Full(_) = body {
        event.uncompressed_bytes = plain.unwrap_or_default();
    }
    body
}

/// What a guard leaves of a decision.
fn guarded(
    exchange: &mut Exchange,
    request: &request::Parts,
    personal: &HeaderMap,
    body: &mut ResponseBody,
    decision: Option<Decision>,
    privacy: Privacy,
) -> (Option<Decision>, Precaution) {
    match privacy {
        Privacy::Own => guard::guard(exchange, request, personal, body, decision),
        Privacy::Shared => (decision, Precaution::default()),
    }
}

fn decide(
    exchange: &mut Exchange,
    request: &request::Parts,
    subject: &Subject<'_>,
) -> Option<Decision> {
    let (event, route) = exchange.event_and_route();
    let decision = encode::decide(
        event,
        route,
        Candidate {
            method: &request.method,
            request: &request.headers,
            status: subject.status,
            response: subject.fields,
            length: encode::known_length(subject.body),
            suitability: subject.stored.and_then(|stored| stored.suitability),
        },
    );
    let asked = asked(request, subject.personal, subject.privacy);
    dictionary::instead(exchange, &asked, decision, || subject.allowed_origin())
}

fn asked<'a>(request: &'a request::Parts, response: &'a HeaderMap, privacy: Privacy) -> Asked<'a> {
    Asked {
        method: &request.method,
        request: &request.headers,
        response,
        privacy,
    }
}

// === impl Subject ===

impl<'a> Subject<'a> {
    const fn of_stored(
        stored: &'a StoredResponse,
        fields: &'a HeaderMap,
        body: &'a ResponseBody,
        privacy: Privacy,
        personal: &'a HeaderMap,
    ) -> Self {
        Self {
            status: stored.meta.status,
            fields,
            body,
            stored: Some(stored),
            privacy,
            personal,
        }
    }

    /// Whose pages may read it.
    fn allowed_origin(&self) -> Option<HeaderValue> {
        match self.stored {
            Some(stored) => stored.meta.head.value(&ACCESS_CONTROL_ALLOW_ORIGIN),
            None => self.fields.get(ACCESS_CONTROL_ALLOW_ORIGIN).cloned(),
        }
    }
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
