//! What the policies of a route do with one request, before the origin has said anything.

use engine::{
    admit::DeclaredBody,
    cache::{
        key::{KeyPart, KeyParts},
        request::{self, Lookup, RequestClass},
    },
    negotiation::{Negotiated, negotiate},
    outcome::BypassReason,
    path::NormalPath,
};
use policy::{CachePolicy, DeduplicationPolicy, HonorRequest, Mode, RequestCookies, Route, Scheme};

use super::{Seen, guards::Guards, request::Request};

/// What applies.
#[derive(Debug)]
pub(super) struct Applied<'a> {
    pub(super) cache: CacheSays,
    /// Whether a cache could answer it at all.
    pub(super) class: RequestClass,
    /// Empty when neither the cache nor deduplication is on.
    pub(super) key: Vec<KeyPart>,
    /// `None` when the route does not compress.
    pub(super) coding: Option<Negotiated>,
    pub(super) guards: Guards<'a>,
}

/// What the cache does.
#[derive(Debug)]
pub(super) enum CacheSays {
    /// The request passes it by.
    Bypass(BypassReason),
    /// It is asked; what there is to know about that.
    Asked(Vec<&'static str>),
    /// The route has none.
    Off,
}

// === impl Applied ===

impl<'a> Applied<'a> {
    pub(super) fn new(
        route: &'a Route,
        request: &Request,
        seen: &Seen<'_>,
        body: DeclaredBody,
    ) -> Self {
        let on = |mode: Mode| mode != Mode::Off;
        let cache = route.cache.as_ref().filter(|cache| on(cache.mode));
        let joins = |policy: &&DeduplicationPolicy| on(policy.mode);
        let joins = route.deduplication.as_ref().filter(joins).is_some();
        let class = classify(cache, request, seen, body);
        let key = match (&class, cache.is_some() || joins) {
            (RequestClass::Lookup(_), true) => key(route, cache, request, seen),
            _ => Vec::new(),
        };
        let compression = route.compression.as_ref();
        let compression = compression.filter(|compression| on(compression.mode));
        Self {
            cache: match (cache, class) {
                (None, _) => CacheSays::Off,
                (Some(_), RequestClass::Bypass(reason)) => CacheSays::Bypass(reason),
                (Some(cache), RequestClass::Lookup(known)) => {
                    CacheSays::Asked(remarks(cache, &known))
                }
            },
            class,
            key,
            coding: compression.map(|policy| negotiate(&request.headers, &policy.encodings)),
            guards: Guards::new(route, request, seen),
        }
    }
}

fn classify(
    cache: Option<&CachePolicy>,
    request: &Request,
    seen: &Seen<'_>,
    body: DeclaredBody,
) -> RequestClass {
    if let NormalPath::Ambiguous(_) = seen.path {
        return RequestClass::Bypass(BypassReason::AmbiguousPath);
    }
    let head = request::RequestHead {
        method: &request.method,
        headers: &request.headers,
        has_body: matches!(body, DeclaredBody::Chunked | DeclaredBody::Length(1..)),
    };
    let rules = request::RequestRules {
        body: cache.map(|cache| &cache.key.body),
        cookies: cache.map_or(RequestCookies::Bypass, |cache| cache.request_cookies),
        honor: cache.map_or(HonorRequest::Always, |cache| cache.honor_request),
        peer: seen.client.peer,
        ..request::RequestRules::default()
    };
    request::classify(head, &rules)
}

fn key(
    route: &Route,
    cache: Option<&CachePolicy>,
    request: &Request,
    seen: &Seen<'_>,
) -> Vec<KeyPart> {
    let host = seen.authority.host();
    let port = seen.authority.as_str()[host.len()..].strip_prefix(':');
    let parts = KeyParts {
        route: &route.name,
        scheme: request.scheme,
        host,
        port: port
            .and_then(|port| port.parse().ok())
            .unwrap_or(match request.scheme {
                Scheme::Http => 80,
                Scheme::Https => 443,
            }),
        path: seen.path.as_str(),
        query: request.target.query(),
        user: None,
        body: None,
    };
    let rules = cache
        .map(|cache| cache.key.query.clone())
        .unwrap_or_default();
    parts.describe(&rules, None)
}

/// What follows from the request, whatever the origin says.
fn remarks(cache: &CachePolicy, known: &Lookup) -> Vec<&'static str> {
    let mut remarks = Vec::new();
    let mut when = |holds: bool, remark| {
        if holds {
            remarks.push(remark);
        }
    };
    when(
        cache.mode == Mode::Shadow,
        "mode shadow: it decides and counts, and the origin is asked all the same",
    );
    when(
        known.authorization,
        "Authorization: shared only when the origin says public, s-maxage or must-revalidate",
    );
    when(
        known.cookies,
        "Cookie: shares only what the origin itself calls cacheable (request_cookies: bypass)",
    );
    when(
        known.demand.no_cache,
        "no-cache in the request: the origin is asked first",
    );
    when(
        known.demand.max_age.is_some() || known.demand.min_fresh.is_some(),
        "max-age or min-fresh in the request: the origin is asked when what is held is too old",
    );
    when(
        known.only_if_cached,
        "only-if-cached: 504 when it is not held",
    );
    when(
        known.conditional,
        "If-None-Match or If-Modified-Since: 304 when the client holds the same",
    );
    when(
        known.range,
        "Range: the part is cut from what is held; see cache.ranges for what is not",
    );
    when(
        known.method == request::Retrieval::Query,
        "the body is part of the key, up to key.body.max_size",
    );
    when(
        !cache.key.dimensions.is_empty(),
        "one response for each combination of what the key's dimensions say about who is asking",
    );
    when(
        cache.key.per_user.is_some(),
        "per_user: who is verified has responses of their own",
    );
    when(
        cache.lifetimes.times.ttl.is_none(),
        "no ttl: a response is kept only when the origin says for how long, or when it was last changed",
    );
    remarks
}
