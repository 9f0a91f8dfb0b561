//! Keys whose last response could not be shared.
//!
//! What is remembered, for how long, and what it means is decided in [`engine::collapse::memory`];
//! this bounds how much is remembered.

use std::time::Duration;

use engine::collapse::memory::{FORGOTTEN_AFTER, Recollection, Remembered};
use moka::sync::Cache;

/// How many keys are remembered; beyond that the least useful are forgotten.
const CAPACITY: u64 = 20_000;

/// The memory of keys that were found uncacheable, by hash.
///
/// Two keys with the same 128-bit hash would only cost each other a missed chance to share.
#[derive(Clone, Debug)]
pub struct Uncacheable {
    keys: Cache<u128, Remembered>,
}

// === impl Uncacheable ===

impl Default for Uncacheable {
    fn default() -> Self {
        Self {
            keys: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(FORGOTTEN_AFTER)
                .build(),
        }
    }
}

impl Uncacheable {
    /// Remembers this of a key.
    pub fn remember(&self, key: u128, remembered: Remembered) {
        self.keys.insert(key, remembered);
    }

    /// What is remembered of a key at `now` (monotonic).
    pub fn recall(&self, key: u128, now: Duration) -> Recollection {
        self.keys
            .get(&key)
            .map_or(Recollection::Nothing, |it| it.recall(now))
    }

    /// Forgets a key: its response turned out to be shareable after all.
    pub fn forget(&self, key: u128) {
        if self.keys.contains_key(&key) {
            self.keys.invalidate(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_unshareable_then_doubtful_and_shareable_when_it_is_forgotten() {
        let memory = Uncacheable::default();
        assert_eq!(memory.recall(1, Duration::ZERO), Recollection::Nothing);
        memory.remember(1, Remembered::new(None, None, Duration::ZERO));
        assert_eq!(memory.recall(1, Duration::ZERO), Recollection::Unshareable);
        assert_eq!(memory.recall(2, Duration::ZERO), Recollection::Nothing);
        let later = Duration::from_secs(30);
        assert_eq!(memory.recall(1, later), Recollection::Doubtful);
        memory.forget(1);
        assert_eq!(memory.recall(1, later), Recollection::Nothing);
    }
}
