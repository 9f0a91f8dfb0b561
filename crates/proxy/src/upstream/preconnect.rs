//! Connections that are opened before anybody asks.
//!
//! Each worker looks a few times a second whether it has as many connections to each endpoint as the
//! file wants, and opens what is missing, one after the other for each endpoint. One that is unused too
//! long is closed as any other, and another takes its place: what is old may be dead without our
//! knowing. Of an endpoint that refuses, less and less is wanted.

use std::{cell::RefCell, collections::HashMap, sync::Arc, time::Duration};

use engine::proxy_protocol::Named;
use policy::Connections;
use telemetry::Stage;

use super::{EndpointState, Line, UpstreamState, connect::connect, pool, sender::Sender};
use crate::{clock, sidecar::Sidecar, snapshot::Snapshot};

/// The first pause after an endpoint refused.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How often the pause doubles at most: half a minute.
const DOUBLINGS: u32 = 6;

thread_local! {
    static EFFORTS: RefCell<HashMap<u64, Effort>> = RefCell::default();
}

/// How it goes with one endpoint.
#[derive(Clone, Copy, Debug, Default)]
struct Effort {
    /// Whether a connection is being opened.
    busy: bool,
    /// Refusals in a row.
    refusals: u32,
    /// Nothing is tried before this.
    pause_until: Duration,
}

/// The effort for one endpoint while it lasts.
struct Busy(u64);

/// How many connections of each worker to one endpoint are to be there before anybody asks.
pub(super) fn wanted(connections: &Connections) -> usize {
    match connections.proxy_protocol {
        // Nobody knows yet for which client they would be.
        Some(_) => 0,
        // What is not kept need not be opened.
        None => connections.preconnect.min(connections.max_idle),
    }
}

/// Whether anything is to be opened before anybody asks.
pub(crate) fn is_wanted(snapshot: &Snapshot) -> bool {
    let mut upstreams = snapshot.upstreams.iter();
    upstreams.any(|upstream| wanted(&upstream.policy.connections) > 0)
}

/// Has this worker open what is missing.
pub(crate) fn tend(sidecar: &Arc<Sidecar>) {
    let snapshot = sidecar.snapshot.load();
    if !is_wanted(&snapshot) || sidecar.health.stage() == Stage::Draining {
        return;
    }
    let now = clock::monotonic();
    let mut listed = 0;
    for upstream in &snapshot.upstreams {
        let wanted = wanted(&upstream.policy.connections);
        if wanted == 0 {
            continue;
        }
        for endpoint in &upstream.roster().endpoints {
            listed += 1;
            if pool::opened_here(&endpoint.home) < wanted && Effort::begin(endpoint.id, now) {
                let (sidecar, snapshot) = (Arc::clone(sidecar), Arc::clone(&snapshot));
                let (upstream, endpoint) = (Arc::clone(upstream), Arc::clone(endpoint));
                tokio::spawn(async move { fill(&sidecar, &snapshot, &upstream, &endpoint).await });
            }
        }
    }
    EFFORTS.with_borrow_mut(|efforts| {
        if efforts.len() > 2 * listed {
            // Most are about endpoints that are gone.
            efforts.retain(|_, effort| effort.busy);
        }
    });
}

async fn fill(
    sidecar: &Sidecar,
    snapshot: &Snapshot,
    upstream: &UpstreamState,
    endpoint: &EndpointState,
) {
    let effort = Busy(endpoint.id);
    let line = Line {
        client: Named::Nobody,
        tls: &sidecar.tls,
        metrics: &snapshot.metrics,
    };
    let dialer = upstream.dialer(endpoint, line, None);
    let wanted = wanted(&upstream.policy.connections);
    // No more than are missing now: where connections are closed as soon as they stand, another look
    // is soon enough for the next.
    for _ in pool::opened_here(&endpoint.home)..wanted {
        if endpoint.is_retired() || pool::opened_here(&endpoint.home) >= wanted {
            return;
        }
        let Some(place) = pool::spare(&endpoint.home) else {
            return;
        };
        match connect(&dialer, place, upstream.policy.timeouts.connect).await {
            Ok(Sender::Http1(sender)) => pool::put(&endpoint.home, sender),
            // It is shared already, and its first stream free again.
            Ok(Sender::Http2(_first)) => {}
            Err(_logged) => {
                effort.refused();
                return;
            }
        }
        effort.succeeded();
    }
}

// === impl Effort ===

impl Effort {
    /// Takes up the effort for an endpoint, unless it is taken up already or paused.
    fn begin(endpoint: u64, now: Duration) -> bool {
        EFFORTS.with_borrow_mut(|efforts| {
            let effort = efforts.entry(endpoint).or_default();
            let begins = !effort.busy && effort.pause_until <= now;
            effort.busy |= begins;
            begins
        })
    }
}

// === impl Busy ===

impl Busy {
    fn change(&self, change: impl FnOnce(&mut Effort)) {
        EFFORTS.with_borrow_mut(|efforts| change(efforts.entry(self.0).or_default()));
    }

    fn succeeded(&self) {
        self.change(|effort| effort.refusals = 0);
    }

    fn refused(&self) {
        let now = clock::monotonic();
        self.change(|effort| {
            let pause = FIRST_PAUSE * 2_u32.pow(effort.refusals.min(DOUBLINGS));
            // Workers and instances that were refused together do not come back together.
            let pause = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            effort.refusals = effort.refusals.saturating_add(1);
            effort.pause_until = now + pause;
        });
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.change(|effort| effort.busy = false);
    }
}
