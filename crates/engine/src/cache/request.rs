//! May the cache answer this request, and what does the client demand (RFC 9111, sections 4 and 5.2.1)?
//!
//! One pass over the fields, because this runs for every request; what later steps need to know
//! of them is remembered in [`Lookup`], which is `Copy`.
//!
//! **Request directives.** `no-store` and `only-if-cached` are always obeyed. `no-cache`,
//! `max-age` and `min-fresh` make the cache ask the origin first. `max-stale` is a permission, not
//! a demand, and is not used: nothing stale is served without the operator's word.

use http::{HeaderMap, Method};
use policy::RequestCookies;

use super::{
    directives::{CacheControl, Reach},
    seconds::DeltaSeconds,
};
use crate::outcome::BypassReason;

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
    /// GET or HEAD.
    pub method: Retrieval,
    /// It carries credentials in `Authorization`.
    pub authorization: bool,
    /// It carries a cookie, and the policy does not vouch that cookies do not matter.
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
}

/// How fresh a client wants a stored response to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// The origin must be asked: `no-cache`, or `Pragma: no-cache` without `Cache-Control`.
    pub no_cache: bool,
    /// No older than this.
    pub max_age: Option<DeltaSeconds>,
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
    precondition: bool,
    range: bool,
    upgrade: bool,
    names_another_request: bool,
}

/// Decides whether the cache may be asked.
///
/// The policy's mode is the caller's business: in shadow mode it asks, counts and does not act.
pub fn classify(request: RequestHead<'_>, cookies: RequestCookies) -> RequestClass {
    let method = if *request.method == Method::GET {
        Retrieval::Get
    } else if *request.method == Method::HEAD {
        Retrieval::Head
    } else {
        return RequestClass::Bypass(BypassReason::Method);
    };
    let seen = Seen::of(request.headers);
    let control = seen.control.unwrap_or_default();
    if let Some(reason) = bypass(&seen, &control, request.has_body) {
        return RequestClass::Bypass(reason);
    }
    let pragma = seen.control.is_none() && seen.pragma_no_cache;
    RequestClass::Lookup(Lookup {
        method,
        authorization: seen.authorization,
        cookies: seen.cookie && cookies == RequestCookies::Bypass,
        conditional: seen.conditional,
        only_if_cached: control.only_if_cached,
        demand: Demand {
            no_cache: control.no_cache != Reach::Nothing || pragma,
            max_age: control.max_age,
            min_fresh: control.min_fresh,
        },
    })
}

// === impl Lookup ===

impl Lookup {
    /// A GET that carries and demands nothing.
    pub const PLAIN_GET: Self = Self {
        method: Retrieval::Get,
        authorization: false,
        cookies: false,
        conditional: false,
        only_if_cached: false,
        demand: Demand {
            no_cache: false,
            max_age: None,
            min_fresh: None,
        },
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
}

fn bypass(seen: &Seen, control: &CacheControl, has_body: bool) -> Option<BypassReason> {
    if seen.upgrade {
        Some(BypassReason::Upgrade)
    } else if has_body {
        Some(BypassReason::BodyWithGet)
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
