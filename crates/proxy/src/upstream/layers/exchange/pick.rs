//! Who is asked, among those whose breakers let the request through.
//!
//! The balance knows nothing of breakers: it picks, and picks again where one is open. Where many
//! are, as in an outage of everything, each further pick would cost more than the last, because it has
//! all those before it to leave out; so after a few of them the rest is gone through, once.

use std::{sync::Arc, time::Duration};

use engine::{breaker::Passage, failure::Failure, health::Standing};

use crate::upstream::{
    BreakerCell, EndpointState, FetchError, UpstreamState,
    breaker::{Passing, Stopped},
    call::Asked,
};

/// So many are picked by balance, one after the other.
const MOST_PICKED: usize = 8;

/// Who is asked, and how far its breaker let the request through.
type Picked = (Arc<EndpointState>, Option<Passage>);

/// Picks somebody else than those who were `tried`; when there is nobody else, one of them has to do.
pub(super) fn pick_anyone(
    upstream: &UpstreamState,
    asked: Asked<'_>,
    tried: Vec<u64>,
) -> Result<Picked, FetchError> {
    let is_further = !tried.is_empty();
    match pick(upstream, asked, tried) {
        Err(_) if is_further => pick(upstream, asked, Vec::new()),
        picked => picked,
    }
}

/// Picks an endpoint whose breaker lets the request through.
fn pick(
    upstream: &UpstreamState,
    asked: Asked<'_>,
    mut tried: Vec<u64>,
) -> Result<Picked, FetchError> {
    let mut error = FetchError::nowhere(Failure::NoEndpoint);
    for _ in 0..MOST_PICKED {
        let Some(endpoint) = upstream.pick(asked.errand, &tried) else {
            return Err(error);
        };
        match pass(&endpoint) {
            Ok(passage) => return Ok((endpoint, passage)),
            Err(stopped) => note(&mut error, stopped),
        }
        tried.push(endpoint.id);
    }
    anybody(upstream, &tried, error)
}

/// The first of the rest that may be asked, the well ones before the others; else `error`, which
/// learns of them all.
fn anybody(
    upstream: &UpstreamState,
    tried: &[u64],
    mut error: FetchError,
) -> Result<Picked, FetchError> {
    let roster = upstream.roster();
    let (count, begin) = (roster.endpoints.len(), fastrand::usize(..));
    let places = (0..count).map(|place| (place + begin % count) % count);
    let rest = places.filter(|place| !tried.contains(&roster.endpoints[*place].id));
    let standing = |place: &usize| roster.endpoints[*place].standing();
    let well = rest
        .clone()
        .filter(|place| standing(place) == Standing::Well);
    let ill = rest.filter(|place| standing(place) != Standing::Well);
    for place in well.chain(ill) {
        let endpoint = &roster.endpoints[place];
        match pass(endpoint) {
            Ok(passage) => return Ok((Arc::clone(endpoint), passage)),
            Err(stopped) => note(&mut error, stopped),
        }
    }
    Err(error)
}

/// Asks the breaker of an endpoint, if it has one.
fn pass(endpoint: &EndpointState) -> Result<Option<Passage>, Stopped<'_>> {
    let asked = endpoint.breaker.as_ref().map(BreakerCell::ask).transpose();
    asked.map(|passing| passing.and_then(Passing::suspended))
}

fn note(error: &mut FetchError, stopped: Stopped<'_>) {
    let soonest = error.retry_after.unwrap_or(Duration::MAX);
    error.retry_after = Some(soonest.min(stopped.retry_after));
    error.failure = Failure::BreakerOpen;
}
