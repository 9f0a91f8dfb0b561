//! How often somebody did something lately, in a space that does not grow.

use std::time::Duration;

/// Places for strikes: each holds those that came within one part in so many of the time.
const PLACES: usize = 8;

/// The strikes of one caller, the oldest place first; times in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strikes {
    /// When the first strike of each place came.
    begins: [u64; PLACES],
    counts: [u32; PLACES],
    used: u8,
    /// When the last strike came, whether it still counts or not.
    last: u64,
}

// === impl Strikes ===

impl Strikes {
    /// Adds one, and says how many there were within the time.
    pub(super) fn add(&mut self, within: Duration, now: Duration) -> u32 {
        let (within, now) = (nanos(within), nanos(now));
        let now = self.steady(within, now);
        self.forget(within, now);
        self.last = now;
        let newest = usize::from(self.used).checked_sub(1);
        match newest {
            Some(at) if now - self.begins[at] < within / PLACES as u64 => {
                self.counts[at] = self.counts[at].saturating_add(1);
            }
            _ => self.open(now),
        }
        self.sum()
    }

    /// How many there were within the time.
    pub(super) fn count(&mut self, within: Duration, now: Duration) -> u32 {
        let (within, now) = (nanos(within), nanos(now));
        let now = self.steady(within, now);
        self.forget(within, now);
        self.sum()
    }

    /// When the last one came, whether it still counts or not.
    pub(super) const fn last(&self) -> Duration {
        Duration::from_nanos(self.last)
    }

    /// None counts any more.
    pub(super) const fn clear(&mut self) {
        self.used = 0;
    }

    fn sum(&self) -> u32 {
        let counts = self.counts.iter().take(usize::from(self.used));
        counts.fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The time, or that of the last strike when it is a little ahead: two threads that look at the
    /// clock one after the other may come here in the other order.
    const fn steady(&self, within: u64, now: u64) -> u64 {
        match self.last.checked_sub(now) {
            Some(ahead) if ahead < within / PLACES as u64 => self.last,
            _ => now,
        }
    }

    /// Drops the places whose first strike is too old, and those in the future.
    fn forget(&mut self, within: u64, now: u64) {
        let mut kept = 0;
        for at in 0..usize::from(self.used) {
            let age = now.checked_sub(self.begins[at]);
            if age.is_some_and(|age| age < within) {
                self.begins[kept] = self.begins[at];
                self.counts[kept] = self.counts[at];
                kept += 1;
            }
        }
        self.used = kept as u8;
    }

    fn open(&mut self, now: u64) {
        // Places begin at least a part of the time apart, so that a full row has none to spare only
        // when the time is shorter than its parts can tell: the oldest goes.
        if usize::from(self.used) == PLACES {
            self.begins.copy_within(1.., 0);
            self.counts.copy_within(1.., 0);
            self.used -= 1;
        }
        self.begins[usize::from(self.used)] = now;
        self.counts[usize::from(self.used)] = 1;
        self.used += 1;
    }
}

/// Centuries fit.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
