//! Families about the trimming of JSON.

use super::super::{
    Family, Kind, Unit,
    labels::{DIRECTION, MODE, ROUTE, TRANSFORM_OUTCOME},
};

/// JSON bodies before and after trimming.
pub const TRANSFORM_BYTES: Family = Family {
    name: "forebay_transform_bytes_total",
    kind: Kind::Counter,
    unit: Unit::Bytes,
    help: "Bytes of JSON bodies from upstreams before (in) and after (out) trimming; in shadow mode what would have come out.",
    labels: &[ROUTE, DIRECTION, MODE],
};

/// Responses of upstreams on routes that trim JSON, by what became of their bodies.
pub const TRANSFORM_RESPONSES: Family = Family {
    name: "forebay_transform_responses_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Responses of upstreams on routes that trim JSON, by whether their bodies were trimmed, why not, or what was wrong with them; in shadow mode what would have been.",
    labels: &[ROUTE, TRANSFORM_OUTCOME, MODE],
};
