//! What is done while nobody asks for anything, away from the threads that serve clients: one task per
//! upstream, and one for the keys of tokens.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    UpstreamState, discovery,
    health::{self, Watched},
};
use crate::{identity, sidecar::Sidecar};

/// How often what follows from time alone is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Watches over the upstreams of `sidecar`, and over the keys of tokens, until it is dropped.
pub async fn watch(sidecar: Arc<Sidecar>) {
    let mut watching = JoinSet::new();
    let snapshot = sidecar.snapshot.load_full();
    if snapshot.identity.is_some() {
        let sidecar = Arc::clone(&sidecar);
        watching.spawn(kept_up("identity", move || {
            identity::watch(Arc::clone(&sidecar))
        }));
    }
    for upstream in &snapshot.upstreams {
        let ticking = Arc::clone(upstream);
        watching.spawn(kept_up("tick", move || tick(Arc::clone(&ticking))));
        let (found, metrics) = (Arc::clone(upstream), Arc::clone(&snapshot.metrics));
        watching.spawn(kept_up("discovery", move || {
            discovery::watch(Arc::clone(&found), Arc::clone(&metrics))
        }));
        if Watched::of(&upstream.policy) == Watched::Yes {
            let (sidecar, watched) = (Arc::clone(&sidecar), Arc::clone(upstream));
            watching.spawn(kept_up("health", move || {
                health::watch(Arc::clone(&sidecar), Arc::clone(&watched))
            }));
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

/// Runs a task until it ends, and begins it anew when it panics: nobody else would notice that
/// endpoints are not looked for, or not looked after, any more.
pub(super) async fn kept_up<F>(task: &'static str, begin: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    // It ends with whoever waits for it.
    let mut running = JoinSet::new();
    running.spawn(begin());
    while let Some(Err(error)) = running.join_next().await
        && error.is_panic()
    {
        tracing::error!(task, %error, "a watcher panicked and begins anew");
        sleep(TICK).await;
        running.spawn(begin());
    }
}

async fn tick(upstream: Arc<UpstreamState>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        upstream.tick();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_watcher_that_panics_begins_anew_until_it_ends() {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        kept_up("test", move || {
            let count = Arc::clone(&count);
            async move { assert_eq!(count.fetch_add(1, Ordering::SeqCst), 2) }
        })
        .await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
