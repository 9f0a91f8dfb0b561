//! Sends again what may be sent again, elsewhere.
//!
//! A failed connect is tried at every other endpoint: nothing was sent (TRAPS 23).

use std::task::{Context, Poll};

use engine::failure::Failure;
use tower::Service;

use crate::upstream::{Call, CallFuture, FetchError, Fetched, UpstreamState, call::Next};

/// The layer.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Retry<'a, S> {
    pub(in crate::upstream) upstream: &'a UpstreamState,
    pub(in crate::upstream) inner: S,
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
        Box::pin(async move {
            let asked = call.asked;
            let mut tried = call.tried.clone();
            loop {
                let mut error = match inner.call(call).await {
                    Ok(fetched) => return Ok(fetched),
                    Err(error) => error,
                };
                let (Some(order), Some(endpoint)) = (error.unsent.take(), &error.endpoint) else {
                    return Err(error);
                };
                tried.push(endpoint.id);
                let all = upstream.roster().endpoints.len();
                if error.failure == Failure::TotalTimedOut || tried.len() >= all {
                    return Err(error);
                }
                call = Call {
                    order: *order,
                    asked,
                    tried: tried.clone(),
                };
            }
        })
    }
}
