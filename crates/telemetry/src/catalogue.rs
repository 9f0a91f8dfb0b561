//! The one list of everything that is measured.
//!
//! Registration, exposition and the reference page are all made from it, so that a metric cannot
//! exist without a sentence that explains it, and the page cannot describe one that is gone. Label
//! values come from the configuration or from a fixed list, never from a request: a client must not
//! be able to create time series.

mod families;
mod labels;
mod reference;

pub use families::*;
pub use reference::reference_markdown;

/// One metric family.
#[derive(Debug)]
pub struct Family {
    /// Its full name.
    pub name: &'static str,
    /// How its values behave.
    pub kind: Kind,
    /// What they are measured in.
    pub unit: Unit,
    /// One sentence for `# HELP` and for the reference.
    pub help: &'static str,
    /// Its labels, in the order values are given.
    pub labels: &'static [Label],
}

/// How the values of a family behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations counted in buckets.
    Histogram,
}

/// What the values of a family are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Plain numbers.
    Count,
    /// 0 or 1.
    Flag,
    /// Seconds.
    Seconds,
}

/// One label and the values it can take.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: Values,
}

/// Where the values of a label come from; there is no way to say "from the request".
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// Names in the configuration; the text says which.
    Configured(&'static str),
    /// One of a fixed list.
    Fixed(fn() -> Vec<&'static str>),
}

// === impl Kind ===

impl Kind {
    /// The word for it in the reference.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

// === impl Unit ===

impl Unit {
    /// The word for it in the reference.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Count => "count",
            Self::Flag => "0 or 1",
            Self::Seconds => "seconds",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        let mut seen = HashSet::new();
        for family in CATALOGUE {
            let name = family.name;
            assert!(seen.insert(name), "{name} twice");
            assert!(name.starts_with("forebay_"), "{name}");
            assert!(
                name.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{name}"
            );
            assert_eq!(
                family.kind == Kind::Counter,
                name.ends_with("_total"),
                "{name}"
            );
            let stem = name.trim_end_matches("_total");
            assert_eq!(
                family.unit == Unit::Bytes,
                stem.ends_with("_bytes"),
                "{name}"
            );
            assert_eq!(
                family.unit == Unit::Seconds,
                stem.ends_with("_seconds"),
                "{name}"
            );
            assert!(family.help.ends_with('.'), "{name}");
            assert!(!family.help.contains('\n'), "{name}");
        }
    }

    #[test]
    fn fixed_label_values_are_distinct() {
        for label in CATALOGUE.iter().flat_map(|family| family.labels) {
            if let Values::Fixed(values) = label.values {
                let values = values();
                let distinct: HashSet<_> = values.iter().collect();
                assert_eq!(distinct.len(), values.len(), "{}", label.name);
            }
        }
    }
}
