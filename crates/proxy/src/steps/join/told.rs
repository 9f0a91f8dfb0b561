//! A request that got no answer, told to its event and to its client.

use engine::rate_limit;
use http::header::RETRY_AFTER;

use crate::{
    exchange::Exchange,
    flight::Unanswered,
    steps::{answer::Refusal, fetch::Unfetched},
};

/// Tells the event who failed.
pub(super) fn told<T>(exchange: &mut Exchange, ran: Result<T, Unfetched>) -> Result<T, Refusal> {
    ran.map_err(|error| {
        let upstream = exchange.route().map(|route| route.upstream);
        let event = exchange.event();
        event.upstream = upstream.and_then(|upstream| u16::try_from(upstream).ok());
        event.protect = error.protect;
        event.upstream_tries = error.tries;
        if let Some((upstream, endpoint)) = error.endpoint {
            event.upstream = Some(upstream);
            event.endpoint = Some(endpoint);
        }
        refusal(Unanswered {
            failure: error.failure,
            retry_after: error.retry_after,
        })
    })
}

pub(super) fn refusal(why: Unanswered) -> Refusal {
    let wait = why.retry_after.map(rate_limit::retry_after);
    Refusal {
        failure: why.failure,
        fields: wait.map(|wait| (RETRY_AFTER, wait)).into_iter().collect(),
    }
}
