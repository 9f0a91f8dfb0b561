//! Part of step 9: what a successful write makes obsolete (RFC 9111, section 4.4).

use engine::{
    cache::{
        invalidate::{self, Obsolete, Write},
        key::KeyParts,
    },
    path,
    routing::{RouteOutcome, RouteQuery},
};
use http::Method;

use super::lookup::port_of;
use crate::{errand::Errand, upstream::Fetched};

/// Forgets what the request that got this response has made obsolete.
///
/// What is stored was stored by the route that reads take, which may be another than the one the
/// write took; so each target is routed again, as a GET.
pub(crate) fn after_write(errand: &Errand, fetched: &Fetched) {
    let uri = &errand.head.uri;
    let authority = &errand.facts.authority;
    let host = host_of(authority);
    let scheme = errand.scheme();
    let port = port_of(authority, host, scheme);
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let write = Write {
        method: &errand.head.method,
        scheme,
        host,
        port,
        target,
    };
    let obsolete = invalidate::after(&write, fetched.head.status, &fetched.head.headers);
    let Obsolete::Targets(targets) = obsolete else {
        return;
    };
    let mut key = Vec::new();
    for target in targets {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target.as_str(), None),
        };
        let path = path::normalize(path);
        let found = errand.snapshot.router.route(&RouteQuery {
            host,
            method: &Method::GET,
            path: path.as_str(),
            query,
            headers: &errand.head.headers,
        });
        let RouteOutcome::Route(position) = found else {
            continue;
        };
        let route = &errand.snapshot.policies.routes[position];
        let Some(cache) = &route.cache else { continue };
        let parts = KeyParts {
            route: &route.name,
            scheme,
            host,
            port,
            path: path.as_str(),
            query,
            user: None,
            body: None,
        };
        parts.encode(&cache.key.query, None, &mut key);
        errand.sidecar.responses.remove(&key);
    }
}

fn host_of(authority: &str) -> &str {
    match authority.rfind([':', ']']) {
        Some(colon) if authority.as_bytes()[colon] == b':' => &authority[..colon],
        _ => authority,
    }
}
