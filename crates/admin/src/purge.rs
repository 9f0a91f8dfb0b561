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
use http::{HeaderMap, StatusCode, header};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};

use crate::{operator::AdminState, problem::Problem};

/// The longest URL, prefix, pattern or tag, in bytes.
const LONGEST: usize = 8 * 1024;

/// What to purge, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeOrder {
    /// What.
    pub target: PurgeTarget,
    /// How.
    pub manner: PurgeManner,
}

/// What to purge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PurgeTarget {
    /// Everything.
    All,
    /// URLs that match a pattern, in which `*` stands for anything.
    Pattern(String),
    /// URLs that begin like this.
    Prefix(String),
    /// What carries this tag.
    Tag(String),
    /// One URL, with every variant.
    Url(String),
}

/// What becomes of what is purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PurgeManner {
    /// It is gone.
    Hard,
    /// It is stale.
    Soft,
}

/// Carries out a purge, or says why it makes no sense.
pub type Purger = Arc<dyn Fn(&PurgeOrder) -> Result<(), String> + Send + Sync>;

/// The body of the request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    all: bool,
    hard: bool,
    pattern: Option<String>,
    prefix: Option<String>,
    tag: Option<String>,
    url: Option<String>,
}

/// What was recorded.
#[derive(Debug, Serialize)]
struct Purged<'a> {
    purged: &'a PurgeTarget,
    manner: PurgeManner,
}

const SHAPE: &str = "Send one of {\"url\": ..}, {\"prefix\": ..}, {\"pattern\": ..}, {\"tag\": ..} and \
                     {\"all\": true}; \"hard\": true may stand beside it.";

pub(crate) async fn purge(
    State(state): State<AdminState>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let order = match order(&headers, &body) {
        Ok(order) => order,
        Err(problem) => return problem.into_response(),
    };
    if let Err(why) = (state.purge)(&order) {
        return Problem::new(StatusCode::BAD_REQUEST, why).into_response();
    }
    tracing::info!(
        target = order.target.as_str(),
        value = order.target.value(),
        manner = order.manner.as_str(),
        "purged"
    );
    Json(Purged {
        purged: &order.target,
        manner: order.manner,
    })
    .into_response()
}

/// A page on another site cannot send this media type without asking first (Fetch, section 2.2.2).
fn order(headers: &HeaderMap, body: &[u8]) -> Result<PurgeOrder, Problem> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind);
    if !kind.trim().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the order as application/json.",
        ));
    }
    let wrong = |why| Problem::new(StatusCode::BAD_REQUEST, why);
    let body: Body = serde_json::from_slice(body).map_err(|_| wrong(SHAPE))?;
    let manner = match body.hard {
        true => PurgeManner::Hard,
        false => PurgeManner::Soft,
    };
    let target = body.target().ok_or_else(|| wrong(SHAPE))?;
    let value = target.value();
    let sized = value.len() <= LONGEST && (!value.is_empty() || target == PurgeTarget::All);
    if !sized || value.chars().any(char::is_control) {
        return Err(wrong(
            "What is to be purged is empty, longer than 8 KiB, or holds control characters.",
        ));
    }
    Ok(PurgeOrder { target, manner })
}

// === impl Body ===

impl Body {
    /// The one target there is.
    fn target(self) -> Option<PurgeTarget> {
        let mut targets = [
            self.all.then_some(PurgeTarget::All),
            self.pattern.map(PurgeTarget::Pattern),
            self.prefix.map(PurgeTarget::Prefix),
            self.tag.map(PurgeTarget::Tag),
            self.url.map(PurgeTarget::Url),
        ]
        .into_iter()
        .flatten();
        match (targets.next(), targets.next()) {
            (Some(target), None) => Some(target),
            _ => None,
        }
    }
}

// === impl PurgeTarget ===

impl PurgeTarget {
    /// The word for its kind in logs and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Pattern(_) => "pattern",
            Self::Prefix(_) => "prefix",
            Self::Tag(_) => "tag",
            Self::Url(_) => "url",
        }
    }

    /// What it names; nothing for everything.
    pub fn value(&self) -> &str {
        match self {
            Self::All => "",
            Self::Pattern(value) | Self::Prefix(value) | Self::Tag(value) | Self::Url(value) => {
                value
            }
        }
    }
}

// === impl PurgeManner ===

impl PurgeManner {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
        }
    }
}
