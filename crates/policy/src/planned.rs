//! The one table of what is planned and not built yet.
//!
//! Such fields are refused by name rather than as unknown, so that nobody hunts for a spelling
//! mistake, and nobody believes that a setting works which does nothing.

/// Fields, by the kind of place they would stand in.
const FIELDS: &[(&str, &[&str])] = &[("", &["redis"])];

/// Whether the thing a reader asked for will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Planned,
    Unknown,
}

/// Looks up a field in a mapping of this kind.
pub(crate) fn field(mapping: &str, field: &str) -> Plan {
    let there = FIELDS
        .iter()
        .any(|(kind, names)| *kind == mapping && names.contains(&field));
    if there { Plan::Planned } else { Plan::Unknown }
}
