//! When somebody is left alone for a while because he fails.

use std::time::Duration;

use crate::{Mode, Percent};

/// A circuit breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// How far it may go.
    pub mode: Mode,
    /// So many failures in a row open it; `None` does not count them.
    pub consecutive_failures: Option<u32>,
    /// This share of failures within `window` opens it; `None` does not look at it.
    pub failure_rate: Option<Percent>,
    /// Over how long the share is taken.
    pub window: Duration,
    /// The share says nothing below so many requests in the window.
    pub min_requests: u32,
    /// How long it stays open before a trial; doubled with each trial that fails, up to `max_open`.
    pub open_for: Duration,
    /// The longest it stays open.
    pub max_open: Duration,
    /// So many requests may try at a time when it is half open, and must succeed to close it.
    pub trials: u32,
    /// What a request gets that it stops.
    pub answer: OpenAnswer,
}

/// What a request gets that an open breaker stops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OpenAnswer {
    /// 503 with `Retry-After`.
    #[default]
    Refuse,
    /// What the cache holds, however old within `stale_if_error`'s bounds or not; 503 when it holds
    /// nothing.
    Stale,
    /// The answer of another upstream, as an index into [`crate::Policies::upstreams`].
    Upstream(usize),
}
