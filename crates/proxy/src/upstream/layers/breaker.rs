//! Asks the breakers of the route and of the upstream, and tells them how it went.
//!
//! It is within the retries: what is tried again finds a breaker open that has opened meanwhile, so
//! that retries end where the breaker says so.

use std::task::{Context, Poll};

use engine::failure::Failure;
use policy::OpenAnswer;
use tower::Service;

use crate::upstream::{
    Call, CallFuture, FetchError, Fetched, UpstreamState,
    breaker::{BreakerCell, Passing, Stopped},
    call::{Next, Turn, fetch_from},
};

/// The layer.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Breaker<'a, S> {
    pub(in crate::upstream) upstream: &'a UpstreamState,
    pub(in crate::upstream) inner: S,
}

// === impl Breaker ===

impl<'a, S: Next<'a>> Service<Call<'a>> for Breaker<'a, S> {
    type Response = Fetched;
    type Error = FetchError;
    type Future = CallFuture<'a>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FetchError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call<'a>) -> CallFuture<'a> {
        // The route's is not asked about another upstream than its own.
        let of_route = match call.asked.turn {
            Turn::Own => call.asked.errand.route_breaker(),
            Turn::Copy | Turn::StandIn => None,
        };
        let of_upstream = self.upstream.breaker.as_ref();
        if of_route.is_none() && of_upstream.is_none() {
            return self.inner.call(call);
        }
        let passings = match pass(of_route).and_then(|first| Ok((first, pass(of_upstream)?))) {
            Ok(passings) => passings,
            Err(stopped) => return instead(call, stopped),
        };
        let asked = call.asked;
        let called = self.inner.call(call);
        Box::pin(async move {
            let fetched = called.await;
            let symptom = asked.end(&fetched).symptom();
            let (of_route, of_upstream) = passings;
            for passing in [of_route, of_upstream].into_iter().flatten() {
                passing.ended(symptom);
            }
            fetched
        })
    }
}

fn pass(cell: Option<&BreakerCell>) -> Result<Option<Passing<'_>>, Stopped<'_>> {
    cell.map(BreakerCell::ask).transpose()
}

/// What a request gets that a breaker stops.
fn instead<'a>(mut call: Call<'a>, stopped: Stopped<'_>) -> CallFuture<'a> {
    let asked = call.asked;
    let error = FetchError {
        retry_after: Some(stopped.retry_after),
        ..FetchError::nowhere(Failure::BreakerOpen)
    };
    // What is stored is looked for by whoever knows what is stored: see `steps::fetch::stand_in`.
    if let (OpenAnswer::Upstream(other), Turn::Own) = (stopped.answer, asked.turn)
        && let Some(other) = asked.errand.snapshot.upstreams.get(*other)
    {
        call.asked.turn = Turn::StandIn;
        call.asked.turn.prepare(&mut call.order);
        return fetch_from(other, call);
    }
    Box::pin(std::future::ready(Err(error)))
}
