//! Why the last answer for a key was not kept.
//!
//! "Why is this not cached?" is asked about something that is not there, so that somebody has to have
//! remembered why. A table of fixed size, each key with one place in it: what comes later takes the
//! place of what was there. It may forget and never grows, and writing costs one lock that nobody
//! else wants.

use std::time::Duration;

use engine::outcome::SkipReason;
use http::StatusCode;
use parking_lot::Mutex;

/// How many keys are remembered at most; a power of two.
const PLACES: usize = 4096;

/// Why one answer was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The reason.
    pub reason: SkipReason,
    /// The status of the answer.
    pub status: StatusCode,
    /// How many bytes its body announced.
    pub length: Option<u64>,
    /// When its head came, on the monotonic clock.
    pub at: Duration,
}

/// The memory of answers that were not kept, by the hash of their key.
#[derive(Debug)]
pub struct Verdicts {
    places: Box<[Place]>,
}

/// Room for one key and why its last answer was not kept.
type Place = Mutex<Option<(u128, Skipped)>>;

// === impl Verdicts ===

impl Default for Verdicts {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| Mutex::new(None)).collect(),
        }
    }
}

impl Verdicts {
    /// Remembers why the last answer for a key was not kept.
    pub fn remember(&self, key: u128, skipped: Skipped) {
        *self.place(key).lock() = Some((key, skipped));
    }

    /// Why the last answer for a key was not kept, if that is remembered.
    pub fn recall(&self, key: u128) -> Option<Skipped> {
        let place = *self.place(key).lock();
        place.and_then(|(remembered, skipped)| (remembered == key).then_some(skipped))
    }

    fn place(&self, key: u128) -> &Place {
        // The lowest bits of a hash are as good as any; the remainder is below `PLACES`.
        &self.places[(key % PLACES as u128) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(reason: SkipReason) -> Skipped {
        Skipped {
            reason,
            status: StatusCode::OK,
            length: None,
            at: Duration::ZERO,
        }
    }

    #[test]
    fn the_last_word_counts_and_a_neighbour_takes_the_place() {
        let verdicts = Verdicts::default();
        assert_eq!(verdicts.recall(7), None);
        verdicts.remember(7, skipped(SkipReason::Private));
        verdicts.remember(7, skipped(SkipReason::NoStore));
        assert_eq!(verdicts.recall(7), Some(skipped(SkipReason::NoStore)));
        let neighbour = 7 + PLACES as u128;
        assert_eq!(verdicts.recall(neighbour), None);
        verdicts.remember(neighbour, skipped(SkipReason::Status));
        assert_eq!(verdicts.recall(7), None);
        assert_eq!(
            verdicts.recall(neighbour),
            Some(skipped(SkipReason::Status))
        );
    }
}
