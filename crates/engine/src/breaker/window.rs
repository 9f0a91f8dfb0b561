//! How many requests went well and how many did not, of late.
//!
//! The window is cut into slots; a slot whose time has passed is emptied when its place is needed
//! again. So counting costs the same whatever the window and the traffic, and what is told may be
//! older than the window by no more than nothing and younger by no more than one slot.

use std::time::Duration;

use crate::attempt::Symptom;

const SLOTS: usize = 10;

/// A sliding window.
#[derive(Debug)]
pub(super) struct Window {
    slot: Duration,
    slots: [Slot; SLOTS],
}

/// Which turn of the ring a slot was last used in, and what was counted then.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    number: u64,
    counts: Counts,
}

/// So many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) ill: u64,
    pub(super) well: u64,
}

// === impl Window ===

impl Window {
    pub(super) fn new(length: Duration) -> Self {
        Self {
            slot: (length / SLOTS as u32).max(Duration::from_millis(1)),
            slots: [Slot::default(); SLOTS],
        }
    }

    pub(super) fn count(&mut self, symptom: Symptom, now: Duration) {
        let number = self.number(now);
        let slot = &mut self.slots[place(number)];
        if slot.number != number {
            *slot = Slot {
                number,
                counts: Counts::default(),
            };
        }
        match symptom {
            Symptom::Ill => slot.counts.ill += 1,
            Symptom::Well => slot.counts.well += 1,
            Symptom::Nothing | Symptom::Overload => {}
        }
    }

    pub(super) fn counts(&self, now: Duration) -> Counts {
        let number = self.number(now);
        let first = number.saturating_sub(SLOTS as u64 - 1);
        let of_late = |slot: &&Slot| (first..=number).contains(&slot.number);
        let sum = |sum: Counts, slot: &Slot| Counts {
            ill: sum.ill + slot.counts.ill,
            well: sum.well + slot.counts.well,
        };
        self.slots
            .iter()
            .filter(of_late)
            .fold(Counts::default(), sum)
    }

    /// Counted from one, so that no slot passes for one that was used.
    fn number(&self, now: Duration) -> u64 {
        let number = now.as_nanos() / self.slot.as_nanos();
        u64::try_from(number).map_or(u64::MAX, |number| number.saturating_add(1))
    }
}

fn place(number: u64) -> usize {
    // Below the number of slots, whatever the width of a `usize`.
    (number % SLOTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let mut window = Window::new(Duration::from_secs(10));
        let at = Duration::from_secs;
        window.count(Symptom::Ill, at(0));
        window.count(Symptom::Well, at(5));
        window.count(Symptom::Nothing, at(5));
        assert_eq!(window.counts(at(9)), Counts { ill: 1, well: 1 });
        assert_eq!(window.counts(at(10)), Counts { ill: 0, well: 1 });
        assert_eq!(window.counts(at(15)), Counts::default());
        window.count(Symptom::Ill, at(20));
        assert_eq!(window.counts(at(20)), Counts { ill: 1, well: 0 });
    }

    #[test]
    fn an_unused_window_is_empty_from_the_first_moment() {
        let window = Window::new(Duration::from_millis(1));
        assert_eq!(window.counts(Duration::ZERO), Counts::default());
        assert_eq!(window.counts(Duration::MAX), Counts::default());
    }
}
