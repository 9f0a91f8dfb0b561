//! What the origin says about a response that is stored already: a 304, or the answer to a HEAD.

use std::sync::Arc;

use engine::{
    cache::{
        head::{self, Headed},
        purge::Purged,
        range::Extent,
        request::Lookup,
        response::ResponseFacts,
        revalidate::{self, Confirmation, Freshened},
        stored::{self, StoredMeta},
    },
    outcome::StoreOutcome,
};
use http::HeaderMap;
use store::StoredResponse;

use super::{Kept, Next, draw, enforced_cache, fill};
use crate::{
    clock,
    errand::Errand,
    steps::{encode, fetch::Sent},
    upstream::Fetched,
};

/// Takes a 304 in.
pub(super) fn confirmed(errand: &Errand, known: &Lookup, fetched: &Fetched, sent: Sent) -> Next {
    let Some(cache) = enforced_cache(errand) else {
        return Next::AskAgain;
    };
    let Some(stale) = &errand.intent.stale else {
        return Next::AskAgain;
    };
    let stored = &stale.stored;
    let responses = &errand.sidecar.responses;
    let key = &errand.intent.key;
    let headers = &fetched.head.headers;
    let confirmation = confirmation(errand, known, headers, sent);
    let (meta, outcome) = match revalidate::freshen(&stored.meta, &confirmation, cache) {
        Freshened::Mismatch => {
            responses.forget(key, stored);
            return Next::AskAgain;
        }
        Freshened::Last(meta, reason) => (meta, StoreOutcome::Skipped(reason)),
        Freshened::Updated(meta) => (meta, StoreOutcome::Stored),
    };
    let renewed = Arc::new(renewed(errand, stored, *meta, sent));
    match outcome {
        _ if fill::is_overtaken(errand, key, sent) => responses.forget(key, stored),
        StoreOutcome::Stored => responses.renew(key, stored, Arc::clone(&renewed)),
        StoreOutcome::Skipped(_) => responses.forget(key, stored),
    }
    let personal = stored::personal_headers(headers, &[]);
    Next::answer(Kept::Renewed(renewed), Some(outcome), None).with_personal(personal)
}

/// Takes in what the answer to a HEAD says about the stored answer to GET.
pub(super) fn headed(errand: &Errand, known: &Lookup, facts: &ResponseFacts<'_>, sent: Sent) {
    // What may not be kept for the one who asks says nothing about what is kept for others.
    if known.authorization || known.cookies {
        return;
    }
    let Some(cache) = enforced_cache(errand) else {
        return;
    };
    let key = &errand.intent.key;
    let responses = &errand.sidecar.responses;
    let Some(variants) = responses.get(key) else {
        return;
    };
    let persona = &errand.intent.persona;
    let Ok(stored) = variants.select(&errand.head.headers, persona) else {
        return;
    };
    if errand.sidecar.purges.judge(stored, key) == Purged::Hard {
        return responses.forget(key, stored);
    }
    let length = stored.part.map_or(stored.body.len() as u64, Extent::length);
    let answer = confirmation(errand, known, facts.head.headers, sent);
    match head::decide(&stored.meta, length, facts.head.status, &answer, cache) {
        Headed::Obsolete => responses.forget(key, stored),
        Headed::Refreshed(meta) => {
            let renewed = renewed(errand, stored, *meta, sent);
            responses.renew(key, stored, Arc::new(renewed));
        }
        Headed::Unchanged => {}
    }
}

fn confirmation<'a>(
    errand: &'a Errand,
    known: &'a Lookup,
    headers: &'a HeaderMap,
    sent: Sent,
) -> Confirmation<'a> {
    Confirmation {
        headers,
        request: &errand.head.headers,
        lookup: known,
        accept_encoding: errand.accept_encoding(),
        sent_at: sent.at,
        received_at: clock::now(),
        draw: draw(),
    }
}

/// The stored response with its new head; it is for the same, and can be purged by the same.
fn renewed(
    errand: &Errand,
    stored: &StoredResponse,
    meta: StoredMeta,
    sent: Sent,
) -> StoredResponse {
    let labels = fill::labels(errand, &errand.intent.key, &meta.head.to_headers());
    encode::prepared(errand.route(), meta, stored.body.clone(), stored.part)
        .with_persona(errand.intent.persona.clone())
        .with_labels(labels)
        .since(sent.purges)
}
