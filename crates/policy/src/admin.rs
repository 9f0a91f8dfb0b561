//! The operator's side: where it listens, what is logged, how the process ends.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::Rate;

/// The admin and telemetry listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where configuration and statistics are shown; `None` switches it off.
    pub address: Option<SocketAddr>,
    /// Where metrics and probes are served; `None` switches it off.
    pub telemetry_address: Option<SocketAddr>,
    /// A file with the bearer token that the admin listener asks for.
    pub token_file: Option<PathBuf>,
}

/// What the access log holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLog {
    /// A line for each request.
    All,
    /// A line for each request that was answered with 5xx or cut short.
    Errors,
    /// Nothing.
    #[default]
    Off,
}

/// What the log of security events holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityLog {
    /// A line for each event, at most so many; what is beyond is counted.
    Lines(Rate),
    /// Nothing; the metrics count all the same.
    Off,
}

/// How the process ends after SIGTERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// How long to go on accepting while already reported as not ready.
    pub delay: Duration,
    /// How long requests in flight may take to finish after that.
    pub deadline: Duration,
}
