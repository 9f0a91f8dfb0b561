//! What the origin says, trimmed before anybody else sees it: what is stored, shared or compressed later
//! is what came out here.
//!
//! The fields that a route takes away and sets are no part of that: see [`engine::transform::fields`].

use std::sync::Arc;

use bytes::Bytes;
use engine::{
    coding::stack::codings,
    compression::conditions::strong_tag,
    failure::Failure,
    transform::{
        self, Decision, Exchange, Trimmed,
        json::{Flaw, JsonRules, Reach, Sequence},
    },
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    response,
};
use http_body::Body;
use policy::{Mode, Route};

use crate::{
    body::{CutShort, Trimming, UpstreamBody},
    errand::Errand,
    snapshot::Snapshot,
    upstream::{FetchError, Fetched},
};

/// A body of up to this many bytes that is here already is trimmed at once, so that its length is known.
const AT_ONCE: u64 = 64 * 1024;

/// The tag that the origin gave a response whose tag is another now; it goes with the head.
#[derive(Clone, Debug)]
pub(crate) struct OriginTag(HeaderValue);

/// What is done to the JSON of a route.
#[derive(Debug)]
pub(crate) struct RouteTrim {
    mode: Mode,
    rules: Arc<JsonRules>,
}

// === impl RouteTrim ===

impl RouteTrim {
    /// What a route asks for, if it asks for anything.
    pub(crate) fn of(route: &Route) -> Option<Self> {
        let policy = route.transform.as_ref();
        let policy = policy.filter(|policy| policy.mode != Mode::Off)?;
        policy.json.as_ref().map(|json| Self {
            mode: policy.mode,
            rules: Arc::new(JsonRules::new(json)),
        })
    }
}

/// Whether JSON of the route at this position comes out as something else than the origin sends.
pub(crate) fn is_trimmed(snapshot: &Snapshot, route: usize) -> bool {
    let trim = snapshot.trims.get(route).and_then(Option::as_ref);
    trim.is_some_and(|trim| trim.mode == Mode::Enforce)
}

/// The tag by which the origin knows a response, where that is not the one it has now.
pub(crate) fn origin_tag(head: &response::Parts) -> Option<HeaderValue> {
    let tag = head.extensions.get::<OriginTag>();
    tag.map(|OriginTag(tag)| tag.clone())
}

/// Takes in what has come for `errand`.
pub(crate) fn arrive(errand: &Errand, fetched: Fetched) -> Result<Fetched, FetchError> {
    let snapshot = &errand.snapshot;
    let Some(trim) = snapshot.trims.get(errand.route).and_then(Option::as_ref) else {
        return Ok(fetched);
    };
    let (head, body) = (&fetched.head, &fetched.body);
    let request = &errand.head.headers;
    if head.status == StatusCode::NOT_MODIFIED {
        return Ok(not_modified(errand, trim, fetched));
    }
    let decision = transform::decide(&Exchange {
        method: &errand.head.method,
        request,
        status: head.status,
        response: &head.headers,
        length: body.size_hint().exact(),
        reach: trim.rules.reach(),
    });
    match decision {
        Decision::Refuse(flaw) => refused(errand, trim, flaw, fetched),
        Decision::Leave(reason) => {
            let outcome = Trimmed::Left(reason);
            snapshot.metrics.trimmed(errand.route, outcome, 0, 0);
            Ok(fetched)
        }
        Decision::Trim(_) if errand.head.method == Method::HEAD => Ok(headed(trim, fetched)),
        Decision::Trim(sequence) => trimmed(errand, trim, sequence, fetched),
    }
}

/// The client, or the cache, may have what was trimmed: the fields that came speak of other bytes then.
fn not_modified(errand: &Errand, trim: &RouteTrim, mut fetched: Fetched) -> Fetched {
    if trim.mode == Mode::Enforce {
        let stale = errand.intent.stale.as_ref();
        let kept = stale.map(|stale| stale.stored.meta.head.to_headers());
        let (reach, request) = (trim.rules.reach(), &errand.head.headers);
        transform::confirm(reach, request, kept.as_ref(), &mut fetched.head.headers);
    }
    fetched
}

/// What cannot be trimmed, and must not pass untrimmed.
fn refused(
    errand: &Errand,
    trim: &RouteTrim,
    flaw: Flaw,
    fetched: Fetched,
) -> Result<Fetched, FetchError> {
    let outcome = Trimmed::Flawed(flaw);
    (errand.snapshot.metrics).trimmed(errand.route, outcome, 0, 0);
    match trim.mode {
        Mode::Enforce => Err(unreadable(Failure::UpstreamNotJson, fetched)),
        Mode::Off | Mode::Shadow => Ok(fetched),
    }
}

/// The fields that the GET would have.
fn headed(trim: &RouteTrim, mut fetched: Fetched) -> Fetched {
    if trim.mode == Mode::Enforce {
        rewrite(&mut fetched.head, trim.rules.reach());
    }
    fetched
}

fn trimmed(
    errand: &Errand,
    trim: &RouteTrim,
    sequence: Sequence,
    mut fetched: Fetched,
) -> Result<Fetched, FetchError> {
    let snapshot = &errand.snapshot;
    let mut trimming = Trimming::new(
        Arc::clone(&trim.rules),
        sequence,
        trim.mode,
        Arc::clone(&snapshot.metrics),
        errand.route,
    );
    let codings = codings(&fetched.head.headers).unwrap_or_default();
    if codings.is_empty() {
        let length = fetched.body.size_hint().exact();
        let length = length.filter(|length| *length <= AT_ONCE);
        if let Some(body) = length.and_then(|length| fetched.body.at_once(length)) {
            return match trimming.whole(&body) {
                Ok(out) => Ok(whole(fetched, &body, out, trim.rules.reach())),
                Err(CutShort(failure)) => Err(unreadable(failure, fetched)),
            };
        }
    } else if let Err(CutShort(failure)) = trimming.unpack(&codings) {
        return Err(unreadable(failure, fetched));
    }
    if trim.mode == Mode::Enforce {
        rewrite(&mut fetched.head, trim.rules.reach());
    }
    fetched.body = fetched.body.trimmed(trimming);
    Ok(fetched)
}

/// An answer whose body was here as a whole.
fn whole(mut fetched: Fetched, before: &Bytes, after: Bytes, reach: Reach) -> Fetched {
    if *before != after {
        rewrite(&mut fetched.head, reach);
        let length = HeaderValue::from(after.len());
        fetched.head.headers.insert(CONTENT_LENGTH, length);
    }
    fetched.body = UpstreamBody::here(after);
    fetched
}

fn unreadable(failure: Failure, fetched: Fetched) -> FetchError {
    FetchError {
        endpoint: Some(fetched.endpoint),
        ..FetchError::nowhere(failure)
    }
}

/// Makes the head fit other bytes, whose end is known as well as that of those which came.
fn rewrite(head: &mut response::Parts, reach: Reach) {
    if let Some(tag) = strong_tag(&head.headers).cloned() {
        head.extensions.insert(OriginTag(tag));
    }
    let is_counted = head.headers.contains_key(CONTENT_LENGTH);
    transform::rewrite_headers(&mut head.headers, reach);
    if is_counted {
        framed(&mut head.headers);
    }
}

/// Without its length, nothing in a head would tell a body that ends from one that breaks off.
fn framed(headers: &mut HeaderMap) {
    headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
}
