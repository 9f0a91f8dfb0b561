//! How responses of a legacy API are trimmed on their way.
//!
//! # Which bodies
//! Whole JSON bodies of answers that succeeded, and never where either side says `no-transform`
//! (RFC 9111, sections 5.2.1.6 and 5.2.2.6). An error's document stays as it is: it says what went
//! wrong, in fields that nobody has listed.
//!
//! # What is in the way
//! The origin is asked for the whole in plain bytes. Where it answers with a part or in a content coding
//! all the same, and all fields stay, the answer passes as it is. Where fields are chosen, a coding is
//! taken off, and what cannot be read is refused: the list would mean nothing if whatever is packed
//! passed it by.
//!
//! # What changes with the body
//! The bytes are others, so the length, the digests and `Accept-Ranges` go, and a strong tag becomes
//! weak (RFC 9110, section 8.8.1): see [`compression::conditions`] for how the origin gets it back. A
//! part of what the origin has is no part of what the client gets, and is not asked for.

pub mod fields;
pub mod json;
mod kind;

use http::{HeaderMap, Method, StatusCode, header};

use self::json::{Flaw, Reach, Sequence};
use crate::{
    coding,
    compression::{self, conditions},
};

/// A response whose head has come, and the request it answers.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's fields, as the client sent them.
    pub request: &'a HeaderMap,
    /// The response's status.
    pub status: StatusCode,
    /// The response's fields.
    pub response: &'a HeaderMap,
    /// The size of the body in bytes, where it is known.
    pub length: Option<u64>,
    /// How much of a document stays.
    pub reach: Reach,
}

/// What becomes of a JSON body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It passes as it is.
    Leave(LeaveReason),
    /// It does not pass: it cannot be trimmed, and must not pass as it is.
    Refuse(Flaw),
    /// It is trimmed, in plain bytes: what codings it has are taken off before.
    Trim(Sequence),
}

/// Why a body passes as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveReason {
    /// It is in a content coding.
    Coded,
    /// There is none.
    NoBody,
    /// One side said `no-transform`.
    NoTransform,
    /// It is a part of something.
    Partial,
    /// It is not the answer to something that succeeded.
    Status,
    /// It is not JSON, as its type says.
    Type,
}

/// What became of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trimmed {
    /// It could not be trimmed to its end.
    Flawed(Flaw),
    /// It passed as it is.
    Left(LeaveReason),
    /// It was trimmed, as far as it was read.
    Trimmed,
}

/// Decides about one response.
pub fn decide(exchange: &Exchange<'_>) -> Decision {
    let headers = exchange.response;
    if !exchange.status.is_success() {
        return Decision::Leave(LeaveReason::Status);
    }
    let Some(sequence) = kind::of(headers, exchange.reach) else {
        return Decision::Leave(LeaveReason::Type);
    };
    // The head of a HEAD is that of the GET (RFC 9110, section 9.3.2).
    let bodiless = exchange.length == Some(0) && exchange.method != Method::HEAD;
    let never = [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT].contains(&exchange.status);
    if bodiless || never {
        return Decision::Leave(LeaveReason::NoBody);
    }
    if compression::no_transform(headers) || compression::no_transform(exchange.request) {
        return Decision::Leave(LeaveReason::NoTransform);
    }
    // In another status it means nothing (RFC 9110, section 14.4), but whoever sends it is confused.
    let is_part = exchange.status == StatusCode::PARTIAL_CONTENT;
    if is_part || headers.contains_key(header::CONTENT_RANGE) {
        return hindered(exchange.reach, LeaveReason::Partial, Flaw::Part);
    }
    match (coding::stack::codings(headers), exchange.reach) {
        (Ok(codings), _) if codings.is_empty() => Decision::Trim(sequence),
        (Ok(_), Reach::Select) => Decision::Trim(sequence),
        (Ok(_), Reach::Minify) => Decision::Leave(LeaveReason::Coded),
        (Err(_), reach) => hindered(reach, LeaveReason::Coded, Flaw::Coded),
    }
}

/// What becomes of a document that there is no reading of.
const fn hindered(reach: Reach, reason: LeaveReason, flaw: Flaw) -> Decision {
    match reach {
        Reach::Minify => Decision::Leave(reason),
        Reach::Select => Decision::Refuse(flaw),
    }
}

/// Makes the fields of a response fit a body that is trimmed.
pub fn rewrite_headers(headers: &mut HeaderMap, reach: Reach) {
    // What has a coding and keeps all its fields is left alone, and has it still.
    if reach == Reach::Select {
        headers.remove(header::CONTENT_ENCODING);
    }
    compression::forget_bytes(headers);
}

/// Makes the fields of an origin's 304 those of the 200 (RFC 9110, section 15.4.5). `kept` is what the
/// cache has, where it was the one to ask.
///
/// A 304 need not say what type it is about. The cache knows; of a client, the tag that it names tells
/// which form it has, and without one nothing tells that there is another than the origin's.
pub fn confirm(
    reach: Reach,
    request: &HeaderMap,
    kept: Option<&HeaderMap>,
    response: &mut HeaderMap,
) {
    let is_json = |headers: &HeaderMap| kind::of(headers, reach).is_some();
    let is_trimmed = match kept {
        Some(kept) => is_json(kept),
        None if conditions::has_original(request, response) => false,
        None if response.contains_key(header::CONTENT_TYPE) => is_json(response),
        None => request.contains_key(header::IF_NONE_MATCH),
    };
    if is_trimmed {
        rewrite_headers(response, reach);
    }
}

/// Makes a request one for the whole.
pub fn ask_for_whole(request: &mut HeaderMap) {
    request.remove(header::RANGE);
    request.remove(header::IF_RANGE);
}

/// Whether the client wants the bytes as the origin sends them.
pub fn wants_original(request: &HeaderMap) -> bool {
    compression::no_transform(request)
}

// === impl LeaveReason ===

impl LeaveReason {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coded => "coded",
            Self::NoBody => "no-body",
            Self::NoTransform => "no-transform",
            Self::Partial => "partial",
            Self::Status => "status",
            Self::Type => "type",
        }
    }
}

// === impl Trimmed ===

impl Trimmed {
    /// Everything that can become of a body.
    pub const ALL: [Self; 13] = [
        Self::Trimmed,
        Self::Flawed(Flaw::Coded),
        Self::Flawed(Flaw::LongKey),
        Self::Flawed(Flaw::NotJson),
        Self::Flawed(Flaw::Part),
        Self::Flawed(Flaw::TooDeep),
        Self::Flawed(Flaw::Unfinished),
        Self::Left(LeaveReason::Coded),
        Self::Left(LeaveReason::NoBody),
        Self::Left(LeaveReason::NoTransform),
        Self::Left(LeaveReason::Partial),
        Self::Left(LeaveReason::Status),
        Self::Left(LeaveReason::Type),
    ];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flawed(flaw) => flaw.as_str(),
            Self::Left(reason) => reason.as_str(),
            Self::Trimmed => "trimmed",
        }
    }
}

#[cfg(test)]
mod tests;
