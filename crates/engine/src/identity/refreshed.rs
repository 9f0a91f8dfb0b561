//! What came of looking for keys again.

/// What one look at the source of the keys came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeysRefreshed {
    /// There are other keys now.
    Changed,
    /// What was found is no set of keys.
    Invalid,
    /// There was more than a set of keys may be long.
    Oversized,
    /// The answer was not 200; a redirect is not followed.
    Status,
    /// It took longer than it may.
    TimedOut,
    /// The keys are those that are held.
    Unchanged,
    /// The file could not be read, or nobody answered.
    Unreachable,
}

// === impl KeysRefreshed ===

impl KeysRefreshed {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Changed,
        Self::Invalid,
        Self::Oversized,
        Self::Status,
        Self::TimedOut,
        Self::Unchanged,
        Self::Unreachable,
    ];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Invalid => "invalid",
            Self::Oversized => "oversized",
            Self::Status => "status",
            Self::TimedOut => "timed_out",
            Self::Unchanged => "unchanged",
            Self::Unreachable => "unreachable",
        }
    }
}
