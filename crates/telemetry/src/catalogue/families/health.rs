//! The families about the health of endpoints.

use super::super::{Family, Kind, Unit, labels::*};

/// Whether an endpoint passes its checks and is not left out.
pub const UPSTREAM_ENDPOINT_HEALTHY: Family = Family {
    name: "forebay_upstream_endpoint_healthy",
    kind: Kind::Gauge,
    unit: Unit::Flag,
    help: "Whether an endpoint passes its checks and is not left out as an outlier; not there without either.",
    labels: &[UPSTREAM, ENDPOINT],
};

/// Health checks, by how they ended.
pub const UPSTREAM_HEALTH_CHECKS: Family = Family {
    name: "forebay_upstream_health_checks_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Health checks, by how they ended.",
    labels: &[UPSTREAM, ENDPOINT, CHECK_OUTCOME],
};

/// How often an endpoint was left out as an outlier, or would have been in shadow mode.
pub const UPSTREAM_EJECTIONS: Family = Family {
    name: "forebay_upstream_ejections_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "How often an endpoint was left out as an outlier, or would have been in shadow mode.",
    labels: &[UPSTREAM, ENDPOINT, EJECTION_REASON, MODE],
};
