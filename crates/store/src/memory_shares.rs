//! How `memory.limit` is divided.
//!
//! Why shares and not one pot: moka evicts in batches and overshoots when it is written fast, so it
//! gets less than the whole; a burst of misses must not be able to take what the limiter needs to
//! keep callers apart; and the rest is room for connection buffers and the allocator.

use policy::ByteSize;

/// What each part of Forebay may hold, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryShares {
    /// Stored responses, with their keys, headers and bookkeeping.
    pub responses: u64,
    /// Bodies on their way into the cache.
    pub fills: u64,
    /// Limiter cells.
    pub limiter: u64,
    /// Callers in penalty boxes.
    pub penalties: u64,
}

const RESPONSES_PERCENT: u64 = 60;
const FILLS_PERCENT: u64 = 20;
const LIMITER_PERCENT: u64 = 5;
const PENALTIES_PERCENT: u64 = 2;

// === impl MemoryShares ===

impl MemoryShares {
    /// The shares of a limit.
    pub const fn of(limit: ByteSize) -> Self {
        let hundredth = limit.bytes() / 100;
        Self {
            responses: hundredth * RESPONSES_PERCENT,
            fills: hundredth * FILLS_PERCENT,
            limiter: hundredth * LIMITER_PERCENT,
            penalties: hundredth * PENALTIES_PERCENT,
        }
    }
}
