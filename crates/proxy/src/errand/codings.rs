//! What an origin is asked to compress.

use engine::{cache::vary::AcceptEncoding, compression};
use http::{
    HeaderMap, HeaderValue,
    header::{CACHE_CONTROL, RANGE},
};
use policy::{BreachGuard, CompressionPolicy, Mode, Route, UpstreamCodings};

/// What an origin may send, and can be undone for those who do not take it.
const RECODED: HeaderValue = HeaderValue::from_static("zstd, br, gzip");

/// What an origin is asked for that may compress, by a request with these fields. A part must be of the
/// plain form, which every client can put together.
pub(super) fn recoded(headers: &HeaderMap) -> HeaderValue {
    match headers.contains_key(RANGE) || forbids_recoding(headers) {
        true => HeaderValue::from_static("identity"),
        false => RECODED,
    }
}

/// What becomes of `Accept-Encoding` on `route`.
///
/// A route that compresses asks the origin for plain bytes: one stored response then serves every
/// client, in whatever coding. Where it may recode, it asks for what can be undone: one stored response
/// serves everybody then, too. Plain bytes are needed all the same to take a batch apart, to transform,
/// and to see what a BREACH guard looks at. A route that only caches asks for one of few spellings.
pub(super) fn accept_encoding(route: &Route) -> AcceptEncoding {
    let enforced = |mode: Mode| mode == Mode::Enforce;
    let compression = route.compression.as_ref();
    let transform = route.transform.as_ref();
    let trims = transform.is_some_and(|policy| policy.json.is_some() && enforced(policy.mode));
    if let Some(policy) = compression.filter(|policy| enforced(policy.mode)) {
        let plain = route.batch.is_some() || trims || policy.breach_guard != BreachGuard::Off;
        match policy.upstream_codings {
            UpstreamCodings::Recode if !plain => AcceptEncoding::Recoded,
            UpstreamCodings::Keep | UpstreamCodings::Recode => AcceptEncoding::Fixed,
        }
    } else if trims {
        AcceptEncoding::Fixed
    } else if route
        .cache
        .as_ref()
        .is_some_and(|policy| enforced(policy.mode))
    {
        AcceptEncoding::Reduced
    } else {
        AcceptEncoding::Verbatim
    }
}

/// How responses of `route` are compressed, if they are: their tags may be weak by our own doing.
pub(super) fn compression(route: &Route) -> Option<&CompressionPolicy> {
    let compression = route.compression.as_ref();
    compression.filter(|policy| policy.mode == Mode::Enforce)
}

/// Whether the client wants the very bytes that the origin would send it.
fn forbids_recoding(headers: &HeaderMap) -> bool {
    headers.contains_key(CACHE_CONTROL) && compression::no_transform(headers)
}
