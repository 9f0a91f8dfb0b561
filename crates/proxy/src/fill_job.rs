//! The work of reading a body for several clients and, when it has come whole, storing it.
//!
//! It belongs to no client: it goes on when the one that caused it has left, as long as the body is
//! to be stored or somebody reads it. Nothing is stored before the clean end of the body
//! (TRAPS 22).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use engine::{failure::Failure, outcome::SkipReason};
use http::HeaderMap;
use http_body_util::BodyExt;
use store::{FillReservation, Skipped, StoredResponse};

use crate::{
    body::{CutShort, UpstreamBody},
    clock,
    fill::{Fill, Room},
    flight::Filling,
    sidecar::Sidecar,
    snapshot::Snapshot,
    steps::encode,
};

/// How long slow readers may hold back the others, in all.
const PATIENCE: Duration = Duration::from_secs(1);
/// Even with no patience left, a reader gets the chance to run.
const GLANCE: Duration = Duration::from_millis(20);

/// A body to be read, and what to do with it.
#[derive(Debug)]
pub(crate) struct FillJob {
    body: UpstreamBody,
    head: Arc<StoredResponse>,
    fill: Arc<Fill>,
    length: Option<u64>,
    keeping: Keeping,
}

/// How much of a body is kept, and for what.
#[derive(Debug)]
pub(crate) struct Keeping {
    pub(crate) sidecar: Arc<Sidecar>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) route: usize,
    pub(crate) key: Box<[u8]>,
    /// Whether it goes into the cache at its end.
    pub(crate) stored: bool,
    /// Beyond this many bytes it is neither stored nor held for late followers.
    pub(crate) cap: u64,
    pub(crate) reservation: FillReservation,
}

/// Whether the whole body is still held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Whole,
    Window,
}

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

    /// Reads the body to its end.
    pub(crate) async fn run(mut self) {
        match self.read().await {
            Ok((trailers, held)) => {
                // Stored first: whoever no longer finds the flight must find the response.
                if held == Held::Whole && self.keeping.stored && trailers.is_none() {
                    self.store();
                } else if held == Held::Window {
                    self.remember(SkipReason::TooLarge);
                }
                self.fill.finish(trailers);
            }
            Err(failure) => {
                self.remember(SkipReason::Incomplete);
                self.fill.cut(failure);
            }
        }
    }

    fn store(&self) {
        let keeping = &self.keeping;
        let route = &keeping.snapshot.policies.routes[keeping.route];
        let stored = encode::prepared(route, self.head.meta.clone(), self.fill.collect());
        let responses = &keeping.sidecar.responses;
        responses.put(&keeping.key, Arc::new(stored));
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

    async fn read(&mut self) -> Result<(Option<HeaderMap>, Held), Failure> {
        let mut received = 0;
        let mut held = Held::Whole;
        let mut trailers = None;
        let mut patience = PATIENCE;
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|CutShort(failure)| failure)?;
            match frame.into_data() {
                Ok(data) => {
                    received += data.len() as u64;
                    held = self.take(data, received, held);
                    if held == Held::Window && self.room(&mut patience).await == Room::Abandoned {
                        return Err(Failure::ClientGone);
                    }
                }
                Err(frame) => trailers = frame.into_trailers().ok(),
            }
        }
        Ok((trailers, held))
    }

    /// Waits for room, for as long as nobody else is kept waiting for it longer than `patience`.
    async fn room(&self, patience: &mut Duration) -> Room {
        loop {
            let began = clock::monotonic();
            let room = tokio::time::timeout((*patience).max(GLANCE), self.fill.room()).await;
            *patience = patience.saturating_sub(clock::monotonic().saturating_sub(began));
            match room {
                Ok(room) => return room,
                Err(_elapsed) => self.fill.cut_off_slow(),
            }
        }
    }

    fn take(&mut self, data: Bytes, received: u64, held: Held) -> Held {
        let keeping = &mut self.keeping;
        let fits = received <= keeping.cap && keeping.reservation.grow_to(received);
        let held = if held == Held::Whole && !fits {
            self.fill.open_window();
            Held::Window
        } else {
            held
        };
        self.fill.push(data);
        held
    }
}
