//! The health that the tests' endpoints have.

use crate::{EndpointHealth, LastCheck};

/// The first of each upstream is not watched, the others are ill.
pub(super) fn of(_upstream: usize, endpoint: usize) -> Option<EndpointHealth> {
    (endpoint > 0).then_some(EndpointHealth {
        standing: "ill",
        because: Some("timed-out"),
        since_seconds_ago: 4,
        last_check: Some(LastCheck {
            outcome: "timed-out",
            took_seconds: 0.5,
            seconds_ago: 1,
        }),
        ejection: None,
        ejections: 0,
    })
}
