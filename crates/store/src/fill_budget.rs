//! How many bytes may be on their way into the cache at once.
//!
//! A body is collected before it is stored. Without a bound, a burst of large misses would hold
//! any amount of memory, which moka could not know about; so each fill reserves what it collects,
//! and a fill that gets no more goes on as a plain pass-through.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The bytes that all fills may hold together.
#[derive(Debug)]
pub struct FillBudget {
    limit: u64,
    used: AtomicU64,
}

/// What one fill holds; given back when dropped.
#[derive(Debug)]
pub struct FillReservation {
    budget: Arc<FillBudget>,
    held: u64,
}

// === impl FillBudget ===

impl FillBudget {
    /// A budget of `limit` bytes.
    pub const fn new(limit: u64) -> Self {
        Self {
            limit,
            used: AtomicU64::new(0),
        }
    }

    /// The bytes held by fills now.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Reserves `bytes`, or nothing when the budget does not have them.
    pub fn reserve(self: &Arc<Self>, bytes: u64) -> Option<FillReservation> {
        self.take(bytes).then(|| FillReservation {
            budget: Arc::clone(self),
            held: bytes,
        })
    }

    fn take(&self, bytes: u64) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= self.limit)
            })
            .is_ok()
    }
}

// === impl FillReservation ===

impl FillReservation {
    /// Grows the reservation to hold `total` bytes; it stays as it was when the budget refuses.
    #[must_use]
    pub fn grow_to(&mut self, total: u64) -> bool {
        let more = total.saturating_sub(self.held);
        let granted = self.budget.take(more);
        if granted {
            self.held += more;
        }
        granted
    }
}

impl Drop for FillReservation {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_budget_refuses_and_a_dropped_reservation_returns_its_bytes() {
        let budget = Arc::new(FillBudget::new(100));
        let mut first = budget.reserve(60).unwrap();
        assert!(budget.reserve(41).is_none());
        assert!(first.grow_to(100));
        assert!(!first.grow_to(101));
        assert_eq!(budget.used(), 100);
        drop(first);
        assert_eq!(budget.used(), 0);
        assert!(budget.reserve(100).is_some());
    }
}
