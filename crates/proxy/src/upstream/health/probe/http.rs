//! Asking for a page.

use std::ops::RangeInclusive;

use bytes::Bytes;
use engine::health::check::{BodySearch, CheckOutcome, Found, judge_status};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::exchange::Exchange;
use crate::upstream::{EndpointState, connect::Reached};

/// What is asked for, and what is a good answer.
pub(super) struct Page<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) host: Option<&'a str>,
    pub(super) statuses: &'a [RangeInclusive<u16>],
    pub(super) body_contains: Option<&'a str>,
}

/// Asks for it.
pub(super) async fn ask(
    endpoint: &EndpointState,
    reached: Reached,
    page: Page<'_>,
) -> Result<CheckOutcome, CheckOutcome> {
    let mut exchange = Exchange::begin(reached).await?;
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.method_mut() = page.method.clone();
    let response = exchange
        .ask(request, endpoint, page.path, page.host)
        .await?;
    match judge_status(page.statuses, response.status().as_u16()) {
        CheckOutcome::Passed => {}
        other => return Ok(other),
    }
    match page.body_contains {
        Some(text) => search(response.into_body(), text).await,
        None => Ok(CheckOutcome::Passed),
    }
}

async fn search(mut body: Incoming, text: &str) -> Result<CheckOutcome, CheckOutcome> {
    let mut search = BodySearch::new(text);
    let mut found = search.push(b"");
    while found == Found::NotYet {
        let Some(frame) = body.frame().await else {
            break;
        };
        let frame = frame.map_err(|_| CheckOutcome::Garbage)?;
        if let Some(data) = frame.data_ref() {
            found = search.push(data);
        }
    }
    match found {
        Found::Yes => Ok(CheckOutcome::Passed),
        Found::No | Found::NotYet => Ok(CheckOutcome::BodyMismatch),
    }
}
