//! Beginning to read a body for several, or for the store.

use std::sync::Arc;

use bytes::Bytes;
use engine::{
    cache::{
        freshness::Terms,
        key::KeyParts,
        label::{Label, Origin},
        partial::{self, Part, PartialAnswer},
        request::Lookup,
        response::ResponseFacts,
        stored::StoredMeta,
        tags::{OwnTags, Tags},
    },
    outcome::{SkipReason, StoreOutcome},
};
use http::HeaderMap;
use http_body::Body;
use store::{StoredResponse, Written};

use super::{Audience, Kept, Next, draw, enforced_cache, meta, remember};
use crate::{
    errand::Errand,
    fill::Fill,
    fill_job::{self, FillJob, Keeping},
    steps::fetch::Sent,
    upstream::Fetched,
};

/// A body that is only shared, not stored, is held back for late followers up to this size.
const SHARED_BYTES: u64 = 1024 * 1024;
/// What a body of unknown length reserves to begin with.
const FIRST_RESERVATION: u64 = 64 * 1024;

/// What is to become of a body.
pub(super) struct Filling {
    pub(super) meta: StoredMeta,
    pub(super) key: Box<[u8]>,
    /// Whether it goes into the cache at its end.
    pub(super) stored: bool,
    pub(super) outcome: Option<StoreOutcome>,
    /// Present when the body is a part of a representation.
    pub(super) part: Option<Box<Part>>,
    pub(super) sent: Sent,
    pub(super) audience: Audience,
}

/// Begins to read the body for several, if there is memory for it. A small one that only one client
/// waits for mostly comes with its head: it is stored at once.
pub(super) fn fill(errand: &Errand, mut fetched: Fetched, filling: Filling) -> Next {
    let length = fetched.body.size_hint().exact();
    let reserved = errand
        .sidecar
        .fills
        .reserve(length.unwrap_or(FIRST_RESERVATION));
    let Some(reservation) = reserved else {
        if filling.stored {
            remember(errand, SkipReason::MemoryPressure, &fetched);
        }
        let pressed = StoreOutcome::Skipped(SkipReason::MemoryPressure);
        let outcome = filling.stored.then_some(pressed).or(filling.outcome);
        return Next::direct(fetched, outcome);
    };
    let labels = if filling.stored {
        labels(errand, &filling.key, &fetched.head.headers)
    } else {
        Box::default()
    };
    let cap = match (&errand.route().cache, filling.stored) {
        (Some(cache), true) => cache.max_object.bytes(),
        _ => SHARED_BYTES,
    };
    let mut keeping = Keeping {
        sidecar: Arc::clone(&errand.sidecar),
        snapshot: Arc::clone(&errand.snapshot),
        route: errand.route,
        key: filling.key,
        persona: errand.intent.persona.clone(),
        labels,
        part: filling.part,
        sent: filling.sent,
        stored: filling.stored,
        cap,
        reservation,
        places: errand.places.clone(),
    };
    if keeping.stored
        && keeping.part.is_none()
        && filling.audience == Audience::One
        && !is_overtaken(errand, &keeping.key, keeping.sent)
        && let Some(length) = length.filter(|length| *length <= cap)
        && let Some(body) = fetched.body.at_once(length)
    {
        // What came is a part of a buffer that is larger.
        let body = Bytes::copy_from_slice(&body);
        let stored = fill_job::store_whole(&mut keeping, filling.meta, body);
        return Next::answer(Kept::Stored(stored), filling.outcome, None);
    }
    let head = Arc::new(StoredResponse::new(filling.meta, Bytes::new()));
    let fill = Arc::new(Fill::default());
    let Some(reader) = fill.reader(length) else {
        return Next::direct(fetched, filling.outcome);
    };
    let job = FillJob::new(fetched.body, Arc::clone(&head), fill, length, keeping);
    let kept = Kept::Filling { head, reader };
    Next::answer(kept, filling.outcome, Some(job))
}

/// How a part of a representation is kept, or why it is not; the client gets it either way.
pub(super) fn part(
    errand: &Errand,
    known: &Lookup,
    facts: &ResponseFacts<'_>,
    sent: Sent,
) -> Result<Filling, Option<StoreOutcome>> {
    let cache = enforced_cache(errand).ok_or(None)?;
    let answer = PartialAnswer {
        response: facts.head,
        request: &errand.head.headers,
        lookup: known,
        accept_encoding: errand.accept_encoding(),
        draw: draw(),
    };
    let part =
        partial::accept(&answer, cache).map_err(|reason| Some(StoreOutcome::Skipped(reason)))?;
    Ok(Filling {
        // The client gets the head of the part, as the origin sent it.
        meta: meta(errand, facts, Terms::NONE),
        key: errand.intent.key.clone(),
        stored: true,
        outcome: Some(StoreOutcome::Stored),
        part: Some(Box::new(part)),
        sent,
        audience: Audience::One,
    })
}

/// What the response under `key` can be purged by.
pub(super) fn labels(errand: &Errand, key: &[u8], headers: &HeaderMap) -> Box<[Label]> {
    let route = errand.route();
    let patterns = route.cache.as_ref().map_or(&[][..], |cache| &cache.tags);
    let says = ["surrogate-key", "cache-tag", "cache-groups"];
    if patterns.is_empty() && !says.iter().any(|name| headers.contains_key(*name)) {
        return Box::default();
    }
    let Some(parts) = KeyParts::of(key) else {
        return Box::default();
    };
    let origin = Origin {
        scheme: parts.scheme,
        host: parts.host.to_owned(),
        port: parts.port,
    };
    let own = OwnTags {
        patterns,
        route: &route.matches.path,
        path: parts.path,
    };
    let tags = Tags::of(headers, &origin, own);
    if tags.ignored > 0 {
        tracing::debug!(route = %route.name, ignored = tags.ignored, "too many tags");
    }
    tags.labels.into()
}

/// Whether what is under `key` was written to since the request was sent.
pub(crate) fn is_overtaken(errand: &Errand, key: &[u8], sent: Sent) -> bool {
    errand.sidecar.writes.since(store::hash(key), sent.writes) == Written::Perhaps
}
