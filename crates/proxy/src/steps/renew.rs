//! Renewing a stored response behind the client's back (RFC 5861, section 3).
//!
//! One renewal per key at a time, and none for a while after one has failed ([`crate::renewal`]). It
//! flies like any other fetch, so that who comes when nothing may be served any more waits for it
//! instead of asking again.

use bytes::Bytes;
use engine::cache::{key::KeyParts, request::Lookup};
use http::{Method, Request, header::RANGE, request};
use policy::{Mode, QueryKey};

use super::{
    join,
    lookup::{Intent, complete_flight_key},
};
use crate::{
    errand::{Errand, RequestFacts},
    exchange::Exchange,
};

/// What a renewal is for.
pub(crate) struct Renewal<'a> {
    pub(crate) route: usize,
    pub(crate) facts: RequestFacts,
    pub(crate) intent: Intent,
    /// The request that found the response in need of it.
    pub(crate) head: &'a request::Parts,
    /// Its body, when that is part of the key.
    pub(crate) content: Option<&'a Bytes>,
}

/// Begins a renewal, unless one is under way or has failed a short while ago.
pub(crate) fn begin(exchange: &mut Exchange, renewal: Renewal<'_>) {
    let now = exchange.recording.event.at.monotonic;
    let hash = renewal.intent.hash();
    let Some(ticket) = exchange.sidecar().renewals.begin(hash, now) else {
        return;
    };
    let mut head = copy(renewal.head);
    let mut intent = renewal.intent;
    let route = &exchange.snapshot().policies.routes[renewal.route];
    // The confirmation of a part is no answer to those who want the whole.
    let is_part = (intent.stale.as_ref()).is_some_and(|stale| stale.stored.part.is_some());
    if !is_part
        && (route.deduplication.as_ref()).is_some_and(|policy| policy.mode == Mode::Enforce)
        && let Some(known) = &intent.lookup
    {
        intent.flight_key = flight_key(exchange, &intent, known, &head);
    }
    let mut errand = Errand::new(exchange, renewal.route, renewal.facts, intent, &mut head);
    errand.content = renewal.content.cloned();
    tokio::spawn(join::renew(Box::new(errand), ticket));
}

/// The request as one for the whole representation.
fn copy(head: &request::Parts) -> request::Parts {
    let (mut copy, ()) = Request::new(()).into_parts();
    copy.method = match head.method {
        Method::HEAD => Method::GET,
        _ => head.method.clone(),
    };
    copy.uri = head.uri.clone();
    copy.version = head.version;
    copy.headers = head.headers.clone();
    copy.headers.remove(RANGE);
    copy
}

/// The key under which those who want the same would fly.
fn flight_key(
    exchange: &Exchange,
    intent: &Intent,
    known: &Lookup,
    head: &request::Parts,
) -> Box<[u8]> {
    let mut key = Vec::new();
    if let Some(parts) = KeyParts::of(&intent.key) {
        // What is left of the query in a key is what the rules leave of it.
        let rules = (&QueryKey::default(), None);
        parts.encode_flight(rules, known, &head.headers, &intent.persona, &mut key);
        complete_flight_key(exchange, &intent.key, &head.headers, &mut key);
    }
    key.into()
}
