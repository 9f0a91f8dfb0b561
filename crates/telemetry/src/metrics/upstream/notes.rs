//! What is told of upstreams as it happens.

use std::time::{Duration, SystemTime};

use engine::{
    discovery::Refreshed,
    health::{Standing, check::CheckOutcome, outlier},
    mirror::CopyOutcome,
    retry::{Reason, Stop},
};
use policy::Mode;

use super::{
    super::{
        CloseReason, ConnectOutcome, ConnectionState, EndpointPlace, HedgeOutcome, Metrics,
        RetryOutcome,
    },
    Shard,
};

// === impl Metrics ===

impl Metrics {
    /// A place for the endpoint `host:port` of an upstream (by position); what is counted for it is
    /// counted there. Nothing when there is no such upstream.
    pub fn endpoint_place(&self, upstream: u16, endpoint: &str) -> Option<EndpointPlace> {
        let series = self.series.upstreams.get(usize::from(upstream))?;
        Some(EndpointPlace::claim(series, endpoint))
    }

    /// Forgets the endpoints of an upstream that have been gone for a while at `now` (monotonic);
    /// call it now and then.
    pub fn forget_endpoints(&self, upstream: u16, now: Duration) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.forget(now);
        }
    }

    /// How many endpoints of an upstream are known.
    pub fn upstream_endpoints(&self, upstream: u16, known: usize) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.discovery.known(known);
        }
    }

    /// Counts a look at where the endpoints of an upstream come from.
    pub fn discovery_refreshed(&self, upstream: u16, refreshed: Refreshed, at: SystemTime) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.discovery.refreshed(refreshed, at);
        }
    }

    /// Counts an attempt to connect to an endpoint (the upstream by position, the endpoint by place).
    pub fn upstream_connect(&self, upstream: u16, endpoint: u16, outcome: ConnectOutcome) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.connect(Shard::mine(), endpoint, outcome);
        }
    }

    /// Counts what a balancer in shadow mode would have chosen (the upstream by position, the
    /// endpoint by place).
    pub fn shadow_pick(&self, upstream: u16, endpoint: u16) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.shadow_pick(Shard::mine(), endpoint);
        }
    }

    /// Follows the standing of an endpoint (positions in the policies): `None` is before anybody
    /// watched over it, or after.
    pub fn endpoint_standing(
        &self,
        upstream: u16,
        endpoint: u16,
        from: Option<Standing>,
        to: Option<Standing>,
    ) {
        if let Some(series) = self.upstream(Some(upstream)) {
            let shard = Shard::mine();
            series.health(shard, endpoint).standing(shard, from, to);
        }
    }

    /// Counts a check of an endpoint (positions in the policies).
    pub fn health_check(&self, upstream: u16, endpoint: u16, outcome: CheckOutcome) {
        if let Some(series) = self.upstream(Some(upstream)) {
            let shard = Shard::mine();
            series.health(shard, endpoint).check(shard, outcome);
        }
    }

    /// Counts an endpoint (positions in the policies) being left out, or what would have been in
    /// shadow mode.
    pub fn ejection(&self, upstream: u16, endpoint: u16, reason: outlier::Reason, mode: Mode) {
        if let Some(series) = self.upstream(Some(upstream)) {
            let shard = Shard::mine();
            series.health(shard, endpoint).ejection(shard, reason, mode);
        }
    }

    /// Counts a further try at an upstream (its position in the policies) that has ended.
    pub fn upstream_retry(&self, upstream: u16, reason: Reason, outcome: RetryOutcome) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.retries().retried(Shard::mine(), reason, outcome);
        }
    }

    /// Counts a failed try at an upstream (its position in the policies) that was not repeated.
    pub fn upstream_retry_stopped(&self, upstream: u16, stop: Stop) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.retries().stopped(Shard::mine(), stop);
        }
    }

    /// Counts a second try beside a slow first one at an upstream (its position in the policies).
    pub fn upstream_hedge(&self, upstream: u16, outcome: HedgeOutcome) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.retries().hedged(Shard::mine(), outcome);
        }
    }

    /// Counts what came of a request of an upstream (its position in the policies) that was drawn to
    /// be copied.
    pub fn upstream_copy(&self, upstream: u16, outcome: CopyOutcome) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.copied(Shard::mine(), outcome);
        }
    }

    /// Follows a connection to an upstream: `None` is before it stood, or after it closed.
    pub fn upstream_connection(
        &self,
        upstream: u16,
        from: Option<ConnectionState>,
        to: Option<ConnectionState>,
    ) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.connection(Shard::mine(), from, to);
        }
    }

    /// A connection to an upstream was closed.
    pub fn upstream_connection_closed(&self, upstream: u16, reason: CloseReason) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.closed(Shard::mine(), reason);
        }
    }

    /// A request begins to wait for a connection to an upstream.
    pub fn upstream_wait_began(&self, upstream: u16) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.waiting(Shard::mine(), 1);
        }
    }

    /// A request that waited for a connection has got one, or given up.
    pub fn upstream_wait_ended(&self, upstream: u16) {
        if let Some(series) = self.upstream(Some(upstream)) {
            series.waiting(Shard::mine(), -1);
        }
    }
}
