//! Keys whose last response could not be shared.
//!
//! Without this memory every request for an uncacheable key would queue behind one fetch, learn
//! that the answer was not for it, and queue again: one origin connection at a time for all of
//! them. Remembered keys skip the queue until the memory fades.

use std::time::Duration;

use moka::sync::Cache;

/// How long a key is remembered.
const MEMORY: Duration = Duration::from_secs(10);
/// How many keys are remembered; beyond that the least useful are forgotten.
const CAPACITY: u64 = 20_000;

/// The memory of keys that were found uncacheable, by hash.
///
/// Two keys with the same 128-bit hash would only cost each other a missed chance to share.
#[derive(Clone, Debug)]
pub struct Uncacheable {
    keys: Cache<u128, ()>,
}

// === impl Uncacheable ===

impl Default for Uncacheable {
    fn default() -> Self {
        Self {
            keys: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(MEMORY)
                .build(),
        }
    }
}

impl Uncacheable {
    /// Remembers a key.
    pub fn remember(&self, key: u128) {
        self.keys.insert(key, ());
    }

    /// Whether a key is remembered.
    pub fn remembers(&self, key: u128) -> bool {
        self.keys.contains_key(&key)
    }

    /// Forgets a key: its response turned out to be shareable after all.
    pub fn forget(&self, key: u128) {
        self.keys.invalidate(&key);
    }
}
