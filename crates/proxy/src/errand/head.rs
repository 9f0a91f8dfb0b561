//! Pieces of request heads.

use engine::client_ip::PeerTrust;
use http::{
    HeaderMap, HeaderName, HeaderValue, Uri, Version, header::HOST, request, uri::PathAndQuery,
};
use policy::Scheme;

static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

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

/// How a client reached us, or a proxy in front of us that can be believed.
pub(crate) fn arrival(scheme: Scheme, trust: PeerTrust, request: &HeaderMap) -> Scheme {
    match (trust, request.get(&X_FORWARDED_PROTO)) {
        (PeerTrust::Trusted, Some(told)) if told.as_bytes().eq_ignore_ascii_case(b"https") => {
            Scheme::Https
        }
        _ => scheme,
    }
}
