//! How it is known whether an endpoint is well.

use std::{ops::RangeInclusive, time::Duration};

use http::Method;

use crate::{Mode, Percent};

/// Asking each endpoint, time and again, whether it is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is asked.
    pub probe: Probe,
    /// From the end of one question to the next.
    pub interval: Duration,
    /// The interval varies by this share, so that instances do not ask in step.
    pub jitter: Percent,
    /// How long an answer may take.
    pub timeout: Duration,
    /// So many good answers in a row make an ill endpoint well.
    pub healthy_after: u32,
    /// So many bad answers in a row make a well endpoint ill.
    pub unhealthy_after: u32,
}

/// What an endpoint is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// `grpc.health.v1.Health/Check`.
    Grpc {
        /// The service; empty for the server as a whole.
        service: String,
    },
    /// An HTTP request.
    Http {
        /// GET or HEAD.
        method: Method,
        /// Path and query.
        path: String,
        /// The `Host`; the endpoint's own when `None`.
        host: Option<String>,
        /// Which statuses are good.
        statuses: Vec<RangeInclusive<u16>>,
        /// What the first 64 KiB of the body must contain.
        body_contains: Option<String>,
    },
    /// A connection, and TLS where the endpoint speaks it.
    Tcp,
}

/// Leaving out an endpoint because of how it answers what it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outliers {
    /// How far it may go.
    pub mode: Mode,
    /// So many failures in a row; `None` does not count them.
    pub consecutive_failures: Option<u32>,
    /// Fewer successes than the others have; `None` does not compare.
    pub success_rate: Option<SuccessRate>,
    /// How often the shares are compared.
    pub interval: Duration,
    /// How long it is left out the first time; as much more each time it happens again.
    pub ejection: Duration,
    /// The longest it is left out.
    pub max_ejection: Duration,
    /// At most this share of the endpoints is left out at a time.
    pub max_ejected: Percent,
}

/// When a share of successes is too far below the others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuccessRate {
    /// Endpoints with fewer requests in an interval are not compared.
    pub min_requests: u32,
    /// With fewer endpoints to compare nobody is left out.
    pub min_endpoints: u32,
    /// Below the mean by more than so many tenths of a standard deviation.
    pub deviations: u32,
}
