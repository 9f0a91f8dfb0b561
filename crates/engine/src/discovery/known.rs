//! The endpoints that are known: those of the configuration, and those of the last good answer.

use std::collections::HashSet;

use policy::Endpoint;

/// What one look at the source came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is there, and names nobody.
    Empty,
    /// It cannot be asked, or says that it cannot answer.
    Failed,
    /// These.
    Found(Vec<Endpoint>),
    /// It says something that cannot be understood.
    Invalid,
    /// It is not there: no such name, no such file.
    Missing,
}

/// What became of the endpoints after a look at the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// They are others now, or stand differently.
    Changed,
    /// They stay: nobody was named.
    Empty,
    /// They stay: the source could not be asked.
    Failed,
    /// They stay: what was said cannot be understood.
    Invalid,
    /// They stay: the source is not there.
    Missing,
    /// They stay: the answer is the same.
    Unchanged,
}

/// The endpoints of one upstream.
#[derive(Clone, Debug)]
pub struct Known {
    listed: Vec<Endpoint>,
    /// Of the last good answer, in the order of their addresses.
    found: Option<Vec<Endpoint>>,
}

// === impl Known ===

impl Known {
    /// Those of the configuration, and nobody found yet.
    pub fn new(listed: Vec<Endpoint>) -> Self {
        Self {
            listed,
            found: None,
        }
    }

    /// Takes note of what a look at the source came to; bad news change nothing.
    pub fn learn(&mut self, finding: Finding) -> Refreshed {
        let found = match finding {
            Finding::Found(found) if !found.is_empty() => in_order(found),
            Finding::Found(_) | Finding::Empty => return Refreshed::Empty,
            Finding::Failed => return Refreshed::Failed,
            Finding::Invalid => return Refreshed::Invalid,
            Finding::Missing => return Refreshed::Missing,
        };
        if self.found.as_ref() == Some(&found) {
            return Refreshed::Unchanged;
        }
        self.found = Some(found);
        Refreshed::Changed
    }

    /// All of them: first those of the configuration, in its order, then those that are only found.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let listed: HashSet<_> = self.listed.iter().map(identity).collect();
        let found = self.found.iter().flatten();
        let only_found = found.filter(|endpoint| !listed.contains(&identity(endpoint)));
        self.listed.iter().chain(only_found).cloned().collect()
    }
}

// === impl Refreshed ===

impl Refreshed {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Changed,
        Self::Empty,
        Self::Failed,
        Self::Invalid,
        Self::Missing,
        Self::Unchanged,
    ];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Empty => "empty",
            Self::Failed => "failed",
            Self::Invalid => "invalid",
            Self::Missing => "missing",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What makes two endpoints the same one.
pub(super) fn identity(endpoint: &Endpoint) -> (policy::Scheme, &policy::EndpointAddress) {
    (endpoint.scheme, &endpoint.address)
}

/// The same list whatever the order it came in, and nobody in it twice; of two that differ only in
/// their standing, the better one stays.
fn in_order(mut found: Vec<Endpoint>) -> Vec<Endpoint> {
    found.sort_by(|one, other| {
        identity(one)
            .cmp(&identity(other))
            .then(one.priority.cmp(&other.priority))
            .then(other.weight.cmp(&one.weight))
            .then(one.zone.cmp(&other.zone))
            .then(one.name.cmp(&other.name))
    });
    found.dedup_by(|later, kept| identity(later) == identity(kept));
    found
}
