//! What is told of the shield and of penalty boxes.

use super::super::{Family, Kind, Unit, labels::*};

/// What the shield said to requests.
pub const SHIELD_DECISIONS: Family = Family {
    name: "forebay_shield_decisions_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests by what the route's shield said to them; in shadow mode they went on.",
    labels: &[ROUTE, SHIELD_DECISION, MODE],
};

/// Requests in which a pattern of an attack was found.
pub const SHIELD_MATCHES: Family = Family {
    name: "forebay_shield_matches_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests in which a rule of this kind matched, whether that was enough to refuse them or not; the body counts for itself.",
    labels: &[ROUTE, ATTACK_CATEGORY, MODE],
};

/// Callers that are shut out.
pub const BANS: Family = Family {
    name: "forebay_bans",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Callers that are shut out; in shadow mode those that would be.",
    labels: &[PENALTY_BOX, MODE],
};

/// Bans that began.
pub const BANS_BEGUN: Family = Family {
    name: "forebay_bans_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Bans that began.",
    labels: &[PENALTY_BOX, MODE],
};
