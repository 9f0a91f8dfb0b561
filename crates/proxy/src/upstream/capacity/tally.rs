//! What is counted about room, without the lock.

use std::sync::atomic::{AtomicU64, Ordering};

use engine::capacity::ShedReason;
use policy::Priority;
use telemetry::{ShedCounts, Waits};

/// What has happened since the upstream was set up.
#[derive(Debug, Default)]
pub(super) struct Tally {
    shed: [[AtomicU64; ShedReason::ALL.len()]; Priority::ALL.len()],
    pub(super) waits: Waits,
}

// === impl Tally ===

impl Tally {
    /// Somebody of this class was refused.
    pub(super) fn shed(&self, class: Priority, reason: ShedReason) {
        self.shed[class as usize][reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn shed_so_far(&self) -> ShedCounts {
        let mut counts = ShedCounts::default();
        for (counts, reasons) in counts.iter_mut().zip(&self.shed) {
            for (count, reason) in counts.iter_mut().zip(reasons) {
                *count = reason.load(Ordering::Relaxed);
            }
        }
        counts
    }
}
