//! Where in a table a caller may have his place.
//!
//! A table is cut into buckets of four, and each caller has two of them to be in: the one with more
//! free places when he came. So a table fills to nine tenths before the first newcomer finds no place,
//! nothing ever moves, and its size never changes.

/// The places of a bucket.
pub(super) const WAYS: usize = 4;

/// A caller of a limit, by hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Never 0, which marks an empty place.
    pub(super) tag: u64,
    /// Independent of the tag.
    spread: u64,
}

/// A caller's place.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// The caller has none, and may take this one.
    Free(Vacancy<'a>),
    /// There is none: all are taken by callers that still matter.
    None,
    /// It is the caller's already.
    Own(&'a mut u64),
}

/// A place that a newcomer may take; until then it stays whose it was.
#[derive(Debug)]
pub(super) struct Vacancy<'a> {
    pub(super) tag: &'a mut u64,
    pub(super) cell: &'a mut u64,
    pub(super) newcomer: u64,
}

// === impl Key ===

impl Key {
    pub(super) fn new(hash: u128) -> Self {
        Self {
            tag: (hash as u64).max(1),
            spread: (hash >> 64) as u64,
        }
    }

    pub(super) fn shard(self, shards: usize) -> usize {
        range(self.spread, shards)
    }

    /// The two buckets among so many.
    pub(super) fn buckets(self, among: usize) -> [usize; 2] {
        [self.slot(0, among), self.slot(1, among)]
    }

    /// A number below `among`; each `row` has others.
    pub(super) fn slot(self, row: u64, among: usize) -> usize {
        // The odd constants of splitmix64: neighbouring rows become unrelated numbers.
        let mut mixed = self.spread ^ (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        range(mixed ^ (mixed >> 31), among)
    }
}

// === impl Vacancy ===

impl Vacancy<'_> {
    /// The newcomer takes it, with this for a beginning.
    pub(super) fn take(self, cell: u64) {
        *self.tag = self.newcomer;
        *self.cell = cell;
    }
}

fn range(hash: u64, among: usize) -> usize {
    ((u128::from(hash) * among as u128) >> 64) as usize
}
