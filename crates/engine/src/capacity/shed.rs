//! Why somebody was refused whom the origin had no room for.

use crate::failure::Failure;

/// Why somebody was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShedReason {
    /// Somebody more urgent took his place in the queue.
    Displaced,
    /// There was no room in the queue either.
    Full,
    /// He waited as long as he might.
    TimedOut,
}

// === impl ShedReason ===

impl ShedReason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Displaced, Self::Full, Self::TimedOut];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Displaced => "displaced",
            Self::Full => "full",
            Self::TimedOut => "timed-out",
        }
    }

    /// What his request fails with.
    pub const fn failure(self) -> Failure {
        match self {
            Self::Displaced | Self::Full => Failure::Shed,
            Self::TimedOut => Failure::QueueTimedOut,
        }
    }
}
