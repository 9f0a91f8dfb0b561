//! What is told of breakers.

use super::super::{Family, Kind, Unit, labels::*};

/// Breakers by what they are doing.
pub const BREAKERS: Family = Family {
    name: "forebay_breakers",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Breakers by what they are doing; an upstream has one per endpoint if the policy says so.",
    labels: &[BREAKER_SCOPE, BREAKER, BREAKER_POSITION],
};

/// How often a breaker opened.
pub const BREAKER_OPENINGS: Family = Family {
    name: "forebay_breaker_openings_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "How often a breaker opened.",
    labels: &[BREAKER_SCOPE, BREAKER, MODE],
};

/// Requests that found a breaker open.
pub const BREAKER_STOPPED: Family = Family {
    name: "forebay_breaker_stopped_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests that found a breaker open; in shadow mode they went on.",
    labels: &[BREAKER_SCOPE, BREAKER, MODE],
};
