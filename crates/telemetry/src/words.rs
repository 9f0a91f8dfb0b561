//! The place of each outcome in an array of counters.
//!
//! Recording a request must not look anything up by name, so every enum that is a label has a dense
//! numbering here. The matches are exhaustive: an outcome added in `engine` does not compile until
//! it has a place, and a test holds the numbering and the words together.

mod encode;
mod failure;
mod health;
mod mirror;
mod retry;
mod security;
mod shield;

use engine::{
    batch::{BatchOutcome, MemberOutcome},
    discovery::Refreshed,
    failure::{Blame, Failure},
    outcome::{
        BypassReason, CacheOutcome, JoinOutcome, LimitDecision, MissReason, SkipReason,
        StaleReason, StoreOutcome,
    },
    transform::{LeaveReason, Trimmed, json::Flaw},
};
use policy::Mode;

pub use self::shield::ShieldDecision;
use crate::MethodLabel;

/// An enum whose values are the values of a label.
pub(crate) trait Word: Copy + 'static {
    /// One value for each word, in the order of their slots.
    const ALL: &'static [Self];

    /// Its place, below the length of [`Self::ALL`].
    fn slot(self) -> usize;

    /// Its word.
    fn word(self) -> &'static str;
}

/// The first digit of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeClass {
    Informational,
    Success,
    Redirection,
    ClientError,
    ServerError,
    /// Nothing was sent.
    None,
}

/// How an exchange with an endpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpstreamOutcome {
    Answered(CodeClass),
    Failed(Failure),
}

/// Every word of a label, for the catalogue.
pub(crate) fn words<W: Word>() -> Vec<&'static str> {
    W::ALL.iter().map(|word| word.word()).collect()
}

// === impl CodeClass ===

impl CodeClass {
    pub(crate) const fn of(status: u16) -> Self {
        match status / 100 {
            1 => Self::Informational,
            2 => Self::Success,
            3 => Self::Redirection,
            4 => Self::ClientError,
            5.. => Self::ServerError,
            0 => Self::None,
        }
    }
}

impl Word for CodeClass {
    const ALL: &'static [Self] = &[
        Self::Informational,
        Self::Success,
        Self::Redirection,
        Self::ClientError,
        Self::ServerError,
        Self::None,
    ];

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        match self {
            Self::Informational => "1xx",
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
            Self::None => "none",
        }
    }
}

// === impl MethodLabel ===

impl Word for MethodLabel {
    const ALL: &'static [Self] = &[
        Self::Delete,
        Self::Get,
        Self::Head,
        Self::Options,
        Self::Other,
        Self::Patch,
        Self::Post,
        Self::Put,
    ];

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl BatchOutcome ===

impl Word for BatchOutcome {
    const ALL: &'static [Self] = Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl MemberOutcome ===

impl Word for MemberOutcome {
    const ALL: &'static [Self] = Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl Trimmed ===

impl Word for Trimmed {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        match self {
            Self::Trimmed => 0,
            Self::Flawed(Flaw::Coded) => 1,
            Self::Flawed(Flaw::LongKey) => 2,
            Self::Flawed(Flaw::NotJson) => 3,
            Self::Flawed(Flaw::Part) => 4,
            Self::Flawed(Flaw::TooDeep) => 5,
            Self::Flawed(Flaw::Unfinished) => 6,
            Self::Left(LeaveReason::Coded) => 7,
            Self::Left(LeaveReason::NoBody) => 8,
            Self::Left(LeaveReason::NoTransform) => 9,
            Self::Left(LeaveReason::Partial) => 10,
            Self::Left(LeaveReason::Status) => 11,
            Self::Left(LeaveReason::Type) => 12,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl CacheOutcome ===

impl Word for CacheOutcome {
    const ALL: &'static [Self] = &[
        Self::Bypass(BypassReason::Method),
        Self::Hit,
        Self::Miss(MissReason::Uri),
        Self::Off,
        Self::Revalidated,
        Self::Stale,
        Self::ServedStale(StaleReason::WhileRevalidate),
    ];

    fn slot(self) -> usize {
        match self {
            Self::Bypass(_) => 0,
            Self::Hit => 1,
            Self::Miss(_) => 2,
            Self::Off => 3,
            Self::Revalidated => 4,
            Self::Stale => 5,
            Self::ServedStale(_) => 6,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl StoreOutcome ===

impl Word for StoreOutcome {
    const ALL: &'static [Self] = &[
        Self::Stored,
        Self::Skipped(SkipReason::Authorization),
        Self::Skipped(SkipReason::Cookie),
        Self::Skipped(SkipReason::Incomplete),
        Self::Skipped(SkipReason::MemoryPressure),
        Self::Skipped(SkipReason::Method),
        Self::Skipped(SkipReason::NoFreshness),
        Self::Skipped(SkipReason::NoStore),
        Self::Skipped(SkipReason::Partial),
        Self::Skipped(SkipReason::Private),
        Self::Skipped(SkipReason::SetCookie),
        Self::Skipped(SkipReason::Shadow),
        Self::Skipped(SkipReason::Stale),
        Self::Skipped(SkipReason::Status),
        Self::Skipped(SkipReason::TooLarge),
        Self::Skipped(SkipReason::VaryStar),
        Self::Skipped(SkipReason::CloseDelimited),
        Self::Skipped(SkipReason::NoCache),
        Self::Skipped(SkipReason::Overtaken),
        Self::Skipped(SkipReason::OtherUpstream),
    ];

    fn slot(self) -> usize {
        match self {
            Self::Stored => 0,
            Self::Skipped(reason) => match reason {
                SkipReason::Authorization => 1,
                SkipReason::Cookie => 2,
                SkipReason::Incomplete => 3,
                SkipReason::MemoryPressure => 4,
                SkipReason::Method => 5,
                SkipReason::NoFreshness => 6,
                SkipReason::NoStore => 7,
                SkipReason::Partial => 8,
                SkipReason::Private => 9,
                SkipReason::SetCookie => 10,
                SkipReason::Shadow => 11,
                SkipReason::Stale => 12,
                SkipReason::Status => 13,
                SkipReason::TooLarge => 14,
                SkipReason::VaryStar => 15,
                SkipReason::CloseDelimited => 16,
                SkipReason::NoCache => 17,
                SkipReason::Overtaken => 18,
                SkipReason::OtherUpstream => 19,
            },
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl JoinOutcome ===

impl Word for JoinOutcome {
    const ALL: &'static [Self] = &[Self::Alone, Self::Follow, Self::Lead];

    fn slot(self) -> usize {
        match self {
            Self::Alone => 0,
            Self::Follow => 1,
            Self::Lead => 2,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl LimitDecision ===

impl Word for LimitDecision {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        match self {
            Self::Allow => 0,
            Self::Delay => 1,
            Self::Deny => 2,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl Blame ===

impl Word for Blame {
    const ALL: &'static [Self] = &[Self::Client, Self::Upstream, Self::Us];

    fn slot(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Upstream => 1,
            Self::Us => 2,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl Mode ===

impl Word for Mode {
    /// A policy that is off counts nothing, so that `off` is not a label value.
    const ALL: &'static [Self] = &[Self::Enforce, Self::Shadow];

    fn slot(self) -> usize {
        match self {
            Self::Enforce | Self::Off => 0,
            Self::Shadow => 1,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl Refreshed ===

impl Word for Refreshed {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl UpstreamOutcome ===

impl UpstreamOutcome {
    /// How many there are.
    pub(crate) const COUNT: usize = CodeClass::ALL.len() + Failure::ALL.len();

    /// Its place, below [`Self::COUNT`].
    pub(crate) fn slot(self) -> usize {
        match self {
            Self::Answered(class) => class.slot(),
            Self::Failed(failure) => CodeClass::ALL.len() + failure.slot(),
        }
    }

    /// The words in the order of their slots.
    pub(crate) fn all_words() -> Vec<&'static str> {
        [words::<CodeClass>(), words::<Failure>()].concat()
    }
}

#[cfg(test)]
mod tests;
