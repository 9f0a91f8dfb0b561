//! A breaker that many requests share.
//!
//! It is told how a request ended by whoever let it through; one that is dropped on the way, because
//! the client left or another try was quicker, says nothing, but gives its place back.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use engine::{
    attempt::Symptom,
    breaker::{Ask, Breaker, Change, Passage, Position},
};
use parking_lot::Mutex;
use policy::{Breaker as Policy, Mode, OpenAnswer};

use crate::clock;

/// One breaker and what is told of it.
#[derive(Debug)]
pub(crate) struct BreakerCell {
    mode: Mode,
    answer: OpenAnswer,
    breaker: Mutex<Breaker>,
    opened: AtomicU64,
    stopped: AtomicU64,
}

/// A request that a breaker let through, until its end is told.
#[derive(Debug)]
pub(crate) struct Passing<'a> {
    cell: &'a BreakerCell,
    passage: Option<Passage>,
}

/// A request that a breaker does not let through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopped<'a> {
    /// Asking again makes sense after this long.
    pub(crate) retry_after: Duration,
    /// What it gets instead.
    pub(crate) answer: &'a OpenAnswer,
}

// === impl BreakerCell ===

impl BreakerCell {
    /// One that acts, if the policy asks for it.
    pub(crate) fn new(policy: Option<&Policy>) -> Option<Self> {
        let policy = policy.filter(|policy| policy.mode != Mode::Off)?;
        Some(Self {
            mode: policy.mode,
            answer: policy.answer.clone(),
            breaker: Mutex::new(Breaker::new(policy)),
            opened: AtomicU64::new(0),
            stopped: AtomicU64::new(0),
        })
    }

    /// Asks for a request to pass.
    pub(crate) fn ask(&self) -> Result<Passing<'_>, Stopped<'_>> {
        let asked = self.breaker.lock().ask(clock::monotonic());
        let passage = match asked {
            Ask::Pass(passage) => Some(passage),
            Ask::Stop { retry_after } => {
                self.stopped.fetch_add(1, Ordering::Relaxed);
                if self.mode == Mode::Enforce {
                    return Err(Stopped {
                        retry_after,
                        answer: &self.answer,
                    });
                }
                None
            }
        };
        Ok(Passing {
            cell: self,
            passage,
        })
    }

    /// Takes up a request again that was let through.
    pub(crate) const fn resumed(&self, passage: Passage) -> Passing<'_> {
        Passing {
            cell: self,
            passage: Some(passage),
        }
    }

    /// Closes it, whatever it knows.
    pub(crate) fn reset(&self) {
        self.breaker.lock().reset();
    }

    pub(crate) const fn mode(&self) -> Mode {
        self.mode
    }

    pub(crate) fn position(&self) -> Position {
        self.breaker.lock().position(clock::monotonic())
    }

    /// How often it opened.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// How many requests it stopped; in shadow mode, would have stopped.
    pub(crate) fn stopped(&self) -> u64 {
        self.stopped.load(Ordering::Relaxed)
    }

    fn note(&self, passage: Passage, symptom: Symptom) {
        let change = self
            .breaker
            .lock()
            .note(passage, symptom, clock::monotonic());
        match change {
            Change::None => {}
            Change::Closed => tracing::info!("a breaker has closed"),
            Change::Opened(time) => {
                self.opened.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(mode = self.mode.as_str(), ?time, "a breaker has opened");
            }
        }
    }
}

// === impl Passing ===

impl Passing<'_> {
    /// Lets go of the breaker for as long as it cannot be borrowed; see [`BreakerCell::resumed`].
    pub(crate) fn suspended(mut self) -> Option<Passage> {
        self.passage.take()
    }

    /// Tells how it ended.
    pub(crate) fn ended(mut self, symptom: Symptom) {
        if let Some(passage) = self.passage.take() {
            self.cell.note(passage, symptom);
        }
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        if let Some(passage) = self.passage.take() {
            self.cell.note(passage, Symptom::Nothing);
        }
    }
}
