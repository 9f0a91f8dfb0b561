//! What a route may keep, and for how long.

use std::time::Duration;

use crate::{ByteSize, Mode};

/// The cache policy of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachePolicy {
    /// Whether it acts.
    pub mode: Mode,
    /// How long a response is fresh when the origin says nothing about it. `None`: then it is not
    /// stored. An origin that does say (`max-age`, `Expires`, `no-store`, ..) is always obeyed.
    pub ttl: Option<Duration>,
    /// What becomes of the query in the cache key.
    pub query: QueryKey,
    /// What a `Cookie` in the request does to a response that the origin did not call shareable.
    pub request_cookies: RequestCookies,
    /// Larger bodies pass through without being stored.
    pub max_object: ByteSize,
}

/// Which query parameters take part in the cache key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryKey {
    /// Parameter names left out of the key; a trailing `*` matches any ending (`utm_*`).
    pub ignore: Vec<String>,
}

/// What a `Cookie` field in the request means for the cache (RFC 9111 is silent; safe by default).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestCookies {
    /// A request with a cookie only shares what the origin itself declared cacheable.
    #[default]
    Bypass,
    /// The operator vouches that responses of this route do not depend on cookies.
    Ignore,
}
