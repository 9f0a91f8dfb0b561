//! How long requests take of late, as a small histogram.
//!
//! # Buckets
//! Eight to each doubling, from 64 microseconds to over a minute: a percentile is too long by at most
//! an eighth, and never too short. Counting is one addition, without a lock.
//!
//! # Of late
//! Two halves that take turns every [`HALF`]: one is counted into, both are read, and the older is
//! emptied when its turn comes. What has been forgotten is at least one half old and at most two.

use std::{
    array,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use policy::Percent;

/// How long one half is counted into.
pub(super) const HALF: Duration = Duration::from_secs(30);
/// With fewer observations a percentile says nothing.
pub(super) const ENOUGH: u64 = 100;
/// How often a percentile is worked out anew.
const REFRESH: Duration = Duration::from_millis(100);

/// Buckets to each doubling, as a power of two.
const FINENESS: u32 = 3;
/// The shortest time that is told from shorter ones, as a power of two in microseconds.
const SHORTEST: u32 = 6;
/// Doublings above the shortest: to 67 seconds.
const DOUBLINGS: u32 = 20;
/// One for all that is shorter and one for all that is longer.
const BUCKETS: usize = ((DOUBLINGS << FINENESS) + 2) as usize;
/// The half of a word that holds the percentile.
const LOWER: u64 = u32::MAX as u64;

/// The times of the last 30 to 60 seconds.
#[derive(Debug)]
pub struct Latencies {
    halves: [Half; 2],
    /// The number of the turn in which we are.
    turn: AtomicU64,
    /// When the percentile was worked out, in units of [`REFRESH`], and in the lower half what it is
    /// in microseconds. One word, so that nobody sees half of it.
    latest: AtomicU64,
}

#[derive(Debug)]
struct Half([AtomicU32; BUCKETS]);

// === impl Latencies ===

impl Latencies {
    /// Counts one that took so long, at `now` (monotonic).
    pub fn observe(&self, now: Duration, took: Duration) {
        let turn = now.as_secs() / HALF.as_secs();
        let before = self.turn.fetch_max(turn, Ordering::Relaxed);
        if before < turn {
            // Whoever moved it on empties the half whose turn it is; after a pause, both. What is
            // counted in that very moment may be lost.
            self.half(turn).clear();
            if before + 1 < turn {
                self.half(turn + 1).clear();
            }
        }
        self.half(turn).0[bucket(took)].fetch_add(1, Ordering::Relaxed);
    }

    /// What this share of them took at most; `None` when there are too few of them to say.
    pub fn percentile(&self, now: Duration, share: Percent) -> Option<Duration> {
        let tick = now.as_millis() / REFRESH.as_millis() + 1;
        let tick = u64::try_from(tick).unwrap_or(u64::MAX) & LOWER;
        let latest = self.latest.load(Ordering::Relaxed);
        if latest >> 32 == tick {
            return Some(Duration::from_micros(latest & LOWER));
        }
        // That there are too few is not remembered: with the next one there may be enough.
        let micros = self.work_out(now, share)?;
        self.latest.store(tick << 32 | micros, Ordering::Relaxed);
        Some(Duration::from_micros(micros))
    }

    fn work_out(&self, now: Duration, share: Percent) -> Option<u64> {
        let turn = now.as_secs() / HALF.as_secs();
        let counted_in = self.turn.load(Ordering::Relaxed);
        // A half that nobody has emptied since is as old as the last turn.
        let read = match turn.saturating_sub(counted_in) {
            0 => [true, true],
            1 => array::from_fn(|half| half as u64 == counted_in % 2),
            _ => [false, false],
        };
        let count = |bucket: usize| -> u64 {
            self.halves
                .iter()
                .zip(read)
                .filter(|(_, read)| *read)
                .map(|(half, _)| u64::from(half.0[bucket].load(Ordering::Relaxed)))
                .sum()
        };
        let total: u64 = (0..BUCKETS).map(count).sum();
        if total < ENOUGH {
            return None;
        }
        let wanted = (total * u64::from(share.hundredths())).div_ceil(100).max(1);
        let mut passed = 0;
        let reached = (0..BUCKETS).find(|bucket| {
            passed += count(*bucket);
            passed >= wanted
        });
        Some(end(reached.unwrap_or(BUCKETS - 1)))
    }

    fn half(&self, turn: u64) -> &Half {
        let [even, odd] = &self.halves;
        if turn.is_multiple_of(2) { even } else { odd }
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            halves: array::from_fn(|_| Half(array::from_fn(|_| AtomicU32::new(0)))),
            turn: AtomicU64::new(0),
            latest: AtomicU64::new(0),
        }
    }
}

// === impl Half ===

impl Half {
    fn clear(&self) {
        for count in &self.0 {
            count.store(0, Ordering::Relaxed);
        }
    }
}

/// The bucket of a time.
fn bucket(took: Duration) -> usize {
    let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
    let Some(above) = micros
        .checked_ilog2()
        .and_then(|log| log.checked_sub(SHORTEST))
    else {
        return 0;
    };
    if above >= DOUBLINGS {
        return BUCKETS - 1;
    }
    let fine = (micros >> (SHORTEST + above - FINENESS)) & ((1 << FINENESS) - 1);
    ((above << FINENESS) + fine + 1) as usize
}

/// The time, in microseconds, below which all lie that are in this bucket or before it; of the last
/// bucket, where it begins.
fn end(bucket: usize) -> u64 {
    let doubling = bucket >> FINENESS;
    let fine = bucket & ((1 << FINENESS) - 1);
    let eighths = ((1 << FINENESS) + fine) as u64;
    let last = u64::from(1_u32 << (SHORTEST + DOUBLINGS));
    ((eighths << doubling) << (SHORTEST - FINENESS)).min(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn observe(latencies: &Latencies, now: Duration, took: Duration, times: u32) {
        (0..times).for_each(|_| latencies.observe(now, took));
    }

    #[test]
    fn nothing_is_said_before_enough_has_been_seen() {
        let latencies = Latencies::default();
        observe(&latencies, Duration::ZERO, MILLI, 99);
        assert_eq!(latencies.percentile(Duration::ZERO, Percent::of(95)), None);
        observe(&latencies, Duration::ZERO, MILLI, 1);
        let known = latencies.percentile(Duration::ZERO, Percent::of(95));
        assert!(known.is_some_and(|known| known >= MILLI && known <= MILLI * 9 / 8));
    }

    #[test]
    fn the_percentile_is_that_of_the_share() {
        let latencies = Latencies::default();
        observe(&latencies, Duration::ZERO, MILLI, 94);
        observe(&latencies, Duration::ZERO, 100 * MILLI, 6);
        let [fast, slow] = [94, 95].map(|share| {
            let fresh = Duration::from_secs(share);
            latencies
                .work_out(Duration::ZERO, Percent::of(share as u8))
                .map(Duration::from_micros)
                .unwrap_or(fresh)
        });
        assert!(fast < 2 * MILLI, "{fast:?}");
        assert!(slow >= 100 * MILLI && slow <= 113 * MILLI, "{slow:?}");
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let latencies = Latencies::default();
        let share = Percent::of(50);
        let at = |seconds| Duration::from_secs(seconds);
        observe(&latencies, at(29), 10 * MILLI, 100);
        assert!(latencies.percentile(at(59), share).is_some());
        assert_eq!(latencies.percentile(at(60), share), None);
        observe(&latencies, at(61), MILLI, 100);
        let known = latencies.percentile(at(61), share);
        assert!(known.is_some_and(|known| known < 2 * MILLI), "{known:?}");
        observe(&latencies, at(91), 50 * MILLI, 300);
        let known = latencies.percentile(at(91), share);
        assert!(known.is_some_and(|known| known >= 50 * MILLI), "{known:?}");
        assert_eq!(latencies.percentile(at(600), share), None);
    }

    #[test]
    fn the_longest_times_have_a_bucket_too() {
        let latencies = Latencies::default();
        observe(&latencies, Duration::ZERO, Duration::MAX, 100);
        let known = latencies.percentile(Duration::ZERO, Percent::of(1));
        assert_eq!(known, Some(Duration::from_micros(1 << 26)));
    }

    proptest! {
        /// Too long by an eighth at most, and never too short.
        #[test]
        fn buckets_are_close(micros in 64_u32..(1 << 26)) {
            let end = end(bucket(Duration::from_micros(micros.into())));
            prop_assert!(end > u64::from(micros));
            prop_assert!(end <= u64::from(micros) * 9 / 8 + 1, "{end}");
        }

        #[test]
        fn longer_is_never_in_an_earlier_bucket(one: u32, other: u32) {
            let [one, other] = [one.min(other), one.max(other)]
                .map(|micros| bucket(Duration::from_micros(micros.into())));
            prop_assert!(one <= other && other < BUCKETS);
        }
    }
}
