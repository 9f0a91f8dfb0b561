//! What becomes of an answer that the cache was not asked about: to a write, mostly.

use engine::cache::{
    keep::Keep,
    post::{self, Posted},
    request::RequestRules,
    stored,
};
use engine::{outcome::StoreOutcome, transform::wants_original};
use http::Method;
use policy::CachePolicy;

use super::{Audience, Next, by_another, enforced_cache, facts, fill, meta};
use crate::{
    errand::Errand,
    steps::{
        fetch::Sent,
        invalidate::{self, after_write},
        transform,
    },
    upstream::Fetched,
};

/// Forgets what a write made obsolete, and keeps its answer if that is the new state of its target
/// (RFC 9110, section 9.3.3).
pub(super) fn keep(errand: &Errand, fetched: Fetched, sent: Sent) -> Next {
    let cache = enforced_cache(errand);
    let method = &errand.head.method;
    // What the operator calls a read writes nothing, also when it passed the cache by.
    if !cache.is_some_and(|cache| cache.key.body.methods.contains(method)) {
        after_write(errand, &fetched);
    }
    if let Some(outcome) = by_another(errand, &fetched) {
        return Next::direct(fetched, Some(outcome));
    }
    // Nobody else may get what was left as it was for this client.
    let trims = transform::is_trimmed(&errand.snapshot, errand.route);
    if trims && wants_original(&errand.head.headers) {
        return Next::direct(fetched, None);
    }
    // Whose GET it would answer is not known of a POST.
    let is_for_all = |cache: &&CachePolicy| {
        *method == Method::POST && cache.key.per_user.is_none() && cache.key.dimensions.is_empty()
    };
    let Some(cache) = cache.filter(is_for_all) else {
        return Next::direct(fetched, None);
    };
    let Some(key) = invalidate::key_of_target(errand) else {
        return Next::direct(fetched, None);
    };
    let facts = facts(&fetched, sent);
    let rules = RequestRules {
        cookies: cache.request_cookies,
        ..RequestRules::default()
    };
    let write = invalidate::write(errand);
    let posted = post::decide(&write, &errand.head.headers, &rules, &facts, cache);
    let Posted::AsGet {
        keep: Keep::Store(terms),
        ..
    } = posted
    else {
        return Next::direct(fetched, None);
    };
    // What was written by this very request is not what it overtakes.
    let sent = Sent {
        purges: errand.sidecar.purges.now(),
        writes: errand.sidecar.writes.now(),
        ..sent
    };
    let personal = stored::personal_headers(facts.head.headers, &facts.withheld);
    let mut meta = meta(errand, &facts, terms);
    meta.origin_tag = transform::origin_tag(&fetched.head);
    let filling = fill::Filling {
        meta,
        key,
        stored: true,
        outcome: Some(StoreOutcome::Stored),
        part: None,
        sent,
        audience: Audience::One,
    };
    fill::fill(errand, fetched, filling).with_personal(personal)
}
