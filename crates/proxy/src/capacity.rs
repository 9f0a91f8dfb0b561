//! The room of the upstreams as the operator sees it.

use telemetry::CapacityFigures;

use crate::{sidecar::Sidecar, upstream::UpstreamState};

// === impl Sidecar ===

impl Sidecar {
    /// The limit of each upstream that has one, and how it is used.
    pub fn capacities(&self) -> Vec<CapacityFigures> {
        let snapshot = self.snapshot.load();
        let upstreams = snapshot.upstreams.iter();
        upstreams.filter_map(|upstream| figures(upstream)).collect()
    }

    /// The limit of the upstream at this position in the policies, if it has one.
    pub fn capacity(&self, upstream: usize) -> Option<CapacityFigures> {
        figures(self.snapshot.load().upstreams.get(upstream)?)
    }
}

fn figures(upstream: &UpstreamState) -> Option<CapacityFigures> {
    let capacity = upstream.capacity.as_ref()?;
    Some(capacity.figures(&upstream.policy.name))
}
