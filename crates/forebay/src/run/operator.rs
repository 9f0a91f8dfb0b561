//! The operator's side of a running process: the two doors, the ticker, readiness and the end.
//!
//! All of it runs on a small runtime of its own. Probes must be answered while every worker is busy,
//! and while the process drains.

use std::{fs, net::TcpListener, sync::Arc, time::Duration};

use admin::{AdminState, CacheStats, TelemetryState, Token};
use anyhow::Context as _;
use policy::{Admin, ListenAddress, Policies};
use proxy::Sidecar;
use telemetry::Health;
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{
    bans_door, breakers_door, cache_door, capacity_door, health_door,
    preflight::{Accepting, Preflight, accepting},
    shutdown::{Announce, End, Life, Signals, shutdown},
};
use crate::print::VERSION;

/// How often the stores are tidied and the heart beats.
const TICK: Duration = Duration::from_millis(200);

/// How long the heart may be silent before the process counts as stuck.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long pingora may take until its listeners accept.
const STARTUP: Duration = Duration::from_secs(10);

/// How long readiness waits for the first answer about endpoints that nobody listed. Without it the
/// first requests would be refused; waiting for good would make an outage of DNS one of ours.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// Between two looks at a listener that is not there yet.
const LOOK: Duration = Duration::from_millis(5);

/// How long answers in progress at the doors may take at the very end.
const FAREWELL: Duration = Duration::from_millis(200);

/// The running operator's side.
#[derive(Debug)]
pub(super) struct Operator {
    runtime: Runtime,
    life: watch::Receiver<Life>,
    closing: watch::Receiver<bool>,
}

// === impl Operator ===

impl Operator {
    /// Opens the doors, starts the ticker, and from here on listens to signals.
    pub(super) fn start(
        policies: &Policies,
        sidecar: &Arc<Sidecar>,
        health: &Arc<Health>,
        bound: Preflight,
        token: Option<Token>,
    ) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("operator")
            .enable_all()
            .build()
            .context("the operator's threads")?;
        // Sockets and signals belong to the runtime that they are made in.
        let inside = runtime.enter();
        let signals = Signals::new().context("signals")?;
        let (announce_closing, closing) = watch::channel(false);
        let (announce_life, life) = watch::channel(Life::Serving);
        if let Some(door) = bound.telemetry {
            let router = admin::telemetry_router(telemetry_state(sidecar, health));
            runtime.spawn(admin::serve(listener(door)?, router, over(life.clone())));
        }
        if let Some(door) = bound.admin {
            let router = admin::admin_router(admin_state(sidecar, token));
            runtime.spawn(admin::serve(listener(door)?, router, over(life.clone())));
        }
        runtime.spawn(tick(Arc::clone(sidecar), Arc::clone(health)));
        runtime.spawn(proxy::watch(Arc::clone(sidecar)));
        let looking = proxy::first_look(Arc::clone(sidecar), FIRST_LOOK);
        runtime.spawn(become_ready(policies.clone(), Arc::clone(health), looking));
        let announce = Announce {
            closing: announce_closing,
            life: announce_life,
        };
        let ending = shutdown(signals, Arc::clone(health), policies.shutdown, announce);
        runtime.spawn(ending);
        drop(inside);
        Ok(Self {
            runtime,
            life,
            closing,
        })
    }

    /// Becomes true when no more connections are to be accepted.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.clone()
    }

    /// What pingora is to wait for.
    pub(super) fn end(&self) -> End {
        End(self.life.clone())
    }

    /// Closes the doors.
    pub(super) fn stop(self) {
        self.runtime.shutdown_timeout(FAREWELL);
    }
}

/// Reads the admin listener's token, which the configuration asks for.
pub(super) fn token(admin: &Admin) -> anyhow::Result<Option<Token>> {
    let (Some(_), Some(path)) = (admin.address, &admin.token_file) else {
        return Ok(None);
    };
    let what = || format!("admin.token_file {}", path.display());
    let text = fs::read_to_string(path).with_context(what)?;
    Token::new(&text).map(Some).with_context(what)
}

fn telemetry_state(sidecar: &Arc<Sidecar>, health: &Arc<Health>) -> TelemetryState {
    let metrics = Arc::clone(sidecar);
    TelemetryState {
        health: Arc::clone(health),
        metrics: Arc::new(move || metrics.metrics()),
        clock: Arc::new(proxy::now),
        patience: PATIENCE,
    }
}

fn admin_state(sidecar: &Arc<Sidecar>, token: Option<Token>) -> AdminState {
    let (policies, cache, busy, purged) = (
        Arc::clone(sidecar),
        Arc::clone(sidecar),
        Arc::clone(sidecar),
        Arc::clone(sidecar),
    );
    AdminState {
        bans: bans_door::bans(sidecar),
        breakers: breakers_door::breakers(sidecar),
        policies: Arc::new(move || policies.policies()),
        cache: Arc::new(move || {
            CacheStats::new(cache.cache_figures(), cache.metrics().cache_answers())
        }),
        lookup: cache_door::lookup(Arc::clone(sidecar)),
        purge: Arc::new(move |purge| purged.purge(&purge)),
        endpoints: Arc::new(move |upstream| busy.endpoints(upstream)),
        health: health_door::health(Arc::clone(sidecar)),
        capacity: capacity_door::capacity(Arc::clone(sidecar)),
        token,
        names: Vec::new(),
        version: VERSION,
    }
}

/// Keeps the memory promise, and shows that tasks still run.
async fn tick(sidecar: Arc<Sidecar>, health: Arc<Health>) {
    let heart = health.heartbeat(proxy::now());
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        sidecar.tidy();
        heart.beat(proxy::now());
    }
}

/// Waits for the listeners, says where they are, and gives discovery the time for its first look.
async fn become_ready(policies: Policies, health: Arc<Health>, looking: impl Future<Output = ()>) {
    let all = async {
        for listener in &policies.listeners {
            while accepting(&listener.address) == Accepting::No {
                sleep(LOOK).await;
            }
        }
    };
    if tokio::time::timeout(STARTUP, all).await.is_err() {
        tracing::error!("the listeners do not accept; another process may have taken an address");
        std::process::exit(1);
    }
    for listener in &policies.listeners {
        let tls = listener.tls.is_some();
        tracing::info!(
            address = shown(&listener.address),
            serves = "clients",
            tls,
            "listening"
        );
    }
    let Admin {
        address: admin,
        telemetry_address: telemetry,
        ..
    } = policies.admin;
    for (address, serves) in [(admin, "admin"), (telemetry, "telemetry")] {
        if let Some(address) = address {
            tracing::info!(address = address.to_string(), serves, "listening");
        }
    }
    looking.await;
    health.ready();
    tracing::info!(routes = policies.routes.len(), "ready");
}

fn shown(address: &ListenAddress) -> String {
    match address {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix:{}", path.display()),
    }
}

async fn over(mut life: watch::Receiver<Life>) {
    let _over = life.wait_for(|life| *life == Life::Over).await;
}

fn listener(door: TcpListener) -> anyhow::Result<tokio::net::TcpListener> {
    door.set_nonblocking(true)?;
    Ok(tokio::net::TcpListener::from_std(door)?)
}
