//! `POST /cache/purge`: what is held and no longer true is to be asked for anew, or forgotten.
//!
//! Soft unless `"hard": true` is said: what is purged softly counts as stale, so that it can still stand
//! in while it is renewed, and an origin whose whole cache was purged by mistake is not run over.
//! Every purge is written to the log, because afterwards somebody will ask who did it and when.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use engine::cache::purge::{Manner, Purge, Target};
use http::{HeaderMap, StatusCode};
use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::{guard, operator::AdminState, problem::Problem};

/// Carries out a purge. The query of a URL comes as it was written.
pub type Purger = Arc<dyn Fn(Purge) + Send + Sync>;

/// The body of the request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    all: bool,
    group: Option<String>,
    hard: bool,
    pattern: Option<String>,
    prefix: Option<String>,
    tag: Option<String>,
    url: Option<String>,
}

const SHAPE: &str = "Send one of {\"url\": ..}, {\"prefix\": ..}, {\"pattern\": ..}, {\"tag\": ..}, \
                     {\"group\": ..} and {\"all\": true}; \"hard\": true may stand beside it.";

/// What was said, and what it means.
struct Order {
    kind: &'static str,
    text: String,
    purge: Purge,
}

pub(crate) async fn purge(
    State(state): State<AdminState>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Order { kind, text, purge } = match order(&headers, &body) {
        Ok(order) => order,
        Err(problem) => return problem.into_response(),
    };
    let manner = purge.manner.as_str();
    (state.purge)(purge);
    tracing::info!(kind, text, manner, "purged");
    let purged = match kind {
        "all" => json!({"all": true, "manner": manner}),
        kind => json!({kind: text, "manner": manner}),
    };
    Json(json!({"purged": purged})).into_response()
}

fn order(headers: &HeaderMap, body: &[u8]) -> Result<Order, Problem> {
    guard::json_only(headers)?;
    let wrong = |why: String| Problem::new(StatusCode::BAD_REQUEST, why);
    let body: Body = serde_json::from_slice(body).map_err(|_| wrong(SHAPE.to_owned()))?;
    let manner = match body.hard {
        true => Manner::Hard,
        false => Manner::Soft,
    };
    let (kind, text) = body.target().ok_or_else(|| wrong(SHAPE.to_owned()))?;
    let what = Target::parse(kind, &text)
        .map_err(|why| wrong(format!("What is to be purged makes no sense: {why}.")))?;
    Ok(Order {
        kind,
        text,
        purge: Purge { what, manner },
    })
}

// === impl Body ===

impl Body {
    /// The one target there is: its kind, and the text for it.
    fn target(self) -> Option<(&'static str, String)> {
        let mut targets = [
            ("all", self.all.then(String::new)),
            ("group", self.group),
            ("pattern", self.pattern),
            ("prefix", self.prefix),
            ("tag", self.tag),
            ("url", self.url),
        ]
        .into_iter()
        .filter_map(|(kind, text)| Some((kind, text?)));
        match (targets.next(), targets.next()) {
            (Some(target), None) => Some(target),
            _ => None,
        }
    }
}
