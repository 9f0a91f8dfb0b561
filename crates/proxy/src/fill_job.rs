//! The work of reading a body for several clients and, when it has come whole, storing it.
//!
//! It belongs to no client: it goes on when the one that caused it has left, as long as the body is
//! to be stored or somebody reads it. Nothing is stored before the clean end of the body
//! (TRAPS 22).

mod reading;
mod storing;

use std::{future::Future, pin::Pin, sync::Arc, task::Poll};

use engine::{
    cache::{label::Label, partial::Part},
    failure::Failure,
    outcome::SkipReason,
};
use store::{FillReservation, Skipped, StoredResponse};

pub(crate) use self::{
    reading::{Held, Reading},
    storing::store_whole,
};
use crate::{
    body::UpstreamBody, clock, fill::Fill, flight::Filling, places::Places, sidecar::Sidecar,
    snapshot::Snapshot, steps::fetch::Sent,
};

/// A body to be read, and what to do with it.
#[derive(Debug)]
pub(crate) struct FillJob {
    body: UpstreamBody,
    head: Arc<StoredResponse>,
    fill: Arc<Fill>,
    length: Option<u64>,
    keeping: Keeping,
}

/// A job that has begun.
pub(crate) enum Begun {
    /// The whole body was here already; with what was stored, if it was.
    Over(Option<Arc<StoredResponse>>),
    /// More is to come.
    UnderWay(Running),
}

/// The rest of a job.
pub(crate) type Running = Pin<Box<dyn Future<Output = Option<Arc<StoredResponse>>> + Send>>;

/// How much of a body is kept, and for what.
#[derive(Debug)]
pub(crate) struct Keeping {
    pub(crate) sidecar: Arc<Sidecar>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) route: usize,
    pub(crate) key: Box<[u8]>,
    /// Whom it is for.
    pub(crate) persona: Box<[u8]>,
    /// What it can be purged by.
    pub(crate) labels: Box<[Label]>,
    /// Present when it is a part of a representation.
    pub(crate) part: Option<Box<Part>>,
    /// When it was asked for.
    pub(crate) sent: Sent,
    /// Whether it goes into the cache at its end.
    pub(crate) stored: bool,
    /// Beyond this many bytes it is neither stored nor held for late followers.
    pub(crate) cap: u64,
    pub(crate) reservation: FillReservation,
    /// Held until the body has come, whoever waits for it, or is no longer to be kept: then it is only
    /// for those who read it, and they have places of their own.
    pub(crate) places: Places,
}

/// Sees to it that a body ends, even if the reading of it does not: its readers wait for that.
struct Ending(Arc<Fill>);

// === impl FillJob ===

impl FillJob {
    pub(crate) const fn new(
        body: UpstreamBody,
        head: Arc<StoredResponse>,
        fill: Arc<Fill>,
        length: Option<u64>,
        keeping: Keeping,
    ) -> Self {
        Self {
            body,
            head,
            fill,
            length,
            keeping,
        }
    }

    /// What a follower needs to read along.
    pub(crate) fn filling(&self) -> Filling {
        Filling {
            head: Arc::clone(&self.head),
            fill: Arc::clone(&self.fill),
            length: self.length,
        }
    }

    /// Reads what is here already. A small body mostly comes with its head: then it is stored before
    /// the client is answered, and the answer goes out in one piece, without a task in between.
    pub(crate) async fn begin(self) -> Begun {
        let mut running: Running = Box::pin(self.run());
        let first = std::future::poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await;
        match first {
            Poll::Ready(stored) => Begun::Over(stored),
            Poll::Pending => Begun::UnderWay(running),
        }
    }

    /// Reads the body to its end; what was stored, if it was.
    async fn run(mut self) -> Option<Arc<StoredResponse>> {
        let _ending = Ending(Arc::clone(&self.fill));
        let reading = Reading {
            fill: &self.fill,
            cap: self.keeping.cap,
            reservation: &mut self.keeping.reservation,
            places: &mut self.keeping.places,
        };
        let read = reading.read(&mut self.body).await;
        // Before anybody hears of the end: who asks again at once must not find its place taken.
        self.keeping.places = Places::default();
        match read {
            Ok((trailers, held)) => {
                // Stored first: whoever no longer finds the flight must find the response.
                if held == Held::Whole && self.keeping.stored && trailers.is_none() {
                    let body = self.fill.collect();
                    let stored = storing::store(&mut self.keeping, &self.head, body);
                    self.fill.finish(trailers);
                    // Readers hold the bytes for as long as they read, also when the response has made
                    // room in the store meanwhile.
                    self.fill.hold(self.keeping.reservation);
                    return stored;
                }
                if held == Held::Window {
                    self.remember(self.outgrown());
                }
                self.fill.finish(trailers);
            }
            Err(failure) => {
                self.remember(SkipReason::Incomplete);
                self.fill.cut(failure);
            }
        }
        self.fill.hold(self.keeping.reservation);
        None
    }

    /// Why only a window of the body is held.
    fn outgrown(&self) -> SkipReason {
        match self.length {
            Some(length) if length <= self.keeping.cap => SkipReason::MemoryPressure,
            _ => SkipReason::TooLarge,
        }
    }

    /// For whoever asks later why it was not kept.
    fn remember(&self, reason: SkipReason) {
        let keeping = &self.keeping;
        if keeping.stored {
            let skipped = Skipped {
                reason,
                status: self.head.meta.status,
                length: self.length,
                at: clock::monotonic(),
            };
            let key = store::hash(&keeping.key);
            keeping.sidecar.verdicts.remember(key, skipped);
        }
    }
}

// === impl Ending ===

impl Drop for Ending {
    fn drop(&mut self) {
        // Without effect on a body that has ended.
        self.0.cut(Failure::Internal);
    }
}
