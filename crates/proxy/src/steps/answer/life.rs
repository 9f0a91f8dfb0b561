//! How old a response is that goes out unasked, and how long it is still fresh.

use std::time::Duration;

use engine::{
    cache::{age, seconds::DeltaSeconds},
    time::Now,
};
use store::StoredResponse;

/// How old a response is that is not asked whether it may be used, and how long it is still fresh.
pub(super) struct Life {
    pub(super) age: DeltaSeconds,
    pub(super) ttl: Option<DeltaSeconds>,
    pub(super) over: Option<DeltaSeconds>,
}

// === impl Life ===

impl Life {
    pub(super) fn of(stored: &StoredResponse, now: Now) -> Self {
        let meta = &stored.meta;
        let age = age::current(meta.initial_age, meta.received_at, now);
        let seconds = |time: Duration| DeltaSeconds::new(time.as_secs());
        let left = meta.lifetime.length.checked_sub(age);
        let fresh = left.filter(|left| !left.is_zero() && !meta.rules.no_cache);
        let over = age.saturating_sub(meta.lifetime.length);
        Self {
            age: seconds(age),
            ttl: fresh.map(seconds),
            over: (!over.is_zero()).then(|| seconds(over)),
        }
    }
}
