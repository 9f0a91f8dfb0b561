//! `forebay demo`: a slow API, Forebay in front of it, the same traffic both ways, and a table.
//!
//! Forebay runs as a process of its own, as it would for an operator; the API and the clients run
//! here. Every port is one that the system says is free, and everything that is written to disk is in
//! one temporary directory that goes at the end.

mod child;
mod config;
mod load;
mod origin;
mod progress;
mod table;
mod traffic;

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use tokio::signal::unix::{SignalKind, signal};

use self::{
    child::Child,
    config::Place,
    load::{Load, Outcome},
    origin::Origin,
    progress::Progress,
    table::Table,
    traffic::Planned,
};
use crate::{
    args::DemoArgs,
    exit::Exit,
    output::{Paint, complain, note, say},
};

/// Clients that ask at the same time.
const CONCURRENCY: usize = 32;

/// Replicas of the API.
const REPLICAS: usize = 2;

/// Shows what Forebay is for.
pub(crate) fn demo(args: &DemoArgs, paint: Paint) -> Exit {
    match show(args, paint) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            complain(
                paint,
                format_args!("the demonstration failed: {error:#}"),
                "",
            );
            Exit::Failed
        }
    }
}

fn show(args: &DemoArgs, paint: Paint) -> anyhow::Result<()> {
    let origin = Origin::start(REPLICAS, args.seed).context("the API cannot start")?;
    let place = Place::new()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before the child is there, so that it is never left behind.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut child = tokio::select! {
            child = compare(args, paint, &origin, &place) => child?,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("interrupted"),
        };
        if args.once {
            return Ok(());
        }
        say(&config::hints(&place, child.ports(), paint.out));
        tokio::select! {
            ended = child.ended() => ended,
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    })
}

/// Prints the table, and leaves a Forebay that goes on serving.
async fn compare(
    args: &DemoArgs,
    paint: Paint,
    origin: &Origin,
    place: &Place,
) -> anyhow::Result<Child> {
    let mut child = Child::start(place, origin.addresses()).await?;
    let ports = child.ports();
    note(&format!(
        "A slow API: {} replicas, 30 to 150 ms per request, no caching headers, no compression.\n\
         Forebay in front of it on http://{}, with {}\n",
        origin.addresses().len(),
        ports.clients,
        place.file().display()
    ));
    let planned = traffic::plan(args.seed, args.requests).into();
    let before = pass("directly", origin, origin.addresses(), &planned, paint).await?;
    let after = pass("through Forebay", origin, &[ports.clients], &planned, paint).await?;
    child.still_runs(place)?;
    say(&Table::new(&before, &after).to_text(paint.out));
    sense(&before, &after)?;
    say(&together(origin, ports.clients, paint).await?);
    Ok(child)
}

/// Asks for users one by one at the same moment, and tells how often the API was asked.
async fn together(origin: &Origin, forebay: SocketAddr, paint: Paint) -> anyhow::Result<String> {
    let planned = traffic::users(CONCURRENCY).into();
    let outcome = pass("for users", origin, &[forebay], &planned, paint).await?;
    ensure!(
        outcome.origin_requests < planned.len() as u64,
        "no two requests for users were put together"
    );
    Ok(format!(
        "\nRequests to the API for {} users that are asked for one by one at the same moment: {}\n",
        planned.len(),
        outcome.origin_requests
    ))
}

/// Sends all requests, and adds what the API has seen of them.
async fn pass(
    name: &'static str,
    origin: &Origin,
    targets: &[SocketAddr],
    planned: &Arc<[Planned]>,
    paint: Paint,
) -> anyhow::Result<Outcome> {
    let seen = origin.requests();
    let load = Load {
        targets: targets.to_vec(),
        concurrency: CONCURRENCY,
        progress: Progress::new(name, planned.len(), paint),
    };
    let mut outcome = load.send(planned).await;
    load.progress.finish();
    outcome.origin_requests = origin.requests() - seen;
    ensure!(
        outcome.errors == 0,
        "{} of {} requests {name} went wrong: {}",
        outcome.errors,
        planned.len(),
        outcome.first_error.as_deref().unwrap_or("nobody knows why")
    );
    Ok(outcome)
}

/// A table that shows nothing must not pass for a success.
fn sense(before: &Outcome, after: &Outcome) -> anyhow::Result<()> {
    ensure!(after.hits > 0, "nothing was answered from the cache");
    ensure!(
        after.origin_requests < before.origin_requests,
        "the API was not spared a single request"
    );
    ensure!(after.bytes < before.bytes, "nothing became smaller");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_without_an_effect_is_a_failure() {
        let before = Outcome {
            origin_requests: 10,
            bytes: 100,
            ..Outcome::default()
        };
        let good = Outcome {
            origin_requests: 5,
            bytes: 50,
            hits: 5,
            ..Outcome::default()
        };
        assert!(sense(&before, &good).is_ok());
        assert!(
            sense(
                &before,
                &Outcome {
                    hits: 0,
                    ..good.clone()
                }
            )
            .is_err()
        );
        assert!(
            sense(
                &before,
                &Outcome {
                    bytes: 100,
                    ..good.clone()
                }
            )
            .is_err()
        );
        let spared_nothing = Outcome {
            origin_requests: 10,
            ..good
        };
        assert!(sense(&before, &spared_nothing).is_err());
    }
}
