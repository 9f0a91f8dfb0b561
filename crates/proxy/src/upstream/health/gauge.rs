//! The standing of one endpoint, as the metrics see it for as long as somebody watches.

use std::sync::Arc;

use engine::health::Standing;
use telemetry::Metrics;

/// Counts an endpoint under its standing; dropping it ends that.
#[derive(Debug)]
pub(super) struct StandingGauge {
    metrics: Arc<Metrics>,
    upstream: u16,
    endpoint: u16,
    standing: Standing,
}

// === impl StandingGauge ===

impl StandingGauge {
    /// Begins with a standing; `upstream` and `endpoint` are places in the metrics.
    pub(super) fn new(
        metrics: &Arc<Metrics>,
        upstream: u16,
        endpoint: u16,
        standing: Standing,
    ) -> Self {
        metrics.endpoint_standing(upstream, endpoint, None, Some(standing));
        Self {
            metrics: Arc::clone(metrics),
            upstream,
            endpoint,
            standing,
        }
    }

    /// The standing is now this one.
    pub(super) fn becomes(&mut self, standing: Standing) {
        if standing == self.standing {
            return;
        }
        let (from, to) = (Some(self.standing), Some(standing));
        self.metrics
            .endpoint_standing(self.upstream, self.endpoint, from, to);
        self.standing = standing;
    }
}

impl Drop for StandingGauge {
    fn drop(&mut self) {
        let from = Some(self.standing);
        self.metrics
            .endpoint_standing(self.upstream, self.endpoint, from, None);
    }
}
