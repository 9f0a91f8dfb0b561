//! How responses of a legacy API are trimmed on their way.
//!
//! # Which bodies
//! Whole JSON bodies of answers that succeeded, in no content coding, and never where either side says
//! `no-transform` (RFC 9111, sections 5.2.1.6 and 5.2.2.6). An error's document stays as it is: it says
//! what went wrong, in fields that nobody has listed.
//!
//! # What changes with the body
//! The bytes are others, so the length, the digests and `Accept-Ranges` go, and a strong tag becomes
//! weak (RFC 9110, section 8.8.1): see [`compression::conditions`] for how the origin gets it back. A
//! part of what the origin has is no part of what the client gets, and is not asked for.

pub mod fields;
pub mod json;

use http::{HeaderMap, Method, StatusCode, header};

use self::json::{Flaw, Sequence};
use crate::{
    compression::{self, media_type},
    field_list,
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
}

/// What becomes of a JSON body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It passes as it is.
    Leave(LeaveReason),
    /// It is trimmed.
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
    if exchange.status == StatusCode::PARTIAL_CONTENT || headers.contains_key(header::CONTENT_RANGE)
    {
        return Decision::Leave(LeaveReason::Partial);
    }
    let Some(sequence) = media_type::essence(headers).and_then(json_type) else {
        return Decision::Leave(LeaveReason::Type);
    };
    // The head of a HEAD is that of the GET (RFC 9110, section 9.3.2).
    let bodiless = exchange.length == Some(0) && exchange.method != Method::HEAD;
    let never = [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT].contains(&exchange.status);
    if bodiless || never {
        return Decision::Leave(LeaveReason::NoBody);
    }
    if field_list::elements(headers, &header::CONTENT_ENCODING)
        .any(|coding| !coding.eq_ignore_ascii_case(b"identity"))
    {
        return Decision::Leave(LeaveReason::Coded);
    }
    if compression::no_transform(headers) || compression::no_transform(exchange.request) {
        return Decision::Leave(LeaveReason::NoTransform);
    }
    Decision::Trim(sequence)
}

/// Makes the fields of a response fit a body that is trimmed.
pub fn rewrite_headers(headers: &mut HeaderMap) {
    compression::forget_bytes(headers);
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

fn json_type(essence: &str) -> Option<Sequence> {
    let essence = essence.to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => Some(Sequence::Documents),
        "application/x-ndjson" | "application/ndjson" => Some(Sequence::Lines),
        other => other.ends_with("+json").then_some(Sequence::Documents),
    }
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
    pub const ALL: [Self; 11] = [
        Self::Trimmed,
        Self::Flawed(Flaw::LongKey),
        Self::Flawed(Flaw::NotJson),
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
