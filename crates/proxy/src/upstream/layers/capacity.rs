//! Asks for room at the upstream before each try, and holds it until the body of the answer ends.
//!
//! It is within the retries and the breaker, around one try: a retry needs room like anything else, and
//! whoever is refused for want of room says nothing about the endpoint.

use std::task::{Context, Poll};

use engine::outcome::ProtectOutcome;
use policy::{ClassSource, Classes, Priority};
use tower::Service;

use crate::{
    clock,
    errand::{Cause, Errand},
    steps::identify,
    upstream::{
        Call, CallFuture, FetchError, Fetched, UpstreamState,
        call::{Asked, Next, Turn},
        capacity::{Claim, Entering, Permit, Purpose, Refused},
    },
};

/// The layer.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Capacity<'a, S> {
    pub(in crate::upstream) upstream: &'a UpstreamState,
    pub(in crate::upstream) inner: S,
}

// === impl Capacity ===

impl<'a, S: Next<'a>> Service<Call<'a>> for Capacity<'a, S> {
    type Response = Fetched;
    type Error = FetchError;
    type Future = CallFuture<'a>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FetchError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call<'a>) -> CallFuture<'a> {
        let Some(cell) = &self.upstream.capacity else {
            return self.inner.call(call);
        };
        let (asked, mut inner) = (call.asked, self.inner);
        let claim = Claim {
            class: class(self.upstream, asked),
            purpose: purpose(asked),
            deadline: asked.due.map(|due| due.at),
        };
        match cell.enter(claim) {
            Entering::Go(permit, outcome) => {
                asked.story.protected(outcome);
                let called = inner.call(call);
                Box::pin(async move { called.await.map(|fetched| held(fetched, permit)) })
            }
            Entering::Refused(refused) => {
                asked.story.protected(ProtectOutcome::Shed);
                Box::pin(std::future::ready(Err(error(refused))))
            }
            Entering::Wait(waiting) => Box::pin(async move {
                asked.story.protected(ProtectOutcome::Queue);
                let permit = waiting.wait().await.map_err(|refused| {
                    asked.story.protected(ProtectOutcome::Shed);
                    error(refused)
                })?;
                inner.call(call).await.map(|fetched| held(fetched, permit))
            }),
        }
    }
}

fn held(mut fetched: Fetched, permit: Permit) -> Fetched {
    fetched.body.hold(permit);
    fetched
}

fn error(refused: Refused) -> FetchError {
    FetchError {
        retry_after: Some(refused.retry_after),
        ..FetchError::nowhere(refused.failure())
    }
}

fn purpose(asked: Asked<'_>) -> Purpose {
    match (asked.turn, asked.errand.cause()) {
        (Turn::Own | Turn::StandIn, Cause::Client) => Purpose::Answer,
        (Turn::Copy, _) | (_, Cause::Renewal | Cause::Warming) => Purpose::Background,
    }
}

/// How urgent an errand is: what nobody waits for is not; else what its route says; else what the
/// upstream reads from the request.
fn class(upstream: &UpstreamState, asked: Asked<'_>) -> Priority {
    if purpose(asked) == Purpose::Background {
        return Priority::Low;
    }
    let errand = asked.errand;
    let classes = (upstream.policy.capacity.as_ref()).and_then(|policy| policy.classes.as_ref());
    match (errand.route().priority, classes) {
        (Some(priority), _) => priority,
        (None, Some(classes)) => read(classes, errand),
        (None, None) => Priority::default(),
    }
}

fn read(classes: &Classes, errand: &Errand) -> Priority {
    let of = |value: &[u8]| {
        let named = |(name, _): &&(String, Priority)| name.as_bytes() == value;
        classes.values.iter().find(named).map(|(_, class)| *class)
    };
    let headers = &errand.head.headers;
    let class = match &classes.source {
        ClassSource::Header(name) => headers.get(name).and_then(|value| of(value.as_bytes())),
        ClassSource::Claim(name) => {
            let asker = identify::prove(&errand.snapshot, headers, clock::now());
            // A token that proves nothing makes nothing urgent.
            let asker = asker.ok();
            let claims = asker.as_ref().and_then(identify::Asker::claims);
            claims.and_then(|claims| of(claims.get(name)?.as_bytes()))
        }
    };
    class.unwrap_or_default()
}
