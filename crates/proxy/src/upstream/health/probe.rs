//! Asking one endpoint once.

mod exchange;
mod grpc;
mod http;

use std::time::Duration;

use engine::{failure::Failure, health::check::CheckOutcome, proxy_protocol::Named};
use policy::{HealthCheck, Probe, UpstreamProtocol};

use crate::{
    clock,
    sidecar::Sidecar,
    upstream::{
        EndpointState, Line, UpstreamState,
        connect::{Dialer, reach},
    },
};

/// Asks `endpoint`, for as long as the policy allows, and says how long that took.
pub(super) async fn probe(
    sidecar: &Sidecar,
    upstream: &UpstreamState,
    endpoint: &EndpointState,
    policy: &HealthCheck,
) -> (CheckOutcome, Duration) {
    let began = clock::monotonic();
    let metrics = sidecar.metrics();
    let line = Line {
        client: Named::Nobody,
        tls: &sidecar.tls,
        metrics: &metrics,
    };
    let answer = Box::pin(ask(upstream.dialer(endpoint, line, None), &policy.probe));
    let outcome = match tokio::time::timeout(policy.timeout, answer).await {
        Ok(Ok(outcome) | Err(outcome)) => outcome,
        Err(_elapsed) => CheckOutcome::TimedOut,
    };
    (outcome, clock::monotonic().saturating_sub(began))
}

async fn ask(dialer: Dialer<'_>, what: &Probe) -> Result<CheckOutcome, CheckOutcome> {
    let endpoint = dialer.endpoint;
    // gRPC is HTTP/2, whatever requests speak.
    let protocol = match what {
        Probe::Grpc { .. } => UpstreamProtocol::Http2,
        Probe::Http { .. } | Probe::Tcp => dialer.protocol,
    };
    let reached = reach(&Dialer { protocol, ..dialer }).await;
    let reached = reached.map_err(|failure| match failure {
        Failure::TlsFailed => CheckOutcome::TlsFailed,
        _ => CheckOutcome::ConnectFailed,
    })?;
    match what {
        Probe::Grpc { service } => grpc::ask(endpoint, reached, service).await,
        Probe::Http {
            method,
            path,
            host,
            statuses,
            body_contains,
        } => {
            let page = http::Page {
                method,
                path,
                host: host.as_deref(),
                statuses,
                body_contains: body_contains.as_deref(),
            };
            http::ask(endpoint, reached, page).await
        }
        Probe::Tcp => Ok(CheckOutcome::Passed),
    }
}
