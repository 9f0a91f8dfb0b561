//! What happens to connections, which are not part of any one request.

use crate::words::Word;

/// How an attempt to connect to an endpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectOutcome {
    /// The connection stands, TLS included.
    Connected,
    /// It was refused or unreachable.
    Failed,
    /// It did not stand in time.
    TimedOut,
    /// TLS could not be agreed on, or the endpoint is not who it should be.
    TlsFailed,
    /// TLS was not agreed on in time.
    TlsTimedOut,
}

/// What a connection to an endpoint is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// Carrying at least one request.
    Active,
    /// Waiting in the pool.
    Idle,
}

/// Why a connection to an endpoint was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// It was older than `connections.max_age`.
    Age,
    /// An exchange on it failed, was given up, or left it in doubt.
    Error,
    /// Nobody used it for `timeouts.keep_alive`.
    Idle,
    /// There were too many unused ones, or its place was needed.
    Limit,
    /// The endpoint closed it.
    Peer,
    /// Its endpoint is none any more.
    Removed,
    /// It was for one exchange alone.
    Spent,
}

/// How a connection of a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientConnectionEnd {
    /// The client used HTTP/2 in a way that only costs work.
    Abusive,
    /// In order, by either side.
    Closed,
    /// The client reset it or went away in the middle of something.
    Gone,
    /// The head of a request did not arrive in time.
    HeadTimedOut,
    /// What arrived was not HTTP.
    ProtocolError,
    /// It did not begin with a PROXY protocol header that is believed.
    ProxyHeaderRefused,
    /// It was closed at once because there were too many.
    Refused,
    /// The client did not take its answers.
    Stalled,
    /// The TLS handshake failed.
    TlsFailed,
    /// The client took its answers too slowly.
    TooSlow,
}

// === impl ConnectOutcome ===

impl ConnectOutcome {
    /// The word for it in logs and metrics; failures as in `engine::failure`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Failed => "connect-failed",
            Self::TimedOut => "connect-timed-out",
            Self::TlsFailed => "tls-failed",
            Self::TlsTimedOut => "tls-timed-out",
        }
    }
}

impl Word for ConnectOutcome {
    const ALL: &'static [Self] = &[
        Self::Connected,
        Self::Failed,
        Self::TimedOut,
        Self::TlsFailed,
        Self::TlsTimedOut,
    ];

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

// === impl CloseReason ===

impl CloseReason {
    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Error => "error",
            Self::Idle => "idle",
            Self::Limit => "limit",
            Self::Peer => "peer",
            Self::Removed => "removed",
            Self::Spent => "spent",
        }
    }
}

impl Word for CloseReason {
    const ALL: &'static [Self] = &[
        Self::Age,
        Self::Error,
        Self::Idle,
        Self::Limit,
        Self::Peer,
        Self::Removed,
        Self::Spent,
    ];

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
            Self::Abusive => "abusive",
            Self::Closed => "closed",
            Self::Gone => "gone",
            Self::HeadTimedOut => "head-timed-out",
            Self::ProtocolError => "protocol-error",
            Self::ProxyHeaderRefused => "proxy-header-refused",
            Self::Refused => "refused",
            Self::Stalled => "stalled",
            Self::TlsFailed => "tls-failed",
            Self::TooSlow => "too-slow",
        }
    }
}

impl Word for ClientConnectionEnd {
    const ALL: &'static [Self] = &[
        Self::Abusive,
        Self::Closed,
        Self::Gone,
        Self::HeadTimedOut,
        Self::ProtocolError,
        Self::ProxyHeaderRefused,
        Self::Refused,
        Self::Stalled,
        Self::TlsFailed,
        Self::TooSlow,
    ];

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
