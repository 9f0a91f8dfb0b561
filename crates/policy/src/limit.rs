//! How often a caller may ask, and how much at a time.

use std::time::Duration;

use http::{HeaderName, Method};

use crate::{CallerKey, Mode, Percent, Rate, UnknownCaller};

/// So many rate limits a route has at most, and so many concurrency limits.
pub const MOST_OF_A_ROUTE: usize = 16;

/// One named rate limit of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitPolicy {
    /// Its name in metrics, in `RateLimit` headers and in the caller's key.
    pub name: String,
    /// Whether it acts.
    pub mode: Mode,
    /// How requests are counted.
    pub algorithm: LimitAlgorithm,
    /// The quota: a sustained rate, or so much in each window.
    pub rate: Rate,
    /// Who counts as one caller.
    pub key: CallerKey,
    /// What becomes of requests whose caller is not known.
    pub on_unknown: UnknownCaller,
    /// What a request costs.
    pub cost: LimitCost,
    /// Which requests count.
    pub scope: LimitScope,
    /// How long a request may wait for its turn instead of being refused; `None` for not at all.
    pub queue: Option<Duration>,
    /// How it tightens while the origin is short of capacity; `None` when it does not.
    pub adapt: Option<Adaptation>,
    /// Which fields tell callers about it.
    pub headers: LimitFields,
}

/// How requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitAlgorithm {
    /// The generic cell rate algorithm: a steady rate, and so many at once after a rest.
    Gcra {
        /// How much may come at once after a rest; at least 1.
        burst: u32,
    },
    /// Never more than the quota in any window, wherever it begins.
    SlidingWindow,
}

/// What a request takes from its caller's quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitCost {
    /// Any request; at least 1.
    pub base: u32,
    /// Requests with these methods instead.
    pub methods: Vec<(Method, u32)>,
    /// A field of the origin's answer that tells what the request has cost after all.
    pub response_header: Option<HeaderName>,
}

/// Which requests count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitScope {
    /// Every request of the caller, answered from the cache or not.
    #[default]
    Caller,
    /// Only what reaches the origin.
    Upstream,
}

/// How a limit follows the capacity of the route's upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adaptation {
    /// The share of the rate that every caller keeps, however little the origin can do.
    pub min: Percent,
    /// Whose callers share what there is fairly; each caller is its own tenant when empty.
    pub tenant: CallerKey,
    /// How long a request over the tightened limit is delayed before it is refused; `None` refuses at
    /// once.
    pub delay: Option<Duration>,
}

/// Which fields tell callers about a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitFields {
    /// Both kinds.
    Both,
    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
    #[default]
    Draft,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`.
    Legacy,
    /// None, but for `Retry-After` where a request is refused.
    None,
}

/// One named limit on what a caller may have in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcurrencyPolicy {
    /// Its name in metrics.
    pub name: String,
    /// Whether it acts.
    pub mode: Mode,
    /// Requests of one caller at the same time; at least 1.
    pub max: u32,
    /// Who counts as one caller.
    pub key: CallerKey,
    /// What becomes of requests whose caller is not known.
    pub on_unknown: UnknownCaller,
    /// How long a request may wait for a place; `None` for not at all.
    pub queue: Option<Duration>,
}

// === impl LimitPolicy ===

impl LimitPolicy {
    /// A limit of `rate` for each client address, and all of it at once after a rest.
    pub fn new(name: &str, rate: Rate) -> Self {
        Self {
            name: name.to_owned(),
            mode: Mode::Enforce,
            algorithm: LimitAlgorithm::Gcra {
                burst: rate.events(),
            },
            rate,
            key: CallerKey::client_ip(),
            on_unknown: UnknownCaller::default(),
            cost: LimitCost::default(),
            scope: LimitScope::default(),
            queue: None,
            adapt: None,
            headers: LimitFields::default(),
        }
    }

    /// How much may come at once after a rest.
    pub const fn burst(&self) -> u32 {
        match self.algorithm {
            LimitAlgorithm::Gcra { burst } => burst,
            LimitAlgorithm::SlidingWindow => self.rate.events(),
        }
    }
}

// === impl LimitCost ===

impl Default for LimitCost {
    /// Every request is one.
    fn default() -> Self {
        Self {
            base: 1,
            methods: Vec::new(),
            response_header: None,
        }
    }
}
