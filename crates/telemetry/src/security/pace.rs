//! How many lines of which kind there may be.
//!
//! The rate is halved: one half is shared out, so that each kind may say something however loud
//! another is; the other half is for whoever comes. Both together never let through more than the
//! rate, and after a rest at once as much as the rate says, or one line of each kind.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use engine::{
    rate_limit::{Ask, Cell, Gcra, Verdict},
    security::SecurityKind,
};
use policy::Rate;

use crate::words::Word as _;

const KINDS: u32 = SecurityKind::ALL.len() as u32;

/// Buckets for all kinds together.
#[derive(Debug)]
pub(super) struct Pace {
    own: Gcra,
    shared: Gcra,
    kinds: [AtomicU64; SecurityKind::ALL.len()],
    everybody: AtomicU64,
}

/// Whether there is room for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paced {
    /// There is.
    Room,
    /// There is not.
    TooMany,
}

// === impl Pace ===

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        let half = rate.events() / 2;
        let share = |parts: u32, burst| {
            let slower = Rate::new(rate.events(), rate.per().saturating_mul(parts));
            Gcra::new(slower.unwrap_or(rate), burst)
        };
        Self {
            own: share(2 * KINDS, half / KINDS),
            shared: share(2, half),
            kinds: Default::default(),
            everybody: AtomicU64::new(0),
        }
    }

    /// Asks for room for a line of this kind at `now` (monotonic).
    pub(super) fn ask(&self, kind: SecurityKind, now: Duration) -> Paced {
        match take(&self.own, &self.kinds[kind.slot()], now) {
            Paced::Room => Paced::Room,
            Paced::TooMany => take(&self.shared, &self.everybody, now),
        }
    }
}

fn take(limit: &Gcra, history: &AtomicU64, now: Duration) -> Paced {
    let taken = history.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| {
        match limit.decide(Cell(before), &Ask::new(now)) {
            (Verdict::Allow { .. }, Cell(after)) => Some(after),
            (Verdict::Deny { .. } | Verdict::Wait { .. }, _) => None,
        }
    });
    match taken {
        Ok(_) => Paced::Room,
        Err(_) => Paced::TooMany,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pace: &Pace, kind: SecurityKind, times: u32, now: Duration) -> u32 {
        (0..times)
            .map(|_| u32::from(pace.ask(kind, now) == Paced::Room))
            .sum()
    }

    #[test]
    fn a_flood_of_one_kind_leaves_room_for_the_others() {
        let pace = Pace::new(Rate::new(100, Duration::from_secs(1)).unwrap());
        let flood = asked(&pace, SecurityKind::RateLimited, 10_000, Duration::ZERO);
        assert_eq!(flood, 53);
        for kind in SecurityKind::ALL {
            let room = asked(&pace, kind, 10, Duration::ZERO);
            let expected = if kind == SecurityKind::RateLimited {
                0
            } else {
                3
            };
            assert_eq!(room, expected, "{kind}");
        }
    }

    #[test]
    fn together_they_never_exceed_the_rate() {
        let pace = Pace::new(Rate::new(60, Duration::from_secs(1)).unwrap());
        let mut room = 0;
        for millis in 0..10_000 {
            for kind in SecurityKind::ALL {
                room += asked(&pace, kind, 1, Duration::from_millis(millis));
            }
        }
        // Ten seconds of it, and what a rest saves up.
        assert!((590..=660).contains(&room), "{room}");
    }

    #[test]
    fn the_smallest_rate_says_something() {
        let pace = Pace::new(Rate::new(1, Duration::from_secs(3600)).unwrap());
        for kind in SecurityKind::ALL {
            assert_eq!(pace.ask(kind, Duration::ZERO), Paced::Room, "{kind}");
        }
    }
}
