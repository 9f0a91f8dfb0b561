//! A cell for each caller: sixteen bytes, in a table that never grows.

use super::places::{Key, Place, Vacancy, WAYS};

/// Four tags, then the cells of the four: one line of the processor's cache.
type Bucket = [u64; 2 * WAYS];

/// The cells of callers that have one of their own.
#[derive(Debug)]
pub(super) struct Cells {
    buckets: Vec<Bucket>,
}

/// However little memory there is.
const LEAST_BUCKETS: usize = 4;

// === impl Cells ===

impl Cells {
    pub(super) fn new(bytes: usize) -> Self {
        let buckets = (bytes / size_of::<Bucket>()).max(LEAST_BUCKETS);
        Self {
            buckets: vec![[0; 2 * WAYS]; buckets],
        }
    }

    /// The caller's cell; what has passed at `now` may become a newcomer's.
    pub(super) fn place(&mut self, key: Key, now: u64) -> Place<'_> {
        let first = key.slot(0, self.buckets.len());
        if let Some(way) = find(&self.buckets[first], key.tag) {
            return Place::Own(&mut self.buckets[first][WAYS + way]);
        }
        let second = key.slot(1, self.buckets.len());
        if let Some(way) = find(&self.buckets[second], key.tag) {
            return Place::Own(&mut self.buckets[second][WAYS + way]);
        }
        let free = [first, second].map(|bucket| free(&self.buckets[bucket], now));
        let (bucket, count, way) = match free {
            [one, other] if other.0 > one.0 => (second, other.0, other.1),
            [one, _] => (first, one.0, one.1),
        };
        if count == 0 {
            return Place::None;
        }
        let (tags, cells) = self.buckets[bucket].split_at_mut(WAYS);
        Place::Free(Vacancy {
            tag: &mut tags[way],
            cell: &mut cells[way],
            newcomer: key.tag,
        })
    }

    pub(super) fn len(&self) -> usize {
        let taken = |bucket: &Bucket| bucket[..WAYS].iter().filter(|tag| **tag != 0).count();
        self.buckets.iter().map(taken).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<Bucket>()
    }
}

fn find(bucket: &Bucket, tag: u64) -> Option<usize> {
    bucket[..WAYS].iter().position(|other| *other == tag)
}

/// How many places are free, and one of them.
fn free(bucket: &Bucket, now: u64) -> (usize, usize) {
    let mut free = (0, 0);
    for way in 0..WAYS {
        if bucket[way] == 0 || bucket[WAYS + way] <= now {
            free = (free.0 + 1, way);
        }
    }
    free
}
