//! Where rate limits remember their callers, in bounded memory.
//!
//! **Exact while there is room.** Each caller of each limit has a cell of its own. A cell whose
//! time has passed says nothing any more (a new one would say the same), so sweeping those out loses
//! nothing.
//!
//! **Never a fresh bucket under pressure.** When a shard is full of cells that still matter, new
//! callers share a fixed table of overflow cells, chosen by hash. A shared cell can only be
//! stricter than a private one, and nobody's cell is evicted: rotating keys does not buy an abuser
//! a full bucket (CVE-class bug of limiters that evict by recency).

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    time::Duration,
};

use engine::rate_limit::Cell;
use parking_lot::Mutex;

const SHARDS: usize = 16;
/// What a cell costs in a hash map at its usual load, key and bookkeeping included.
const BYTES_PER_CELL: u64 = 56;
/// The least number of cells a shard keeps, whatever the limit.
const LEAST_CELLS: usize = 64;

/// The cells of every limit, by caller.
#[derive(Debug)]
pub struct LimiterCells {
    shards: Box<[Mutex<Shard>]>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Shard {
    cells: HashMap<u128, Cell, BuildHasherDefault<AlreadyHashed>>,
    overflow: Vec<Cell>,
    /// No sweep before this: a shard that stays full must not be swept for every newcomer.
    next_sweep: Duration,
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct AlreadyHashed(u64);

/// The least time between two sweeps of one shard.
const SWEEP_PAUSE: Duration = Duration::from_millis(100);

// === impl LimiterCells ===

impl LimiterCells {
    /// Cells in at most `bytes` of memory.
    pub fn new(bytes: u64) -> Self {
        let cells = usize::try_from(bytes / BYTES_PER_CELL).unwrap_or(usize::MAX);
        let capacity = (cells / SHARDS).max(LEAST_CELLS);
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            capacity,
        }
    }

    /// Lets `decide` see a caller's cell and replace it; `key` is a hash of limit and caller.
    ///
    /// `decide` runs under a lock: it must not block.
    pub fn update<T>(&self, key: u128, now: Duration, decide: impl FnOnce(Cell) -> (T, Cell)) -> T {
        let mut shard = self.shards[key as usize % SHARDS].lock();
        let cell = shard.cell(key, now, self.capacity);
        let (verdict, next) = decide(*cell);
        *cell = next;
        verdict
    }

    /// How many callers have a cell of their own.
    pub fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().cells.len())
            .sum()
    }

    /// Whether nobody has been seen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

// === impl Shard ===

impl Shard {
    fn cell(&mut self, key: u128, now: Duration, capacity: usize) -> &mut Cell {
        if self.cells.len() >= capacity && !self.cells.contains_key(&key) {
            self.sweep(now);
            if self.cells.len() >= capacity {
                return self.overflow_cell(key, capacity);
            }
        }
        self.cells.entry(key).or_default()
    }

    fn sweep(&mut self, now: Duration) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now + SWEEP_PAUSE;
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.cells.retain(|_, cell| cell.0 > now);
    }

    fn overflow_cell(&mut self, key: u128, capacity: usize) -> &mut Cell {
        if self.overflow.is_empty() {
            self.overflow = vec![Cell::default(); (capacity / 4).max(1)];
        }
        let slot = (key >> 64) as usize % self.overflow.len();
        &mut self.overflow[slot]
    }
}

// === impl AlreadyHashed ===

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = (hash >> 32) as u64;
    }
}

#[cfg(test)]
mod tests;
