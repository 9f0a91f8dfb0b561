//! The telemetry listener: probes and metrics, and nothing else.
//!
//! Startup and readiness do not look at any upstream: as a sidecar this process starts before the
//! application, and waiting for it would be a deadlock. Liveness is only about our own threads: a
//! restart does not heal an upstream.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use engine::time::Now;
use http::{StatusCode, header};
use telemetry::{Health, Liveness, Metrics, Stage};
use tower_http::limit::RequestBodyLimitLayer;

use crate::{Source, guard, problem::Problem};

/// The largest body that is taken from anybody, in bytes; nothing here needs one.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// What the telemetry listener tells.
#[derive(Clone)]
pub struct TelemetryState {
    /// The state of the process.
    pub health: Arc<Health>,
    /// The metrics in force.
    pub metrics: Source<Arc<Metrics>>,
    /// The clock that heartbeats are told by.
    pub clock: Source<Now>,
    /// How long a worker may be silent before the process counts as stuck.
    pub patience: Duration,
}

/// `GET /metrics`, `/healthz`, `/livez`, `/readyz` and `/startupz`.
pub fn telemetry_router(state: TelemetryState) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(live))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/startupz", get(started))
        .fallback(Problem::not_found)
        .method_not_allowed_fallback(Problem::method_not_allowed)
        .with_state(state)
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .layer(middleware::from_fn(guard::bound))
        .layer(middleware::map_response(guard::harden))
}

async fn metrics(State(state): State<TelemetryState>) -> Response {
    match (state.metrics)().text() {
        Ok(text) => ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The metrics cannot be written.",
            )
            .into_response()
        }
    }
}

async fn live(State(state): State<TelemetryState>) -> Response {
    match state.health.liveness((state.clock)(), state.patience) {
        Liveness::Alive => told(StatusCode::OK, "alive"),
        Liveness::Stalled(_) => told(StatusCode::SERVICE_UNAVAILABLE, "stalled"),
    }
}

async fn ready(State(state): State<TelemetryState>) -> Response {
    let stage = state.health.stage();
    let status = match stage {
        Stage::Ready => StatusCode::OK,
        Stage::Draining | Stage::Starting => StatusCode::SERVICE_UNAVAILABLE,
    };
    told(status, stage.as_str())
}

/// Once started is started, also while draining.
async fn started(State(state): State<TelemetryState>) -> Response {
    let stage = state.health.stage();
    let status = match stage {
        Stage::Draining | Stage::Ready => StatusCode::OK,
        Stage::Starting => StatusCode::SERVICE_UNAVAILABLE,
    };
    told(status, stage.as_str())
}

fn told(status: StatusCode, word: &'static str) -> Response {
    (status, format!("{word}\n")).into_response()
}

#[cfg(test)]
mod tests;
