//! The one table of what is planned and not built yet.
//!
//! Such fields are refused by name rather than as unknown, so that nobody hunts for a spelling
//! mistake, and nobody believes that a setting works which does nothing.

/// Fields, by the kind of place they would stand in.
const FIELDS: &[(&str, &[&str])] = &[
    ("", &["redis"]),
    (
        "upstreams.*",
        &[
            "breaker",
            "discovery",
            "health_check",
            "hedge",
            "mirror",
            "retry",
            "sticky",
        ],
    ),
    ("policies.*", &["batch", "shield", "transform"]),
    ("routes[]", &["batch", "shield", "transform"]),
];

/// Words, by the kind of place they would stand in.
const WORDS: &[(&str, &[&str])] = &[(
    "upstreams.*.balance",
    &["maglev", "peak_ewma", "random", "ring_hash"],
)];

/// Whether the thing a reader asked for will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Planned,
    Unknown,
}

/// Looks up a field in a mapping of this kind.
pub(crate) fn field(mapping: &str, field: &str) -> Plan {
    find(FIELDS, mapping, field)
}

/// Looks up a word for a value of this kind.
pub(crate) fn word(value: &str, word: &str) -> Plan {
    find(WORDS, value, word)
}

fn find(table: &[(&str, &[&str])], place: &str, name: &str) -> Plan {
    let there = table
        .iter()
        .any(|(kind, names)| *kind == place && names.contains(&name));
    if there { Plan::Planned } else { Plan::Unknown }
}
