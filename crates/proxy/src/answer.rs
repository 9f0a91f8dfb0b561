//! The one table from what went wrong to what the client is told.
//!
//! Every failure becomes an RFC 9457 problem document with a stable `type`, and, when it is not the
//! client's doing, a `Proxy-Status` (RFC 9209) that says where it happened.

use bytes::Bytes;
use engine::failure::{Blame, Failure, Malformed, ShieldRefusal};
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER},
};

use crate::body::ResponseBody;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
/// How long a client should leave an upstream alone that cannot be reached, in seconds.
const UPSTREAM_RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// What a failure looks like from outside.
struct Row {
    status: StatusCode,
    title: &'static str,
    /// The RFC 9209 error type.
    proxy_status: &'static str,
}

/// The response for `failure`, told apart in logs by `request_id`.
pub(crate) fn problem(failure: Failure, request_id: &str) -> Response<ResponseBody> {
    let row = row(failure);
    let document = serde_json::json!({
        "type": format!("urn:forebay:problem:{}", failure.as_str()),
        "title": row.title,
        "status": row.status.as_u16(),
        "request_id": request_id,
    });
    let mut response = Response::new(ResponseBody::Full(Bytes::from(document.to_string())));
    *response.status_mut() = row.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, PROBLEM_JSON);
    headers.insert(CACHE_CONTROL, NO_STORE);
    if failure.blame() != Blame::Client {
        let said = format!("Forebay; error={}", row.proxy_status);
        if let Ok(said) = HeaderValue::try_from(said) {
            headers.insert("proxy-status", said);
        }
    }
    let comes_back = [
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    if comes_back.contains(&row.status) {
        headers.insert(RETRY_AFTER, UPSTREAM_RETRY_AFTER);
    }
    response
}

/// Whether the connection can go on after `failure`: not when its framing is in doubt.
pub(crate) const fn ends_connection(failure: Failure) -> bool {
    matches!(
        failure,
        Failure::Malformed(_)
            | Failure::BodyTooLarge
            | Failure::DecodedTooLarge
            | Failure::Undecodable
            | Failure::ClientGone
            | Failure::ClientStalled
            | Failure::Shielded(ShieldRefusal::BodyTooLong | ShieldRefusal::JsonTooDeep)
    )
}

/// Says that the connection ends here.
pub(crate) fn close_after(response: &mut Response<ResponseBody>) {
    response.headers_mut().insert(CONNECTION, CLOSE);
}

fn row(failure: Failure) -> Row {
    let (status, title, proxy_status) = match failure {
        Failure::Malformed(what) => return malformed(what),
        Failure::NotCached => (504, "Not in the cache, and only-if-cached was asked", ""),
        Failure::UnknownHost => (421, "This server does not answer for that host", ""),
        Failure::NoRoute => (404, "No route for this path", ""),
        Failure::MethodNotAllowed => (405, "No route for this method", ""),
        Failure::Loop => (
            508,
            "The request has been here before",
            "proxy_loop_detected",
        ),
        Failure::PurgeForbidden => (403, "Not allowed to purge from here", ""),
        Failure::PurgeSenseless => (400, "Nothing that could be kept is purged by this", ""),
        Failure::PurgeUnauthorized => (401, "Purging needs a token", ""),
        Failure::RateLimited => (429, "Too many requests", ""),
        Failure::CallerUnknown => (403, "The request does not say once who is asking", ""),
        Failure::CallerUnproven => (401, "Who is asking has to be proved by a token", ""),
        Failure::ConcurrencyExceeded => (429, "Too many requests at the same time", ""),
        Failure::Banned => (403, "Shut out for a while", ""),
        Failure::Shielded(why) => return shielded(why),
        Failure::UnknownCoding => (415, "The body is in a coding that is not taken", ""),
        Failure::Undecodable => (400, "The body is not in the coding that it says", ""),
        Failure::DecodedTooLarge => (413, "The request body is too large when decoded", ""),
        Failure::TooManyFields => (431, "The request has too many fields", ""),
        Failure::BodyTooLarge => (413, "The request body is too large", ""),
        Failure::ClientGone => (400, "The request body ended early", ""),
        Failure::ClientStalled => (408, "The request body did not arrive in time", ""),
        Failure::BreakerOpen => (
            503,
            "The upstream has failed too often and is left alone for a while",
            "destination_unavailable",
        ),
        Failure::NoEndpoint => (
            503,
            "No server of the upstream is known",
            "destination_not_found",
        ),
        Failure::Shed => (
            503,
            "The upstream has no room for this request",
            "connection_limit_reached",
        ),
        Failure::QueueTimedOut => (
            503,
            "The upstream had no room for this request in time",
            "connection_limit_reached",
        ),
        Failure::TlsFailed => (
            502,
            "The upstream is not who it should be",
            "tls_protocol_error",
        ),
        Failure::TlsTimedOut => (
            504,
            "The upstream cannot be reached in time",
            "connection_timeout",
        ),
        Failure::TryTimedOut => (
            504,
            "The upstream did not answer in time",
            "http_response_timeout",
        ),
        Failure::ConnectFailed => (502, "The upstream cannot be reached", "connection_refused"),
        Failure::ConnectTimedOut => (
            504,
            "The upstream cannot be reached in time",
            "connection_timeout",
        ),
        Failure::FirstByteTimedOut => (
            504,
            "The upstream did not answer in time",
            "http_response_timeout",
        ),
        Failure::UpstreamClosed => (
            502,
            "The upstream closed the connection without an answer",
            "connection_terminated",
        ),
        Failure::UpstreamGarbage => (
            502,
            "The upstream did not answer in HTTP",
            "http_protocol_error",
        ),
        Failure::UpstreamNotJson => (
            502,
            "The upstream did not answer in JSON that can be read",
            "http_protocol_error",
        ),
        Failure::UpstreamStalled => (
            504,
            "The upstream stopped sending",
            "connection_read_timeout",
        ),
        Failure::UpstreamTruncated => (
            502,
            "The upstream ended its answer early",
            "http_response_incomplete",
        ),
        Failure::TotalTimedOut => (
            504,
            "The upstream took longer than it may in all",
            "http_response_timeout",
        ),
        Failure::NoRoomToDecode => (
            503,
            "There is no memory left to decompress the request body in",
            "proxy_internal_error",
        ),
        Failure::NoRoomToLook => (
            503,
            "There is no memory left to look at the request body in",
            "proxy_internal_error",
        ),
        Failure::Internal => (500, "Forebay failed", "proxy_internal_error"),
    };
    Row::new(status, title, proxy_status)
}

fn malformed(what: Malformed) -> Row {
    let (status, title) = match what {
        Malformed::ConnectionField => (400, "A connection field in HTTP/2"),
        Malformed::ContentLength => (400, "Content-Length is not one number"),
        Malformed::Expectation => (417, "Expect asks for something unknown"),
        Malformed::Host => (400, "The host is missing, repeated or not a host"),
        Malformed::Method => (501, "This method means nothing here"),
        Malformed::Target => (400, "The target cannot be understood"),
        Malformed::TransferEncoding => (400, "Transfer-Encoding is not just chunked"),
        Malformed::Upgrade => (400, "Upgrade does not go with a body"),
    };
    Row::new(status, title, "http_request_error")
}

fn shielded(why: ShieldRefusal) -> Row {
    let (status, title) = match why {
        ShieldRefusal::Address => (403, "Not allowed from this address"),
        ShieldRefusal::Attack => (403, "The request looks like an attack"),
        ShieldRefusal::BodyTooLong => (413, "The request body is longer than is taken here"),
        ShieldRefusal::ContentType => (415, "This type of body is not taken"),
        ShieldRefusal::HeaderTooLong => (431, "A header field is too long"),
        ShieldRefusal::JsonTooDeep => (400, "The JSON is nested too deeply"),
        ShieldRefusal::Method => (405, "This method is not taken"),
        ShieldRefusal::PathAmbiguous => (400, "The path can be read in two ways"),
        ShieldRefusal::QueryTooLong => (414, "The query is too long"),
        ShieldRefusal::UrlTooLong => (414, "The URL is too long"),
    };
    Row::new(status, title, "")
}

// === impl Row ===

impl Row {
    fn new(status: u16, title: &'static str, proxy_status: &'static str) -> Self {
        Self {
            // Every number in this file is a valid status.
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            title,
            proxy_status,
        }
    }
}
