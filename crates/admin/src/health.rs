//! The health of an endpoint, as `GET /upstreams` shows it.

use std::sync::Arc;

use serde::Serialize;

/// The health of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EndpointHealth {
    /// `well`, `ill` (it fails its checks) or `ejected` (left out because of how it answered).
    pub standing: &'static str,
    /// Why it is not well.
    pub because: Option<&'static str>,
    /// For how long that has been its standing.
    pub since_seconds_ago: u64,
    /// The last check, where there are any.
    pub last_check: Option<LastCheck>,
    /// Being left out as an outlier; in shadow mode, what would be that.
    pub ejection: Option<Ejection>,
    /// How often it was left out, or would have been.
    pub ejections: u64,
}

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LastCheck {
    /// `passed`, or what was wrong.
    pub outcome: &'static str,
    /// How long the answer took.
    pub took_seconds: f64,
    /// How long ago it ended.
    pub seconds_ago: u64,
}

/// Being left out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ejection {
    /// Why.
    pub reason: &'static str,
    /// How much longer.
    pub seconds_left: u64,
}

/// The health of an endpoint, by the position of the upstream in the policies and of the endpoint in
/// the upstream; nothing where nobody watches over it.
pub type HealthOf = Arc<dyn Fn(usize, usize) -> Option<EndpointHealth> + Send + Sync>;
