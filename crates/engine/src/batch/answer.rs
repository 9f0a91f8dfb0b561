//! The head of an answer to a batch: whether it is for several, and what of it is each one's own.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{
    alike,
    member::{Credentials, Member, is_json},
    outcome::BatchOutcome,
};
use crate::cache::{
    directives::{CacheControl, Reach},
    vary::Vary,
};

/// Fields of the batch answer that say something about its bytes, its URL or its one request, and
/// nothing about a member's answer:
///
/// - `accept-ranges`, `content-range`: parts of another representation (RFC 9110, section 14);
/// - `content-digest`, `content-md5`, `digest`, `repr-digest`: of other bytes (RFC 9530);
/// - `content-encoding`: only `identity`, which is not to be said, gets this far (RFC 9110, 8.4.1);
/// - `content-length`: of other bytes (RFC 9110, section 8.6); the member's own is put in;
/// - `content-location`: the URL of the batch (RFC 9110, section 8.7);
/// - `etag`, `last-modified`: validators of another representation (RFC 9110, section 8.8);
/// - `link`: by default about the URL that was asked for (RFC 8288, section 3.2);
/// - `signature`, `signature-input`: over other bytes (RFC 9421);
/// - `trailer`, `transfer-encoding`: how another message was framed (RFC 9110, 6.6.2; RFC 9112, 6.1);
/// - `x-request-id`: of the member whose request the batch was made of.
const NOT_SHARED: [&str; 17] = [
    "accept-ranges",
    "content-digest",
    "content-encoding",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "digest",
    "etag",
    "last-modified",
    "link",
    "repr-digest",
    "signature",
    "signature-input",
    "trailer",
    "transfer-encoding",
    "x-request-id",
];

/// Judges the head of the answer to a batch of `members`; [`BatchOutcome::Split`] when nothing speaks
/// against taking its body apart.
///
/// A response that sets a cookie is one caller's (TRAPS row 15). One that is `private` is one user's
/// (RFC 9111, section 5.2.2.7): members with the same credentials are one user, of members without
/// any nobody knows. And one that is selected by a field in which members may differ was made for
/// the first of them (RFC 9110, section 12.5.5).
pub fn judge(status: StatusCode, headers: &HeaderMap, members: &[&Member]) -> BatchOutcome {
    if status != StatusCode::OK {
        return BatchOutcome::Status;
    }
    if !is_json(headers) || is_encoded(headers) {
        return BatchOutcome::NotJson;
    }
    let control = CacheControl::parse(headers, &header::CACHE_CONTROL);
    let known_user = members
        .first()
        .is_some_and(|member| member.credentials == Credentials::Given);
    let one_users = control.private != Reach::Nothing && !known_user;
    let selected = match Vary::of(headers) {
        Vary::Star => true,
        Vary::Fields(names) => names
            .iter()
            .any(|name| name != header::ACCEPT_ENCODING && alike::is_ignored(name)),
    };
    if headers.contains_key(header::SET_COOKIE) || one_users || selected {
        return BatchOutcome::Unshareable;
    }
    BatchOutcome::Split
}

/// Makes the fields of a batch answer those of one member's answer with a body of `length` bytes.
pub fn share_headers(headers: &HeaderMap, length: usize) -> HeaderMap {
    let mut own = headers.clone();
    for name in NOT_SHARED {
        own.remove(HeaderName::from_static(name));
    }
    own.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    own
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    codings.any(|coding| {
        !coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"identity")
    })
}
