//! Time as the engine sees it: handed in, never read.

use std::time::{Duration, SystemTime};

/// One reading of both clocks, taken once per decision by the caller.
///
/// Two clocks on purpose: how long something has been here is measured on the monotonic one, which
/// no operator can set back; dates in messages are compared with the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since the process began, never stepping back.
    pub monotonic: Duration,
    /// The date.
    pub wall: SystemTime,
}

// === impl Now ===

impl Now {
    /// The same instant, `by` later on both clocks.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self {
            monotonic: self.monotonic + by,
            wall: self.wall + by,
        }
    }
}
