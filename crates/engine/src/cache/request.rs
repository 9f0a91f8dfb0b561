//! May the cache answer this request, and what does the client demand (RFC 9111, sections 4 and 5.2.1)?
//!
//! One pass over the fields, because this runs for every request; what later steps need to know
//! of them is remembered in [`Lookup`], which is `Copy`.
//!
//! **Request directives.** `no-store` and `only-if-cached` are always obeyed. `no-cache`,
//! `max-age` and `min-fresh` make the cache ask the origin first, `max-stale` lets it use what is no
//! longer fresh; each of them only from clients that the policy listens to, because whoever may ask
//! for a new answer each time may load the origin.
//!
//! **One user's partition.** When the key names a verified user, credentials and cookies are part of
//! what is asked for, and stand in the way of nothing; so they are not reported ([`Lookup`]).

use http::{HeaderMap, Method};
use policy::{BodyKey, HonorRequest, RequestCookies};

use super::{
    directives::{CacheControl, Reach},
    seconds::DeltaSeconds,
};
use crate::{client_ip::PeerTrust, outcome::BypassReason};

/// What is known of a request when the cache is asked.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its fields, as the client sent them.
    pub headers: &'a HeaderMap,
    /// It has content, or announces some.
    pub has_body: bool,
}

/// What the route's policy and the connection say about requests like it.
#[derive(Clone, Copy, Debug)]
pub struct RequestRules<'a> {
    /// Methods whose body is part of the key; `None` where nothing is kept by body.
    pub body: Option<&'a BodyKey>,
    /// What a cookie means.
    pub cookies: RequestCookies,
    /// Whose demands are heard.
    pub honor: HonorRequest,
    /// Whether the peer is one of the listener's trusted proxies.
    pub peer: PeerTrust,
    /// Whose answers the key is for.
    pub partition: Partition,
}

/// Whose answers are kept under a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Partition {
    /// Everybody's.
    #[default]
    Shared,
    /// Those of one user, whose verified identity is part of the key.
    User,
}

/// Whether the cache may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestClass {
    /// No: on to the origin, and nothing of it is stored or shared.
    Bypass(BypassReason),
    /// Yes.
    Lookup(Lookup),
}

/// What the later steps need to know of a request that the cache may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// What it wants.
    pub method: Retrieval,
    /// Whose answers its key is for.
    pub partition: Partition,
    /// It carries credentials in `Authorization`, and its key is not one user's.
    pub authorization: bool,
    /// It carries a cookie, its key is not one user's, and the policy does not vouch that cookies do
    /// not matter.
    pub cookies: bool,
    /// It carries `If-None-Match` or `If-Modified-Since`.
    pub conditional: bool,
    /// A stored response or nothing (504).
    pub only_if_cached: bool,
    /// What it demands of the age of a stored response.
    pub demand: Demand,
}

/// The methods a cache answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retrieval {
    /// The representation.
    Get,
    /// Its head only. Answered from what a GET stored, never the other way round.
    Head,
    /// What its body asks for: `QUERY` (RFC 10008), or another method whose body the operator made
    /// part of the key.
    Query,
}

/// How fresh a client wants a stored response to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// The origin must be asked: `no-cache`, or `Pragma: no-cache` without `Cache-Control`.
    pub no_cache: bool,
    /// No older than this.
    pub max_age: Option<DeltaSeconds>,
    /// It may have been stale for at most this long.
    pub max_stale: Option<DeltaSeconds>,
    /// Fresh for at least this much longer.
    pub min_fresh: Option<DeltaSeconds>,
}

/// What the pass over the fields saw.
#[derive(Default)]
struct Seen {
    control: Option<CacheControl>,
    pragma_no_cache: bool,
    authorization: bool,
    cookie: bool,
    conditional: bool,
    content_length: Option<u64>,
    precondition: bool,
    range: bool,
    upgrade: bool,
    names_another_request: bool,
}

/// Decides whether the cache may be asked.
///
/// The policy's mode is the caller's business: in shadow mode it asks, counts and does not act.
pub fn classify(request: RequestHead<'_>, rules: &RequestRules<'_>) -> RequestClass {
    let Some(method) = Retrieval::of(request.method, rules.body) else {
        return RequestClass::Bypass(BypassReason::Method);
    };
    let seen = Seen::of(request.headers);
    let control = seen.control.unwrap_or_default();
    let body = match (method, rules.body) {
        (Retrieval::Query, Some(body)) => {
            let most = body.max_size.bytes();
            let larger = seen.content_length.is_some_and(|length| length > most);
            larger.then_some(BypassReason::BodyTooLarge)
        }
        _ => request.has_body.then_some(BypassReason::BodyWithGet),
    };
    if let Some(reason) = bypass(&seen, &control, body) {
        return RequestClass::Bypass(reason);
    }
    let shared = rules.partition == Partition::Shared;
    RequestClass::Lookup(Lookup {
        method,
        partition: rules.partition,
        authorization: seen.authorization && shared,
        cookies: seen.cookie && shared && rules.cookies == RequestCookies::Bypass,
        conditional: seen.conditional,
        only_if_cached: control.only_if_cached,
        demand: match (rules.honor, rules.peer) {
            (HonorRequest::Always, _) | (HonorRequest::Trusted, PeerTrust::Trusted) => {
                seen.demand(&control)
            }
            (HonorRequest::Never, _) | (HonorRequest::Trusted, PeerTrust::Untrusted) => {
                Demand::NONE
            }
        },
    })
}

// === impl RequestRules ===

impl Default for RequestRules<'_> {
    /// Those of a route that says nothing, for a client that is nobody in particular.
    fn default() -> Self {
        Self {
            body: None,
            cookies: RequestCookies::default(),
            honor: HonorRequest::default(),
            peer: PeerTrust::Untrusted,
            partition: Partition::Shared,
        }
    }
}

// === impl Retrieval ===

impl Retrieval {
    /// What a method retrieves, `None` when nothing of it is kept.
    fn of(method: &Method, body: Option<&BodyKey>) -> Option<Self> {
        match *method {
            Method::GET => Some(Self::Get),
            Method::HEAD => Some(Self::Head),
            _ => body
                .is_some_and(|body| body.methods.contains(method))
                .then_some(Self::Query),
        }
    }
}

// === impl Demand ===

impl Demand {
    /// Nothing in particular.
    pub const NONE: Self = Self {
        no_cache: false,
        max_age: None,
        max_stale: None,
        min_fresh: None,
    };
}

// === impl Lookup ===

impl Lookup {
    /// A GET that carries and demands nothing.
    pub const PLAIN_GET: Self = Self {
        method: Retrieval::Get,
        partition: Partition::Shared,
        authorization: false,
        cookies: false,
        conditional: false,
        only_if_cached: false,
        demand: Demand::NONE,
    };
}

// === impl Seen ===

impl Seen {
    fn of(headers: &HeaderMap) -> Self {
        let mut seen = Self::default();
        for (name, value) in headers {
            match name.as_str() {
                "authorization" => seen.authorization = true,
                "cache-control" => {
                    let control = seen.control.get_or_insert_with(CacheControl::default);
                    control.absorb(value.as_bytes());
                }
                "content-length" => {
                    let length = value.to_str().ok().and_then(|text| text.parse().ok());
                    seen.content_length = length.max(seen.content_length);
                }
                "cookie" => seen.cookie = true,
                "if-match" | "if-unmodified-since" => seen.precondition = true,
                "if-modified-since" | "if-none-match" => seen.conditional = true,
                "pragma" => seen.pragma_no_cache |= says_no_cache(value.as_bytes()),
                "range" => seen.range = true,
                "upgrade" => seen.upgrade = true,
                "x-http-method"
                | "x-http-method-override"
                | "x-method-override"
                | "x-original-url"
                | "x-rewrite-url" => seen.names_another_request = true,
                _ => {}
            }
        }
        seen
    }

    fn demand(&self, control: &CacheControl) -> Demand {
        let pragma = self.control.is_none() && self.pragma_no_cache;
        Demand {
            no_cache: control.no_cache != Reach::Nothing || pragma,
            max_age: control.max_age,
            max_stale: control.max_stale,
            min_fresh: control.min_fresh,
        }
    }
}

fn bypass(seen: &Seen, control: &CacheControl, body: Option<BypassReason>) -> Option<BypassReason> {
    if seen.upgrade {
        Some(BypassReason::Upgrade)
    } else if body.is_some() {
        body
    } else if seen.range {
        Some(BypassReason::Range)
    } else if seen.precondition {
        Some(BypassReason::Precondition)
    } else if seen.names_another_request {
        Some(BypassReason::Override)
    } else if control.no_store {
        Some(BypassReason::RequestNoStore)
    } else {
        None
    }
}

fn says_no_cache(pragma: &[u8]) -> bool {
    pragma
        .split(|byte| *byte == b',')
        .any(|member| member.trim_ascii().eq_ignore_ascii_case(b"no-cache"))
}

#[cfg(test)]
mod tests;
