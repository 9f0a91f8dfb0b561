//! What is done for upstreams while nobody asks for anything: one task per upstream, away from the
//! threads that serve clients.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{
    UpstreamState,
    health::{self, Watched},
};
use crate::sidecar::Sidecar;

/// How often what follows from time alone is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Watches over the upstreams of `sidecar` until it is dropped.
pub async fn watch(sidecar: Arc<Sidecar>) {
    let mut watching = JoinSet::new();
    for upstream in &sidecar.snapshot.load().upstreams {
        watching.spawn(tick(Arc::clone(upstream)));
        if Watched::of(&upstream.policy) == Watched::Yes {
            watching.spawn(health::watch(Arc::clone(&sidecar), Arc::clone(upstream)));
        }
    }
    while watching.join_next().await.is_some() {}
}

async fn tick(upstream: Arc<UpstreamState>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        upstream.tick();
    }
}
