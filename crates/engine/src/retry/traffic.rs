//! How many requests there were of late: ten slots of one second each, counted without a lock.
//!
//! A slot is one word, its second in the upper half and its count in the lower, so that whoever
//! comes first in a new second starts the slot over in one step and nobody sees half of it. The slot
//! that is begun right now counts too: the window is between nine and ten seconds long.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How many seconds are remembered.
pub(super) const SLOTS: usize = 10;

/// A count over the last [`SLOTS`] seconds.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    slots: [AtomicU64; SLOTS],
}

/// The second in which `now` lies; the process does not live for the 136 years that fit.
pub(super) fn second(now: Duration) -> u32 {
    u32::try_from(now.as_secs()).unwrap_or(u32::MAX)
}

/// Where a second has its slot.
pub(super) const fn position(second: u32) -> usize {
    second as usize % SLOTS
}

/// Whether what happened in second `then` is remembered in second `now`.
pub(super) const fn is_recent(then: u32, now: u32) -> bool {
    now.saturating_sub(then) < SLOTS as u32
}

// === impl Traffic ===

impl Traffic {
    /// Counts one at `now`.
    pub(super) fn count(&self, now: Duration) {
        let second = second(now);
        let slot = &self.slots[position(second)];
        let mut seen = slot.load(Ordering::Relaxed);
        // Who comes late, with a time that has been read before, counts for the slot as it is.
        while began(seen) < second {
            let fresh = (u64::from(second) << 32) | 1;
            match slot.compare_exchange_weak(seen, fresh, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => seen = newer,
            }
        }
        slot.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were until `now`.
    pub(super) fn sum(&self, now: Duration) -> u64 {
        let second = second(now);
        self.slots
            .iter()
            .map(|slot| slot.load(Ordering::Relaxed))
            .filter(|slot| is_recent(began(*slot), second))
            .map(|slot| slot & u64::from(u32::MAX))
            .sum()
    }
}

const fn began(slot: u64) -> u32 {
    (slot >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_ten_seconds_old_is_forgotten() {
        let traffic = Traffic::default();
        for second in 0..30 {
            traffic.count(at(second));
            traffic.count(at(second) + Duration::from_millis(999));
            assert_eq!(traffic.sum(at(second)), 2 * (second + 1).min(10));
        }
        assert_eq!(traffic.sum(at(38)), 2);
        assert_eq!(traffic.sum(at(39)), 0);
    }

    #[test]
    fn a_time_that_was_read_earlier_does_not_start_a_slot_over() {
        let traffic = Traffic::default();
        traffic.count(at(12));
        traffic.count(at(2));
        assert_eq!(traffic.sum(at(12)), 2);
    }

    #[test]
    fn nobody_is_lost_when_many_count_at_once() {
        let traffic = Traffic::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|step| traffic.count(at(step / 1000))));
            }
        });
        assert_eq!(traffic.sum(at(9)), 40_000);
    }
}
