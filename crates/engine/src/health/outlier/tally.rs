//! What the attempts at one endpoint amount to, counted where they end.
//!
//! Workers share a tally, so counting must cost next to nothing: an attempt that went well writes one
//! number, and none at all where success rates are not compared. Numbers are read one by one while
//! others count on; a comparison that is off by one request is as good.

use std::sync::atomic::{AtomicU32, Ordering};

use policy::Outliers;

use crate::attempt::Symptom;

/// What the attempts at one endpoint amount to.
#[derive(Debug)]
pub struct Tally {
    /// So many failures in a row are too many; 0 never are.
    too_many: u32,
    compared: Compared,
    in_a_row: AtomicU32,
    asked: AtomicU32,
    failed: AtomicU32,
}

/// Whether anybody looks at the numbers of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    No,
    Yes,
}

/// What one attempt means for the failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Nothing yet.
    Short,
    /// There are now too many, or as many again since this was last said.
    TooLong,
}

/// The attempts of one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that said whether the endpoint is well.
    pub asked: u32,
    /// Those of them that failed.
    pub failed: u32,
}

// === impl Tally ===

impl Tally {
    /// Nothing counted.
    pub const fn new(policy: &Outliers) -> Self {
        Self {
            too_many: match policy.consecutive_failures {
                Some(too_many) => too_many,
                None => 0,
            },
            compared: match policy.success_rate {
                Some(_) => Compared::Yes,
                None => Compared::No,
            },
            in_a_row: AtomicU32::new(0),
            asked: AtomicU32::new(0),
            failed: AtomicU32::new(0),
        }
    }

    /// Counts one attempt.
    pub fn record(&self, symptom: Symptom) -> Run {
        match symptom {
            Symptom::Nothing | Symptom::Overload => return Run::Short,
            Symptom::Ill | Symptom::Well => {}
        }
        if self.compared == Compared::Yes {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        if symptom == Symptom::Well {
            // Looked at first, because a number that nobody writes stays in every worker's cache.
            if self.in_a_row.load(Ordering::Relaxed) != 0 {
                self.in_a_row.store(0, Ordering::Relaxed);
            }
            return Run::Short;
        }
        if self.compared == Compared::Yes {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let in_a_row = self
            .in_a_row
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        match in_a_row.checked_rem(self.too_many) {
            Some(0) => Run::TooLong,
            _ => Run::Short,
        }
    }

    /// Takes what was counted since it was last taken.
    pub fn take(&self) -> Counts {
        let failed = self.failed.swap(0, Ordering::Relaxed);
        Counts {
            asked: self.asked.swap(0, Ordering::Relaxed).max(failed),
            failed,
        }
    }

    /// Forgets what was counted: the endpoint begins anew.
    pub fn reset(&self) {
        self.in_a_row.store(0, Ordering::Relaxed);
        self.take();
    }
}
