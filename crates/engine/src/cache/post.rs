//! When the answer to a POST may be kept as the answer to a GET (RFC 9110, section 9.3.3).
//!
//! An origin that answers a POST with the new state of the target, says so with a `Content-Location`
//! that is the target itself, and gives it a lifetime of its own, saves the GET that would follow. Only
//! its own word counts: neither an operator's TTL nor heuristics make anything of a POST.

use http::{HeaderMap, Method, header};
use policy::CachePolicy;

use super::{
    draw::Draw,
    invalidate::{self, Write},
    keep::{self, Keep},
    request::{Lookup, RequestClass, RequestHead, RequestRules, classify},
    response::ResponseFacts,
};
use crate::{outcome::SkipReason, path};

/// What becomes of the answer to a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It is kept as the answer to a GET of the same URI, with the same fields.
    AsGet {
        /// What is known of that GET.
        lookup: Lookup,
        /// Whether and how it is kept.
        keep: Keep,
    },
    /// It is for the one who asked.
    Skip(SkipReason),
}

/// Decides about the response to `write`, whose fields were `request`.
///
/// What it made obsolete ([`invalidate::after`]) is to be forgotten first.
pub fn decide(
    write: &Write<'_>,
    request: &HeaderMap,
    rules: &RequestRules<'_>,
    response: &ResponseFacts<'_>,
    policy: &CachePolicy,
) -> Posted {
    if *write.method != Method::POST || !response.head.status.is_success() {
        return Posted::Skip(SkipReason::Method);
    }
    if !is_located_at_target(write, response.head.headers) {
        return Posted::Skip(SkipReason::Method);
    }
    if response.explicit.is_none() {
        return Posted::Skip(SkipReason::NoFreshness);
    }
    let as_get = RequestHead {
        method: &Method::GET,
        headers: request,
        has_body: false,
    };
    match classify(as_get, rules) {
        RequestClass::Bypass(_) => Posted::Skip(SkipReason::Method),
        RequestClass::Lookup(lookup) => Posted::AsGet {
            lookup,
            // A lifetime of the origin's is not shortened.
            keep: keep::decide(&lookup, response, policy, Draw::NEUTRAL),
        },
    }
}

/// There is one `Content-Location`, and it is the target.
fn is_located_at_target(write: &Write<'_>, response: &HeaderMap) -> bool {
    let mut lines = response.get_all(header::CONTENT_LOCATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return false;
    };
    let located = line
        .to_str()
        .ok()
        .and_then(|reference| invalidate::same_origin(write, reference));
    located.is_some_and(|located| spelled_once(&located) == spelled_once(write.target))
}

/// A target with its path in the one spelling by which it is keyed.
fn spelled_once(target: &str) -> (String, Option<&str>) {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    (path::normalize(path).as_str().to_owned(), query)
}

#[cfg(test)]
mod tests;
