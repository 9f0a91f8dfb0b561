//! The seam to the rules.

use http::HeaderMap;
use policy::{AttackCategory, ShieldRules};

/// Looks at the requests of one route.
#[derive(Debug)]
pub(crate) struct Inspector {
    threshold: u32,
    body: usize,
}

/// What one request scored.
#[derive(Debug, Default)]
pub(crate) struct Score {
    points: u32,
    matches: Vec<Match>,
}

/// A rule that matched.
#[derive(Debug)]
pub(crate) struct Match {
    pub(crate) rule: u16,
    pub(crate) category: AttackCategory,
    pub(crate) target: String,
    pub(crate) excerpt: String,
}

// === impl Inspector ===

impl Inspector {
    pub(crate) fn new(rules: &ShieldRules) -> Self {
        Self {
            threshold: rules.threshold,
            body: usize::try_from(rules.body.bytes()).unwrap_or(usize::MAX),
        }
    }

    pub(crate) const fn threshold(&self) -> u32 {
        self.threshold
    }

    pub(crate) const fn body_limit(&self) -> usize {
        self.body
    }

    pub(crate) fn head(&self, _path: &str, _query: Option<&str>, _headers: &HeaderMap) -> Score {
        Score::default()
    }

    pub(crate) fn body(&self, _content_type: Option<&str>, _beginning: &[u8], _score: &mut Score) {}
}

// === impl Score ===

impl Score {
    pub(crate) const fn points(&self) -> u32 {
        self.points
    }

    pub(crate) fn matches(&self) -> &[Match] {
        &self.matches
    }
}
