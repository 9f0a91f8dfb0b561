//! What is told of copies for other upstreams.

use super::super::{Family, Kind, Unit, labels::*};

/// Requests that were drawn to be copied, by what came of the copies.
pub const UPSTREAM_COPIES: Family = Family {
    name: "forebay_upstream_copies_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests of an upstream with a mirror that were drawn to be copied, by what came of the copy; busy means that there were as many under way as there may be, unfinished that the original's body did not end cleanly, shadow that the policy is in shadow mode. Copies are in no other count of requests.",
    labels: &[UPSTREAM, COPY_OUTCOME],
};
