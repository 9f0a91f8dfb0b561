//! The memory tier: stored responses by key, weighed in bytes.
//!
//! **Variants live together.** Whatever request fields select between the responses of one key,
//! they are one entry here: whoever removes the key removes all of them, and their number is
//! bounded (TRAPS 17).
//!
//! **The promise.** moka evicts when it gets around to it and overshoots when it is written fast.
//! So whoever writes pays: each writer counts what it adds, and the one that fills the
//! [allowance](ALLOWANCE) makes moka catch up before it goes on. [`ResponseStore::tidy`], a few times
//! a second, is for what is left when nobody writes any more.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use moka::{notification::RemovalCause, ops::compute::Op, sync::Cache};

use crate::{
    StoredResponse,
    allocated::allocated,
    hash::KeyHashers,
    variants::{Remaining, Variants},
};

/// What an entry costs beyond its key and its responses: moka's nodes and queues, and the counts of
/// the key.
const ENTRY_OVERHEAD: usize = 240;
/// The share of the limit, one in this many, that may be written before moka must catch up.
const ALLOWANCE: u64 = 64;
/// The most that may be written before moka must catch up, in bytes.
const MOST_ALLOWED: u64 = 4 * 1024 * 1024;

type Key = Box<[u8]>;

/// Cached responses, bounded in bytes.
#[derive(Clone, Debug)]
pub struct ResponseStore {
    entries: Cache<Key, Variants, KeyHashers>,
    limit: u64,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    evicted: AtomicU64,
    removed: AtomicU64,
    /// Bytes written since moka last caught up.
    written: AtomicU64,
}

/// What becomes of the responses of a key.
#[derive(Clone, Debug)]
pub enum Amendment {
    /// This one is forgotten.
    Forget(Arc<StoredResponse>),
    /// They stay as they are.
    Nothing,
    /// This one is kept, in the place of the one the same requests would have selected.
    Put(Arc<StoredResponse>),
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
        let counts = Arc::<Counts>::default();
        let counted = Arc::clone(&counts);
        let entries = Cache::builder()
            .max_capacity(limit)
            .weigher(|key: &Key, variants: &Variants| {
                u32::try_from(weight(key, variants)).unwrap_or(u32::MAX)
            })
            .eviction_listener(move |_, _, cause| {
                let count = match cause {
                    RemovalCause::Explicit => &counted.removed,
                    RemovalCause::Size => &counted.evicted,
                    RemovalCause::Expired | RemovalCause::Replaced => return,
                };
                count.fetch_add(1, Ordering::Relaxed);
            })
            .build_with_hasher(KeyHashers);
        Self {
            entries,
            limit,
            counts,
        }
    }

    /// What is kept under `key`.
    pub fn get(&self, key: &[u8]) -> Option<Variants> {
        self.entries.get(key)
    }

    /// Keeps a response; it takes the place of the one the same requests would have selected.
    ///
    /// Of more than `max_variants` responses of the key the least recently stored go.
    pub fn put(&self, key: &[u8], response: Arc<StoredResponse>, max_variants: usize) {
        let written = response.weight();
        self.entries
            .entry(key.into())
            .and_upsert_with(|present| match present {
                None => Variants::one(response),
                Some(entry) => entry.into_value().with(response, max_variants),
            });
        self.wrote(ENTRY_OVERHEAD + key.len() + written);
    }

    /// Puts `renewed` in the place of `stored`, unless somebody else was quicker.
    pub fn renew(&self, key: &[u8], stored: &Arc<StoredResponse>, renewed: Arc<StoredResponse>) {
        let written = renewed.weight();
        self.entries.entry(key.into()).and_compute_with(|present| {
            let Some(entry) = present else { return Op::Nop };
            match entry.into_value().without(stored) {
                None => Op::Nop,
                Some(Remaining::Nothing) => Op::Put(Variants::one(renewed)),
                Some(Remaining::Others(others)) => Op::Put(others.with(renewed, usize::MAX)),
            }
        });
        self.wrote(written);
    }

    /// Changes what is kept under `key` in one step, as `decide` says of what is there.
    ///
    /// `decide` runs under a lock: it must not block.
    pub fn amend(
        &self,
        key: &[u8],
        max_variants: usize,
        decide: impl FnOnce(Option<&Variants>) -> Amendment,
    ) {
        let mut written = 0;
        self.entries.entry(key.into()).and_compute_with(|present| {
            let present = present.map(moka::Entry::into_value);
            match (decide(present.as_ref()), present) {
                (Amendment::Nothing, _) | (Amendment::Forget(_), None) => Op::Nop,
                (Amendment::Forget(stored), Some(variants)) => match variants.without(&stored) {
                    None => Op::Nop,
                    Some(Remaining::Nothing) => Op::Remove,
                    Some(Remaining::Others(others)) => Op::Put(others),
                },
                (Amendment::Put(response), present) => {
                    written = response.weight();
                    Op::Put(match present {
                        None => Variants::one(response),
                        Some(variants) => variants.with(response, max_variants),
                    })
                }
            }
        });
        self.wrote(written);
    }

    /// Forgets one response of a key.
    pub fn forget(&self, key: &[u8], stored: &Arc<StoredResponse>) {
        self.entries.entry(key.into()).and_compute_with(|present| {
            let Some(entry) = present else { return Op::Nop };
            match entry.into_value().without(stored) {
                None => Op::Nop,
                Some(Remaining::Nothing) => Op::Remove,
                Some(Remaining::Others(others)) => Op::Put(others),
            }
        });
    }

    /// Forgets a key with all its responses.
    pub fn remove(&self, key: &[u8]) {
        self.entries.invalidate(key);
    }

    /// Evicts what is over the limit now.
    pub fn tidy(&self) {
        self.counts.written.store(0, Ordering::Relaxed);
        self.entries.run_pending_tasks();
    }

    /// How full it is.
    pub fn stats(&self) -> StoreStats {
        StoreStats {
            entries: self.entries.entry_count(),
            bytes: self.entries.weighted_size(),
            limit_bytes: self.limit,
            evicted: self.counts.evicted.load(Ordering::Relaxed),
            removed: self.counts.removed.load(Ordering::Relaxed),
        }
    }

    fn wrote(&self, bytes: usize) {
        let bytes = bytes as u64;
        let before = self.counts.written.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes >= (self.limit / ALLOWANCE).min(MOST_ALLOWED) {
            self.tidy();
        }
    }
}

/// The bytes of an entry, its place in moka included.
fn weight(key: &[u8], variants: &Variants) -> usize {
    ENTRY_OVERHEAD + allocated(key.len()) + variants.weight()
}

#[cfg(test)]
pub(crate) mod tests;
