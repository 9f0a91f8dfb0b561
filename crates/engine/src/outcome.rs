//! What became of a request at each step, one enum per step.
//!
//! The same words are the log field, the metric label and the header detail.

mod encode;

use policy::Mode;

pub use self::encode::{AsIsReason, BreachOutcome, EncodeOutcome};

/// What the cache did for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CacheOutcome {
    /// The cache was not asked, or not allowed to answer.
    Bypass(BypassReason),
    /// Answered from the cache, fresh.
    Hit,
    /// Not in the cache.
    Miss(MissReason),
    /// The route has no cache policy.
    #[default]
    Off,
    /// In the cache but stale; the origin confirmed it with 304.
    Revalidated,
    /// In the cache but stale, and served all the same.
    ServedStale(StaleReason),
    /// In the cache but stale; the origin sent another response.
    Stale,
}

/// Why a stale response was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StaleReason {
    /// The origin failed (RFC 5861, section 4).
    IfError,
    /// The client said that it would take it (`max-stale`).
    MaxStale,
    /// It is being renewed (RFC 5861, section 3).
    WhileRevalidate,
}

/// Why the cache was passed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BypassReason {
    /// The path can be read in two ways, so that a key for it would be a guess.
    AmbiguousPath,
    /// The request carries credentials and what is stored was not declared shareable.
    Authorization,
    /// The body that would be part of the key is larger than `cache.key.body.max_size`.
    BodyTooLarge,
    /// A body with a GET or HEAD, which the origin might read.
    BodyWithGet,
    /// The request carries a cookie, and only the operator's TTL made the response storable.
    Cookie,
    /// The method is not one the cache answers.
    Method,
    /// The request said `no-transform`, and what is stored is trimmed.
    NoTransform,
    /// The request names another method or target in a field that is not part of the key.
    Override,
    /// A value by which the operator tells requests apart is absurdly long.
    Persona,
    /// `If-Match` or `If-Unmodified-Since`, which only the origin can answer.
    Precondition,
    /// The request asks for part of the representation.
    Range,
    /// The request said `no-store`.
    RequestNoStore,
    /// The policy is in shadow mode.
    Shadow,
    /// The key needs to know who is asking, and the token proves nothing.
    Unverified,
    /// The request asks for another protocol.
    Upgrade,
}

/// Why there was nothing to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MissReason {
    /// Something is, but not the part that was asked for.
    Partial,
    /// Nothing is stored under this key.
    Uri,
    /// Something is, but selected by other request fields.
    Vary,
}

/// Whether a response was stored, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreOutcome {
    /// It is in the cache now.
    Stored,
    /// It is not.
    Skipped(SkipReason),
}

/// Why a response was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// The request had `Authorization` and the response did not allow sharing (RFC 9111, 3.5).
    Authorization,
    /// Only the end of the connection ends its body, so that a cut could not be told from the end.
    CloseDelimited,
    /// Neither the origin nor the operator gave it a lifetime.
    NoFreshness,
    /// The request had a cookie and only the operator's TTL made it storable.
    Cookie,
    /// The body ended early, or not where its length said.
    Incomplete,
    /// Fills in flight already use the memory they may.
    MemoryPressure,
    /// The method's responses are not stored.
    Method,
    /// `no-cache`: it may not be used again without asking the origin.
    NoCache,
    /// `no-store` in the request or the response.
    NoStore,
    /// Partial content is not stored.
    Partial,
    /// `private`, with or without fields.
    Private,
    /// It carries `Set-Cookie` and the origin did not say `public`.
    SetCookie,
    /// The policy is in shadow mode.
    Shadow,
    /// Another upstream stood in while a breaker was open.
    OtherUpstream,
    /// What was asked for was written to, or purged, while it was on its way.
    Overtaken,
    /// It was stale on arrival and has no validator.
    Stale,
    /// This status is not stored without explicit freshness.
    Status,
    /// The body is larger than `cache.max_object`.
    TooLarge,
    /// `Vary: *`.
    VaryStar,
}

/// How the request got its response when several wanted the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum JoinOutcome {
    /// Nobody was asked to wait.
    #[default]
    Alone,
    /// It shared the fetch of another request.
    Follow,
    /// It fetched, and others may have shared it.
    Lead,
}

/// What one limit said to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitDecision {
    /// It may go on.
    Allow,
    /// It may go on after a while.
    Delay,
    /// It may not go on.
    Deny,
}

/// What the rate limits said, the worst of it last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitOutcome {
    /// No rate limit counted it.
    #[default]
    Off,
    /// Within every limit.
    Allow,
    /// Over a limit in shadow mode: let through and counted.
    Shadow,
    /// Within every limit after its turn had come.
    Delay,
    /// Over a limit: answered with 429.
    Deny,
}

/// Whether the origin had room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProtectOutcome {
    /// It had.
    Go,
    /// Nobody asked: the upstream has no capacity policy, or was not needed.
    #[default]
    Off,
    /// The request waited until it had.
    Queue,
    /// It had none, in shadow mode: let through and counted.
    Shadow,
    /// It had none: the request was refused, at once or after it had waited.
    Shed,
}

// === impl CacheOutcome ===

impl CacheOutcome {
    /// The metric label: one word per kind, reasons left out.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bypass(_) => "bypass",
            Self::Hit => "hit",
            Self::Miss(_) => "miss",
            Self::Off => "off",
            Self::Revalidated => "revalidated",
            Self::ServedStale(_) => "served-stale",
            Self::Stale => "stale",
        }
    }
}

// === impl StaleReason ===

impl StaleReason {
    /// The word for it in logs and in the detail of `Cache-Status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IfError => "stale-if-error",
            Self::MaxStale => "max-stale",
            Self::WhileRevalidate => "stale-while-revalidate",
        }
    }
}

// === impl BypassReason ===

impl BypassReason {
    /// The word for it in logs and in the detail of `Cache-Status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AmbiguousPath => "ambiguous-path",
            Self::Authorization => "authorization",
            Self::BodyTooLarge => "body-too-large",
            Self::BodyWithGet => "body-with-get",
            Self::Cookie => "cookie",
            Self::Method => "method",
            Self::NoTransform => "no-transform",
            Self::Override => "override",
            Self::Persona => "persona",
            Self::Precondition => "precondition",
            Self::Range => "range",
            Self::RequestNoStore => "request-no-store",
            Self::Shadow => "shadow",
            Self::Unverified => "unverified",
            Self::Upgrade => "upgrade",
        }
    }
}

// === impl StoreOutcome ===

impl StoreOutcome {
    /// The metric label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Skipped(reason) => reason.as_str(),
        }
    }
}

// === impl SkipReason ===

impl SkipReason {
    /// The word for it in logs, metrics and the detail of `Cache-Status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::CloseDelimited => "close-delimited",
            Self::Cookie => "cookie",
            Self::Incomplete => "incomplete",
            Self::MemoryPressure => "memory-pressure",
            Self::Method => "method",
            Self::NoCache => "no-cache",
            Self::NoFreshness => "no-freshness",
            Self::NoStore => "no-store",
            Self::OtherUpstream => "other-upstream",
            Self::Overtaken => "overtaken",
            Self::Partial => "partial",
            Self::Private => "private",
            Self::SetCookie => "set-cookie",
            Self::Shadow => "shadow",
            Self::Stale => "stale",
            Self::Status => "status",
            Self::TooLarge => "too-large",
            Self::VaryStar => "vary-star",
        }
    }
}

// === impl JoinOutcome ===

impl JoinOutcome {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Follow => "follow",
            Self::Lead => "lead",
        }
    }
}

// === impl LimitDecision ===

impl LimitDecision {
    /// Every decision.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Delay, Self::Deny];

    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Delay => "delay",
            Self::Deny => "deny",
        }
    }
}

// === impl LimitOutcome ===

impl LimitOutcome {
    /// What follows for a request from what a limit in this mode said.
    pub const fn of(decision: LimitDecision, mode: Mode) -> Self {
        match (decision, mode) {
            (LimitDecision::Allow, _) => Self::Allow,
            (LimitDecision::Delay, Mode::Enforce) => Self::Delay,
            (LimitDecision::Deny, Mode::Enforce) => Self::Deny,
            (LimitDecision::Delay | LimitDecision::Deny, Mode::Off | Mode::Shadow) => Self::Shadow,
        }
    }

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Delay => "delay",
            Self::Deny => "deny",
            Self::Off => "off",
            Self::Shadow => "shadow",
        }
    }
}

// === impl ProtectOutcome ===

impl ProtectOutcome {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Off => "off",
            Self::Queue => "queue",
            Self::Shadow => "shadow",
            Self::Shed => "shed",
        }
    }
}
