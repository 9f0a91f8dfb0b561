//! Part of step 9: what a successful write makes obsolete (RFC 9111, section 4.4; RFC 9875).

use engine::{
    cache::{
        invalidate::{self, Obsolete, Write},
        key::{KeyParts, canonical_query},
        label::Origin,
        purge::{Manner, Purge, Target},
        search::SearchVariance,
        tags,
    },
    path,
    routing::{RouteOutcome, RouteQuery},
};
use http::Method;
use policy::CachePolicy;

use super::lookup::{port_of, search_variance};
use crate::{errand::Errand, upstream::Fetched};

/// The write that an errand stands for.
pub(super) fn write(errand: &Errand) -> Write<'_> {
    let authority = &errand.facts.authority;
    let host = host_of(authority);
    let scheme = errand.scheme();
    Write {
        method: &errand.head.method,
        scheme,
        host,
        port: port_of(authority, host, scheme),
        target: errand
            .head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str()),
    }
}

/// Forgets what the request that got this response has made obsolete.
///
/// What is stored was stored by the route that reads take, which may be another than the one the
/// write took; so each target is routed again, as a GET.
pub(super) fn after_write(errand: &Errand, fetched: &Fetched) {
    let write = write(errand);
    let headers = &fetched.head.headers;
    let obsolete = invalidate::after(&write, fetched.head.status, headers);
    let Obsolete::Targets(targets) = obsolete else {
        return;
    };
    let sidecar = &errand.sidecar;
    for target in targets {
        with_key(errand, &write, &target, |_, cache, parts| {
            let rules = &cache.key.query;
            let said = search_variance(sidecar, &parts, rules);
            // What came before anything was known about the path has the whole query in its key.
            for said in [None].into_iter().chain(said.as_deref().map(Some)) {
                let mut key = Vec::new();
                parts.encode(rules, said, &mut key);
                // Marked first: what is stored from now on was asked for after the write, or is not.
                sidecar.writes.mark(store::hash(&key));
                sidecar.responses.remove(&key);
                if sidecar.has_partitions() || rules.no_vary_search {
                    purge(errand, url(cache, &parts, said));
                }
            }
        });
    }
    let origin = Origin {
        scheme: write.scheme,
        host: write.host.to_owned(),
        port: write.port,
    };
    for group in tags::obsolete_groups(write.method, &origin, headers) {
        purge(errand, group);
    }
}

/// The key under which a GET of the errand's target is kept, if it takes the same route.
pub(super) fn key_of_target(errand: &Errand) -> Option<Box<[u8]>> {
    let write = write(errand);
    let mut found = None;
    with_key(errand, &write, write.target, |route, cache, parts| {
        if route == errand.route {
            let mut key = Vec::new();
            parts.encode(&cache.key.query, None, &mut key);
            found = Some(key.into());
        }
    });
    found
}

/// Calls `then` with the route, the policy and the key of a GET of `target`, if it may be cached.
fn with_key(
    errand: &Errand,
    write: &Write<'_>,
    target: &str,
    then: impl FnOnce(usize, &CachePolicy, KeyParts<'_>),
) {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let path = path::normalize(path);
    let found = errand.snapshot.router.route(&RouteQuery {
        host: write.host,
        method: &Method::GET,
        path: path.as_str(),
        query,
        headers: &errand.head.headers,
    });
    let RouteOutcome::Route(position) = found else {
        return;
    };
    let route = &errand.snapshot.policies.routes[position];
    let Some(cache) = &route.cache else { return };
    let parts = KeyParts {
        route: &route.name,
        scheme: write.scheme,
        host: write.host,
        port: write.port,
        path: path.as_str(),
        query,
        user: None,
        body: None,
    };
    then(position, cache, parts);
}

fn url(cache: &CachePolicy, parts: &KeyParts<'_>, said: Option<&SearchVariance>) -> Target {
    let query = parts
        .query
        .and_then(|query| canonical_query(query, &cache.key.query, said));
    Target::Url {
        host: parts.host.to_owned(),
        path: parts.path.to_owned(),
        query,
    }
}

/// A write makes obsolete for good: a soft purge would let the old state be served once more.
fn purge(errand: &Errand, what: Target) {
    errand.sidecar.purges.record(&Purge {
        what,
        manner: Manner::Hard,
    });
}

fn host_of(authority: &str) -> &str {
    match authority.rfind([':', ']']) {
        Some(colon) if authority.as_bytes()[colon] == b':' => &authority[..colon],
        _ => authority,
    }
}
