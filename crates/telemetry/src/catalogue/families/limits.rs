//! What is told of the limits on callers.

use super::super::{Family, Kind, Unit, labels::*};

/// Decisions of each rate limit.
pub const RATE_LIMIT_DECISIONS: Family = Family {
    name: "forebay_rate_limit_decisions_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Decisions of each rate limit about the requests that it counts; in shadow mode what it would have decided.",
    labels: &[ROUTE, LIMIT, DECISION, MODE],
};

/// Who is remembered.
pub const RATE_LIMIT_CALLERS: Family = Family {
    name: "forebay_rate_limit_callers",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Callers that rate limits remember one by one; who was last seen long ago is among them until somebody needs the room.",
    labels: &[],
};

/// Decisions without a place.
pub const RATE_LIMIT_SHARED: Family = Family {
    name: "forebay_rate_limit_shared_decisions_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Decisions about callers for whom there was no room, and who were counted together with others; never more lenient for it.",
    labels: &[],
};

/// Who has to give.
pub const RATE_LIMIT_TIGHTENED: Family = Family {
    name: "forebay_rate_limit_tightened_callers",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Callers that have less than the rate of a limit, because they cost the upstream most while it is short of room; in shadow mode those that would have.",
    labels: &[ROUTE, LIMIT],
};

/// Decisions of each limit on what is in flight.
pub const CONCURRENCY_DECISIONS: Family = Family {
    name: "forebay_concurrency_decisions_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Decisions of each limit on what a caller may have in flight; in shadow mode what it would have decided.",
    labels: &[ROUTE, LIMIT, DECISION, MODE],
};

/// What is in flight under a limit.
pub const CONCURRENCY_IN_FLIGHT: Family = Family {
    name: "forebay_concurrency_in_flight",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Requests of all callers that have a place under a limit on what is in flight, until their response has ended.",
    labels: &[ROUTE, LIMIT],
};

/// Who waits.
pub const LIMITS_WAITING: Family = Family {
    name: "forebay_limits_waiting",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Requests that wait for their turn under a limit of their caller.",
    labels: &[],
};
