//! What is tried again, and what is tried twice at once.

use std::time::Duration;

use crate::{ByteSize, Mode, Percent};

/// When a request is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How far it may go.
    pub mode: Mode,
    /// Tries in all, the first included; at least 2.
    pub attempts: u32,
    /// After what.
    pub on: Vec<RetryOn>,
    /// Retries, those that wait included, are at most this share of the requests of late.
    pub budget: Percent,
    /// So many retries are always allowed at a time, for upstreams that are rarely asked.
    pub min_retries: u32,
    /// The delay before the first retry; doubled with each, and drawn between nothing and that.
    pub base_delay: Duration,
    /// The longest delay, and the longest `Retry-After` that is waited for.
    pub max_delay: Duration,
    /// Whether a request with `Idempotency-Key` may be sent twice whatever its method.
    pub idempotency_key: bool,
    /// So much of a request's body is kept to be sent again; a larger one is sent once.
    pub max_body: ByteSize,
}

/// What a request may be sent again after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryOn {
    /// No connection to the endpoint.
    Connect,
    /// The endpoint closed or reset before its answer.
    Reset,
    /// This status.
    Status(u16),
    /// No answer within `first_byte` or `per_try`.
    Timeout,
}

/// When a second try is sent beside a slow first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hedge {
    /// How far it may go.
    pub mode: Mode,
    /// After how long.
    pub after: HedgeAfter,
    /// Never sooner than this.
    pub min_delay: Duration,
    /// Second tries are at most this share of the requests of late.
    pub budget: Percent,
}

/// After how long a first try counts as slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HedgeAfter {
    /// After as long as this share of the requests of late took at most.
    Percentile(Percent),
    /// After this long.
    Time(Duration),
}
