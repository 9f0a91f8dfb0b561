//! `GET /bans` and `POST /bans/lift`.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::{HeaderMap, StatusCode};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{guard, operator::AdminState, problem::Problem};

/// A caller that is shut out, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct BanLine {
    /// The name of the box.
    #[serde(rename = "box")]
    pub name: String,
    /// `enforce`, or `shadow` when nobody is shut out by it.
    pub mode: &'static str,
    /// The caller: an address; where it is known by something else, by what, and part of a hash.
    pub caller: String,
    /// How long ago it began.
    pub began_seconds_ago: u64,
    /// How much longer it lasts.
    pub ends_in_seconds: u64,
    /// Which one of this caller's it is, from 1.
    pub count: u32,
}

/// Which bans are to be lifted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BansMeant {
    /// Those in this box.
    #[serde(rename = "box")]
    pub name: Option<String>,
    /// That of this caller, as `GET /bans` names it.
    pub caller: Option<String>,
    /// All of them, or all in the box.
    #[serde(default)]
    pub all: bool,
}

/// The bans, and how to lift them.
#[derive(Clone)]
pub struct Bans {
    /// All of them.
    pub list: Arc<dyn Fn() -> Vec<BanLine> + Send + Sync>,
    /// Lifts those that are meant, and says how many those are.
    pub lift: Arc<dyn Fn(&BansMeant) -> usize + Send + Sync>,
}

const SHAPE: &str = "Send {\"box\": NAME, \"caller\": CALLER}, {\"caller\": CALLER}, \
                     {\"box\": NAME, \"all\": true} or {\"all\": true}.";

pub(crate) async fn list(State(state): State<AdminState>) -> Json<Vec<BanLine>> {
    Json((state.bans.list)())
}

pub(crate) async fn lift(
    State(state): State<AdminState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    guard::json_only(&headers)?;
    let meant: BansMeant =
        serde_json::from_slice(&body).map_err(|_| Problem::new(StatusCode::BAD_REQUEST, SHAPE))?;
    // Everybody is let out only by somebody who says so.
    if meant.caller.is_some() == meant.all {
        return Err(Problem::new(StatusCode::BAD_REQUEST, SHAPE));
    }
    match (state.bans.lift)(&meant) {
        0 => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "There is no such ban; GET /bans lists them.",
        )),
        lifted => {
            tracing::info!(?meant, lifted, "bans lifted");
            Ok(Json(json!({"lifted": lifted})))
        }
    }
}
