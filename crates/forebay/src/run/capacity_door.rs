//! What the admin listener tells of the room that upstreams have.

use std::sync::Arc;

use admin::{CapacityOf, UpstreamCapacity};
use proxy::Sidecar;
use telemetry::CapacityFigures;

pub(super) fn capacity(sidecar: Arc<Sidecar>) -> CapacityOf {
    Arc::new(move |upstream| sidecar.capacity(upstream).as_ref().map(told))
}

fn told(figures: &CapacityFigures) -> UpstreamCapacity {
    UpstreamCapacity {
        mode: figures.mode.as_str(),
        limit: figures.limit,
        in_flight: figures.in_flight,
        queued: figures.queued,
        share: figures.share,
        idle_latency_seconds: figures.idle_latency.map(|latency| latency.as_secs_f64()),
        shed: figures.shed.iter().flatten().sum(),
    }
}
