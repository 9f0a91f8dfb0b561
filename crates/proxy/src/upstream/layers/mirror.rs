//! Sends a copy of some requests to another upstream, whose answers nobody gets.
//!
//! **The original comes first.** This layer decides, takes what it needs for the copy, and hands the
//! call on at once; it waits for nothing and looks at no answer. The copy is a task of its own, which
//! nobody waits for, not even the end of the process.
//!
//! **One copy per request.** The layer is the outermost: further tries and second tries of the
//! original are within it, and so is another upstream that stands in. What is a copy already passes
//! it by, so that mirrors of mirrors do not multiply.

mod copy;

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use engine::{
    cache::draw::Draw,
    mirror::{self, CopyOutcome, Decision},
};
use http_body::Body;
use policy::{Mirror as Policy, Mode, Upstream};
use tokio::sync::Semaphore;
use tower::Service;

use self::copy::PendingCopy;
use crate::{
    body::RequestBody,
    upstream::{
        Call, CallFuture, FetchError, Fetched, UpstreamState,
        call::{Next, Turn},
    },
};

/// The layer.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Mirror<'a, S> {
    pub(in crate::upstream) upstream: &'a UpstreamState,
    pub(in crate::upstream) inner: S,
}

/// What an upstream knows of its copies.
#[derive(Debug)]
pub(in crate::upstream) struct Mirroring {
    policy: Policy,
    /// Where a copy is while it is made and under way.
    places: Arc<Semaphore>,
}

// === impl Mirror ===

impl<'a, S: Next<'a>> Service<Call<'a>> for Mirror<'a, S> {
    type Response = Fetched;
    type Error = FetchError;
    type Future = CallFuture<'a>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FetchError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call<'a>) -> CallFuture<'a> {
        if let (Some(mirroring), Turn::Own) = (&self.upstream.mirroring, call.asked.turn)
            && let Some(outcome) = mirroring.consider(self.upstream, &mut call)
        {
            let metrics = call.asked.errand.line().metrics;
            metrics.upstream_copy(self.upstream.position, outcome);
        }
        self.inner.call(call)
    }
}

// === impl Mirroring ===

impl Mirroring {
    /// As the file says; `None` when it says nothing.
    pub(in crate::upstream) fn of(upstream: &Upstream) -> Option<Self> {
        let policy = (upstream.mirror.as_ref()).filter(|policy| policy.mode != Mode::Off)?;
        // What is more than a semaphore holds is more than there can be.
        let places = usize::try_from(policy.max_in_flight).unwrap_or(usize::MAX);
        Some(Self {
            policy: policy.clone(),
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
        })
    }

    /// Sees to it that there is a copy, if there is to be one; else what became of that.
    fn consider(&self, upstream: &UpstreamState, call: &mut Call<'_>) -> Option<CopyOutcome> {
        let body = &mut call.order.body;
        let length = body.size_hint().exact();
        let draw = Draw::of(fastrand::u64(..));
        match mirror::decide(&self.policy, length, draw) {
            Decision::Copy => {}
            Decision::Leave => return None,
            Decision::Shadow => return Some(CopyOutcome::Shadow),
            Decision::TooLarge => return Some(CopyOutcome::SkippedBody),
        }
        let errand = call.asked.errand;
        let most = self.policy.max_body.bytes();
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Some(CopyOutcome::SkippedBusy);
        };
        let Some(held) = errand.sidecar.fills.reserve(length.unwrap_or(most)) else {
            return Some(CopyOutcome::SkippedBusy);
        };
        let to = errand.snapshot.upstreams.get(self.policy.upstream)?;
        let copy = PendingCopy {
            errand: Box::new(errand.for_copy()),
            of: upstream.position,
            to: Arc::clone(to),
            _place: place,
            _held: held,
        };
        match body {
            RequestBody::Empty => copy.send(None),
            RequestBody::Kept(content) => copy.send(Some(content.clone())),
            body => body.tap(Box::new(copy), most),
        }
        None
    }
}
