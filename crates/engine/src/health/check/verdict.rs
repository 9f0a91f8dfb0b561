//! What one answer to a check says.

use std::ops::RangeInclusive;

use super::Condition;

/// How one check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckOutcome {
    /// The status was good, and the body did not contain what it must.
    BodyMismatch,
    /// No connection.
    ConnectFailed,
    /// The endpoint closed, or sent something that cannot be understood.
    Garbage,
    /// gRPC: it says that it does not serve, or does not know the service.
    NotServing,
    /// It is well.
    Passed,
    /// A status that is not among the good ones.
    StatusMismatch,
    /// No answer in time.
    TimedOut,
    /// The endpoint is not who it should be, or does not speak TLS.
    TlsFailed,
}

// === impl CheckOutcome ===

impl CheckOutcome {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 8] = [
        Self::BodyMismatch,
        Self::ConnectFailed,
        Self::Garbage,
        Self::NotServing,
        Self::Passed,
        Self::StatusMismatch,
        Self::TimedOut,
        Self::TlsFailed,
    ];

    /// What it says about the endpoint.
    pub const fn condition(self) -> Condition {
        match self {
            Self::Passed => Condition::Well,
            Self::BodyMismatch
            | Self::ConnectFailed
            | Self::Garbage
            | Self::NotServing
            | Self::StatusMismatch
            | Self::TimedOut
            | Self::TlsFailed => Condition::Ill,
        }
    }

    /// The word for it in logs, metrics and the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BodyMismatch => "body-mismatch",
            Self::ConnectFailed => "connect-failed",
            Self::Garbage => "garbage",
            Self::NotServing => "not-serving",
            Self::Passed => "passed",
            Self::StatusMismatch => "status-mismatch",
            Self::TimedOut => "timed-out",
            Self::TlsFailed => "tls-failed",
        }
    }
}

/// Whether a status is among the good ones.
pub fn judge_status(good: &[RangeInclusive<u16>], status: u16) -> CheckOutcome {
    if good.iter().any(|range| range.contains(&status)) {
        CheckOutcome::Passed
    } else {
        CheckOutcome::StatusMismatch
    }
}
