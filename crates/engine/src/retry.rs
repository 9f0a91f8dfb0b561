//! Whether a try that failed is followed by another, and after how long.
//!
//! # What may be sent twice
//! A request that may have been processed is sent again only when that does no harm: its method is
//! idempotent (RFC 9110, section 9.2.2), or its client says by `Idempotency-Key` that the
//! application can tell the second from the first, and the operator has opted in. A request that
//! was provably not processed may always be sent again: there was no connection, the connection
//! gave it back unsent, or the endpoint refused its stream (RFC 9113, section 8.7).
//!
//! # How long to wait
//! Drawn evenly between nothing and `base_delay * 2^(attempt - 1)`, at most `max_delay`: clients
//! that failed together shall not come back together. `Retry-After` comes on top, so that nobody is
//! sooner than the endpoint asked; when it asks for more than `max_delay`, or for more than is left,
//! its answer is passed on instead.
//!
//! # How often
//! Each request for itself has `attempts`; all of them together have a [`Budget`], without which
//! retries multiply the load of an origin that is failing because of its load (TRAPS 23).

mod budget;
mod traffic;

use std::time::Duration;

use http::{HeaderMap, HeaderName, Method};
use policy::{ByteSize, Mode, Percent, Retry, RetryOn};

pub use self::budget::{Budget, Grant, Permit};
use crate::{attempt::AttemptEnd, cache::draw::Draw, failure::Failure};

/// A try that is over, and all that matters for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setback {
    /// Which try it was; the first is 1.
    pub attempt: u32,
    /// How it ended.
    pub end: AttemptEnd,
    /// Whether the endpoint may have begun to process it.
    pub reach: Reach,
    /// Whether the request may be processed twice.
    pub nature: Nature,
    /// Whether its body can be sent again.
    pub body: Replay,
    /// What is left until the deadline of the whole exchange; `None` when there is none.
    pub left: Option<Duration>,
}

/// How far a request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It may have been processed.
    Maybe,
    /// It was provably not processed.
    Unsent,
}

/// Whether a request may be processed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// No.
    Once,
    /// Twice is as good as once.
    Repeatable,
}

/// Whether the body of a request can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Part of it is gone.
    Gone,
    /// All of it that was sent is still here, or there is none.
    Here,
}

/// What is done about a try that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent again.
    Again {
        /// What for.
        reason: Reason,
        /// After this long.
        after: Duration,
    },
    /// What there is, is the answer.
    Stop(Stop),
}

/// What a try is repeated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// There was no connection.
    Connect,
    /// The endpoint closed or reset before its answer.
    Reset,
    /// The status of the answer.
    Status,
    /// No answer in time.
    Timeout,
    /// The request came back unsent.
    Unsent,
}

/// Why a try is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// There were enough of them.
    Attempts,
    /// The body cannot be sent again.
    Body,
    /// All requests together have been repeated often enough; never said by [`decide`].
    Budget,
    /// There is no time left for it.
    Deadline,
    /// The request must not be processed twice.
    Method,
    /// `Retry-After` asks for more than `max_delay`.
    RetryAfter,
    /// It ended in a way that is not to be repeated.
    Unasked,
}

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What is repeated when the operator says nothing about it: only what no endpoint has seen.
pub fn built_in() -> Retry {
    Retry {
        mode: Mode::Enforce,
        attempts: 3,
        on: vec![RetryOn::Connect],
        budget: Percent::of(20),
        min_retries: 10,
        base_delay: Duration::from_millis(10),
        max_delay: Duration::from_secs(1),
        idempotency_key: false,
        max_body: ByteSize::from_bytes(64 * 1024),
    }
}

/// Whether a request may be processed twice, as far as `policy` says.
pub fn nature(policy: &Retry, method: &Method, headers: &HeaderMap) -> Nature {
    let keyed = || {
        policy.idempotency_key
            && headers
                .get(&IDEMPOTENCY_KEY)
                .is_some_and(|key| !key.as_bytes().trim_ascii().is_empty())
    };
    if method.is_idempotent() || keyed() {
        Nature::Repeatable
    } else {
        Nature::Once
    }
}

/// Decides what follows `setback`; whoever is told to try again needs a [`Permit`] as well.
pub fn decide(policy: &Retry, setback: &Setback, draw: Draw) -> Verdict {
    let Some(reason) = reason(policy, setback) else {
        return Verdict::Stop(Stop::Unasked);
    };
    if setback.reach == Reach::Maybe && setback.nature == Nature::Once {
        return Verdict::Stop(Stop::Method);
    }
    if setback.body == Replay::Gone {
        return Verdict::Stop(Stop::Body);
    }
    if setback.attempt >= policy.attempts {
        return Verdict::Stop(Stop::Attempts);
    }
    let demanded = match setback.end {
        AttemptEnd::Answered { retry_after, .. } => retry_after.unwrap_or_default(),
        AttemptEnd::Abandoned | AttemptEnd::Failed(_) => Duration::ZERO,
    };
    if demanded > policy.max_delay {
        return Verdict::Stop(Stop::RetryAfter);
    }
    let after = demanded
        .saturating_add(backoff(policy, setback.attempt, draw))
        .min(policy.max_delay);
    if setback.left.is_some_and(|left| after >= left) {
        return Verdict::Stop(Stop::Deadline);
    }
    Verdict::Again { reason, after }
}

/// What `policy` would repeat this try for, if it may be repeated.
fn reason(policy: &Retry, setback: &Setback) -> Option<Reason> {
    let asked = |condition| policy.on.contains(&condition);
    match setback.end {
        AttemptEnd::Abandoned => None,
        AttemptEnd::Answered { status, .. } => {
            asked(RetryOn::Status(status)).then_some(Reason::Status)
        }
        AttemptEnd::Failed(failure) => match (failure, setback.reach) {
            (
                Failure::ConnectFailed
                | Failure::ConnectTimedOut
                | Failure::TlsFailed
                | Failure::TlsTimedOut,
                _,
            ) => asked(RetryOn::Connect).then_some(Reason::Connect),
            // Nobody saw it: for who asks this is a connection that did not come about.
            (Failure::UpstreamClosed, Reach::Unsent) => {
                (asked(RetryOn::Connect) || asked(RetryOn::Reset)).then_some(Reason::Unsent)
            }
            (Failure::UpstreamClosed, Reach::Maybe) => {
                asked(RetryOn::Reset).then_some(Reason::Reset)
            }
            (Failure::TryTimedOut, Reach::Unsent) => {
                (asked(RetryOn::Connect) || asked(RetryOn::Timeout)).then_some(Reason::Timeout)
            }
            (Failure::FirstByteTimedOut | Failure::TryTimedOut, _) => {
                asked(RetryOn::Timeout).then_some(Reason::Timeout)
            }
            _ => None,
        },
    }
}

/// A delay drawn between nothing and the whole of it, which doubles with each try.
fn backoff(policy: &Retry, attempt: u32, draw: Draw) -> Duration {
    let doublings = attempt.saturating_sub(1).min(31);
    policy
        .base_delay
        .saturating_mul(1 << doublings)
        .min(policy.max_delay)
        .mul_f64(draw.get())
}

// === impl Verdict ===

impl Verdict {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Again { .. } => "again",
            Self::Stop(stop) => stop.as_str(),
        }
    }
}

// === impl Reason ===

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Connect,
        Self::Reset,
        Self::Status,
        Self::Timeout,
        Self::Unsent,
    ];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Status => "status",
            Self::Timeout => "timeout",
            Self::Unsent => "unsent",
        }
    }
}

// === impl Stop ===

impl Stop {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Attempts,
        Self::Body,
        Self::Budget,
        Self::Deadline,
        Self::Method,
        Self::RetryAfter,
        Self::Unasked,
    ];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Body => "body",
            Self::Budget => "budget",
            Self::Deadline => "deadline",
            Self::Method => "method",
            Self::RetryAfter => "retry-after",
            Self::Unasked => "unasked",
        }
    }
}

#[cfg(test)]
mod tests;
