//! Picks an endpoint whose breaker lets the request through.

use std::{sync::Arc, time::Duration};

use engine::{breaker::Passage, failure::Failure};

use super::{BreakerCell, EndpointState, FetchError, UpstreamState, breaker::Passing};
use crate::errand::Errand;

/// So many endpoints are picked as the balance has it before a breaker lets one through.
const DRAWS: usize = 8;

/// A breaker did not let a request through.
struct Stays;

/// Picks somebody else than those who were `tried`; when there is nobody else, one of them has to do.
pub(super) fn pick_anyone(
    upstream: &UpstreamState,
    errand: &Errand,
    tried: Vec<u64>,
) -> Result<(Arc<EndpointState>, Option<Passage>), FetchError> {
    let is_further = !tried.is_empty();
    match pick(upstream, errand, tried) {
        Err(_) if is_further => pick(upstream, errand, Vec::new()),
        picked => picked,
    }
}

/// Picks an endpoint whose breaker lets the request through.
///
/// After a few that it does not, the others are gone through one by one: drawing again and again from
/// those who are left costs the cube of their number, and would be paid by every request just when all
/// of a large upstream is down.
pub(crate) fn pick(
    upstream: &UpstreamState,
    errand: &Errand,
    mut tried: Vec<u64>,
) -> Result<(Arc<EndpointState>, Option<Passage>), FetchError> {
    let mut error = FetchError::nowhere(Failure::NoEndpoint);
    for _ in 0..DRAWS {
        let Some(endpoint) = upstream.pick(errand, &tried) else {
            return Err(error);
        };
        match pass(&endpoint, &mut error) {
            Ok(passage) => return Ok((endpoint, passage)),
            Err(Stays) => tried.push(endpoint.id),
        }
    }
    for endpoint in upstream.others(&tried) {
        if let Ok(passage) = pass(&endpoint, &mut error) {
            return Ok((endpoint, passage));
        }
    }
    Err(error)
}

/// Asks the breaker of `endpoint`, and writes into `error` what it says.
fn pass(endpoint: &EndpointState, error: &mut FetchError) -> Result<Option<Passage>, Stays> {
    let asked = endpoint.breaker.as_ref().map(BreakerCell::ask).transpose();
    asked
        .map(|passing| passing.and_then(Passing::suspended))
        .map_err(|stop| {
            let soonest = error.retry_after.unwrap_or(Duration::MAX);
            error.retry_after = Some(soonest.min(stop.retry_after));
            error.failure = Failure::BreakerOpen;
            Stays
        })
}
