//! `GET /cache/lookup`: is something held for this URL, and if not, why not?

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use engine::cache::advice::{Advice, Remedy};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use serde::{Serialize, Serializer};

use crate::{operator::AdminState, problem::Problem};

/// Fields that a question may have; more than anybody asks with.
const MOST_FIELDS: usize = 32;

/// A URL, and the fields a client would send with it.
#[derive(Clone, Debug)]
pub struct Question {
    /// Absolute, `http` or `https`.
    pub url: Uri,
    /// Without `Host`, which the URL says, unless it is asked for.
    pub headers: HeaderMap,
}

/// What the cache says about it.
#[derive(Clone, Debug, Serialize)]
pub struct Holding {
    /// The route that takes it.
    pub route: String,
    /// What a request would get now: `hit`, `stale`, `miss`, `bypass` or `off`.
    pub cache: &'static str,
    /// Why it is passed by, when it is.
    pub reason: Option<&'static str>,
    /// Everything stored under its key, the latest last.
    pub variants: Vec<Variant>,
    /// The last answer, when it was not kept and that is remembered.
    pub last_answer: Option<LastAnswer>,
    /// What there is to say about it, and what would change it.
    #[serde(serialize_with = "advice")]
    pub advice: Advice,
}

/// One stored response.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Variant {
    /// Whether it is the one for this request.
    pub selected: bool,
    /// Its status.
    pub status: u16,
    /// How old it is.
    pub age_seconds: u64,
    /// How much longer it is fresh.
    pub ttl_seconds: u64,
    /// For how long after that it may be served while it is renewed, or instead of an error.
    pub grace_seconds: u64,
    /// Who gave it its lifetime.
    pub lifetime_source: &'static str,
    /// How many bytes its body has.
    pub size_bytes: u64,
    /// The content codings it is held in.
    pub encodings: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The request fields that select it.
    pub varies_by: Vec<String>,
}

/// An answer of the origin that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastAnswer {
    /// Its status.
    pub status: u16,
    /// Why it was not kept.
    pub reason: &'static str,
    /// How long ago it came.
    pub seconds_ago: u64,
}

/// Why the cache cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoHolding {
    /// The request would be refused as malformed; this is why.
    Malformed(&'static str),
    /// No route takes it.
    Unrouted,
}

/// Answers a question about the cache.
pub type Lookup = Arc<dyn Fn(Question) -> Result<Holding, NoHolding> + Send + Sync>;

pub(crate) async fn lookup(
    State(state): State<AdminState>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let question = match pairs {
        Ok(Query(pairs)) => question(&pairs),
        Err(_) => Err("The query cannot be read."),
    };
    let question = match question {
        Ok(question) => question,
        Err(why) => return Problem::new(StatusCode::BAD_REQUEST, why).into_response(),
    };
    match (state.lookup)(question) {
        Ok(holding) => Json(holding).into_response(),
        Err(NoHolding::Malformed(why)) => Problem::new(
            StatusCode::BAD_REQUEST,
            format!("Such a request would be refused: {why}."),
        )
        .into_response(),
        Err(NoHolding::Unrouted) => {
            Problem::new(StatusCode::NOT_FOUND, "No route takes this URL.").into_response()
        }
    }
}

fn question(pairs: &[(String, String)]) -> Result<Question, &'static str> {
    let mut url = None;
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        match name.as_str() {
            "header" if headers.len() < MOST_FIELDS => {
                let (name, value) = field(value)
                    .ok_or("A header is written as 'Name: value', such as 'Accept: text/html'.")?;
                headers.append(name, value);
            }
            "header" => return Err("There are too many headers."),
            "url" if url.is_none() => url = Some(value),
            "url" => return Err("There is more than one url."),
            _ => return Err("A lookup takes url and header, nothing else."),
        }
    }
    const EXAMPLE: &str =
        "Say which: /cache/lookup?url=http://host/path, the URL as a client would write it.";
    let url: Uri = url.and_then(|url| url.parse().ok()).ok_or(EXAMPLE)?;
    match (url.scheme_str(), url.authority()) {
        (Some("http" | "https"), Some(_)) => Ok(Question { url, headers }),
        _ => Err(EXAMPLE),
    }
}

fn field(text: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(':')?;
    Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
}

fn advice<S: Serializer>(advice: &Advice, serializer: S) -> Result<S::Ok, S::Error> {
    /// As `forebay explain -o json` spells it.
    #[derive(Serialize)]
    struct Spelled<'a> {
        because: &'a str,
        yaml: Option<&'a str>,
        place: Option<&'static str>,
        risk: Option<&'static str>,
        nothing: Option<&'static str>,
    }
    let (line, nothing) = match &advice.remedy {
        Remedy::Fine => (None, None),
        Remedy::Line(line) => (Some(line), None),
        Remedy::Nothing(why) => (None, Some(*why)),
    };
    let spelled = Spelled {
        because: &advice.because,
        yaml: line.map(|line| line.yaml.as_ref()),
        place: line.map(|line| line.place.as_str()),
        risk: line.and_then(|line| line.risk),
        nothing,
    };
    spelled.serialize(serializer)
}
