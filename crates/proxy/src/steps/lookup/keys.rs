//! What a request is looked up and joined by.

use std::sync::Arc;

use bytes::Bytes;
use engine::cache::{
    key::{KeyParts, KeyedBody},
    search::SearchVariance,
};
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
    request,
};
use policy::{CachePolicy, Mode, QueryKey, Route, Scheme};

use crate::{
    exchange::Exchange,
    sidecar::Sidecar,
    steps::{admit::Admitted, identify},
};

/// The last byte of the keys of a cache in shadow mode, whose entries have no bodies: switching it
/// on for real must not find them.
const SHADOW_KEY: u8 = b'~';

pub(crate) fn key_parts<'a>(
    scheme: Scheme,
    route: &'a Route,
    head: &'a request::Parts,
    admitted: &'a Admitted<'_>,
) -> KeyParts<'a> {
    KeyParts {
        route: &route.name,
        scheme,
        host: admitted.authority.host(),
        port: port_of(
            admitted.authority.as_str(),
            admitted.authority.host(),
            scheme,
        ),
        path: admitted.path.as_str(),
        query: head.uri.query(),
        user: None,
        body: None,
    }
}

/// Which of two lines the origin believes is not known, so that neither can be part of a key.
pub(super) fn says_twice_what_it_is(headers: &HeaderMap) -> bool {
    [CONTENT_TYPE, CONTENT_ENCODING]
        .iter()
        .any(|name| headers.get_all(name).iter().count() > 1)
}

pub(super) fn keyed_body<'a>(head: &'a request::Parts, content: &'a Bytes) -> KeyedBody<'a> {
    let field = |name| head.headers.get(name).map(http::HeaderValue::as_bytes);
    KeyedBody {
        method: head.method.as_str(),
        content_type: field(CONTENT_TYPE),
        content_encoding: field(CONTENT_ENCODING),
        bytes: content,
    }
}

/// What responses for this path said in `No-Vary-Search`, where the operator listens to it.
pub(crate) fn search_variance(
    sidecar: &Sidecar,
    parts: &KeyParts<'_>,
    query: &QueryKey,
) -> Option<Arc<SearchVariance>> {
    if !query.no_vary_search || parts.query.is_none() {
        return None;
    }
    sidecar.searches.get(parts)
}

/// The port of a canonical authority, which names it only when it is not the scheme's own.
pub(crate) fn port_of(authority: &str, host: &str, scheme: Scheme) -> u16 {
    let named = authority[host.len()..].strip_prefix(':');
    named
        .and_then(|port| port.parse().ok())
        .unwrap_or(match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        })
}

/// A key for people.
pub(super) fn in_words(
    parts: &KeyParts<'_>,
    query: &QueryKey,
    search: Option<&SearchVariance>,
) -> Box<str> {
    let described = parts.describe(query, search);
    let words: Vec<_> = (described.iter())
        .map(|part| format!("{}={}", part.name, part.value))
        .collect();
    words.join(" ").into()
}

/// Adds to a flight's key what keys of stored responses do not have: whose token it is, and what was
/// written and purged before. A read that begins after a write must not board the flight of one that
/// began before it.
pub(crate) fn complete_flight_key(
    exchange: &Exchange,
    stored_under: &[u8],
    headers: &HeaderMap,
    key: &mut Vec<u8>,
) {
    if let Some(identity) = &exchange.snapshot().identity {
        for token in identify::tokens(&identity.policy.source, headers) {
            key.extend_from_slice(&token.len().to_be_bytes());
            key.extend_from_slice(token);
        }
    }
    let sidecar = exchange.sidecar();
    let written = sidecar.writes.stamp(store::hash(stored_under));
    key.extend_from_slice(&written.to_be_bytes());
    key.extend_from_slice(&sidecar.purges.now().as_u64().to_be_bytes());
}

/// Keeps the entries of a cache in shadow mode apart.
pub(crate) fn mark_shadow(cache: &CachePolicy, key: &mut Vec<u8>) {
    if cache.mode == Mode::Shadow {
        key.push(SHADOW_KEY);
    }
}

pub(super) fn request_hash(key: &[u8], persona: &[u8]) -> u128 {
    // The key says itself where it ends.
    store::hash_of(&[key, persona])
}
