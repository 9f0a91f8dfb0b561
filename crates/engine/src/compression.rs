//! Whether a response is made smaller for this client, and what its fields say then.
//!
//! # Left alone
//! A response without a body, in part, with a coding already, marked `no-transform` by either side
//! (RFC 9111 5.2.1.6 and 5.2.2.6), or asked for with `If-Range`, whose validator must not move; types
//! that do not shrink; bodies known to be small. Types whose pieces must arrive one by one (events, lines
//! of JSON) are compressed where the operator says that each piece is to be flushed, and else left alone.
//!
//! # A coding of the origin's
//! Where the origin may compress, it is asked for what we can decode, and its answer goes on unchanged to
//! every client that takes its coding. For others it is undone, also when its type does not shrink or
//! it says `no-transform`: the client did not ask for the coding, we did, and by itself it would have
//! got the answer without. It is encoded anew only where a plain one would have been. Of several
//! codings on top of each other, or one that we do not know, nothing is undone.
//!
//! # `HEAD`
//! Its answer has the fields of the GET (RFC 9110 9.3.2), but for the length, which nobody knows
//! before the body has been encoded.
//!
//! # `Vary`
//! A cache behind must know that another client would have got other bytes, also when this one got
//! them as they are, or in part.

pub mod breach;
pub mod conditions;
pub mod dictionary;
mod fields;
pub mod headroom;
pub mod level;
pub(crate) mod media_type;

use http::{HeaderMap, Method, StatusCode, header};
use policy::{Coding, CompressionPolicy, MediaTypePattern, Mode, UpstreamCodings};

pub use self::fields::{add_vary, fit_trailers, rewrite_headers, undo_headers};
pub(crate) use self::fields::{forget_bytes, weaken_etag};
use crate::{
    coding, field_list,
    negotiation::{Negotiated, Wish, coding_wish, identity_wish, negotiate},
    outcome::{AsIsReason, EncodeOutcome},
};

/// What is known about a response when it is about to be encoded.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's fields, as the client sent them.
    pub request_headers: &'a HeaderMap,
    /// The response's status.
    pub status: StatusCode,
    /// The response's fields.
    pub response_headers: &'a HeaderMap,
    /// The size of the body in bytes, where it is known; that of the answer to a HEAD says nothing.
    pub length: Option<u64>,
}

/// What becomes of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is encoded.
    pub outcome: EncodeOutcome,
    /// The coding of the origin's that must be undone before.
    pub undo: Option<Coding>,
    /// Whether another client would get another coding.
    pub vary: VaryNeed,
}

/// Whether `Vary: Accept-Encoding` must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaryNeed {
    /// It must: see [`add_vary`] for a response that is not encoded.
    Needed,
    /// Every client gets the same bytes.
    NotNeeded,
}

/// What the fields of a response alone say about compressing it, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suitability {
    /// It has this coding already, which may be undone; with why it is not encoded anew then.
    Coded(Coding, Option<AsIsReason>),
    /// Every client that accepts a coding may get it encoded.
    Fit,
    /// Only a client that refuses it as it is gets it encoded: it is not worth it otherwise.
    Small,
    /// Nobody gets it encoded.
    Unfit(AsIsReason),
}

/// When what has been put into an encoder must come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushing {
    /// After each piece of the origin's.
    EachPiece,
    /// When the origin pauses.
    Pauses,
}

/// Decides one response.
pub fn decide(policy: &CompressionPolicy, exchange: &Exchange<'_>) -> Decision {
    if policy.mode == Mode::Off {
        return Decision::as_is(AsIsReason::Off);
    }
    let headers = exchange.response_headers;
    let length = match *exchange.method {
        // That of the GET, if the origin tells it.
        Method::HEAD => told_length(headers),
        _ => exchange.length,
    };
    let suitability = suit(policy, exchange.status, headers, length);
    match suitability {
        Suitability::Unfit(AsIsReason::Partial) if is_fit_as_whole(policy, headers) => {
            Decision::varying(policy, EncodeOutcome::AsIs(AsIsReason::Partial))
        }
        _ => choose(policy, suitability, exchange.request_headers),
    }
}

/// The part of the decision that is the same for every client of a stored response.
pub fn suit(
    policy: &CompressionPolicy,
    status: StatusCode,
    headers: &HeaderMap,
    length: Option<u64>,
) -> Suitability {
    match unfit(policy, status, headers, length) {
        Some(AsIsReason::AlreadyEncoded) if policy.upstream_codings == UpstreamCodings::Recode => {
            match only_coding(headers) {
                Some(coding) => Suitability::Coded(coding, unfit_as_plain(policy, headers)),
                None => Suitability::Unfit(AsIsReason::AlreadyEncoded),
            }
        }
        Some(reason) => Suitability::Unfit(reason),
        None if length.is_some_and(|length| length < policy.min_size.bytes()) => Suitability::Small,
        None => Suitability::Fit,
    }
}

/// The part of the decision that depends on who asks.
pub fn choose(
    policy: &CompressionPolicy,
    suitability: Suitability,
    request: &HeaderMap,
) -> Decision {
    match suitability {
        Suitability::Unfit(reason) => return Decision::as_is(reason),
        Suitability::Coded(coding, why_not) => return recode(policy, coding, why_not, request),
        Suitability::Small if identity_wish(request) == Wish::Accepted => {
            return Decision::as_is(AsIsReason::TooSmall);
        }
        Suitability::Fit | Suitability::Small => {}
    }
    let negotiated = negotiate(request, &policy.encodings);
    if let Negotiated::Coding(_) = negotiated
        && let Some(reason) = untouchable(request)
    {
        return Decision::varying(policy, EncodeOutcome::AsIs(reason));
    }
    match (negotiated, policy.mode) {
        (Negotiated::Coding(_), Mode::Shadow) => Decision::as_is(AsIsReason::Shadow),
        (Negotiated::Coding(coding), _) => {
            Decision::varying(policy, EncodeOutcome::Encoded(coding))
        }
        (Negotiated::Identity | Negotiated::Nothing, _) => {
            Decision::varying(policy, EncodeOutcome::AsIs(AsIsReason::ClientDeclined))
        }
    }
}

/// Why a request wants the response as it is, if it does: its validator must not move, or it says so.
pub fn untouchable(request: &HeaderMap) -> Option<AsIsReason> {
    if request.contains_key(header::IF_RANGE) {
        Some(AsIsReason::Partial)
    } else if no_transform(request) {
        Some(AsIsReason::NoTransform)
    } else {
        None
    }
}

/// What becomes of a response in a coding of the origin's.
fn recode(
    policy: &CompressionPolicy,
    coding: Coding,
    why_not: Option<AsIsReason>,
    request: &HeaderMap,
) -> Decision {
    let undone = |outcome| Decision {
        outcome,
        undo: Some(coding),
        vary: VaryNeed::Needed,
    };
    if coding_wish(request, coding) == Wish::Accepted {
        return Decision {
            outcome: EncodeOutcome::AsIs(AsIsReason::AlreadyEncoded),
            undo: None,
            vary: VaryNeed::Needed,
        };
    }
    let plain = why_not.is_some() || untouchable(request).is_some();
    undone(match negotiate(request, &policy.encodings) {
        Negotiated::Coding(coding) if !plain => EncodeOutcome::Encoded(coding),
        _ => EncodeOutcome::Decoded,
    })
}

/// Whether what an origin sent is in one coding that can be undone.
pub fn may_be_undone(headers: &HeaderMap) -> bool {
    !is_coded(headers) || only_coding(headers).is_some()
}

fn is_coded(headers: &HeaderMap) -> bool {
    field_list::elements(headers, &header::CONTENT_ENCODING)
        .any(|coding| !coding.eq_ignore_ascii_case(b"identity"))
}

/// The coding of a response that has exactly one, which we know.
fn only_coding(headers: &HeaderMap) -> Option<Coding> {
    match coding::stack::codings(headers).ok()?[..] {
        [only] => Some(only),
        _ => None,
    }
}

/// When the pieces of a response must be on their way.
pub fn flushing(policy: &CompressionPolicy, headers: &HeaderMap) -> Flushing {
    match media_type::essence(headers) {
        Some(kind) if is_among(&policy.flush, kind) => Flushing::EachPiece,
        _ => Flushing::Pauses,
    }
}

/// Why nobody would get this response encoded.
fn unfit(
    policy: &CompressionPolicy,
    status: StatusCode,
    headers: &HeaderMap,
    length: Option<u64>,
) -> Option<AsIsReason> {
    if has_no_body(status, length) {
        return Some(AsIsReason::NoBody);
    }
    if status == StatusCode::PARTIAL_CONTENT || headers.contains_key(header::CONTENT_RANGE) {
        return Some(AsIsReason::Partial);
    }
    if is_coded(headers) {
        return Some(AsIsReason::AlreadyEncoded);
    }
    unfit_as_plain(policy, headers)
}

/// Why nobody would get this response encoded if it had no coding.
fn unfit_as_plain(policy: &CompressionPolicy, headers: &HeaderMap) -> Option<AsIsReason> {
    if no_transform(headers) {
        return Some(AsIsReason::NoTransform);
    }
    match media_type::essence(headers) {
        None => Some(AsIsReason::Type),
        Some(kind) if is_among(&policy.flush, kind) => None,
        Some(kind) if kind.eq_ignore_ascii_case("text/event-stream") => {
            Some(AsIsReason::EventStream)
        }
        Some(kind) if is_among(&policy.types, kind) => None,
        Some(_) => Some(AsIsReason::Type),
    }
}

/// Whether the whole might be encoded, or undone, of which this is a part.
fn is_fit_as_whole(policy: &CompressionPolicy, headers: &HeaderMap) -> bool {
    match is_coded(headers) {
        true => {
            policy.upstream_codings == UpstreamCodings::Recode && only_coding(headers).is_some()
        }
        false => unfit_as_plain(policy, headers).is_none(),
    }
}

fn is_among(patterns: &[MediaTypePattern], kind: &str) -> bool {
    patterns.iter().any(|it| media_type::matches(it, kind))
}

/// Whether a message may not be changed on its way (`Cache-Control: no-transform`).
pub fn no_transform(headers: &HeaderMap) -> bool {
    field_list::has_token(headers, &header::CACHE_CONTROL, "no-transform")
}

fn has_no_body(status: StatusCode, length: Option<u64>) -> bool {
    let bodiless = matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    status.is_informational() || bodiless || length == Some(0)
}

/// The length that the fields tell, if there is one and nothing contradicts it.
fn told_length(headers: &HeaderMap) -> Option<u64> {
    let mut told = headers.get_all(header::CONTENT_LENGTH).iter();
    let (Some(length), None) = (told.next(), told.next()) else {
        return None;
    };
    length.to_str().ok()?.parse().ok()
}

// === impl Decision ===

impl Decision {
    /// What is told of it: nothing happens to the body of a HEAD, whatever its fields say.
    pub fn told(&self, method: &Method) -> EncodeOutcome {
        match self.outcome {
            EncodeOutcome::Decoded | EncodeOutcome::Dictionary | EncodeOutcome::Encoded(_)
                if method == Method::HEAD =>
            {
                EncodeOutcome::AsIs(AsIsReason::NoBody)
            }
            outcome => outcome,
        }
    }

    /// For this client; another may get another coding.
    const fn varying(policy: &CompressionPolicy, outcome: EncodeOutcome) -> Self {
        let vary = match policy.mode {
            Mode::Enforce => VaryNeed::Needed,
            Mode::Off | Mode::Shadow => VaryNeed::NotNeeded,
        };
        Self {
            outcome,
            undo: None,
            vary,
        }
    }

    /// As it is, for every client.
    const fn as_is(reason: AsIsReason) -> Self {
        Self {
            outcome: EncodeOutcome::AsIs(reason),
            undo: None,
            vary: VaryNeed::NotNeeded,
        }
    }
}

// === impl Flushing ===

impl Flushing {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EachPiece => "each-piece",
            Self::Pauses => "pauses",
        }
    }
}

// === impl VaryNeed ===

impl VaryNeed {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Needed => "needed",
            Self::NotNeeded => "not-needed",
        }
    }
}

#[cfg(test)]
mod tests;
