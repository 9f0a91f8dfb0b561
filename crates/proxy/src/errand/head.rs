//! Pieces of request heads.

use http::{HeaderMap, HeaderValue, Uri, Version, header::HOST, request, uri::PathAndQuery};

pub(super) fn take_host(headers: &mut HeaderMap) -> HeaderValue {
    headers
        .remove(HOST)
        .unwrap_or_else(|| HeaderValue::from_static(""))
}

pub(super) fn with_path(uri: &Uri, path: &str) -> Uri {
    let whole = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(whole).ok();
    // A normalised path is made of the same characters as the one it came from.
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

pub(super) fn empty_head() -> request::Parts {
    let (mut head, ()) = http::Request::new(()).into_parts();
    head.version = Version::HTTP_11;
    head
}
