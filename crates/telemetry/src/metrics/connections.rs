//! What happens to connections, which are not part of any one request.

use crate::words::Word;

/// How an attempt to connect to an endpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectOutcome {
    /// The connection stands, TLS included.
    Connected,
    /// It was refused, unreachable, or TLS failed.
    Failed,
    /// It did not stand in time.
    TimedOut,
}

/// What a connection to an endpoint is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// Carrying at least one request.
    Active,
    /// Waiting in the pool.
    Idle,
}

/// How a connection of a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientConnectionEnd {
    /// In order, by either side.
    Closed,
    /// The client reset it or went away in the middle of something.
    Gone,
    /// The head of a request did not arrive in time.
    HeadTimedOut,
    /// What arrived was not HTTP.
    ProtocolError,
    /// It was closed at once because there were too many.
    Refused,
    /// The TLS handshake failed.
    TlsFailed,
}

// === impl ConnectOutcome ===

impl ConnectOutcome {
    /// The word for it in logs and metrics; failures as in `engine::failure`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Failed => "connect-failed",
            Self::TimedOut => "connect-timed-out",
        }
    }
}

impl Word for ConnectOutcome {
    const ALL: &'static [Self] = &[Self::Connected, Self::Failed, Self::TimedOut];

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl ConnectionState ===

impl ConnectionState {
    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Idle => "idle",
        }
    }
}

impl Word for ConnectionState {
    const ALL: &'static [Self] = &[Self::Active, Self::Idle];

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl ClientConnectionEnd ===

impl ClientConnectionEnd {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Gone => "gone",
            Self::HeadTimedOut => "head-timed-out",
            Self::ProtocolError => "protocol-error",
            Self::Refused => "refused",
            Self::TlsFailed => "tls-failed",
        }
    }
}

impl Word for ClientConnectionEnd {
    const ALL: &'static [Self] = &[
        Self::Closed,
        Self::Gone,
        Self::HeadTimedOut,
        Self::ProtocolError,
        Self::Refused,
        Self::TlsFailed,
    ];

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
