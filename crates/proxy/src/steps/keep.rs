//! Step 9: may we store what came, and may others who want the same have it?

use std::sync::Arc;

use bytes::Bytes;
use engine::{
    cache::{
        draw::Draw,
        freshness::Terms,
        keep::{self, Keep},
        request::Lookup,
        response::{Framing, ResponseFacts, ResponseHead},
        revalidate::{self, Asking, Confirmation, Freshened, Verdict},
        share::{self, Share},
        stored::StoredMeta,
    },
    outcome::{SkipReason, StoreOutcome},
    time::Now,
};
use http_body::Body;
use policy::{Mode, SetCookie};
use store::{Skipped, StoredResponse};

use super::{encode, lookup::Stale};
use crate::{
    clock,
    errand::Errand,
    fill::{Fill, FillReader},
    fill_job::{FillJob, Keeping},
    upstream::Fetched,
};

/// A body that is only shared, not stored, is held back for late followers up to this size.
const SHARED_BYTES: u64 = 1024 * 1024;
/// What a body of unknown length reserves to begin with.
const FIRST_RESERVATION: u64 = 64 * 1024;

/// What became of the origin's response.
#[derive(Debug)]
pub(crate) enum Kept {
    /// It goes to the one client whose request it answers.
    Direct(Box<Fetched>),
    /// It is being read for whoever wants it.
    Filling {
        /// The head, with an empty body.
        head: Arc<StoredResponse>,
        /// This client's place in the body.
        reader: FillReader,
    },
    /// The stored response, confirmed.
    Renewed(Arc<StoredResponse>),
    /// It is stored already, its body whole.
    Stored(Arc<StoredResponse>),
}

/// What is to be done after the origin has answered.
#[derive(Debug)]
pub(crate) enum Next {
    /// The 304 was about something else: forget what is stored and ask plainly.
    AskAgain,
    /// Answer with this.
    Answer(Box<Verdicted>),
}

/// A response with its verdicts.
#[derive(Debug)]
pub(crate) struct Verdicted {
    pub(crate) kept: Kept,
    pub(crate) store: Option<StoreOutcome>,
    /// Present with [`Kept::Filling`]: the work of reading the body, and what followers need.
    pub(crate) job: Option<FillJob>,
}

/// Whether somebody else may be waiting for the same response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Only the client that asked.
    One,
    /// Perhaps followers, too.
    Several,
}

/// Decides about a response whose head has come.
pub(crate) fn keep(
    errand: &Errand,
    fetched: Fetched,
    asking: Asking,
    sent_at: Now,
    audience: Audience,
) -> Next {
    let Some(known) = errand.intent.lookup else {
        super::invalidate::after_write(errand, &fetched);
        return Next::direct(fetched, None);
    };
    let received_at = clock::now();
    if let (Some(stale), Verdict::Confirmed) = (
        &errand.intent.stale,
        Verdict::of(asking, fetched.head.status),
    ) {
        return confirmed(errand, stale, &known, &fetched, sent_at, received_at);
    }
    let head = &fetched.head;
    let facts = ResponseFacts::read(ResponseHead {
        status: head.status,
        headers: &head.headers,
        framing: Framing::of(head.version, head.status, &head.headers),
        sent_at,
        received_at,
    });
    let set_cookie = errand
        .route()
        .cache
        .as_ref()
        .map_or(SetCookie::Refuse, |cache| cache.set_cookie);
    let (terms, outcome) = verdict(errand, &known, &facts, &fetched);
    if let Some(StoreOutcome::Skipped(reason)) = outcome {
        remember(errand, reason, &fetched, received_at);
    }
    let shared = audience == Audience::Several
        && enforced(errand.route().deduplication.map(|policy| policy.mode))
        && share::decide(&known, &facts, set_cookie) == Share::Yes;
    if terms.is_none()
        && !head.status.is_server_error()
        && let Some(stale) = &errand.intent.stale
    {
        // The origin has something else now, which may not be kept: what we have is history.
        errand
            .sidecar
            .responses
            .forget(&errand.intent.key, &stale.stored);
    }
    if terms.is_none() && !shared {
        return Next::direct(fetched, outcome);
    }
    let meta = meta(errand, &facts, terms.unwrap_or(Terms::NONE));
    fill(errand, fetched, meta, terms.is_some(), outcome)
}

/// For whoever asks later why it was not kept.
fn remember(errand: &Errand, reason: SkipReason, fetched: &Fetched, at: Now) {
    let skipped = Skipped {
        reason,
        status: fetched.head.status,
        length: fetched.body.size_hint().exact(),
        at: at.monotonic,
    };
    let key = store::hash(&errand.intent.key);
    errand.sidecar.verdicts.remember(key, skipped);
}

fn enforced(mode: Option<Mode>) -> bool {
    mode == Some(Mode::Enforce)
}

/// The terms if the response is to be stored, and what is told about storing it.
fn verdict(
    errand: &Errand,
    known: &Lookup,
    facts: &ResponseFacts<'_>,
    fetched: &Fetched,
) -> (Option<Terms>, Option<StoreOutcome>) {
    let skipped = |reason| (None, Some(StoreOutcome::Skipped(reason)));
    let Some(cache) = errand.route().cache.as_ref() else {
        return (None, None);
    };
    if cache.mode == Mode::Off {
        return (None, None);
    }
    let terms = match keep::decide(known, facts, cache, Draw::NEUTRAL) {
        Keep::Store(terms) => terms,
        Keep::Skip(reason) => return skipped(reason),
    };
    let length = fetched.body.size_hint().exact();
    if length.is_some_and(|length| length > cache.max_object.bytes()) {
        return skipped(SkipReason::TooLarge);
    }
    if cache.mode == Mode::Shadow {
        // Remembered without its body, so that the next request can tell that it would have hit.
        let head = StoredResponse::new(meta(errand, facts, terms), Bytes::new());
        errand.sidecar.responses.put(
            &errand.intent.key,
            Arc::new(head),
            cache.max_variants.into(),
        );
        return skipped(SkipReason::Shadow);
    }
    (Some(terms), Some(StoreOutcome::Stored))
}

fn meta(errand: &Errand, facts: &ResponseFacts<'_>, terms: Terms) -> StoredMeta {
    let request = &errand.head.headers;
    StoredMeta::new(facts, request, terms, errand.accept_encoding())
}

/// Begins to read the body for several, if there is memory for it.
fn fill(
    errand: &Errand,
    fetched: Fetched,
    meta: StoredMeta,
    stored: bool,
    outcome: Option<StoreOutcome>,
) -> Next {
    let length = fetched.body.size_hint().exact();
    let reserved = errand
        .sidecar
        .fills
        .reserve(length.unwrap_or(FIRST_RESERVATION));
    let Some(reservation) = reserved else {
        if stored {
            remember(errand, SkipReason::MemoryPressure, &fetched, clock::now());
        }
        let pressed = StoreOutcome::Skipped(SkipReason::MemoryPressure);
        return Next::direct(fetched, stored.then_some(pressed).or(outcome));
    };
    let head = Arc::new(StoredResponse::new(meta, Bytes::new()));
    let fill = Arc::new(Fill::default());
    let Some(reader) = fill.reader(length) else {
        return Next::direct(fetched, outcome);
    };
    let cap = match (&errand.route().cache, stored) {
        (Some(cache), true) => cache.max_object.bytes(),
        _ => SHARED_BYTES,
    };
    let keeping = Keeping {
        sidecar: Arc::clone(&errand.sidecar),
        snapshot: Arc::clone(&errand.snapshot),
        route: errand.route,
        key: errand.intent.key.clone(),
        stored,
        cap,
        reservation,
    };
    let job = FillJob::new(fetched.body, Arc::clone(&head), fill, length, keeping);
    Next::Answer(Box::new(Verdicted {
        kept: Kept::Filling { head, reader },
        store: outcome,
        job: Some(job),
    }))
}

/// Takes a 304 in.
fn confirmed(
    errand: &Errand,
    stale: &Stale,
    known: &Lookup,
    fetched: &Fetched,
    sent_at: Now,
    received_at: Now,
) -> Next {
    let store = &errand.sidecar.responses;
    let key = &errand.intent.key;
    let Some(cache) = errand.route().cache.as_ref() else {
        return Next::AskAgain;
    };
    let answer = Confirmation {
        headers: &fetched.head.headers,
        request: &errand.head.headers,
        lookup: known,
        accept_encoding: errand.accept_encoding(),
        sent_at,
        received_at,
        draw: Draw::NEUTRAL,
    };
    let (meta, outcome) = match revalidate::freshen(&stale.stored.meta, &answer, cache) {
        Freshened::Mismatch => {
            store.forget(key, &stale.stored);
            return Next::AskAgain;
        }
        Freshened::Last(meta, reason) => (meta, StoreOutcome::Skipped(reason)),
        Freshened::Updated(meta) => (meta, StoreOutcome::Stored),
    };
    let body = stale.stored.body.clone();
    let renewed = Arc::new(encode::prepared(errand.route(), *meta, body));
    match outcome {
        StoreOutcome::Stored => store.renew(key, &stale.stored, Arc::clone(&renewed)),
        StoreOutcome::Skipped(_) => store.forget(key, &stale.stored),
    }
    Next::Answer(Box::new(Verdicted {
        kept: Kept::Renewed(renewed),
        store: Some(outcome),
        job: None,
    }))
}

// === impl Next ===

impl Next {
    fn direct(fetched: Fetched, store: Option<StoreOutcome>) -> Self {
        Self::Answer(Box::new(Verdicted {
            kept: Kept::Direct(Box::new(fetched)),
            store,
            job: None,
        }))
    }
}
