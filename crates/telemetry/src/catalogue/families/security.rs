//! What is told of attacks.

use super::super::{Family, Kind, Unit, labels::*};

/// Security events, by what happened and what was done about it.
pub const SECURITY_EVENTS: Family = Family {
    name: "forebay_security_events_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Security events, by what happened and what was done about it; also those that have no line in the log.",
    labels: &[SECURITY_KIND, SECURITY_ACTION],
};

/// Lines that are missing in the log of security events.
pub const SECURITY_LOG_DROPPED: Family = Family {
    name: "forebay_security_log_dropped_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Lines that are missing in the log of security events: more than security_log.max_rate (rate), or lost because the reader of the log was too slow or gone (reader).",
    labels: &[SECURITY_LOG_REASON],
};

/// Keys that tokens are verified with.
pub const IDENTITY_KEYS: Family = Family {
    name: "forebay_identity_keys",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Keys that tokens are verified with; 0 until the first have come.",
    labels: &[],
};

/// Looks at where the keys for tokens are, by what came of them.
pub const IDENTITY_REFRESHES: Family = Family {
    name: "forebay_identity_refreshes_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Looks at where the keys for tokens are, by what came of them; but for changed and unchanged the keys stay as they were.",
    labels: &[KEYS_OUTCOME],
};
