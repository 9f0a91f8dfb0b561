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

use super::{
    ConnectionState,
    state::{Ending, Judged},
};
use crate::{clock, sidecar::Sidecar, upstream};

/// How often connections are looked at, and so how late a timeout may fire.
const SWEEP: Duration = Duration::from_millis(250);

/// After so many tasks per worker given to workers by chance, one that got none is left to its first
/// connection.
const TRIES_PER_WORKER: usize = 50;

thread_local! {
    static WATCHED: RefCell<Option<Vec<Weak<ConnectionState>>>> = const { RefCell::new(None) };
}

/// Whether a worker keeps watch already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Before,
    Now,
}

/// Puts a connection under the watch of this worker, which begins with its first connection.
pub(crate) fn over(connection: &Arc<ConnectionState>, sidecar: &Arc<Sidecar>) {
    begin(sidecar);
    WATCHED.with_borrow_mut(|watched| {
        watched
            .get_or_insert_default()
            .push(Arc::downgrade(connection));
    });
}

fn begin(sidecar: &Arc<Sidecar>) -> Begun {
    let begun = WATCHED.with_borrow_mut(|watched| match watched {
        Some(_) => Begun::Before,
        None => {
            *watched = Some(Vec::new());
            Begun::Now
        }
    });
    if begun == Begun::Now {
        tokio::spawn(keep_watch(Arc::clone(sidecar)));
    }
    begun
}

/// Has the workers of this service keep watch before their first connection, where there is something
/// to do before it; call it on one of them, and tell how many there are.
///
/// pingora gives a task to any of its workers and does not let us say to which, so they are asked for
/// until each has come up.
pub async fn awaken(sidecar: &Arc<Sidecar>, workers: usize) {
    if !upstream::is_preconnect_wanted(&sidecar.snapshot.load()) {
        return;
    }
    let mut awake = 0;
    for _ in 0..workers.saturating_mul(TRIES_PER_WORKER) {
        let sidecar = Arc::clone(sidecar);
        let asked = pingora_runtime::current_handle().spawn(async move { begin(&sidecar) });
        if matches!(asked.await, Ok(Begun::Now)) {
            awake += 1;
        }
        if awake == workers {
            return;
        }
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
        upstream::preconnect(&sidecar);
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
                Judged::Cut(why) => {
                    connection.cut(why);
                }
                Judged::Open if !draining => {}
                Judged::Graceful | Judged::Open => {
                    connection.end(Ending::Graceful);
                }
            }
            true
        });
    });
}
