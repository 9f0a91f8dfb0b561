//! The counters themselves, and how threads stay out of each other's way.
//!
//! **Shards.** The first threads that count each get cells of their own, for good. Nobody else
//! writes to those, so that adding is a plain load and store: no locked instruction and no cache line
//! that travels between cores. Later threads share the last shard and pay for atomic additions.
//! Readers sum all shards and may be a request behind, which a scrape cannot tell.

use std::{
    array,
    cell::Cell,
    marker::PhantomData,
    sync::{
        OnceLock,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// One for each of the first threads, and the last one for all others.
pub(crate) const SHARDS: usize = 17;

/// The shard of the thread that asked; it cannot be carried to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shard {
    index: usize,
    _of_this_thread: PhantomData<*const ()>,
}

/// Upper bounds of the buckets: cache hits take microseconds, slow origins seconds.
pub(crate) const BOUNDS: [Duration; 17] = [
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// A number that grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

/// A number that goes up and down; one shard of it may be negative, the sum is not.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicI64);

/// A histogram of durations.
#[derive(Debug, Default)]
pub(super) struct Durations {
    /// Not cumulative; the last one is for everything above the bounds.
    buckets: [Counter; BOUNDS.len() + 1],
    nanoseconds: Counter,
}

/// A histogram summed over shards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DurationsSum {
    pub(super) buckets: [u64; BOUNDS.len() + 1],
    pub(super) nanoseconds: u64,
}

/// One `T` for each shard that has been touched, each its own allocation.
#[derive(Debug)]
pub(super) struct Sharded<T> {
    shards: [OnceLock<Box<T>>; SHARDS],
}

// === impl Shard ===

impl Shard {
    const SHARED: usize = SHARDS - 1;

    /// The shard of the calling thread, claimed when it first asks.
    pub(crate) fn mine() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
        }
        let index = MINE.with(|mine| {
            if mine.get() == usize::MAX {
                mine.set(NEXT.fetch_add(1, Ordering::Relaxed).min(Self::SHARED));
            }
            mine.get()
        });
        Self {
            index,
            _of_this_thread: PhantomData,
        }
    }

    pub(crate) fn index(self) -> usize {
        self.index
    }
}

// === impl Counter ===

impl Counter {
    pub(super) fn add(&self, shard: Shard, amount: u64) {
        if shard.index == Shard::SHARED {
            self.0.fetch_add(amount, Ordering::Relaxed);
        } else {
            let sum = self.0.load(Ordering::Relaxed).wrapping_add(amount);
            self.0.store(sum, Ordering::Relaxed);
        }
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Begins again at zero, for somebody else. An addition at that very moment may survive it.
    pub(super) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

// === impl Gauge ===

impl Gauge {
    pub(super) fn add(&self, shard: Shard, amount: i64) {
        if shard.index == Shard::SHARED {
            self.0.fetch_add(amount, Ordering::Relaxed);
        } else {
            let sum = self.0.load(Ordering::Relaxed).wrapping_add(amount);
            self.0.store(sum, Ordering::Relaxed);
        }
    }

    pub(super) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Durations ===

impl Durations {
    pub(super) fn observe(&self, shard: Shard, duration: Duration) {
        let bucket = BOUNDS.partition_point(|&bound| bound < duration);
        self.buckets[bucket].add(shard, 1);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.add(shard, nanoseconds);
    }
}

// === impl DurationsSum ===

impl DurationsSum {
    pub(super) fn add(&mut self, shard: &Durations) {
        for (sum, bucket) in self.buckets.iter_mut().zip(&shard.buckets) {
            *sum += bucket.get();
        }
        self.nanoseconds = self.nanoseconds.wrapping_add(shard.nanoseconds.get());
    }

    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

// === impl Sharded ===

impl<T> Default for Sharded<T> {
    fn default() -> Self {
        Self {
            shards: array::from_fn(|_| OnceLock::new()),
        }
    }
}

impl<T> Sharded<T> {
    /// The cells of one shard, made when first touched.
    pub(super) fn get_or_init(&self, shard: Shard, make: impl FnOnce() -> T) -> &T {
        self.shards[shard.index].get_or_init(|| Box::new(make()))
    }

    /// The sum over all shards of what `read` finds in one.
    pub(super) fn sum(&self, read: impl Fn(&T) -> &Counter) -> u64 {
        self.touched().map(|cells| read(cells).get()).sum()
    }

    /// As [`Self::sum`], for a gauge.
    pub(super) fn level(&self, read: impl Fn(&T) -> &Gauge) -> i64 {
        self.touched().map(|cells| read(cells).get()).sum()
    }

    /// As [`Self::sum`], for a histogram.
    pub(super) fn durations(&self, read: impl Fn(&T) -> &Durations) -> DurationsSum {
        let mut sum = DurationsSum::default();
        for cells in self.touched() {
            sum.add(read(cells));
        }
        sum
    }

    /// The cells of all shards that anybody has counted in.
    pub(super) fn touched(&self) -> impl Iterator<Item = &T> {
        self.shards
            .iter()
            .filter_map(|cells| cells.get().map(Box::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let (shard, durations) = (Shard::mine(), Durations::default());
        durations.observe(shard, Duration::ZERO);
        durations.observe(shard, BOUNDS[0]);
        durations.observe(shard, BOUNDS[0] + Duration::from_nanos(1));
        durations.observe(shard, Duration::from_secs(11));
        let mut sum = DurationsSum::default();
        sum.add(&durations);
        assert_eq!(sum.buckets[0], 2);
        assert_eq!(sum.buckets[1], 1);
        assert_eq!(sum.buckets[BOUNDS.len()], 1);
        assert_eq!(sum.count(), 4);
    }

    #[test]
    fn bounds_ascend() {
        assert!(BOUNDS.is_sorted_by(|before, after| before < after));
    }
}
