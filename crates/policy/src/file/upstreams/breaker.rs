//! When somebody is left alone for a while, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::file::{At, Count, ModeWord, OrOff, Share, Time};

/// A circuit breaker: after enough failures nothing is asked for a while, and then a few requests try.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Breaker")]
pub(crate) struct BreakerFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// So many failures in a row open it, 1 to 10000; `off` does not count them. Default `off`, because
    /// one server of several that dies fails many requests in a row; see `endpoint_breaker`.
    pub(crate) consecutive_failures: Option<At<OrOff<Count>>>,
    /// This share of failures within `window` opens it, at least 1%; `off` does not look at it.
    /// Default `50%`.
    pub(crate) failure_rate: Option<At<OrOff<Share>>>,
    /// Over how long the share is taken, 10ms to 1h. Default `10s`.
    pub(crate) window: Option<At<Time>>,
    /// The share says nothing below so many requests in the window, 1 to 1000000. Default `20`.
    pub(crate) min_requests: Option<At<Count>>,
    /// How long it stays open before a trial; doubled with each trial that fails. Default `5s`.
    pub(crate) open_for: Option<At<Time>>,
    /// The longest it stays open, not less than `open_for`. Default `1m`, or `open_for` if that is
    /// longer.
    pub(crate) max_open: Option<At<Time>>,
    /// So many requests may try at a time, 1 to 1000, and must succeed to close it. Default `1`.
    pub(crate) trials: Option<At<Count>>,
    /// What a request gets that it stops: `refuse` (503 with `Retry-After`), `stale` (what the cache
    /// holds, however old) or `{upstream: other}`. Default `refuse`.
    pub(crate) answer: Option<At<AnswerFile>>,
}

/// When one server is left alone for a while.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EndpointBreaker")]
pub(crate) struct EndpointBreakerFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// So many failures in a row open it, 1 to 10000; `off` does not count them. Default `5`.
    pub(crate) consecutive_failures: Option<At<OrOff<Count>>>,
    /// This share of failures within `window` opens it, at least 1%; `off` does not look at it.
    /// Default `50%`.
    pub(crate) failure_rate: Option<At<OrOff<Share>>>,
    /// Over how long the share is taken, 10ms to 1h. Default `10s`.
    pub(crate) window: Option<At<Time>>,
    /// The share says nothing below so many requests in the window, 1 to 1000000. Default `20`.
    pub(crate) min_requests: Option<At<Count>>,
    /// How long it stays open before a trial; doubled with each trial that fails. Default `5s`.
    pub(crate) open_for: Option<At<Time>>,
    /// The longest it stays open, not less than `open_for`. Default `1m`, or `open_for` if that is
    /// longer.
    pub(crate) max_open: Option<At<Time>>,
    /// So many requests may try at a time, 1 to 1000, and must succeed to close it. Default `1`.
    pub(crate) trials: Option<At<Count>>,
}

/// What a request gets that an open breaker stops.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum AnswerFile {
    /// 503 with `Retry-After`.
    Refuse,
    /// What the cache holds, however old.
    Stale,
    /// The answer of this upstream.
    Upstream(At<String>),
}

// === impl EndpointBreakerFile ===

impl EndpointBreakerFile {
    /// As a breaker that says nothing about its answer.
    pub(crate) fn as_breaker(&self) -> BreakerFile {
        let own = self.clone();
        BreakerFile {
            mode: own.mode,
            consecutive_failures: own.consecutive_failures,
            failure_rate: own.failure_rate,
            window: own.window,
            min_requests: own.min_requests,
            open_for: own.open_for,
            max_open: own.max_open,
            trials: own.trials,
            answer: None,
        }
    }
}
