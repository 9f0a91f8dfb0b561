//! The endpoints that nobody listed: asked for, again and again, on the operator's threads.
//!
//! What an answer makes of the endpoints, and when to ask again, is decided by `engine::discovery`;
//! here are the asking, the waiting and the telling. A source that cannot be asked is told once, with
//! the reason, and not again until something else is the matter.

mod dns;
mod file;

use std::{sync::Arc, time::Duration};

use engine::discovery::{Finding, Known, Refreshed};
use policy::{Balance, Discovery};
use telemetry::Metrics;
use tokio::time::sleep;

use self::{dns::Dns, file::WatchedFile};
use super::UpstreamState;
use crate::clock;

/// Where the endpoints of one upstream come from.
#[derive(Debug)]
enum Source {
    Dns(Box<Dns>),
    File(WatchedFile),
}

/// One look at a source.
#[derive(Debug)]
struct Look {
    finding: Finding,
    /// What there is to say to somebody who wants to know why.
    reason: Option<String>,
    /// How long it is good for, where the source says so.
    ttl: Duration,
}

/// Keeps the endpoints of `upstream` up to date, for good; ends at once when all of them are listed.
pub(super) async fn watch(upstream: Arc<UpstreamState>, metrics: Arc<Metrics>) {
    let Some(discovery) = &upstream.policy.discovery else {
        return;
    };
    let balance = upstream.policy.balancing.balance;
    let mut source = Source::new(discovery, balance);
    let mut known = Known::new(upstream.policy.endpoints.clone());
    let mut told = None;
    loop {
        let look = source.look().await;
        let ttl = look.ttl;
        let refreshed = take(&upstream, &metrics, &mut known, look, &mut told);
        upstream.looked();
        upstream.forget(&metrics);
        sleep(source.wait(refreshed, ttl)).await;
    }
}

/// Makes what was found the endpoints of the upstream, and tells what came of it; `told` is what was
/// said last.
fn take(
    upstream: &UpstreamState,
    metrics: &Metrics,
    known: &mut Known,
    look: Look,
    told: &mut Option<(Refreshed, Option<String>)>,
) -> Refreshed {
    let mut next = known.clone();
    let mut reason = look.reason;
    let mut refreshed = next.learn(look.finding);
    if refreshed == Refreshed::Changed {
        match upstream.replace(next.endpoints(), metrics) {
            Ok(()) => *known = next,
            Err(error) => {
                refreshed = Refreshed::Invalid;
                reason = Some(error.to_string());
            }
        }
    }
    metrics.discovery_refreshed(upstream.position, refreshed, clock::now().wall);
    let telling = (refreshed, reason);
    if refreshed == Refreshed::Changed || told.as_ref() != Some(&telling) {
        tell(
            upstream,
            &telling,
            told.as_ref().map(|(refreshed, _)| *refreshed),
        );
    }
    *told = Some(telling);
    refreshed
}

fn tell(
    upstream: &UpstreamState,
    (refreshed, reason): &(Refreshed, Option<String>),
    before: Option<Refreshed>,
) {
    let name = upstream.policy.name.as_str();
    let endpoints = upstream.roster().endpoints.len();
    match refreshed {
        Refreshed::Changed => tracing::info!(upstream = name, endpoints, "endpoints changed"),
        Refreshed::Unchanged if before.is_none_or(went_well) => {}
        Refreshed::Unchanged => tracing::info!(upstream = name, endpoints, "endpoints known again"),
        Refreshed::Empty | Refreshed::Failed | Refreshed::Invalid | Refreshed::Missing => {
            tracing::warn!(
                upstream = name,
                endpoints,
                outcome = refreshed.as_str(),
                reason = reason.as_deref(),
                "endpoints stay as they were"
            );
        }
    }
}

fn went_well(refreshed: Refreshed) -> bool {
    matches!(refreshed, Refreshed::Changed | Refreshed::Unchanged)
}

// === impl Source ===

impl Source {
    fn new(discovery: &Discovery, balance: Balance) -> Self {
        match discovery {
            Discovery::Dns(policy) => Self::Dns(Box::new(Dns::new(policy.clone()))),
            Discovery::File(policy) => Self::File(WatchedFile::new(policy.clone(), balance)),
        }
    }

    async fn look(&mut self) -> Look {
        match self {
            Self::Dns(dns) => dns.look().await,
            Self::File(file) => file.look().await,
        }
    }

    fn wait(&mut self, refreshed: Refreshed, ttl: Duration) -> Duration {
        match self {
            Self::Dns(dns) => dns.wait(refreshed, ttl),
            Self::File(file) => file.poll(),
        }
    }
}

// === impl Look ===

impl Look {
    fn bad(finding: Finding, reason: String) -> Self {
        Self {
            finding,
            reason: Some(reason),
            ttl: Duration::ZERO,
        }
    }
}
