//! The room that the tests' upstreams have.

use crate::UpstreamCapacity;

/// Only the first is limited.
pub(super) fn of(upstream: usize) -> Option<UpstreamCapacity> {
    (upstream == 0).then_some(UpstreamCapacity {
        mode: "enforce",
        limit: 20,
        in_flight: 19,
        queued: 3,
        share: 0.25,
        idle_latency_seconds: Some(0.005),
        shed: 7,
    })
}
