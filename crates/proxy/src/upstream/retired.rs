//! Endpoints that are no more, and whose idle connections are to be closed.
//!
//! Each worker has idle connections of its own, and nobody else can reach them. So what is gone is
//! noted here, and every worker looks when it sweeps its pool the next time. A note is kept for
//! longer than any worker takes to sweep; nothing is put into a pool any more for an endpoint that
//! is gone. While nothing is noted, which is the rule, a look is one load.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use parking_lot::RwLock;

/// How long a note is kept; workers sweep several times a second.
const KEPT: Duration = Duration::from_secs(60);

static ANY: AtomicBool = AtomicBool::new(false);
static NOTES: RwLock<Option<Notes>> = RwLock::new(None);

/// The ids of endpoints that are gone, and since when (monotonic).
#[derive(Debug, Default)]
struct Notes(HashMap<u64, Duration>);

/// Whether connections to an endpoint are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tenure {
    /// It is gone.
    Over,
    /// It is one, as far as anybody has said.
    Serving,
}

/// Takes note that the endpoint with this id is gone at `now`, and forgets old notes.
pub(super) fn note(id: u64, now: Duration) {
    let mut notes = NOTES.write();
    notes.get_or_insert_default().add(id, now);
    ANY.store(true, Ordering::Release);
}

/// What of the endpoint with this id is known.
pub(super) fn tenure(id: u64) -> Tenure {
    if !ANY.load(Ordering::Acquire) {
        return Tenure::Serving;
    }
    let notes = NOTES.read();
    notes.as_ref().map_or(Tenure::Serving, |notes| notes.of(id))
}

// === impl Notes ===

impl Notes {
    fn add(&mut self, id: u64, now: Duration) {
        self.0.retain(|_, since| now.saturating_sub(*since) < KEPT);
        self.0.insert(id, now);
    }

    fn of(&self, id: u64) -> Tenure {
        if self.0.contains_key(&id) {
            Tenure::Over
        } else {
            Tenure::Serving
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_kept_for_a_minute() {
        let mut notes = Notes::default();
        notes.add(1, Duration::ZERO);
        notes.add(2, KEPT / 2);
        assert_eq!((notes.of(1), notes.of(2)), (Tenure::Over, Tenure::Over));
        assert_eq!(notes.of(3), Tenure::Serving);
        notes.add(3, KEPT);
        assert_eq!((notes.of(1), notes.of(2)), (Tenure::Serving, Tenure::Over));
    }
}
