//! What is told of the upstreams and the calls to them.

use super::super::{Family, Kind, Unit, labels::*};

/// Requests that asked an upstream, by the class of its status, or by why there was none.
pub const UPSTREAM_REQUESTS: Family = Family {
    name: "forebay_upstream_requests_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests that asked an upstream, by the class of its status, or by why there was none.",
    labels: &[UPSTREAM, ENDPOINT, UPSTREAM_OUTCOME],
};

/// Time from the request being sent to the head of the response of the upstream.
pub const UPSTREAM_REQUEST_DURATION: Family = Family {
    name: "forebay_upstream_request_duration_seconds",
    kind: Kind::Histogram,
    unit: Unit::Seconds,
    help: "Time from the request being sent to the head of the response of the upstream.",
    labels: &[UPSTREAM],
};

/// Connections to the endpoints of an upstream.
pub const UPSTREAM_CONNECTIONS: Family = Family {
    name: "forebay_upstream_connections",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Connections to the endpoints of an upstream.",
    labels: &[UPSTREAM, STATE],
};

/// Connections to the endpoints of an upstream that were closed, by reason.
pub const UPSTREAM_CONNECTION_CLOSES: Family = Family {
    name: "forebay_upstream_connection_closes_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Connections to the endpoints of an upstream that were closed, by reason.",
    labels: &[UPSTREAM, CLOSE_REASON],
};

/// Requests that wait for a connection to an endpoint now.
pub const UPSTREAM_CONNECTION_WAITS: Family = Family {
    name: "forebay_upstream_connection_waits",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Requests that wait for a connection to an endpoint now: it has as many as it may, or one is being opened for several.",
    labels: &[UPSTREAM],
};

/// Attempts to connect to an endpoint.
pub const UPSTREAM_CONNECTS: Family = Family {
    name: "forebay_upstream_connects_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Attempts to connect to an endpoint.",
    labels: &[UPSTREAM, ENDPOINT, CONNECT_OUTCOME],
};

/// What a balancer in shadow mode would have chosen.
pub const UPSTREAM_SHADOW_PICKS: Family = Family {
    name: "forebay_upstream_shadow_picks_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Endpoints that a balance in shadow mode would have chosen.",
    labels: &[UPSTREAM, ENDPOINT],
};

/// Further tries, by what for and by what came of them.
pub const UPSTREAM_RETRIES: Family = Family {
    name: "forebay_upstream_retries_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Further tries after one that failed, by what for and by what came of them; in shadow mode those that would have been sent first.",
    labels: &[UPSTREAM, RETRY_REASON, RETRY_OUTCOME],
};

/// Failed tries that were not repeated, by why not.
pub const UPSTREAM_RETRIES_STOPPED: Family = Family {
    name: "forebay_upstream_retries_stopped_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Failed tries of a kind that is repeated, which were not, by why not; budget means that too many had been.",
    labels: &[UPSTREAM, RETRY_STOP],
};

/// Second tries beside a slow first one, by what came of them.
pub const UPSTREAM_HEDGES: Family = Family {
    name: "forebay_upstream_hedges_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Second tries beside a slow first one, by what came of them; exhausted means that the budget did not allow it, shadow that the policy is in shadow mode.",
    labels: &[UPSTREAM, HEDGE_OUTCOME],
};
