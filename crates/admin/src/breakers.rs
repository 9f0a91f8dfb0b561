//! `GET /breakers` and `POST /breakers/reset`.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::{HeaderMap, StatusCode};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{guard, operator::AdminState, problem::Problem};

/// One breaker, and what it is doing.
#[derive(Clone, Debug, Serialize)]
pub struct BreakerLine {
    /// Whom it watches: `endpoint`, `route` or `upstream`.
    pub scope: &'static str,
    /// The name of its route, or of its upstream.
    pub name: String,
    /// The endpoint, where it watches one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// `enforce` or `shadow`.
    pub mode: &'static str,
    /// `closed`, `half-open` or `open`.
    pub position: &'static str,
    /// How often it opened.
    pub opened: u64,
    /// How many requests found it open.
    pub stopped: u64,
}

/// Which breakers are to be closed; what is not named means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakersMeant {
    /// Those of this route.
    pub route: Option<String>,
    /// Those of this upstream and of its endpoints.
    pub upstream: Option<String>,
    /// That of this endpoint, as `GET /breakers` names it.
    pub endpoint: Option<String>,
}

/// The breakers, and how to close them.
#[derive(Clone)]
pub struct Breakers {
    /// All of them.
    pub list: Arc<dyn Fn() -> Vec<BreakerLine> + Send + Sync>,
    /// Closes those that are meant, and says how many those are.
    pub reset: Arc<dyn Fn(&BreakersMeant) -> usize + Send + Sync>,
}

const SHAPE: &str = "Send {\"upstream\": NAME}, {\"upstream\": NAME, \"endpoint\": ADDRESS} or \
                     {\"route\": NAME}; {} closes all.";

pub(crate) async fn list(State(state): State<AdminState>) -> Json<Vec<BreakerLine>> {
    Json((state.breakers.list)())
}

pub(crate) async fn reset(
    State(state): State<AdminState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    guard::json_only(&headers)?;
    let meant: BreakersMeant =
        serde_json::from_slice(&body).map_err(|_| Problem::new(StatusCode::BAD_REQUEST, SHAPE))?;
    match (state.breakers.reset)(&meant) {
        0 => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "There is no such breaker; GET /breakers lists them.",
        )),
        closed => {
            tracing::info!(?meant, closed, "breakers closed");
            Ok(Json(json!({"closed": closed})))
        }
    }
}
