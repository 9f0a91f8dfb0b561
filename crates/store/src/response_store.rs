//! The memory tier: stored responses by key, weighed in bytes.
//!
//! **Variants live together.** Whatever request fields select between the responses of one key,
//! they are one entry here: whoever removes the key removes all of them, and their number is
//! bounded (TRAPS 17).
//!
//! **The promise.** moka evicts when it gets around to it and overshoots when it is written fast;
//! [`ResponseStore::tidy`] makes it catch up, and is called a few times a second.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use engine::{
    cache::{
        reuse::{self, Selected},
        stored::StoredMeta,
    },
    compression::Suitability,
    outcome::MissReason,
};
use http::HeaderMap;
use moka::{notification::RemovalCause, ops::compute::Op, sync::Cache};

use crate::hash::KeyHashers;

/// Responses kept for one key; beyond it the least recently stored goes.
const MAX_VARIANTS: usize = 32;
/// What an entry costs beyond its key, headers and bodies: moka's node, its timers and queues.
const ENTRY_OVERHEAD: usize = 320;
/// What a variant costs beyond its headers and body.
const VARIANT_OVERHEAD: usize = 64;

/// A response as it is kept: what is known of it, and its body.
#[derive(Clone, Debug)]
pub struct StoredResponse {
    /// The head and what is needed to decide about using it.
    pub meta: StoredMeta,
    /// The body, in memory of its own.
    pub body: Bytes,
    /// What its fields say about compressing it, found out once; `None` when nobody has asked.
    pub suitability: Option<Suitability>,
}

/// The responses of one key.
#[derive(Clone, Debug, Default)]
pub struct Variants(Vec<Arc<StoredResponse>>);

/// Cached responses, bounded in bytes.
#[derive(Clone, Debug)]
pub struct ResponseStore {
    entries: Cache<Vec<u8>, Arc<Variants>, KeyHashers>,
    limit: u64,
    evicted: Arc<AtomicU64>,
    removed: Arc<AtomicU64>,
}

/// How full the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStats {
    /// Keys.
    pub entries: u64,
    /// Bytes, bookkeeping included.
    pub bytes: u64,
    /// The most bytes it may hold.
    pub limit_bytes: u64,
    /// Keys that had to make room since the process began.
    pub evicted: u64,
    /// Keys that were removed because what they held became obsolete.
    pub removed: u64,
}

// === impl ResponseStore ===

impl ResponseStore {
    /// A store of at most `limit` bytes.
    pub fn new(limit: u64) -> Self {
        let evicted = Arc::new(AtomicU64::new(0));
        let removed = Arc::new(AtomicU64::new(0));
        let counted = (Arc::clone(&evicted), Arc::clone(&removed));
        let entries = Cache::builder()
            .max_capacity(limit)
            .weigher(|key: &Vec<u8>, variants: &Arc<Variants>| {
                u32::try_from(key.len() + variants.weight()).unwrap_or(u32::MAX)
            })
            .eviction_listener(move |_, _, cause| {
                let count = match cause {
                    RemovalCause::Explicit => &counted.1,
                    RemovalCause::Size => &counted.0,
                    RemovalCause::Expired | RemovalCause::Replaced => return,
                };
                count.fetch_add(1, Ordering::Relaxed);
            })
            .build_with_hasher(KeyHashers);
        Self {
            entries,
            limit,
            evicted,
            removed,
        }
    }

    /// What is kept under `key`.
    pub fn get(&self, key: &[u8]) -> Option<Arc<Variants>> {
        self.entries.get(key)
    }

    /// Keeps a response; it takes the place of the one the same requests would have selected.
    pub fn put(&self, key: &[u8], response: Arc<StoredResponse>) {
        self.entries.entry_by_ref(key).and_upsert_with(|present| {
            let mut variants = present.map_or_else(Variants::default, |entry| {
                Arc::unwrap_or_clone(entry.into_value())
            });
            variants.put(response);
            Arc::new(variants)
        });
    }

    /// Puts `renewed` in the place of `stored`, unless somebody else was quicker.
    pub fn renew(&self, key: &[u8], stored: &Arc<StoredResponse>, renewed: Arc<StoredResponse>) {
        self.entries.entry_by_ref(key).and_compute_with(|present| {
            let Some(entry) = present else { return Op::Nop };
            let mut variants = Arc::unwrap_or_clone(entry.into_value());
            if variants.take_out(stored) {
                variants.put(renewed);
                Op::Put(Arc::new(variants))
            } else {
                Op::Nop
            }
        });
    }

    /// Forgets one response of a key.
    pub fn forget(&self, key: &[u8], stored: &Arc<StoredResponse>) {
        self.entries.entry_by_ref(key).and_compute_with(|present| {
            let Some(entry) = present else { return Op::Nop };
            let mut variants = Arc::unwrap_or_clone(entry.into_value());
            match (variants.take_out(stored), variants.0.is_empty()) {
                (false, _) => Op::Nop,
                (true, true) => Op::Remove,
                (true, false) => Op::Put(Arc::new(variants)),
            }
        });
    }

    /// Forgets a key with all its responses.
    pub fn remove(&self, key: &[u8]) {
        self.entries.invalidate(key);
    }

    /// Evicts what is over the limit now.
    pub fn tidy(&self) {
        self.entries.run_pending_tasks();
    }

    /// How full it is.
    pub fn stats(&self) -> StoreStats {
        StoreStats {
            entries: self.entries.entry_count(),
            bytes: self.entries.weighted_size(),
            limit_bytes: self.limit,
            evicted: self.evicted.load(Ordering::Relaxed),
            removed: self.removed.load(Ordering::Relaxed),
        }
    }
}

// === impl Variants ===

impl Variants {
    /// The response a request with these fields selects, or why there is none.
    pub fn select(&self, request: &HeaderMap) -> Result<&Arc<StoredResponse>, MissReason> {
        let metas = self.0.iter().map(|stored| &stored.meta);
        match reuse::select(metas, request) {
            Selected::Variant(position) => Ok(&self.0[position]),
            Selected::Nothing(reason) => Err(reason),
        }
    }

    /// All of them, the latest stored last.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<StoredResponse>> {
        self.0.iter()
    }

    fn put(&mut self, response: Arc<StoredResponse>) {
        self.0.retain(|kept| kept.meta.vary != response.meta.vary);
        if self.0.len() >= MAX_VARIANTS {
            self.0.remove(0);
        }
        self.0.push(response);
    }

    /// Takes out one response; false when it was not there any more.
    fn take_out(&mut self, stored: &Arc<StoredResponse>) -> bool {
        let before = self.0.len();
        self.0.retain(|kept| !Arc::ptr_eq(kept, stored));
        self.0.len() < before
    }

    fn weight(&self) -> usize {
        let variants = self
            .0
            .iter()
            .map(|stored| VARIANT_OVERHEAD + stored.meta.weight() + stored.body.len());
        ENTRY_OVERHEAD + variants.sum::<usize>()
    }
}

#[cfg(test)]
mod tests;
