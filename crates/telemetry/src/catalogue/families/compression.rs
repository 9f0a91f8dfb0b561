//! What is told of compression beyond what it saves.

use super::super::{Family, Kind, Unit, labels::*};

/// Responses from whose length a secret might have been guessed.
pub const COMPRESSION_BREACH: Family = Family {
    name: "forebay_compression_breach_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Responses that may carry a secret beside something the one who asked has chosen, by what the guard did about it: stopped is what was compressed up to the first thing it repeats. In shadow mode what it would have done.",
    labels: &[ROUTE, BREACH_OUTCOME, MODE],
};

/// Whether processor time is left over for compression.
pub const COMPRESSION_HEADROOM: Family = Family {
    name: "forebay_compression_headroom",
    kind: Kind::Gauge,
    unit: Unit::Flag,
    help: "How much processor time is left over, as the level of compression sees it: 1 for the state that holds.",
    labels: &[HEADROOM],
};

/// Body bytes of decompressed requests.
pub const COMPRESSION_REQUEST_BYTES: Family = Family {
    name: "forebay_compression_request_bytes_total",
    kind: Kind::Counter,
    unit: Unit::Bytes,
    help: "Body bytes of requests that were decompressed for the origin, before (in) and after (out).",
    labels: &[ROUTE, DIRECTION],
};
