//! The memory of keys whose response turned out to be for one client only.
//!
//! Without it every burst for such a key would wait for one fetch, learn that the answer is not for
//! it, and wait again. **While the memory is fresh** nobody waits. **When it has become doubtful**
//! one request probes: it leads, and the others go alone as before until its response proves that it
//! may be shared. So a key that stays uncacheable never makes anybody wait again, and one that has
//! become cacheable is shared from the next response on.

use std::time::Duration;

use http::StatusCode;

use crate::outcome::{SkipReason, StoreOutcome};

/// How long a response that is for one client only speaks for the next ones.
const MEMORY: Duration = Duration::from_secs(10);
/// The same when the reason lies not in the resource but in the moment.
const MOMENT: Duration = Duration::from_secs(1);
/// When a doubtful memory is dropped altogether.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// What is remembered of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Fresh until this monotonic time.
    until: Duration,
}

/// What the memory says about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recollection {
    /// It was uncacheable, some time ago: somebody should try.
    Doubtful,
    /// Nothing: it may well be shareable.
    Nothing,
    /// Its response is for one client only.
    Unshareable,
}

// === impl Remembered ===

impl Remembered {
    /// What to remember of a response that was not for sharing, at `now` (monotonic).
    ///
    /// An error page, want of memory, or an answer of another upstream that stood in says little
    /// about the next response.
    pub fn new(status: Option<StatusCode>, store: Option<StoreOutcome>, now: Duration) -> Self {
        let momentary = status.is_some_and(|status| status.is_server_error())
            || matches!(
                store,
                Some(StoreOutcome::Skipped(
                    SkipReason::MemoryPressure | SkipReason::OtherUpstream
                ))
            );
        let length = if momentary { MOMENT } else { MEMORY };
        Self {
            until: now + length,
        }
    }

    /// What it says at `now`.
    pub fn recall(self, now: Duration) -> Recollection {
        if now < self.until {
            Recollection::Unshareable
        } else {
            Recollection::Doubtful
        }
    }
}

// === impl Recollection ===

impl Recollection {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Doubtful => "doubtful",
            Self::Nothing => "nothing",
            Self::Unshareable => "unshareable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(status: u16, reason: SkipReason, seconds: u64) -> Recollection {
        let status = StatusCode::from_u16(status).ok();
        let store = Some(StoreOutcome::Skipped(reason));
        let began = Duration::from_secs(7);
        Remembered::new(status, store, began).recall(began + Duration::from_secs(seconds))
    }

    #[test]
    fn a_private_response_is_remembered_for_ten_seconds() {
        assert_eq!(
            after(200, SkipReason::Private, 9),
            Recollection::Unshareable
        );
        assert_eq!(after(200, SkipReason::Private, 10), Recollection::Doubtful);
    }

    #[test]
    fn what_lies_in_the_moment_is_remembered_for_a_second() {
        for (status, reason) in [
            (503, SkipReason::NoStore),
            (200, SkipReason::MemoryPressure),
            (200, SkipReason::OtherUpstream),
        ] {
            assert_eq!(after(status, reason, 0), Recollection::Unshareable);
            assert_eq!(after(status, reason, 1), Recollection::Doubtful);
        }
    }

    #[test]
    fn a_route_without_a_cache_remembers_as_well() {
        let remembered = Remembered::new(Some(StatusCode::OK), None, Duration::ZERO);
        assert_eq!(
            remembered.recall(Duration::from_secs(9)),
            Recollection::Unshareable
        );
    }
}
