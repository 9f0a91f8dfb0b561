//! The room of an upstream, as `GET /upstreams` shows it.

use std::sync::Arc;

use serde::Serialize;

/// The limit on one upstream, and how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct UpstreamCapacity {
    /// `enforce` or `shadow`.
    pub mode: &'static str,
    /// So many requests may be in flight.
    pub limit: u32,
    /// So many are.
    pub in_flight: u32,
    /// So many wait.
    pub queued: u32,
    /// The share of their budgets that retries, hedges and warming have left: 0 to 1.
    pub share: f64,
    /// The typical latency without load, as far as it is known.
    pub idle_latency_seconds: Option<f64>,
    /// How many were refused; in shadow mode, would have been.
    pub shed: u64,
}

/// The room of an upstream, by its position in the policies; nothing where it is not limited.
pub type CapacityOf = Arc<dyn Fn(usize) -> Option<UpstreamCapacity> + Send + Sync>;
