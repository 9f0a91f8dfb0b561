//! What is told of the limits on upstreams.

use super::super::{Family, Kind, Unit, labels::*};

/// How many requests an upstream may have in flight.
pub const CAPACITY_LIMIT: Family = Family {
    name: "forebay_capacity_limit",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Requests that an upstream may have in flight now.",
    labels: &[UPSTREAM],
};

/// How many it has.
pub const CAPACITY_IN_FLIGHT: Family = Family {
    name: "forebay_capacity_in_flight",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Requests that take a place under the limit of an upstream, until their body has ended.",
    labels: &[UPSTREAM],
};

/// How many wait.
pub const CAPACITY_QUEUED: Family = Family {
    name: "forebay_capacity_queued",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Requests that wait for room at an upstream.",
    labels: &[UPSTREAM],
};

/// What is left for work that could be left out.
pub const CAPACITY_SHARE: Family = Family {
    name: "forebay_capacity_share",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "The share of their budgets that retries, hedges and warming have left, 0 to 1.",
    labels: &[UPSTREAM],
};

/// The latency without load.
pub const CAPACITY_IDLE_LATENCY: Family = Family {
    name: "forebay_capacity_idle_latency_seconds",
    kind: Kind::Gauge,
    unit: Unit::Seconds,
    help: "The typical time until the head of a response when the upstream is not busy.",
    labels: &[UPSTREAM],
};

/// How long requests waited that were let in.
pub const CAPACITY_WAIT_DURATION: Family = Family {
    name: "forebay_capacity_wait_duration_seconds",
    kind: Kind::Histogram,
    unit: Unit::Seconds,
    help: "Time for which requests waited for room at an upstream that got it.",
    labels: &[UPSTREAM],
};

/// Refused requests.
pub const CAPACITY_SHED: Family = Family {
    name: "forebay_capacity_shed_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests that an upstream had no room for; in shadow mode they went on.",
    labels: &[UPSTREAM, PRIORITY, SHED_REASON, MODE],
};
