//! Step 9: may we store what came, and may others who want the same have it?

mod confirmed;
mod fill;
mod posted;

use std::sync::Arc;

use bytes::Bytes;
use engine::{
    cache::{
        draw::Draw,
        freshness::Terms,
        keep::{self, Keep},
        key::KeyParts,
        request::{Lookup, Retrieval},
        response::{Framing, ResponseFacts, ResponseHead},
        revalidate::{Asking, Verdict},
        search::SearchVariance,
        share::{self, Share},
        stored::{self, StoredMeta},
    },
    outcome::{SkipReason, StoreOutcome},
};
use http::{HeaderMap, StatusCode};
use http_body::Body;
use policy::{CachePolicy, Mode, SetCookie};
use store::{Skipped, StoredResponse};

use super::{fetch::Sent, lookup::Scope, transform};
use crate::{clock, errand::Errand, fill::FillReader, fill_job::FillJob, upstream::Fetched};

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
    /// The stored response, because the origin failed.
    StoodIn(Arc<StoredResponse>),
    /// It is stored already, its body whole.
    Stored(Arc<StoredResponse>),
}

/// What is to be done after the origin has answered.
#[derive(Debug)]
pub(crate) enum Next {
    /// The 304 was about something else: forget what is stored and ask plainly.
    AskAgain,
    /// The whole is not to be kept: ask for the part that the client wants.
    AskForPart,
    /// Answer with this.
    Answer(Box<Verdicted>),
    /// A 304 to a question that nobody asked: there is nothing to answer with.
    Senseless,
}

/// A response with its verdicts.
#[derive(Debug)]
pub(crate) struct Verdicted {
    pub(crate) kept: Kept,
    pub(crate) store: Option<StoreOutcome>,
    /// Fields that are for the one who asked and for nobody else.
    pub(crate) personal: HeaderMap,
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
    sent: Sent,
    audience: Audience,
) -> Next {
    let Some(known) = errand.intent.lookup else {
        return posted::keep(errand, fetched, sent);
    };
    let status = fetched.head.status;
    if let Some(outcome) = by_another(errand, &fetched) {
        return Next::direct(fetched, Some(outcome));
    }
    if Verdict::of(asking, status) == Verdict::Confirmed {
        return confirmed::confirmed(errand, &known, &fetched, sent);
    }
    if status == StatusCode::NOT_MODIFIED && errand.intent.scope != Scope::Part {
        return Next::Senseless;
    }
    let facts = facts(&fetched, sent);
    if known.method == Retrieval::Head {
        confirmed::headed(errand, &known, &facts, sent);
    }
    if status == StatusCode::PARTIAL_CONTENT && errand.intent.scope == Scope::Part {
        return match fill::part(errand, &known, &facts, sent) {
            Ok(filling) => fill::fill(errand, fetched, filling),
            Err(outcome) => Next::direct(fetched, outcome),
        };
    }
    let cache = enforced_cache(errand);
    let set_cookie = cache.map_or(SetCookie::Refuse, |cache| cache.set_cookie);
    let (terms, outcome) = verdict(errand, &known, &facts, &fetched);
    if errand.intent.scope == Scope::AllForPart && terms.is_none() && status == StatusCode::OK {
        remember_unfillable(errand, status, outcome);
        return Next::AskForPart;
    }
    if let Some(StoreOutcome::Skipped(reason)) = outcome {
        remember(errand, reason, &fetched);
    }
    if let Some(cache) = cache {
        remember_search(errand, cache, facts.head.headers);
    }
    let shared = audience == Audience::Several
        && enforced(errand.route().deduplication.map(|policy| policy.mode))
        && share::decide(&known, &facts, set_cookie) == Share::Yes;
    if terms.is_none()
        && !status.is_server_error()
        && known.method != Retrieval::Head
        && let Some(stale) = &errand.intent.stale
    {
        // The origin has something else now, which may not be kept: what we have is history.
        let responses = &errand.sidecar.responses;
        responses.forget(&errand.intent.key, &stale.stored);
    }
    if terms.is_none() && !shared {
        return Next::direct(fetched, outcome);
    }
    let personal = stored::personal_headers(facts.head.headers, &facts.withheld);
    let mut meta = meta(errand, &facts, terms.unwrap_or(Terms::NONE));
    meta.origin_tag = transform::origin_tag(&fetched.head);
    let filling = fill::Filling {
        meta,
        key: errand.intent.key.clone(),
        stored: terms.is_some(),
        outcome,
        part: None,
        sent,
        audience,
    };
    fill::fill(errand, fetched, filling).with_personal(personal)
}

/// Why nothing is kept of an answer, when another upstream stood in: what that says is for now, and
/// not for when the breaker closes.
fn by_another(errand: &Errand, fetched: &Fetched) -> Option<StoreOutcome> {
    (usize::from(fetched.endpoint.upstream) != errand.route().upstream)
        .then_some(StoreOutcome::Skipped(SkipReason::OtherUpstream))
}

/// For whoever asks later why it was not kept.
fn remember(errand: &Errand, reason: SkipReason, fetched: &Fetched) {
    let skipped = Skipped {
        reason,
        status: fetched.head.status,
        length: fetched.body.size_hint().exact(),
        at: clock::monotonic(),
    };
    let key = store::hash(&errand.intent.key);
    errand.sidecar.verdicts.remember(key, skipped);
}

/// What matters of a response's head.
fn facts(fetched: &Fetched, sent: Sent) -> ResponseFacts<'_> {
    let head = &fetched.head;
    let headers = &head.headers;
    ResponseFacts::read(ResponseHead {
        status: head.status,
        headers,
        framing: Framing::of(head.version, head.status, headers),
        sent_at: sent.at,
        received_at: clock::now(),
    })
}

/// The route's cache, if it acts.
fn enforced_cache(errand: &Errand) -> Option<&CachePolicy> {
    let cache = errand.route().cache.as_ref();
    cache.filter(|cache| cache.mode == Mode::Enforce)
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
    let terms = match keep::decide(known, facts, cache, draw()) {
        Keep::Store(terms) => terms,
        Keep::Skip(reason) => return skipped(reason),
    };
    let length = fetched.body.size_hint().exact();
    if length.is_some_and(|length| length > cache.max_object.bytes()) {
        return skipped(SkipReason::TooLarge);
    }
    if cache.mode == Mode::Shadow {
        // Remembered without its body, so that the next request can tell that it would have hit.
        let head = StoredResponse::new(meta(errand, facts, terms), Bytes::new())
            .with_persona(errand.intent.persona.clone());
        errand.sidecar.responses.put(
            &errand.intent.key,
            Arc::new(head),
            cache.max_variants.into(),
        );
        return skipped(SkipReason::Shadow);
    }
    (Some(terms), Some(StoreOutcome::Stored))
}

fn draw() -> Draw {
    Draw::of(fastrand::u64(..))
}

fn meta(errand: &Errand, facts: &ResponseFacts<'_>, terms: Terms) -> StoredMeta {
    let request = &errand.head.headers;
    StoredMeta::new(facts, request, terms, errand.accept_encoding())
}

/// Remembers that a part of this is better asked for alone.
fn remember_unfillable(errand: &Errand, status: StatusCode, outcome: Option<StoreOutcome>) {
    let remembered =
        engine::collapse::memory::Remembered::new(Some(status), outcome, clock::monotonic());
    let hash = store::hash(&errand.intent.key);
    errand.sidecar.unfillable.remember(hash, remembered);
}

/// Remembers what the response says about the query, where the operator listens to it.
fn remember_search(errand: &Errand, cache: &CachePolicy, headers: &HeaderMap) {
    if !cache.key.query.no_vary_search {
        return;
    }
    if let Some(parts) = KeyParts::of(&errand.intent.key) {
        let said = SearchVariance::of(headers);
        errand.sidecar.searches.remember(&parts, said);
    }
}

// === impl Next ===

impl Next {
    fn direct(fetched: Fetched, store: Option<StoreOutcome>) -> Self {
        Self::answer(Kept::Direct(Box::new(fetched)), store, None)
    }

    fn answer(kept: Kept, store: Option<StoreOutcome>, job: Option<FillJob>) -> Self {
        Self::Answer(Box::new(Verdicted {
            kept,
            store,
            personal: HeaderMap::new(),
            job,
        }))
    }

    /// The same, with fields for the one who asked; a direct answer has them already.
    fn with_personal(mut self, personal: HeaderMap) -> Self {
        if let Self::Answer(verdicted) = &mut self
            && !matches!(verdicted.kept, Kept::Direct(_))
        {
            verdicted.personal = personal;
        }
        self
    }
}
