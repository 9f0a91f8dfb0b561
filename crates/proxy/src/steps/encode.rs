//! Step 10: does this client want the response smaller?

use bytes::Bytes;
use engine::{
    cache::stored::{StoredHead, StoredMeta},
    compression::{self, Decision, Suitability, VaryNeed},
    outcome::{AsIsReason, EncodeOutcome},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_LENGTH};
use http_body::Body;
use policy::{Coding, CompressionPolicy, Mode, Route};
use store::StoredResponse;
use telemetry::RequestEvent;

use crate::body::{EncodedBody, Encoder, ResponseBody};

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

/// Decides, and tells the event; `None` when the route does not compress.
pub(crate) fn decide(
    event: &mut RequestEvent,
    route: Option<&Route>,
    candidate: Candidate<'_>,
) -> Option<Decision> {
    let policy = policy(route?)?;
    if let (Some(suitability), Mode::Enforce) = (candidate.suitability, policy.mode) {
        let decision =
            compression::choose(policy, suitability, candidate.method, candidate.request);
        event.encode = decision.outcome;
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
        event.shadow.encode = Some(compression::decide(&enforced, &exchange).outcome);
        return None;
    }
    let decision = compression::decide(policy, &exchange);
    event.encode = decision.outcome;
    Some(decision)
}

/// A response as it is kept: what every hit would find out about it anew is found out now.
pub(crate) fn prepared(route: &Route, mut meta: StoredMeta, body: Bytes) -> StoredResponse {
    let Some(policy) = policy(route).filter(|policy| policy.mode == Mode::Enforce) else {
        return StoredResponse::new(meta, body);
    };
    let mut headers = meta.head.to_headers();
    let suitability = compression::suit(policy, meta.status, &headers, Some(body.len() as u64));
    if matches!(suitability, Suitability::Fit | Suitability::Small) {
        compression::add_vary(&mut headers);
        meta.head = StoredHead::new(&headers);
    }
    StoredResponse::new(meta, body).with_suitability(Some(suitability))
}

fn policy(route: &Route) -> Option<&CompressionPolicy> {
    let policy = route.compression.as_ref();
    policy.filter(|policy| policy.mode != Mode::Off)
}

/// Carries a decision out on a whole response.
pub(crate) fn encode(
    event: &mut RequestEvent,
    decision: Option<Decision>,
    headers: &mut HeaderMap,
    body: ResponseBody,
) -> ResponseBody {
    let Some(decision) = decision else {
        return body;
    };
    match decision.outcome {
        EncodeOutcome::Encoded(coding) => match compressed(coding, body) {
            Ok(encoded) => {
                compression::rewrite_headers(headers, coding);
                if let ResponseBody::Full(bytes) = &encoded {
                    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                }
                encoded
            }
            Err(unchanged) => {
                event.encode = EncodeOutcome::AsIs(AsIsReason::Off);
                unchanged
            }
        },
        EncodeOutcome::AsIs(_) => {
            if decision.vary == VaryNeed::Needed {
                compression::add_vary(headers);
            }
            body
        }
    }
}

/// The fields of a 304 for a response that would have been encoded.
pub(crate) fn mark_not_modified(decision: Option<Decision>, headers: &mut HeaderMap) {
    match decision {
        Some(Decision {
            outcome: EncodeOutcome::Encoded(coding),
            ..
        }) => {
            compression::rewrite_headers(headers, coding);
            headers.remove(http::header::CONTENT_ENCODING);
        }
        Some(Decision {
            vary: VaryNeed::Needed,
            ..
        }) => compression::add_vary(headers),
        _ => {}
    }
}

/// The body through an encoder, or as it was when there is none to be had.
fn compressed(coding: Coding, body: ResponseBody) -> Result<ResponseBody, ResponseBody> {
    let mut encoder = match Encoder::new(coding) {
        Ok(encoder) => encoder,
        Err(error) => {
            tracing::error!(%error, coding = coding.as_str(), "no encoder");
            return Err(body);
        }
    };
    match body {
        ResponseBody::Full(bytes) if bytes.len() <= AT_ONCE => {
            let whole = encoder.write(&bytes).and_then(|first| {
                let rest = encoder.finish()?;
                Ok(if first.is_empty() {
                    rest
                } else {
                    [first, rest].concat().into()
                })
            });
            whole.map(ResponseBody::Full).map_err(|error| {
                tracing::error!(%error, coding = coding.as_str(), "an encoder failed");
                ResponseBody::Full(bytes)
            })
        }
        other => Ok(ResponseBody::Encoded(Box::new(EncodedBody::new(
            other, encoder,
        )))),
    }
}

/// The length of a body, when it is known.
pub(crate) fn known_length(body: &ResponseBody) -> Option<u64> {
    body.size_hint().exact()
}
