//! The whole exchange within its time, whatever it waits for.
//!
//! Every single wait of a try has its own limit and says what ran out (see [`Limits`]). This layer is
//! for what lies around the tries: a place in a queue, a pause before a further try. When there is no
//! deadline it hands the call on.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use engine::{
    deadline::{self, Whose},
    failure::Failure,
};
use http::HeaderMap;
use tokio::time::{Instant, timeout_at};
use tower::Service;

use crate::{
    errand::Errand,
    steps::keep::Audience,
    upstream::{Call, CallFuture, FetchError, Fetched, UpstreamState, call::Next},
};

/// By how much a try that is at its limit may be late to say so, which tells who was too slow.
const GRACE: Duration = Duration::from_millis(5);

/// The layer.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Deadline<S> {
    pub(in crate::upstream) inner: S,
}

/// When an exchange must be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) at: Instant,
    pub(crate) whose: Whose,
}

/// When one try must be over.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Limits {
    total: Option<Instant>,
    per_try: Option<Instant>,
}

// === impl Deadline ===

impl<'a, S: Next<'a>> Service<Call<'a>> for Deadline<S> {
    type Response = Fetched;
    type Error = FetchError;
    type Future = CallFuture<'a>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FetchError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call<'a>) -> CallFuture<'a> {
        let due = call.asked.due;
        let fetching = self.inner.call(call);
        let Some(due) = due else {
            return fetching;
        };
        Box::pin(async move {
            match timeout_at(due.at + GRACE, fetching).await {
                Ok(fetched) => fetched,
                Err(_elapsed) => Err(FetchError::nowhere(Failure::TotalTimedOut)),
            }
        })
    }
}

// === impl Due ===

impl Due {
    /// When the exchange for `errand` must be over that begins now.
    ///
    /// Its caller is heeded only when the answer is for nobody else, and nothing that is stored would
    /// be renewed by it: who is in a hurry must not make the answers of others fail.
    pub(crate) fn of(errand: &Errand, audience: Audience) -> Option<Self> {
        let policy = &errand.upstream().policy;
        let intent = &errand.intent;
        let heeded = audience == Audience::One && intent.stale.is_none() && !intent.renewal;
        let asked = match &policy.deadline_header {
            Some(name) if heeded => errand.head.headers.get(name).and_then(deadline::asked),
            Some(_) | None => None,
        };
        let limit = deadline::limit(policy.timeouts.total, asked)?;
        Some(Self {
            at: Instant::now() + limit.time,
            whose: limit.whose,
        })
    }

    /// What is left.
    pub(crate) fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

// === impl Limits ===

impl Limits {
    /// Of a try that begins now.
    pub(in crate::upstream) fn of_try(upstream: &UpstreamState, due: Option<Due>) -> Self {
        let per_try = upstream.policy.timeouts.per_try;
        Self {
            total: due.map(|due| due.at),
            per_try: per_try.map(|per_try| Instant::now() + per_try),
        }
    }

    /// When the whole exchange must be over.
    pub(in crate::upstream) const fn total(self) -> Option<Instant> {
        self.total
    }

    /// When the try must be over, and what it means that it is not.
    pub(in crate::upstream) fn soonest(self) -> (Option<Instant>, Failure) {
        match (self.total, self.per_try) {
            (total, Some(per_try)) if total.is_none_or(|total| per_try < total) => {
                (Some(per_try), Failure::TryTimedOut)
            }
            (total, _) => (total, Failure::TotalTimedOut),
        }
    }

    /// The lesser of `limit` and what is left of the try, and what its end means.
    pub(in crate::upstream) fn within(
        self,
        limit: Duration,
        failure: Failure,
    ) -> (Duration, Failure) {
        let (Some(deadline), late) = self.soonest() else {
            return (limit, failure);
        };
        match deadline.saturating_duration_since(Instant::now()) {
            left if left <= limit => (left, late),
            _ => (limit, failure),
        }
    }

    /// Tells the endpoint how long its answer is waited for. The field is ours: what a client says
    /// in it is not passed on.
    pub(in crate::upstream) fn tell(self, upstream: &UpstreamState, headers: &mut HeaderMap) {
        let Some(name) = &upstream.policy.deadline_header else {
            return;
        };
        let now = Instant::now();
        let left = |deadline: Instant| deadline.saturating_duration_since(now);
        match deadline::told(self.total.map(left), self.per_try.map(left)) {
            Some(value) => headers.insert(name, value),
            None => headers.remove(name),
        };
    }
}
