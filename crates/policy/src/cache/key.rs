//! What tells two cached responses apart, besides method, route, host and path.

use http::{HeaderName, Method};

use crate::ByteSize;

/// The parts of a key that the operator chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheKey {
    /// What becomes of the query.
    pub query: QueryKey,
    /// Who is asking, as far as it matters: requests that differ in one of these get variants of
    /// their own. The fields of a `persona` are among them.
    pub dimensions: Vec<Dimension>,
    /// The claim of a verified token that names the user; each user then has a cache of their own.
    pub per_user: Option<String>,
    /// Methods besides GET and HEAD whose body is part of the key.
    pub body: BodyKey,
}

/// Which query parameters take part in the cache key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryKey {
    /// Parameter names left out of the key; a trailing `*` matches any ending (`utm_*`).
    pub ignore: Vec<String>,
    /// When given, the only parameters that take part, spelled like those of `ignore`.
    pub keep: Option<Vec<String>>,
    /// Parameters are put in order, so that `a=1&b=2` and `b=2&a=1` are the same.
    pub sort: bool,
    /// A response's `No-Vary-Search` narrows the key.
    pub no_vary_search: bool,
}

/// One thing about a request that responses differ by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// A claim of the verified token; absent without one.
    Claim(String),
    /// The value of a cookie.
    Cookie(String),
    /// What kind of device the `User-Agent` stands for: desktop, mobile, tablet or bot.
    Device,
    /// The value of a request field.
    Header(HeaderName),
    /// The best of these languages for the request's `Accept-Language`; the first when none fits.
    Language(Vec<String>),
}

/// Methods whose body is part of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyKey {
    /// The methods: `QUERY` (RFC 10008) unless the operator says otherwise, `POST` if they vouch
    /// that it changes nothing here.
    pub methods: Vec<Method>,
    /// Requests with a larger body pass the cache by.
    pub max_size: ByteSize,
}

// === impl BodyKey ===

impl Default for BodyKey {
    fn default() -> Self {
        Self {
            // Not a constant of the library yet; the name is a valid token.
            methods: Method::from_bytes(b"QUERY").into_iter().collect(),
            max_size: ByteSize::from_bytes(16 << 10),
        }
    }
}
