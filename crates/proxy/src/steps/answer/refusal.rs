//! A request that does not get what it asked for.

use engine::{
    cache::status::{CacheStatus, NOT_CACHED},
    failure::Failure,
};
use http::{HeaderName, HeaderValue, Response, header::CACHE_STATUS};

use crate::{answer, exchange::Exchange, recording::RecordedBody};

/// A request that does not get what it asked for.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) failure: Failure,
    /// Fields that go with this failure.
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
}

/// Answers with a problem document.
pub(crate) fn refuse(mut exchange: Exchange, refusal: Refusal) -> Response<RecordedBody> {
    let failure = refusal.failure;
    exchange.event().failure = Some(failure);
    let mut response = answer::problem(failure, exchange.request_id.as_str());
    for (name, value) in refusal.fields {
        response.headers_mut().insert(name, value);
    }
    let told = match failure {
        Failure::NotCached => NOT_CACHED,
        _ => CacheStatus {
            outcome: exchange.event().cache,
            ..CacheStatus::default()
        }
        .header_value(),
    };
    response.headers_mut().insert(CACHE_STATUS, told);
    let connection = &exchange.recording.connection;
    if answer::ends_connection(failure) && !connection.is_multiplexed() {
        answer::close_after(&mut response);
    }
    exchange.finish(response)
}

// === impl Refusal ===

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            fields: Vec::new(),
        }
    }
}
