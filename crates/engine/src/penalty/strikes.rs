//! How often somebody did something lately, in a space that does not grow.

use std::time::Duration;

/// Places for strikes: each holds those that came within one part in so many of the time.
const PLACES: usize = 8;

/// The strikes of one caller, the oldest place first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strikes {
    places: [Place; PLACES],
    used: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    first: Duration,
    last: Duration,
    count: u32,
}

// === impl Strikes ===

impl Strikes {
    /// Adds one, and says how many there were within the time.
    pub(super) fn add(&mut self, within: Duration, now: Duration) -> u32 {
        let now = self.steady(within, now);
        self.forget(within, now);
        let width = within / PLACES as u32;
        let newest = usize::from(self.used).checked_sub(1);
        match newest.map(|at| &mut self.places[at]) {
            Some(place) if now.saturating_sub(place.first) < width => {
                place.last = now;
                place.count = place.count.saturating_add(1);
            }
            _ => self.open(now),
        }
        self.sum()
    }

    /// How many there were within the time.
    pub(super) fn count(&mut self, within: Duration, now: Duration) -> u32 {
        let now = self.steady(within, now);
        self.forget(within, now);
        self.sum()
    }

    /// The time, or that of the last strike when it is a little ahead: two threads that look at the
    /// clock one after the other may come here in the other order.
    fn steady(&self, within: Duration, now: Duration) -> Duration {
        match self.last() {
            Some(last) if last > now && last - now < within / PLACES as u32 => last,
            _ => now,
        }
    }

    fn last(&self) -> Option<Duration> {
        Some(
            self.places
                .get(usize::from(self.used).checked_sub(1)?)?
                .last,
        )
    }

    fn sum(&self) -> u32 {
        let places = self.places.iter().take(usize::from(self.used));
        places.fold(0, |sum, place| sum.saturating_add(place.count))
    }

    /// Drops the places whose first strike is too old, and what is in the future.
    fn forget(&mut self, within: Duration, now: Duration) {
        let mut kept = 0;
        for at in 0..usize::from(self.used) {
            let place = self.places[at];
            if place.last <= now && now - place.first < within {
                self.places[kept] = place;
                kept += 1;
            }
        }
        self.used = kept as u8;
    }

    fn open(&mut self, now: Duration) {
        // Places begin at least a part of the time apart, so that a full row has none to spare only
        // when the time is shorter than its parts can tell: the oldest goes.
        if usize::from(self.used) == PLACES {
            self.places.copy_within(1.., 0);
            self.used -= 1;
        }
        self.places[usize::from(self.used)] = Place {
            first: now,
            last: now,
            count: 1,
        };
        self.used += 1;
    }
}
