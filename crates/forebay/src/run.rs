//! `forebay run`: everything is put together here, in order, and taken apart again.
//!
//! Clients are served by pingora's threads. The operator's side (`run::operator`) has threads of its
//! own, so that probes and metrics answer however busy the others are.

mod bans_door;
mod breakers_door;
mod cache_door;
mod capacity_door;
mod gate;
mod health_door;
mod operator;
mod preflight;
mod shutdown;
mod threads;
mod warming;

use std::{io, sync::Arc};

use anyhow::Context as _;
use pingora_core::server::{RunArgs as ServerRunArgs, Server, configuration::ServerConf};
use policy::{Checked, Diagnostics, Policies, SecurityLog as SecurityLines, Severity};
use proxy::Sidecar;
use telemetry::{AccessLog, Health, Metrics, SecurityLog, logs};

use self::{gate::Gate, operator::Operator, preflight::Preflight};
use crate::{
    args::{LogFormat, RunArgs},
    config,
    exit::Exit,
    output::{Paint, Reader, complain},
};

/// Lines of either log that may wait for a slow reader; a few MiB at most.
const WAITING_LINES: usize = 8192;

/// How long the tasks of pingora's threads may take to be dropped, in seconds.
const LAST_SECONDS: u64 = 1;

/// Serves until a signal ends it.
pub(crate) fn run(args: &RunArgs, paint: Paint) -> Exit {
    let Checked { policies, warnings } = match config::load(&args.config) {
        Ok(checked) => checked,
        Err(error) => return error.report(paint),
    };
    if let Err(error) = logs::init(log_format(args, paint), &args.log_level) {
        complain(
            paint,
            error,
            "levels are error, warn, info, debug, trace and off",
        );
        return Exit::Usage;
    }
    tell_warnings(&warnings);
    let threads = args.threads.map_or_else(threads::workers, usize::from);
    match serve(policies, threads) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            complain(paint, format_args!("{error:#}"), "");
            Exit::Failed
        }
    }
}

fn serve(mut policies: Policies, threads: usize) -> anyhow::Result<()> {
    let doors = Preflight::check(&mut policies)?;
    let token = operator::token(&policies.admin)?;
    let health = Health::new();
    let sidecar = sidecar(&policies, &health)?;
    let services = proxy::listeners(&sidecar, &policies, threads).context("cannot listen")?;
    let operator = Operator::start(&policies, &sidecar, &health, doors, token)?;
    let warming = warming::start(&sidecar, &health)?;
    tracing::info!(version = crate::print::VERSION, threads, "starting");
    let mut server = Server::new_with_opt_and_conf(None, server_conf(threads));
    server.bootstrap();
    for service in services {
        server.add_service(Gate::new(service, operator.closing(), Arc::clone(&sidecar)));
    }
    server.run(ServerRunArgs {
        shutdown_signal: Box::new(operator.end()),
    });
    warming.stop();
    operator.stop();
    preflight::leave(&policies);
    tracing::info!("ended");
    // The last of them writes what is left of the logs.
    drop(sidecar);
    Ok(())
}

fn sidecar(policies: &Policies, health: &Arc<Health>) -> anyhow::Result<Arc<Sidecar>> {
    let metrics = Metrics::new(policies, health)?;
    metrics.config_loaded(proxy::now().wall);
    let (access_log, security_log) = (
        access_log(policies, &metrics)?,
        security_log(policies, &metrics)?,
    );
    let mut sidecar = Sidecar::new(
        policies.clone(),
        &pseudonym(),
        metrics,
        access_log,
        Arc::clone(health),
    )?;
    if let Some(log) = security_log {
        sidecar = sidecar.with_security_log(log);
    }
    let sidecar = Arc::new(sidecar);
    // Weak, because the metrics belong to the sidecar.
    let watched = Arc::downgrade(&sidecar);
    sidecar.metrics().watch_cache(move || {
        let sidecar = watched.upgrade();
        sidecar.map_or_else(Default::default, |sidecar| sidecar.cache_figures())
    });
    let watched = Arc::downgrade(&sidecar);
    sidecar.metrics().watch_bans(move || {
        let sidecar = watched.upgrade();
        sidecar.map_or_else(Vec::new, |sidecar| sidecar.ban_figures())
    });
    let watched = Arc::downgrade(&sidecar);
    sidecar.metrics().watch_breakers(move || {
        let sidecar = watched.upgrade();
        sidecar.map_or_else(Vec::new, |sidecar| sidecar.breaker_figures())
    });
    let watched = Arc::downgrade(&sidecar);
    sidecar.metrics().watch_headroom(move || {
        let sidecar = watched.upgrade();
        sidecar.map_or_else(Default::default, |sidecar| sidecar.headroom())
    });
    let watched = Arc::downgrade(&sidecar);
    sidecar.metrics().watch_capacity(move || {
        let sidecar = watched.upgrade();
        sidecar.map_or_else(Vec::new, |sidecar| sidecar.capacities())
    });
    let watched = Arc::downgrade(&sidecar);
    sidecar.metrics().watch_limits(move || {
        let sidecar = watched.upgrade();
        sidecar.map_or_else(Default::default, |sidecar| sidecar.limit_figures())
    });
    Ok(sidecar)
}

fn access_log(policies: &Policies, metrics: &Metrics) -> anyhow::Result<Option<AccessLog>> {
    if policies.access_log == policy::AccessLog::Off {
        return Ok(None);
    }
    let log = AccessLog::start(io::stdout(), WAITING_LINES)?;
    metrics.watch_access_log(&log);
    Ok(Some(log))
}

/// It has a queue of its own: a busy access log must not crowd out what is told of attacks.
fn security_log(policies: &Policies, metrics: &Metrics) -> anyhow::Result<Option<SecurityLog>> {
    let SecurityLines::Lines(rate) = policies.security_log else {
        return Ok(None);
    };
    let log = SecurityLog::start(io::stdout(), WAITING_LINES, rate)?;
    metrics.watch_security_log(&log);
    Ok(Some(log))
}

/// A name for `Via` that no other instance has, so that a chain of several is no loop.
fn pseudonym() -> String {
    format!("forebay-{:08x}", fastrand::u32(..))
}

/// No file is written and no process forked; how long to wait for requests is `run::shutdown`'s.
fn server_conf(threads: usize) -> ServerConf {
    ServerConf {
        threads,
        work_stealing: false,
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(LAST_SECONDS),
        ..ServerConf::default()
    }
}

fn log_format(args: &RunArgs, paint: Paint) -> logs::Format {
    match (args.log_format, paint.reader) {
        (Some(LogFormat::Json), _) | (None, Reader::Program) => logs::Format::Json,
        (Some(LogFormat::Text), _) | (None, Reader::Person) => logs::Format::Text,
    }
}

/// As log lines, because whoever reads these reads a log.
fn tell_warnings(warnings: &Diagnostics) {
    for warning in warnings.list() {
        if warning.severity == Severity::Warning {
            tracing::warn!(
                file = warnings.name(),
                line = warning.span.line,
                path = warning.path,
                code = warning.code.as_str(),
                help = warning.help,
                "{}",
                warning.message
            );
        }
    }
}
