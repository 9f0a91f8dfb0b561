//! Whether a request head is fit to be carried on, looked at after hyper's parser.
//!
//! # Framing
//! Where one message ends and the next begins must be beyond doubt (RFC 9112 6.3, RFC 9110 8.6).
//! hyper follows the RFC; this is stricter where the RFC leaves room that others have fallen into:
//! only the one coding `chunked`, and `Content-Length` spelled the same on every line.
//! `Content-Length` beside `Transfer-Encoding` is let through: hyper reads the chunks, the length is
//! never forwarded, and the connection ends afterwards.
//!
//! # Upgrades
//! Only `websocket` on an HTTP/1.1 GET without a body is let through. Every other offer is dropped,
//! not refused, because common clients offer `h2c` with their first request whatever it is
//! (RFC 9110 7.8 lets a server ignore it).
//!
//! # Methods
//! CONNECT has no meaning here, and TRACE echoes what a client cannot otherwise see (RFC 9110 9.3.8).

use http::{HeaderMap, HeaderValue, Method, Uri, Version, header};

use crate::{failure::Malformed, field_list};

/// The parts of a request that come before its body.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target.
    pub uri: &'a Uri,
    /// The version the client speaks.
    pub version: Version,
    /// The header fields.
    pub headers: &'a HeaderMap,
}

/// What the head of an acceptable request announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The body.
    pub body: DeclaredBody,
    /// A change of protocol.
    pub upgrade: UpgradeIntent,
}

/// What the head says about the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredBody {
    /// Chunks, however many.
    Chunked,
    /// So many bytes; zero is no body.
    Length(u64),
    /// Nothing: no body in HTTP/1, in HTTP/2 only the stream tells.
    Unsaid,
}

/// What is to be done with the `Upgrade` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeIntent {
    /// There is one that is not let through: carry the request on without it.
    Drop,
    /// There is none.
    None,
    /// A WebSocket handshake, to be carried to the upstream.
    WebSocket,
}

/// Checks one request head.
pub fn admit(head: &RequestHead<'_>) -> Result<Admitted, Malformed> {
    if matches!(*head.method, Method::CONNECT | Method::TRACE) {
        return Err(Malformed::Method);
    }
    check_target(head)?;
    let fields = collect(head)?;
    let body = declared_body(&fields, head.version)?;
    Ok(Admitted {
        body,
        upgrade: upgrade(head, &fields, body)?,
    })
}

/// Origin form, absolute form over HTTP, or `*` with OPTIONS (RFC 9112 3.2).
fn check_target(head: &RequestHead<'_>) -> Result<(), Malformed> {
    let path = head.uri.path();
    let known_scheme = matches!(head.uri.scheme_str(), None | Some("http" | "https"));
    let known_form = path.starts_with('/') || (path == "*" && head.method == Method::OPTIONS);
    if known_scheme && known_form {
        Ok(())
    } else {
        Err(Malformed::Target)
    }
}

/// The few fields that matter here, found in one pass.
#[derive(Default)]
struct Fields<'a> {
    length: Option<&'a HeaderValue>,
    coding: Option<&'a HeaderValue>,
    upgrade: Option<&'a HeaderValue>,
    upgrades: usize,
}

fn collect<'a>(head: &RequestHead<'a>) -> Result<Fields<'a>, Malformed> {
    let multiplexed = head.version >= Version::HTTP_2;
    let mut fields = Fields::default();
    for (name, value) in head.headers {
        match *name {
            header::CONTENT_LENGTH => {
                if fields.length.is_some_and(|first| first != value) {
                    return Err(Malformed::ContentLength);
                }
                fields.length = Some(value);
            }
            header::TRANSFER_ENCODING => {
                if multiplexed || fields.coding.is_some() {
                    return Err(Malformed::TransferEncoding);
                }
                fields.coding = Some(value);
            }
            header::UPGRADE => {
                if multiplexed {
                    return Err(Malformed::ConnectionField);
                }
                fields.upgrade = Some(value);
                fields.upgrades += 1;
            }
            header::EXPECT if head.version >= Version::HTTP_11 => {
                if !value.as_bytes().eq_ignore_ascii_case(b"100-continue") {
                    return Err(Malformed::Expectation);
                }
            }
            header::CONNECTION if multiplexed => return Err(Malformed::ConnectionField),
            header::TE if multiplexed => {
                if !value.as_bytes().eq_ignore_ascii_case(b"trailers") {
                    return Err(Malformed::ConnectionField);
                }
            }
            _ => {
                if multiplexed && matches!(name.as_str(), "keep-alive" | "proxy-connection") {
                    return Err(Malformed::ConnectionField);
                }
            }
        }
    }
    Ok(fields)
}

fn declared_body(fields: &Fields<'_>, version: Version) -> Result<DeclaredBody, Malformed> {
    let length = match fields.length {
        Some(value) => Some(decimal(value.as_bytes()).ok_or(Malformed::ContentLength)?),
        None => None,
    };
    match (fields.coding, length) {
        (Some(coding), _) => {
            let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
            if chunked && version == Version::HTTP_11 {
                Ok(DeclaredBody::Chunked)
            } else {
                Err(Malformed::TransferEncoding)
            }
        }
        (None, Some(length)) => Ok(DeclaredBody::Length(length)),
        (None, None) => Ok(DeclaredBody::Unsaid),
    }
}

/// One run of digits that fits (RFC 9110 8.6).
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

fn upgrade(
    head: &RequestHead<'_>,
    fields: &Fields<'_>,
    body: DeclaredBody,
) -> Result<UpgradeIntent, Malformed> {
    let Some(offer) = fields.upgrade else {
        return Ok(UpgradeIntent::None);
    };
    let websocket = fields.upgrades == 1
        && offer.as_bytes().eq_ignore_ascii_case(b"websocket")
        && head.version == Version::HTTP_11
        && field_list::has_token(head.headers, &header::CONNECTION, "upgrade");
    if !websocket {
        return Ok(UpgradeIntent::Drop);
    }
    match body {
        DeclaredBody::Chunked | DeclaredBody::Length(1..) => Err(Malformed::Upgrade),
        _ if head.method == Method::GET => Ok(UpgradeIntent::WebSocket),
        _ => Ok(UpgradeIntent::Drop),
    }
}

// === impl DeclaredBody ===

impl DeclaredBody {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chunked => "chunked",
            Self::Length(_) => "length",
            Self::Unsaid => "unsaid",
        }
    }
}

// === impl UpgradeIntent ===

impl UpgradeIntent {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::None => "none",
            Self::WebSocket => "websocket",
        }
    }
}

#[cfg(test)]
mod tests;
