//! What an operator may have to know about those who ask: the words for it.

use std::fmt;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityKind {
    /// A request looked like an attack.
    AttackPattern,
    /// A caller was shut out for a while.
    BanBegan,
    /// An operator ended a ban.
    BanLifted,
    /// A caller that is shut out came again.
    Banned,
    /// More came out of a compressed body than may.
    BodyBomb,
    /// The clock of the machine stepped back.
    ClockStepped,
    /// A caller had as much in flight as it may.
    ConcurrencyExceeded,
    /// One address had as many connections as it may, or everybody together had.
    ConnectionFlood,
    /// A client used HTTP/2 in a way that only costs work.
    Http2Abuse,
    /// The keys that tokens are verified with could not be had.
    KeysUnavailable,
    /// A caller came more often than it may.
    RateLimited,
    /// A request was not of a form that the route takes.
    RequestRefused,
    /// A client sent or took its bytes too slowly.
    SlowClient,
    /// A token proved nothing.
    TokenRejected,
    /// It could not be told who was asking, and the policy is closed.
    UnknownCaller,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It belongs to every day.
    Notice,
    /// Somebody should look when it comes often.
    Warning,
    /// Somebody should look.
    Alert,
}

/// What was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityAction {
    /// The request, or the connection, ended there.
    Blocked,
    /// It was noted; there was nothing to block.
    Noted,
    /// It would have been blocked: the policy is in shadow mode.
    Shadowed,
}

// === impl SecurityKind ===

impl SecurityKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::AttackPattern,
        Self::BanBegan,
        Self::BanLifted,
        Self::Banned,
        Self::BodyBomb,
        Self::ClockStepped,
        Self::ConcurrencyExceeded,
        Self::ConnectionFlood,
        Self::Http2Abuse,
        Self::KeysUnavailable,
        Self::RateLimited,
        Self::RequestRefused,
        Self::SlowClient,
        Self::TokenRejected,
        Self::UnknownCaller,
    ];

    /// The word for it in the log and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AttackPattern => "attack_pattern",
            Self::BanBegan => "ban_began",
            Self::BanLifted => "ban_lifted",
            Self::Banned => "banned",
            Self::BodyBomb => "body_bomb",
            Self::ClockStepped => "clock_stepped",
            Self::ConcurrencyExceeded => "concurrency_exceeded",
            Self::ConnectionFlood => "connection_flood",
            Self::Http2Abuse => "http2_abuse",
            Self::KeysUnavailable => "keys_unavailable",
            Self::RateLimited => "rate_limited",
            Self::RequestRefused => "request_refused",
            Self::SlowClient => "slow_client",
            Self::TokenRejected => "token_rejected",
            Self::UnknownCaller => "unknown_caller",
        }
    }

    /// How much it matters.
    pub const fn severity(self) -> Severity {
        match self {
            Self::BanLifted
            | Self::Banned
            | Self::ConcurrencyExceeded
            | Self::RateLimited
            | Self::TokenRejected
            | Self::UnknownCaller => Severity::Notice,
            Self::AttackPattern
            | Self::BanBegan
            | Self::ClockStepped
            | Self::ConnectionFlood
            | Self::RequestRefused
            | Self::SlowClient => Severity::Warning,
            Self::BodyBomb | Self::Http2Abuse | Self::KeysUnavailable => Severity::Alert,
        }
    }
}

impl fmt::Display for SecurityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Severity ===

impl Severity {
    /// The word for it in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Notice => "notice",
            Self::Warning => "warning",
        }
    }
}

// === impl SecurityAction ===

impl SecurityAction {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::Blocked, Self::Noted, Self::Shadowed];

    /// The word for it in the log and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Noted => "noted",
            Self::Shadowed => "shadowed",
        }
    }
}
