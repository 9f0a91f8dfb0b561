//! The watch of each worker over its client connections.
//!
//! A connection is served on the worker that accepted it, so each worker keeps its own list and
//! nobody locks. The sweep drops connections that have ended, ends those that broke a limit, and
//! tells all of them when the process is draining.

use std::{
    cell::RefCell,
    sync::{Arc, Weak},
    time::Duration,
};

use telemetry::Stage;

use super::{ConnectionState, state::Ending};
use crate::{clock, sidecar::Sidecar, upstream};

/// How often connections are looked at, and so how late a timeout may fire.
const SWEEP: Duration = Duration::from_millis(250);

thread_local! {
    static WATCHED: RefCell<Option<Vec<Weak<ConnectionState>>>> = const { RefCell::new(None) };
}

/// Puts a connection under the watch of this worker, which begins with its first connection.
pub(crate) fn over(connection: &Arc<ConnectionState>, sidecar: &Arc<Sidecar>) {
    let first = WATCHED.with_borrow_mut(|watched| {
        let first = watched.is_none();
        watched
            .get_or_insert_default()
            .push(Arc::downgrade(connection));
        first
    });
    if first {
        tokio::spawn(keep_watch(Arc::clone(sidecar)));
    }
}

async fn keep_watch(sidecar: Arc<Sidecar>) {
    let mut tick = tokio::time::interval(SWEEP);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let heartbeat = sidecar.health.heartbeat(clock::now());
    loop {
        tick.tick().await;
        heartbeat.beat(clock::now());
        sweep(&sidecar);
        upstream::sweep(clock::monotonic());
    }
}

fn sweep(sidecar: &Sidecar) {
    let now = clock::monotonic();
    let draining = sidecar.health.stage() == Stage::Draining;
    let snapshot = sidecar.snapshot.load();
    let clients = &snapshot.policies.clients;
    WATCHED.with_borrow_mut(|watched| {
        watched.get_or_insert_default().retain(|connection| {
            let Some(connection) = connection.upgrade() else {
                return false;
            };
            match connection.judge(clients, now) {
                Ending::Open if draining => connection.end(Ending::Graceful),
                Ending::Open => {}
                ending => connection.end(ending),
            }
            true
        });
    });
}
