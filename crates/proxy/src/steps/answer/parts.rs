//! The part of a stored response that a client asked for (RFC 9110, section 14).

use engine::{
    cache::{
        range::{self, Boundary, Extent, Multipart, Wanted},
        request::Lookup,
    },
    outcome::{AsIsReason, EncodeOutcome},
};
use http::{HeaderMap, Response, StatusCode, header::CONTENT_TYPE, request};
use store::StoredResponse;

use super::coded::{Cut, cut_for, respond};
use crate::{
    body::{ResponseBody, ranged},
    exchange::Exchange,
    steps::encode,
};

/// Answers with the part that was asked for; the body comes back where the whole is to be sent.
pub(super) fn parts(
    exchange: &mut Exchange,
    lookup: &Lookup,
    request: &request::Parts,
    stored: &StoredResponse,
    body: ResponseBody,
) -> Result<Response<ResponseBody>, ResponseBody> {
    if !lookup.range || cut_for(exchange, request, stored, &body) == Cut::Senseless {
        return Err(body);
    }
    let first = stored.part.map_or(0, |part| part.span().first());
    let length = stored.part.map(Extent::length);
    let Some(length) = length.or_else(|| encode::known_length(&body)) else {
        return Err(body);
    };
    let wall = exchange.recording.event.at.wall;
    let wanted = range::decide(lookup, &request.headers, &stored.meta, length, wall);
    let head = || stored.meta.head.to_headers();
    let (status, headers, body) = match wanted {
        Wanted::Whole(_) => return Err(body),
        Wanted::Unsatisfiable => {
            let headers = range::unsatisfiable_headers(&head(), length);
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            (status, headers, ResponseBody::Empty)
        }
        Wanted::Single(span) => {
            let Some(extent) = Extent::new(span, length) else {
                return Err(body);
            };
            let body = ranged::single(body, first, span)?;
            let headers = range::single_headers(&head(), &request.headers, extent);
            (StatusCode::PARTIAL_CONTENT, headers, body)
        }
        Wanted::Several(spans) => {
            let stored: HeaderMap = head();
            let boundary = Boundary::new(fastrand::u128(..));
            let multipart = Multipart::new(spans, length, stored.get(CONTENT_TYPE), boundary);
            let headers = range::multipart_headers(&stored, &request.headers, &multipart);
            let body = ranged::several(body, first, multipart)?;
            (StatusCode::PARTIAL_CONTENT, headers, body)
        }
    };
    exchange.event().encode = EncodeOutcome::AsIs(AsIsReason::Partial);
    Ok(respond(status, headers, body))
}
