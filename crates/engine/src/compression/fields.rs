//! What the fields of a response say once its body is another.
//!
//! The bytes are others, so `Content-Length` and `Accept-Ranges` go; the digests too, since
//! `Content-Digest` sums the coded bytes, and `Repr-Digest` a representation of which the coding is a
//! part (RFC 9530), while what is wanted (`Want-*-Digest`) stays. A strong `ETag`
//! becomes weak (RFC 9110 8.8.1): it then still matches in `If-None-Match`, where comparison is weak,
//! and no longer in `If-Range`, where it is strong. How a tag that comes back is meant is for
//! [`super::conditions`]. What a trailer says about the bytes goes the same way ([`fit_trailers`]).

use http::{HeaderMap, HeaderValue, header};
use policy::Coding;

use crate::field_list;

/// Fields that say what the bytes of a body sum up to.
const DIGESTS: [&str; 4] = ["content-md5", "digest", "content-digest", "repr-digest"];

/// Makes the fields of a response fit a body that is encoded with `coding`.
pub fn rewrite_headers(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(
        header::CONTENT_ENCODING,
        HeaderValue::from_static(coding.as_str()),
    );
    forget_bytes(headers);
    add_vary(headers);
}

/// Makes the fields of a response fit a body whose coding is undone.
pub fn undo_headers(headers: &mut HeaderMap) {
    headers.remove(header::CONTENT_ENCODING);
    forget_bytes(headers);
    add_vary(headers);
}

/// Takes out what the fields say about the very bytes of a body that becomes another.
pub(crate) fn forget_bytes(headers: &mut HeaderMap) {
    for name in [header::CONTENT_LENGTH, header::ACCEPT_RANGES] {
        headers.remove(name);
    }
    fit_trailers(headers);
}

/// Takes out of the trailer fields what they say about the bytes of a body that has become another:
/// digests are sent there by those who sum while they send (RFC 9530 2), and so may `ETag` be (RFC 9110
/// 8.8.3).
pub fn fit_trailers(trailers: &mut HeaderMap) {
    for name in DIGESTS {
        trailers.remove(name);
    }
    weaken_etag(trailers);
}

/// Adds `Vary: Accept-Encoding` unless it is there, alone or as part of `*`.
pub fn add_vary(headers: &mut HeaderMap) {
    let there = field_list::elements(headers, &header::VARY)
        .any(|name| name == b"*" || name.eq_ignore_ascii_case(b"accept-encoding"));
    if !there {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

/// A strong tag promises equal bytes. One that is not a tag at all cannot be weakened, and goes.
pub(crate) fn weaken_etag(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(header::ETAG) else {
        return;
    };
    let tag = tag.as_bytes();
    if tag.starts_with(b"W/\"") {
        return;
    }
    let strong = tag.len() >= 2 && tag.starts_with(b"\"") && tag.ends_with(b"\"");
    match HeaderValue::from_bytes(&[b"W/", tag].concat()) {
        Ok(weak) if strong => {
            headers.insert(header::ETAG, weak);
        }
        _ => {
            headers.remove(header::ETAG);
        }
    }
}
