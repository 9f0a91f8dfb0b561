//! What became of a response's coding.

use policy::Coding;

/// Whether the response was made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EncodeOutcome {
    /// It went out as it was.
    AsIs(AsIsReason),
    /// The origin's coding was undone, and it went out without any.
    Decoded,
    /// It was compressed against a dictionary that the client has (RFC 9842).
    Dictionary,
    /// It was compressed.
    Encoded(Coding),
}

/// What was done about a response from whose length a secret could be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreachOutcome {
    /// It was compressed, and its length blurred.
    Padded,
    /// It was not compressed.
    Skipped,
    /// It was compressed up to what it repeats, and not from there on.
    Stopped,
}

/// Why a response was not compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AsIsReason {
    /// It has a content coding already.
    AlreadyEncoded,
    /// It may carry a secret beside something that the one who asked has chosen.
    BreachRisk,
    /// The client accepts none of the offered codings.
    ClientDeclined,
    /// It is a stream of events, and not in `compression.flush`.
    EventStream,
    /// There is no body.
    NoBody,
    /// `Cache-Control: no-transform` forbids it.
    NoTransform,
    /// The route has no compression policy.
    Off,
    /// It is partial content, whose offsets count bytes as they are.
    Partial,
    /// The policy is in shadow mode.
    Shadow,
    /// It is smaller than `compression.min_size`.
    TooSmall,
    /// Its media type is not in `compression.types`.
    Type,
}

// === impl EncodeOutcome ===

impl Default for EncodeOutcome {
    fn default() -> Self {
        Self::AsIs(AsIsReason::Off)
    }
}

impl EncodeOutcome {
    /// The word for it in logs and metrics: the coding, or why there is none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AsIs(reason) => reason.as_str(),
            Self::Decoded => "decoded",
            Self::Dictionary => "dcz",
            Self::Encoded(coding) => coding.as_str(),
        }
    }
}

// === impl BreachOutcome ===

impl BreachOutcome {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Padded => "padded",
            Self::Skipped => "skipped",
            Self::Stopped => "stopped",
        }
    }
}

// === impl AsIsReason ===

impl AsIsReason {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyEncoded => "already-encoded",
            Self::BreachRisk => "breach-risk",
            Self::ClientDeclined => "client-declined",
            Self::EventStream => "event-stream",
            Self::NoBody => "no-body",
            Self::NoTransform => "no-transform",
            Self::Off => "off",
            Self::Partial => "partial",
            Self::Shadow => "shadow",
            Self::TooSmall => "too-small",
            Self::Type => "type",
        }
    }
}
