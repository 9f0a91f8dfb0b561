//! Is the body of the request in a coding that the origin is to be spared?
//!
//! A coding that is not known here is refused with 415 and what is known (RFC 9110, section 15.5.16;
//! RFC 7694): whoever asks for plain requests must not get coded ones.

use std::sync::Arc;

use engine::{
    coding::{Limits, stack},
    failure::Failure,
    security::{SecurityAction, SecurityKind},
};
use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH},
};
use policy::{CompressionPolicy, Mode};

use super::answer::Refusal;
use crate::{body::Undoing, exchange::Exchange, witness::Witness};

/// What clients may use for requests.
const KNOWN: HeaderValue = HeaderValue::from_static("zstd, br, gzip, deflate");

/// What sums or counts the coded bytes.
const ABOUT_BYTES: [&str; 4] = ["content-md5", "digest", "content-digest", "repr-digest"];

/// Notes how the body of this request is to be decompressed, if it is.
pub(crate) fn decode(
    exchange: &mut Exchange,
    route: usize,
    headers: &HeaderMap,
    has_body: bool,
) -> Result<(), Refusal> {
    if !has_body || !headers.contains_key(CONTENT_ENCODING) {
        return Ok(());
    }
    let policy = exchange
        .route()
        .and_then(|route| route.compression.as_ref());
    let Some((mode, limits)) = policy.and_then(acting) else {
        return Ok(());
    };
    let codings = match (stack::codings(headers), mode) {
        (Ok(codings), _) if codings.is_empty() => return Ok(()),
        (Ok(codings), _) => codings,
        (Err(unread), mode) => {
            let action = match mode {
                Mode::Enforce => SecurityAction::Blocked,
                Mode::Off | Mode::Shadow => SecurityAction::Shadowed,
            };
            let (kind, policy) = (SecurityKind::RequestRefused, Some("compression.requests"));
            exchange.tell(kind, action, policy, unread.as_str());
            return match mode {
                Mode::Enforce => Err(Refusal {
                    failure: Failure::UnknownCoding,
                    fields: vec![(ACCEPT_ENCODING, KNOWN)],
                }),
                Mode::Off | Mode::Shadow => Ok(()),
            };
        }
    };
    if let (Some(examination), Mode::Enforce) = (&mut exchange.examination, mode) {
        // What the shield looks at is plain then.
        examination.claim = None;
    }
    exchange.decoding = Some(Arc::new(Undoing {
        codings,
        limits,
        mode,
        witness: Witness::of(exchange, route),
    }));
    Ok(())
}

/// The mode and the limits, where bodies are decompressed at all.
fn acting(policy: &CompressionPolicy) -> Option<(Mode, Limits)> {
    let requests = policy.requests.filter(|_| policy.mode != Mode::Off)?;
    let limits = Limits {
        max_size: requests.max_size.bytes(),
        max_ratio: requests.max_ratio,
    };
    Some((policy.mode, limits))
}

/// Makes the fields of a request fit its plain body, of which nobody knows the length yet.
pub(crate) fn rewrite_headers(headers: &mut HeaderMap) {
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    for name in ABOUT_BYTES {
        headers.remove(name);
    }
}
