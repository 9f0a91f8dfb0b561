//! What an operator is told about the health of one endpoint.

use std::time::Duration;

use engine::health::{
    Standing,
    check::CheckOutcome,
    outlier::{Reason, Sentence},
};

/// The health of one endpoint. All times are readings of the monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HealthReport {
    /// Whether it should be asked.
    pub standing: Standing,
    /// Since when.
    pub since: Duration,
    /// The last check, where there are any.
    pub check: Option<CheckReport>,
    /// Being left out, or what would be that in shadow mode.
    pub ejection: Option<EjectionReport>,
    /// How often it was left out, or would have been, since it is an endpoint.
    pub ejections: u64,
}

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// How it ended.
    pub outcome: CheckOutcome,
    /// How long it took.
    pub took: Duration,
    /// When it ended.
    pub at: Duration,
}

/// One ejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EjectionReport {
    /// Why.
    pub reason: Reason,
    /// Until when.
    pub until: Duration,
}

// === impl HealthReport ===

impl HealthReport {
    /// Why the endpoint is not well.
    pub const fn because(&self) -> Option<&'static str> {
        match self {
            Self {
                standing: Standing::Ejected,
                ejection: Some(ejection),
                ..
            } => Some(ejection.reason.as_str()),
            Self {
                standing: Standing::Ill,
                check: Some(check),
                ..
            } => Some(check.outcome.as_str()),
            _ => None,
        }
    }
}

// === impl EjectionReport ===

impl From<Sentence> for EjectionReport {
    fn from(sentence: Sentence) -> Self {
        Self {
            reason: sentence.reason,
            until: sentence.until,
        }
    }
}
