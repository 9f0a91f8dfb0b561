//! The watcher of one upstream: one task that owns what is known, and one per endpoint that asks.

use std::{future, sync::Arc, time::Duration};

use engine::{
    cache::draw::Draw,
    health::check::{first_pause, next_pause},
};
use policy::{HealthCheck, Mode, Upstream};
use tokio::{
    sync::mpsc,
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use super::{
    CheckReport,
    probe::probe,
    ward::{Asking, Checked, Ward},
};
use crate::{
    clock,
    sidecar::Sidecar,
    upstream::{EndpointState, UpstreamState, roster::Roster, watch::kept_up},
};

/// Answers that wait for the watcher; beyond these an asker waits, which does no harm.
const ANSWERS: usize = 64;

/// Whether anybody has to watch over the health of an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Watched {
    No,
    Yes,
}

// === impl Watched ===

impl Watched {
    /// What the file asks for.
    pub(in crate::upstream) fn of(upstream: &Upstream) -> Self {
        let outliers = upstream.outliers.as_ref();
        let outliers = outliers.is_some_and(|outliers| outliers.mode != Mode::Off);
        match outliers || upstream.health_check.is_some() {
            true => Self::Yes,
            false => Self::No,
        }
    }
}

/// Watches over the health of the endpoints of `upstream` until it is dropped.
pub(in crate::upstream) async fn watch(sidecar: Arc<Sidecar>, upstream: Arc<UpstreamState>) {
    let (tell, mut answers) = mpsc::channel(ANSWERS);
    let mut ward = Ward::new(&upstream, sidecar.metrics());
    let mut comparisons = comparisons(&upstream.policy);
    let mut met: Option<Arc<Roster>> = None;
    let ask = |endpoint: &Arc<EndpointState>| {
        let policy = upstream.policy.health_check.clone()?;
        let asker = Asker {
            sidecar: Arc::clone(&sidecar),
            upstream: Arc::clone(&upstream),
            endpoint: Arc::clone(endpoint),
            tell: tell.clone(),
        };
        let asking = kept_up("health check", move || asker.clone().ask(policy.clone()));
        Some(Asking(tokio::spawn(asking)))
    };
    loop {
        let roster = Arc::clone(&upstream.roster());
        if !met.as_ref().is_some_and(|met| Arc::ptr_eq(met, &roster)) {
            ward.meet(&roster.endpoints, ask, clock::monotonic());
            met = Some(roster);
        }
        ward.settle();
        tokio::select! {
            Some(checked) = answers.recv() => ward.checked(&checked, clock::monotonic()),
            () = upstream.nudged() => ward.look(clock::monotonic()),
            () = until(ward.next_release()) => ward.release(clock::monotonic()),
            () = next(&mut comparisons) => ward.compare(clock::monotonic()),
        }
    }
}

/// Asks one endpoint, for as long as it is one.
#[derive(Clone)]
struct Asker {
    sidecar: Arc<Sidecar>,
    upstream: Arc<UpstreamState>,
    endpoint: Arc<EndpointState>,
    tell: mpsc::Sender<Checked>,
}

// === impl Asker ===

impl Asker {
    async fn ask(self, policy: HealthCheck) {
        let mut pause = first_pause(policy.interval, policy.jitter, draw());
        loop {
            sleep(pause).await;
            let (outcome, took) =
                probe(&self.sidecar, &self.upstream, &self.endpoint, &policy).await;
            let checked = Checked {
                endpoint: self.endpoint.id,
                report: CheckReport {
                    outcome,
                    took,
                    at: clock::monotonic(),
                },
            };
            if self.tell.send(checked).await.is_err() {
                return;
            }
            pause = next_pause(policy.interval, policy.jitter, draw());
        }
    }
}

fn draw() -> Draw {
    Draw::of(fastrand::u64(..))
}

/// When endpoints are compared; never where nobody is left out.
fn comparisons(upstream: &Upstream) -> Option<Interval> {
    let outliers = upstream.outliers.as_ref()?;
    let period = match outliers.mode {
        Mode::Off => return None,
        Mode::Enforce | Mode::Shadow => outliers.interval.max(Duration::from_millis(1)),
    };
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, when nothing has been counted.
    ticks.reset();
    Some(ticks)
}

async fn next(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => future::pending().await,
    }
}

/// Waits until a reading of the monotonic clock; for ever without one.
async fn until(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time.saturating_sub(clock::monotonic())).await,
        None => future::pending().await,
    }
}
