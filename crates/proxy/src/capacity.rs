//! The room of the upstreams as the operator sees it.

use telemetry::CapacityFigures;

use crate::sidecar::Sidecar;

// === impl Sidecar ===

impl Sidecar {
    /// The limit of each upstream that has one, and how it is used.
    pub fn capacities(&self) -> Vec<CapacityFigures> {
        let snapshot = self.snapshot.load();
        let upstreams = snapshot.upstreams.iter();
        upstreams
            .filter_map(|upstream| {
                let capacity = upstream.capacity.as_ref()?;
                Some(capacity.figures(&upstream.policy.name))
            })
            .collect()
    }
}
