//! Sends a second try beside a slow first one, to another endpoint; the first good head wins.
//!
//! Whether and when is decided in [`engine::hedge`]. The try that loses is dropped, which closes its
//! connection or resets its stream, so that its endpoint learns that nobody waits any more. Only safe
//! methods have a second try: of two concurrent DELETEs the one that comes second finds nothing, and
//! may yet be the first to answer.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use engine::{
    attempt::Symptom,
    hedge::{Candidate, Hedging, Never, Plan},
    retry::{Grant, Nature, Permit, Replay},
};
use policy::Mode;
use telemetry::HedgeOutcome;
use tower::Service;

use crate::{
    body::Spare,
    clock,
    upstream::{
        Call, CallFuture, FetchError, Fetched, UpstreamState,
        call::{Asked, Next, Turn},
        layers::deadline::Due,
    },
};

/// The layer.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Hedge<'a, S> {
    pub(in crate::upstream) upstream: &'a UpstreamState,
    pub(in crate::upstream) inner: S,
}

/// A request that may have a second try.
#[derive(Clone, Copy, Debug)]
struct Race<'a> {
    upstream: &'a UpstreamState,
    hedging: &'a Hedging,
    asked: Asked<'a>,
    began: Duration,
}

/// A second try, until it is known what came of it.
#[derive(Debug)]
struct Second<'a> {
    race: Race<'a>,
    outcome: HedgeOutcome,
    _permit: Permit,
}

/// Which of the two tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    First,
    Second,
}

// === impl Hedge ===

impl<'a, S: Next<'a>> Service<Call<'a>> for Hedge<'a, S> {
    type Response = Fetched;
    type Error = FetchError;
    type Future = CallFuture<'a>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FetchError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call<'a>) -> CallFuture<'a> {
        let Self {
            upstream,
            mut inner,
        } = *self;
        let Some(hedging) = &upstream.hedging else {
            return inner.call(call);
        };
        // A further try is one too many already, who stands in is asked within the first two, and
        // nobody waits for the answer to a copy.
        if !call.tried.is_empty() || call.asked.turn != Turn::Own {
            return inner.call(call);
        }
        let race = Race {
            upstream,
            hedging,
            asked: call.asked,
            began: clock::monotonic(),
        };
        let delay = match hedging.plan(race.began, candidate(&call)) {
            Plan::After(delay) => Some(delay),
            Plan::Never(Never::Deadline | Never::Learning) => None,
            Plan::Never(Never::Body | Never::Method) => return inner.call(call),
        };
        let spare = Spare::of(&call.order.body);
        let first = inner.call(call);
        Box::pin(async move {
            match delay {
                Some(delay) => race.run(inner, first, delay, &spare).await,
                None => race.alone(first).await,
            }
        })
    }
}

fn candidate(call: &Call<'_>) -> Candidate {
    Candidate {
        nature: match call.order.method.is_safe() {
            true => Nature::Repeatable,
            false => Nature::Once,
        },
        // Two tries at once cannot share what is still being received.
        body: match call.order.body.is_streamed() {
            true => Replay::Gone,
            false => Replay::Here,
        },
        left: call.asked.due.map(Due::left),
    }
}

// === impl Race ===

impl<'a> Race<'a> {
    async fn run(
        self,
        mut inner: impl Next<'a>,
        mut first: CallFuture<'a>,
        delay: Duration,
        spare: &Spare,
    ) -> Result<Fetched, FetchError> {
        if let Ok(ended) = tokio::time::timeout(delay, &mut first).await {
            self.learn(&ended);
            return ended;
        }
        let Some(mut second) = self.second() else {
            return self.alone(first).await;
        };
        let Some(call) = self.call(spare) else {
            return self.alone(first).await;
        };
        let (side, ended) = self.both(first, inner.call(call)).await;
        second.outcome = match side {
            Side::First => HedgeOutcome::Lost,
            Side::Second => HedgeOutcome::Won,
        };
        ended
    }

    async fn alone(self, first: CallFuture<'a>) -> Result<Fetched, FetchError> {
        let ended = first.await;
        self.learn(&ended);
        ended
    }

    /// Waits for the first good head; when neither is good, for both.
    async fn both(
        self,
        mut first: CallFuture<'a>,
        mut second: CallFuture<'a>,
    ) -> (Side, Result<Fetched, FetchError>) {
        let (side, ended) = tokio::select! {
            biased;
            ended = &mut first => (Side::First, ended),
            ended = &mut second => (Side::Second, ended),
        };
        if side == Side::First {
            self.learn(&ended);
        }
        if self.is_good(&ended) {
            if side == Side::Second {
                self.learn_at_least();
            }
            return (side, ended);
        }
        let (other_side, other) = match side {
            Side::First => (Side::Second, second.await),
            Side::Second => {
                let other = first.await;
                self.learn(&other);
                (Side::First, other)
            }
        };
        match self.is_good(&other) || ended.is_err() {
            true => (other_side, other),
            false => (side, ended),
        }
    }

    /// Leave for a second try, if there is somebody to send it to and budget left.
    fn second(self) -> Option<Second<'a>> {
        if self.upstream.roster().endpoints.len() < 2 {
            return None;
        }
        let now = clock::monotonic();
        let left = self.upstream.capacity_left();
        match (self.hedging.take(now, left), self.hedging.policy().mode) {
            (Grant::Granted(permit), Mode::Enforce) => Some(Second {
                race: self,
                outcome: HedgeOutcome::Abandoned,
                _permit: permit,
            }),
            (Grant::Granted(_), Mode::Off | Mode::Shadow) => {
                self.count(HedgeOutcome::Shadow);
                None
            }
            (Grant::Exhausted, _) => {
                self.count(HedgeOutcome::Exhausted);
                None
            }
        }
    }

    /// The request once more, for anybody but who has it already.
    fn call(self, spare: &Spare) -> Option<Call<'a>> {
        Some(Call {
            order: self.asked.rewrite(spare)?,
            asked: self.asked,
            tried: vec![self.asked.story.latest()?],
        })
    }

    fn learn(self, ended: &Result<Fetched, FetchError>) {
        // How long a failure takes says nothing about how long an answer does.
        if ended.is_ok() {
            self.learn_at_least();
        }
    }

    fn learn_at_least(self) {
        let now = clock::monotonic();
        self.hedging.learn(now, now.saturating_sub(self.began));
    }

    fn is_good(self, ended: &Result<Fetched, FetchError>) -> bool {
        match self.asked.end(ended).symptom() {
            Symptom::Nothing | Symptom::Well => ended.is_ok(),
            Symptom::Ill | Symptom::Overload => false,
        }
    }

    fn count(self, outcome: HedgeOutcome) {
        let metrics = self.asked.errand.line().metrics;
        metrics.upstream_hedge(self.upstream.position, outcome);
    }
}

// === impl Second ===

impl Drop for Second<'_> {
    fn drop(&mut self) {
        self.race.count(self.outcome);
    }
}
