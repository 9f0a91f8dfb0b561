//! The counters themselves, and how threads stay out of each other's way.

use std::{
    array,
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How many threads count without meeting; more threads than this share.
pub(crate) const SHARDS: usize = 8;

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

/// The shard of the calling thread.
pub(crate) fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    MINE.with(|mine| {
        if mine.get() == usize::MAX {
            mine.set(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
        }
        mine.get()
    })
}

// === impl Counter ===

impl Counter {
    pub(super) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Gauge ===

impl Gauge {
    pub(super) fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Durations ===

impl Durations {
    pub(super) fn observe(&self, duration: Duration) {
        let bucket = BOUNDS.partition_point(|&bound| bound < duration);
        self.buckets[bucket].add(1);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.add(nanoseconds);
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
    pub(super) fn get_or_init(&self, shard: usize, make: impl FnOnce() -> T) -> &T {
        self.shards[shard % SHARDS].get_or_init(|| Box::new(make()))
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

    fn touched(&self) -> impl Iterator<Item = &T> {
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
        let durations = Durations::default();
        durations.observe(Duration::ZERO);
        durations.observe(BOUNDS[0]);
        durations.observe(BOUNDS[0] + Duration::from_nanos(1));
        durations.observe(Duration::from_secs(11));
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
