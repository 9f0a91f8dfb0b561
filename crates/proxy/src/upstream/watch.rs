//! What is done for upstreams while nobody asks for anything: one task per upstream, away from the
//! threads that serve clients.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    UpstreamState, discovery,
    health::{self, Watched},
};
use crate::sidecar::Sidecar;

/// How often what follows from time alone is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Watches over the upstreams of `sidecar` until it is dropped.
pub async fn watch(sidecar: Arc<Sidecar>) {
    let mut watching = JoinSet::new();
    let snapshot = sidecar.snapshot.load_full();
    for upstream in &snapshot.upstreams {
        watching.spawn(tick(Arc::clone(upstream)));
        watching.spawn(discovery::watch(
            Arc::clone(upstream),
            Arc::clone(&snapshot.metrics),
        ));
        if Watched::of(&upstream.policy) == Watched::Yes {
            watching.spawn(health::watch(Arc::clone(&sidecar), Arc::clone(upstream)));
        }
    }
    drop(snapshot);
    while watching.join_next().await.is_some() {}
}

/// Waits until the endpoints of every upstream have been looked for once, whatever came of it; at
/// most `patience`.
pub async fn first_look(sidecar: Arc<Sidecar>, patience: Duration) {
    let snapshot = sidecar.snapshot.load_full();
    let all = async {
        for upstream in &snapshot.upstreams {
            upstream.first_look().await;
        }
    };
    let _some_take_longer = timeout(patience, all).await;
}

async fn tick(upstream: Arc<UpstreamState>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        upstream.tick();
    }
}
