//! The fields of a 206 and of a 416 (RFC 9110, sections 15.3.7 and 15.5.17).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Extent, Multipart, content_range};

/// The fields of a 206 with one part; the caller adds `Age`.
///
/// They are those of the stored 200. To a client that proved with `If-Range` that it holds the
/// rest, what describes the whole is not told again.
pub fn single_headers(stored: &HeaderMap, request: &HeaderMap, extent: Extent) -> HeaderMap {
    let mut headers = carried(stored, request);
    headers.insert(header::CONTENT_RANGE, extent.header_value());
    let length = HeaderValue::from(extent.span().len());
    headers.insert(header::CONTENT_LENGTH, length);
    headers
}

/// The fields of a 206 with several parts; the caller adds `Age`.
///
/// The parts say where they belong, and of what type they are.
pub fn multipart_headers(
    stored: &HeaderMap,
    request: &HeaderMap,
    multipart: &Multipart,
) -> HeaderMap {
    let mut headers = carried(stored, request);
    headers.insert(header::CONTENT_TYPE, multipart.content_type());
    let length = HeaderValue::from(multipart.total());
    headers.insert(header::CONTENT_LENGTH, length);
    headers
}

/// The fields of a 416 without content for a representation of `length` bytes.
///
/// Of the stored ones only those go along that say who may read the answer, without which a browser
/// hides it from its page, and by what answers vary.
pub fn unsatisfiable_headers(stored: &HeaderMap, length: u64) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    for (name, value) in stored.iter().filter(|(name, _)| says_who_may_read(name)) {
        headers.append(name.clone(), value.clone());
    }
    headers.insert(header::CONTENT_RANGE, content_range::unsatisfied(length));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(0));
    headers
}

fn carried(stored: &HeaderMap, request: &HeaderMap) -> HeaderMap {
    let mut headers = stored.clone();
    // Digests of the content, which is another now; `Repr-Digest` is of the whole and stays true.
    headers.remove("content-digest");
    headers.remove("content-md5");
    if request.contains_key(header::IF_RANGE) {
        const HELD_BY_CLIENT: [HeaderName; 4] = [
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
            header::CONTENT_TYPE,
            header::LAST_MODIFIED,
        ];
        for name in HELD_BY_CLIENT {
            headers.remove(name);
        }
    }
    headers
}

fn says_who_may_read(name: &HeaderName) -> bool {
    let name = name.as_str();
    name == "vary"
        || name == "timing-allow-origin"
        || name.starts_with("access-control-")
        || name.starts_with("cross-origin-")
}
