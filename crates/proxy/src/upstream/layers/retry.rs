//! Sends again what may be sent again, elsewhere if there is an elsewhere.
//!
//! Whether is decided in [`engine::retry`], by how the try ended and what is left of time and budget.
//! All of it happens before the head of a response is handed on, so that nothing is tried again of
//! which the client has seen a byte (TRAPS 23). An answer that is not used is read to its end when
//! that is near, so that its connection can be kept, and else closed.

mod discard;
mod state;

use std::{
    task::{Context, Poll},
    time::Duration,
};

use engine::{
    attempt::{AttemptEnd, Symptom},
    cache::draw::Draw,
    retry::{self, Grant, Nature, Permit, Reach, Reason, Replay, Setback, Stop, Verdict},
};
use http_body::Body;
use telemetry::RetryOutcome;
use tower::Service;

pub(in crate::upstream) use self::state::Retrying;
use self::{
    discard::discard,
    state::{Rules, Streams},
};
use super::deadline::Due;
use crate::{
    body::{RequestBody, Rewind, Spare},
    clock,
    upstream::{
        Call, CallFuture, FetchError, Fetched, Order, UpstreamState,
        call::{Asked, Next, Turn},
    },
};

/// The layer.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Retry<'a, S> {
    pub(in crate::upstream) upstream: &'a UpstreamState,
    pub(in crate::upstream) inner: S,
}

/// The tries for one request.
#[derive(Debug)]
struct Tries<'a> {
    upstream: &'a UpstreamState,
    retrying: &'a Retrying,
    asked: Asked<'a>,
    nature: Nature,
    spare: Spare,
    /// Which try it is; the first is 1.
    attempt: u32,
    tried: Vec<u64>,
    repeat: Option<Repeat<'a>>,
    /// The permits of further tries, each after one that nobody processed; an answer gives them back.
    lost: Vec<Permit>,
}

/// What is sent next, and after how long.
#[derive(Debug)]
struct Again {
    order: Box<Order>,
    after: Duration,
}

/// One further try, from the decision to its end; when dropped before, it was given up.
#[derive(Debug)]
struct Repeat<'a> {
    upstream: &'a UpstreamState,
    asked: Asked<'a>,
    reason: Reason,
    /// Whether the try before it may have been processed.
    after: Reach,
    outcome: RetryOutcome,
    permit: Option<Permit>,
}

// === impl Retry ===

impl<'a, S: Next<'a>> Service<Call<'a>> for Retry<'a, S> {
    type Response = Fetched;
    type Error = FetchError;
    type Future = CallFuture<'a>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FetchError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call<'a>) -> CallFuture<'a> {
        let Self {
            upstream,
            mut inner,
        } = *self;
        let Some(retrying) = &upstream.retrying else {
            return inner.call(call);
        };
        // Who stands in is asked within the tries at the upstream it stands in for, and a copy is not
        // worth what might save an answer.
        if call.asked.turn != Turn::Own {
            return inner.call(call);
        }
        retrying.request(clock::monotonic());
        let mut tries = Tries::of(upstream, retrying, &mut call);
        Box::pin(async move {
            loop {
                let mut ended = inner.call(call).await;
                let Some(again) = tries.again(&mut ended) else {
                    return ended;
                };
                tries.leave(ended);
                if !again.after.is_zero() {
                    tokio::time::sleep(again.after).await;
                }
                call = tries.next(*again.order);
            }
        })
    }
}

// === impl Tries ===

impl<'a> Tries<'a> {
    /// Those of a request that is about to be sent for the first time.
    fn of(upstream: &'a UpstreamState, retrying: &'a Retrying, call: &mut Call<'a>) -> Self {
        let rules = &retrying.enforced;
        let nature = retry::nature(&rules.policy, &call.order.method, &call.order.headers);
        let repeatable = nature == Nature::Repeatable && rules.wants_bodies();
        if repeatable || retrying.streams == Streams::Many {
            keep_body(call, rules.policy.max_body.bytes());
        }
        Self {
            upstream,
            retrying,
            asked: call.asked,
            nature,
            spare: Spare::of(&call.order.body),
            attempt: 1,
            tried: std::mem::take(&mut call.tried),
            repeat: None,
            lost: Vec::new(),
        }
    }

    /// What follows a try that has ended; `None` when that is the answer.
    fn again(&mut self, ended: &mut Result<Fetched, FetchError>) -> Option<Again> {
        if self.is_plain(ended) {
            return None;
        }
        let end = self.asked.end(ended);
        if let Some(repeat) = self.repeat.take() {
            self.settle(repeat, end);
        }
        let setback = self.setback(end, ended);
        self.shadow(&setback);
        let rules = &self.retrying.enforced;
        let (reason, after) = match decide(rules, &setback) {
            Verdict::Again { reason, after } => (reason, after),
            Verdict::Stop(stop) => return self.stop(stop),
        };
        let Grant::Granted(permit) = self.take(rules) else {
            return self.stop(Stop::Budget);
        };
        let Some(order) = self.order(ended) else {
            return self.stop(Stop::Body);
        };
        self.repeat = Some(Repeat {
            upstream: self.upstream,
            asked: self.asked,
            reason,
            after: setback.reach,
            outcome: RetryOutcome::Abandoned,
            permit: Some(permit),
        });
        let attempt = self.attempt;
        tracing::debug!(reason = reason.as_str(), attempt, ?after, "trying again");
        Some(Again { order, after })
    }

    /// Counts what came of a further try. When it is answered, and nobody processed those before it,
    /// they were together no more load than one.
    fn settle(&mut self, mut repeat: Repeat<'_>, end: AttemptEnd) {
        let permit = match repeat.after {
            Reach::Maybe => None,
            Reach::Unsent => repeat.permit.take(),
        };
        self.lost.extend(permit);
        repeat.outcome = match end.symptom() {
            Symptom::Nothing | Symptom::Well => RetryOutcome::Answered,
            Symptom::Ill | Symptom::Overload => RetryOutcome::Failed,
        };
        if repeat.outcome == RetryOutcome::Answered {
            self.lost.drain(..).for_each(Permit::give_back);
        }
    }

    /// Lets go of what is not the answer, and remembers whose it was.
    fn leave(&mut self, ended: Result<Fetched, FetchError>) {
        match ended {
            Ok(fetched) => {
                self.tried.push(fetched.endpoint.id);
                discard(fetched.body);
            }
            Err(error) => self
                .tried
                .extend(error.endpoint.map(|endpoint| endpoint.id)),
        }
    }

    fn next(&mut self, order: Order) -> Call<'a> {
        self.attempt += 1;
        Call {
            order,
            asked: self.asked,
            tried: self.tried.clone(),
        }
    }

    /// Whether there is nothing to decide: what most requests come to, and cheaply.
    fn is_plain(&self, ended: &Result<Fetched, FetchError>) -> bool {
        ended.as_ref().is_ok_and(|fetched| {
            let status = fetched.head.status;
            self.repeat.is_none() && status.is_success() && !self.retrying.asks_about(status)
        })
    }

    fn setback(&self, end: AttemptEnd, ended: &Result<Fetched, FetchError>) -> Setback {
        let unsent = ended.as_ref().is_err_and(|error| error.unsent.is_some());
        let (reach, body) = match unsent {
            true => (Reach::Unsent, Replay::Here),
            false => (Reach::Maybe, self.spare.replay()),
        };
        Setback {
            attempt: self.attempt,
            end,
            reach,
            nature: self.nature,
            body,
            left: self.asked.due.map(Due::left),
        }
    }

    /// Counts what rules in shadow mode would do about the first try; further ones never happen.
    fn shadow(&self, setback: &Setback) {
        let Some(rules) = &self.retrying.shadow else {
            return;
        };
        if self.attempt > 1 {
            return;
        }
        let head = &self.asked.errand.head;
        let setback = Setback {
            nature: retry::nature(&rules.policy, &head.method, &head.headers),
            ..*setback
        };
        let metrics = self.asked.errand.line().metrics;
        let upstream = self.upstream.position;
        match decide(rules, &setback) {
            Verdict::Again { reason, .. } => match self.take(rules) {
                Grant::Granted(_) => metrics.upstream_retry(upstream, reason, RetryOutcome::Shadow),
                Grant::Exhausted => {}
            },
            Verdict::Stop(_) => {}
        }
    }

    fn take(&self, rules: &Rules) -> Grant {
        (rules.budget).take(clock::monotonic(), self.upstream.capacity_left())
    }

    /// The request for another try.
    fn order(&self, ended: &mut Result<Fetched, FetchError>) -> Option<Box<Order>> {
        if let Err(error) = ended
            && let Some(unsent) = error.unsent.take()
        {
            return Some(unsent);
        }
        self.asked.rewrite(&self.spare).map(Box::new)
    }

    fn stop(&self, stop: Stop) -> Option<Again> {
        if stop != Stop::Unasked {
            let metrics = self.asked.errand.line().metrics;
            metrics.upstream_retry_stopped(self.upstream.position, stop);
        }
        None
    }
}

/// Keeps a body of at most `limit` bytes while it is sent, if there is memory for it.
fn keep_body(call: &mut Call<'_>, limit: u64) {
    let order = &mut call.order;
    if !order.body.is_streamed() {
        return;
    }
    let needed = match order.body.size_hint().exact() {
        Some(length) if length > limit => return,
        Some(length) => length,
        None => limit,
    };
    let Some(held) = call.asked.errand.sidecar.fills.reserve(needed) else {
        return;
    };
    let source = std::mem::replace(&mut order.body, RequestBody::Empty);
    let (body, upload) = Rewind::keep(source, order.upload.take(), limit, held);
    order.body = body;
    order.upload = Some(upload);
}

fn decide(rules: &Rules, setback: &Setback) -> Verdict {
    retry::decide(&rules.policy, setback, Draw::of(fastrand::u64(..)))
}

// === impl Repeat ===

impl Drop for Repeat<'_> {
    fn drop(&mut self) {
        let metrics = self.asked.errand.line().metrics;
        metrics.upstream_retry(self.upstream.position, self.reason, self.outcome);
    }
}
