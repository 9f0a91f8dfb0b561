//! What a route may keep, under which key, and for how long.

mod key;
mod lifetimes;
mod settings;
mod strategies;

pub use key::{BodyKey, CacheKey, Dimension, QueryKey};
pub use lifetimes::{EarlyRefresh, Heuristic, LifetimeCase, Lifetimes, NegativeTtl, Times};
pub use settings::{CacheSettings, Popularity, PurgeAccess, Warm};
pub(crate) use strategies::{built_in, built_in_names};

use crate::{ByteSize, Mode};

/// The cache policy of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachePolicy {
    /// Whether it acts.
    pub mode: Mode,
    /// How long responses are fresh, and how long they may be used after that.
    pub lifetimes: Lifetimes,
    /// What tells two responses apart.
    pub key: CacheKey,
    /// What a `Cookie` in the request does to a response that the origin did not call shareable.
    pub request_cookies: RequestCookies,
    /// What a `Set-Cookie` in the response does to its being kept.
    pub set_cookie: SetCookie,
    /// Whose demands about age and freshness are heard.
    pub honor_request: HonorRequest,
    /// What becomes of a request for a part of something that is not held.
    pub ranges: Ranges,
    /// Larger bodies pass through without being stored.
    pub max_object: ByteSize,
    /// How many responses are kept for one key, at least 1; beyond it the one stored longest ago goes.
    pub max_variants: u16,
    /// Tags that every response of the route gets, besides those the origin names. `{name}` stands
    /// for what that parameter of the route's path matched.
    pub tags: Vec<String>,
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

/// What a `Set-Cookie` field in the response means for the cache (TRAPS row 15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetCookie {
    /// Such a response is not kept, unless the origin says `public`; the field never is.
    #[default]
    Refuse,
    /// The operator vouches that the rest is for everybody: it is kept without the field.
    Strip,
}

/// Whether `no-cache`, `max-age`, `min-fresh` and `max-stale` of a request are heard: a client that
/// may ask for a new answer each time is a client that may load the origin. `no-store` and
/// `only-if-cached` always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HonorRequest {
    /// From every client.
    #[default]
    Always,
    /// From nobody.
    Never,
    /// From the listener's trusted proxies.
    Trusted,
}

/// What becomes of a request for a part of something that is not held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ranges {
    /// The whole is fetched and kept if it is at most `max_object`, and the part is cut from it.
    #[default]
    Fill,
    /// The part alone is fetched; parts of one representation are kept and put together.
    Parts,
    /// The request goes to the origin as it is, and nothing is kept.
    Pass,
}

// === impl CachePolicy ===

impl Default for CachePolicy {
    /// What `cache: {}` means.
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            lifetimes: Lifetimes::default(),
            key: CacheKey::default(),
            request_cookies: RequestCookies::default(),
            set_cookie: SetCookie::default(),
            honor_request: HonorRequest::default(),
            ranges: Ranges::default(),
            max_object: ByteSize::from_bytes(8 << 20),
            max_variants: 32,
            tags: Vec::new(),
        }
    }
}
