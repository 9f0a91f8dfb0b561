//! Which endpoints there are, and where they come from.

use crate::catalogue::{Family, Kind, Unit, labels::*};

/// Endpoints of an upstream that are known now.
pub const UPSTREAM_ENDPOINTS: Family = Family {
    name: "forebay_upstream_endpoints",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Endpoints of an upstream that are known now, listed and found.",
    labels: &[UPSTREAM],
};

/// Endpoints that have no series of their own.
pub const UPSTREAM_SERIES_DROPPED: Family = Family {
    name: "forebay_upstream_series_dropped_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Endpoints that are counted as `other` because their upstream has more than 1024.",
    labels: &[UPSTREAM],
};

/// Looks at where the endpoints of an upstream come from.
pub const DISCOVERY_REFRESHES: Family = Family {
    name: "forebay_discovery_refreshes_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Looks at where the endpoints of an upstream come from (DNS or a file); all outcomes but `changed` leave them as they are.",
    labels: &[UPSTREAM, REFRESH_OUTCOME],
};

/// When the endpoints of an upstream were last told without a mistake.
pub const DISCOVERY_LAST_SUCCESS_TIMESTAMP: Family = Family {
    name: "forebay_discovery_last_success_timestamp_seconds",
    kind: Kind::Gauge,
    unit: Unit::Seconds,
    help: "When DNS or the file last named endpoints of the upstream, in seconds since 1970.",
    labels: &[UPSTREAM],
};
