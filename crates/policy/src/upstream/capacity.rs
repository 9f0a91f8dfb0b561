//! How much an upstream is given to do at a time.

use std::time::Duration;

use http::HeaderName;

use crate::Mode;

/// An adaptive limit on the requests an upstream has in flight, and the queue before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// How far it may go.
    pub mode: Mode,
    /// The limit never falls below this.
    pub min: u32,
    /// The limit never rises above this.
    pub max: u32,
    /// Where the limit begins.
    pub initial: u32,
    /// So many may wait for room; 0 refuses at once.
    pub queue: u32,
    /// How long one may wait.
    pub queue_timeout: Duration,
    /// How urgent a request is, where its route does not say; `None` makes all of them normal.
    pub classes: Option<Classes>,
}

/// How the urgency of a request is told from the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// What tells it.
    pub source: ClassSource,
    /// Which value means which urgency; any other value is normal.
    pub values: Vec<(String, Priority)>,
}

/// What of a request tells how urgent it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassSource {
    /// A claim of the verified token, such as the tenant or its plan; needs `identity`.
    Claim(String),
    /// A header, believed as it comes.
    Header(HeaderName),
}

/// How urgent a request is. When there is not room for all, the least urgent go first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Nobody waits for it.
    Low,
    /// Like most.
    #[default]
    Normal,
    /// Somebody waits who pays for it.
    High,
    /// The last to be refused: health, payment.
    Critical,
}

// === impl Priority ===

impl Priority {
    /// All of them, least urgent first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Critical];

    /// The word for it in the file, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}
