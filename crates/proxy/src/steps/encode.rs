//! Step 10: does this client want the response smaller?

mod copy;
pub(crate) mod guard;
mod privacy;

use std::sync::Arc;

use bytes::Bytes;
use engine::{
    cache::{
        range::Extent,
        stored::{StoredHead, StoredMeta},
    },
    coding::{Encoder, dictionary::SharedDictionary},
    compression::{
        self, Decision, Flushing, Suitability, VaryNeed, conditions,
        headroom::Headroom,
        level::{self, Purpose},
    },
    outcome::{AsIsReason, EncodeOutcome},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use http_body::Body;
use policy::{Coding, CompressionLevel, CompressionPolicy, Mode, Route};
use store::StoredResponse;
use telemetry::RequestEvent;

use self::guard::Precaution;
pub(crate) use self::{
    copy::{EncodingCopy, Place},
    privacy::Privacy,
};
use super::dictionary;
use crate::{
    body::{DecodedBody, EncodedBody, ResponseBody},
    exchange::Exchange,
};

/// A body of up to this many bytes that is here already is compressed at once, so that its length
/// is known.
const AT_ONCE: usize = 64 * 1024;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) method: &'a Method,
    pub(crate) request: &'a HeaderMap,
    pub(crate) status: StatusCode,
    pub(crate) response: &'a HeaderMap,
    pub(crate) length: Option<u64>,
    /// What is known already of a stored response.
    pub(crate) suitability: Option<Suitability>,
}

/// How a coding is put on.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    level: CompressionLevel,
    headroom: Headroom,
    flushing: Flushing,
    precaution: Precaution,
    /// What the client may have, too.
    dictionary: Option<Arc<SharedDictionary>>,
}

/// Decides, and tells the event; `None` when the route does not compress.
pub(crate) fn decide(
    event: &mut RequestEvent,
    route: Option<&Route>,
    candidate: Candidate<'_>,
) -> Option<Decision> {
    let policy = policy(route?)?;
    if let (Some(suitability), Mode::Enforce) = (candidate.suitability, policy.mode) {
        let decision = compression::choose(policy, suitability, candidate.request);
        event.encode = decision.told(candidate.method);
        // What is kept says already by what it varies.
        return Some(Decision {
            vary: VaryNeed::NotNeeded,
            ..decision
        });
    }
    let exchange = compression::Exchange {
        method: candidate.method,
        request_headers: candidate.request,
        status: candidate.status,
        response_headers: candidate.response,
        length: candidate.length,
    };
    if policy.mode == Mode::Shadow {
        event.encode = EncodeOutcome::AsIs(AsIsReason::Shadow);
        let enforced = CompressionPolicy {
            mode: Mode::Enforce,
            ..policy.clone()
        };
        let decision = compression::decide(&enforced, &exchange);
        event.shadow.encode = Some(decision.told(candidate.method));
        return None;
    }
    let decision = compression::decide(policy, &exchange);
    event.encode = decision.told(candidate.method);
    Some(decision)
}

/// A response as it is kept: what every hit would find out about it anew is found out now.
pub(crate) fn prepared(
    route: &Route,
    mut meta: StoredMeta,
    body: Bytes,
    part: Option<Extent>,
) -> StoredResponse {
    let policy = policy(route).filter(|policy| policy.mode == Mode::Enforce);
    let Some(policy) = policy.filter(|_| part.is_none()) else {
        return StoredResponse::new(meta, body).with_part(part);
    };
    let mut headers = meta.head.to_headers();
    let suitability = compression::suit(policy, meta.status, &headers, Some(body.len() as u64));
    if !matches!(suitability, Suitability::Unfit(_)) {
        compression::add_vary(&mut headers);
        meta.head = StoredHead::new(&headers);
    }
    StoredResponse::new(meta, body).with_suitability(Some(suitability))
}

fn policy(route: &Route) -> Option<&CompressionPolicy> {
    let policy = route.compression.as_ref();
    policy.filter(|policy| policy.mode != Mode::Off)
}

/// Carries a decision out on a whole response; a coding is kept at `place`, if there is one.
pub(crate) fn encode(
    event: &mut RequestEvent,
    decision: Option<Decision>,
    headers: &mut HeaderMap,
    body: ResponseBody,
    manner: Option<&Manner>,
    place: Option<Place<'_>>,
) -> ResponseBody {
    let Some(decision) = decision else {
        return body;
    };
    let body = match decision.undo {
        None => body,
        Some(coding) => match undone(coding, headers, body, decision.outcome) {
            Ok(body) => body,
            Err(unchanged) => {
                event.encode = EncodeOutcome::AsIs(AsIsReason::AlreadyEncoded);
                return unchanged;
            }
        },
    };
    match (decision.outcome, manner) {
        (EncodeOutcome::Dictionary, Some(manner)) => {
            against_dictionary(event, headers, body, manner)
        }
        (EncodeOutcome::Encoded(coding), Some(manner)) => {
            in_coding(event, coding, headers, body, manner, place)
        }
        _ => {
            if decision.vary == VaryNeed::Needed {
                compression::add_vary(headers);
            }
            body
        }
    }
}

/// A body without the origin's coding, and its fields; without a body only the fields.
fn undone(
    coding: Coding,
    headers: &mut HeaderMap,
    body: ResponseBody,
    outcome: EncodeOutcome,
) -> Result<ResponseBody, ResponseBody> {
    let body = match outcome {
        EncodeOutcome::AsIs(_) => body,
        EncodeOutcome::Decoded | EncodeOutcome::Dictionary | EncodeOutcome::Encoded(_) => {
            ResponseBody::Decoded(Box::new(DecodedBody::new(body, coding)?))
        }
    };
    compression::undo_headers(headers);
    Ok(body)
}

/// A body in a coding, and its fields.
fn in_coding(
    event: &mut RequestEvent,
    coding: Coding,
    headers: &mut HeaderMap,
    body: ResponseBody,
    manner: &Manner,
    place: Option<Place<'_>>,
) -> ResponseBody {
    let purpose = match place {
        Some(_) => Purpose::Kept,
        None => Purpose::Once,
    };
    match compressed(coding, body, manner, purpose) {
        Ok(ResponseBody::Full(bytes)) => {
            compression::rewrite_headers(headers, coding);
            headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            if let Some(place) = place {
                place.keep(coding, headers, bytes.clone());
            }
            ResponseBody::Full(bytes)
        }
        Ok(ResponseBody::Encoded(encoded)) => {
            compression::rewrite_headers(headers, coding);
            let copy = place.and_then(|place| place.copy(coding, headers));
            ResponseBody::Encoded(Box::new(encoded.copied(copy)))
        }
        Ok(encoded) => encoded,
        Err(unchanged) => {
            event.encode = EncodeOutcome::AsIs(AsIsReason::Off);
            unchanged
        }
    }
}

/// A body in `dcz`, and its fields. It is made for each client anew: nothing of it outlives the
/// dictionary.
fn against_dictionary(
    event: &mut RequestEvent,
    headers: &mut HeaderMap,
    body: ResponseBody,
    manner: &Manner,
) -> ResponseBody {
    let Some(dictionary) = &manner.dictionary else {
        event.encode = EncodeOutcome::AsIs(AsIsReason::Off);
        return body;
    };
    let coded = match body {
        ResponseBody::Full(bytes) if bytes.len() <= AT_ONCE => match dictionary.whole(&bytes) {
            Ok(coded) => Ok(ResponseBody::Full(coded)),
            Err(error) => Err((error, ResponseBody::Full(bytes))),
        },
        other => match dictionary.encoder() {
            Ok(encoder) => {
                let encoded = EncodedBody::new(other, encoder, manner.flushing);
                Ok(ResponseBody::Encoded(Box::new(encoded)))
            }
            Err(error) => Err((error, other)),
        },
    };
    match coded {
        Ok(coded) => {
            compression::dictionary::rewrite_headers(headers);
            if let Some(length) = known_length(&coded) {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            coded
        }
        Err((error, unchanged)) => {
            tracing::error!(%error, "no encoder");
            event.encode = EncodeOutcome::AsIs(AsIsReason::Off);
            unchanged
        }
    }
}

/// The fields of a response whose body, if it had one, would be sent as decided.
pub(crate) fn describe(decision: Option<Decision>, headers: &mut HeaderMap) {
    let Some(decision) = decision else {
        return;
    };
    if decision.undo.is_some() {
        compression::undo_headers(headers);
    }
    match decision.outcome {
        EncodeOutcome::Encoded(coding) => compression::rewrite_headers(headers, coding),
        EncodeOutcome::Dictionary => compression::dictionary::rewrite_headers(headers),
        EncodeOutcome::AsIs(_) | EncodeOutcome::Decoded => {
            if decision.vary == VaryNeed::Needed {
                compression::add_vary(headers);
            }
        }
    }
}

/// The fields of a 304 for a response that would have been changed.
pub(crate) fn mark_not_modified(decision: Option<Decision>, headers: &mut HeaderMap) {
    describe(decision, headers);
    headers.remove(CONTENT_ENCODING);
}

/// The fields of a 304 of the origin's, whose 200 might have been changed.
pub(crate) fn confirm(route: Option<&Route>, request: &HeaderMap, headers: &mut HeaderMap) {
    if let Some(policy) = route.and_then(policy) {
        conditions::confirm(policy, request, headers);
    }
}

/// The body through an encoder, or as it was when there is none to be had.
fn compressed(
    coding: Coding,
    body: ResponseBody,
    manner: &Manner,
    purpose: Purpose,
) -> Result<ResponseBody, ResponseBody> {
    let size = known_length(&body);
    let effort = level::effort(coding, manner.level, purpose, size, manner.headroom);
    let encoder = match Encoder::new(coding, effort, manner.precaution.padding) {
        Ok(encoder) => encoder,
        Err(error) => {
            tracing::error!(%error, "no encoder");
            return Err(body);
        }
    };
    match body {
        ResponseBody::Full(bytes) if bytes.len() <= AT_ONCE => {
            let whole = encoder.whole(&bytes);
            whole.map(ResponseBody::Full).map_err(|error| {
                tracing::error!(%error, "an encoder failed");
                ResponseBody::Full(bytes)
            })
        }
        other => {
            let encoded = EncodedBody::new(other, encoder, manner.flushing);
            let encoded = encoded.watched(manner.precaution.watch.clone());
            Ok(ResponseBody::Encoded(Box::new(encoded)))
        }
    }
}

/// The length of a body, when it is known.
pub(crate) fn known_length(body: &ResponseBody) -> Option<u64> {
    body.size_hint().exact()
}

// === impl Manner ===

impl Manner {
    /// As the route wants it, for a response with these fields; nothing where no coding is put on.
    pub(crate) fn of(
        exchange: &Exchange,
        decision: Option<Decision>,
        headers: &HeaderMap,
        precaution: Precaution,
    ) -> Option<Self> {
        let (EncodeOutcome::Encoded(_) | EncodeOutcome::Dictionary) = decision?.outcome else {
            return None;
        };
        let policy = exchange.route().and_then(policy)?;
        Some(Self {
            level: policy.level,
            headroom: exchange.sidecar().headroom.now(),
            flushing: compression::flushing(policy, headers),
            precaution,
            dictionary: dictionary::of(exchange).map(|offer| Arc::clone(&offer.shared)),
        })
    }
}
