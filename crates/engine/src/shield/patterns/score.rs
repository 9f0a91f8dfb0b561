//! What a request scored, and why: few matches, each with a short excerpt that is safe to log.

use std::fmt;

use http::HeaderName;
use policy::AttackCategory;

use super::rules::Rule;

/// What one request scored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    points: u32,
    matches: Vec<Match>,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The rule's number.
    pub rule: u16,
    /// The kind of attack.
    pub category: AttackCategory,
    /// What it is worth.
    pub points: u32,
    /// Where it matched.
    pub target: Target,
    /// The beginning of what it matched in: printable ASCII, at most [`LONGEST_EXCERPT`] characters.
    pub excerpt: String,
}

/// A place in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The body as a whole.
    Body,
    /// A field of a form, or the innermost name in JSON.
    BodyField(String),
    /// A header.
    Header(HeaderName),
    /// The path.
    Path,
    /// A query parameter.
    Query(String),
}

/// What a score means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has as many points as refuse it.
    Attack,
    /// Nothing matched.
    Clean,
    /// Something matched, and is not enough.
    Suspect,
}

/// So many matches are told; the points of all count.
pub const MOST_MATCHES: usize = 8;

/// Characters of an excerpt.
pub const LONGEST_EXCERPT: usize = 48;

/// Bytes of a name that are kept.
const LONGEST_NAME: usize = 64;

// === impl Score ===

impl Score {
    /// The points of everything that matched.
    pub fn points(&self) -> u32 {
        self.points
    }

    /// What matched first, at most [`MOST_MATCHES`].
    pub fn matches(&self) -> &[Match] {
        &self.matches
    }

    pub(super) fn add(&mut self, rule: &Rule, target: &Target, text: &[u8]) {
        let points = u32::from(rule.points);
        self.points = self.points.saturating_add(points);
        if self.matches.len() < MOST_MATCHES {
            self.matches.push(Match {
                rule: rule.number,
                category: rule.category(),
                points,
                target: target.clone(),
                excerpt: excerpt(text),
            });
        }
    }
}

// === impl Target ===

impl Target {
    pub(super) fn query(name: &[u8]) -> Self {
        Self::Query(short(name))
    }

    pub(super) fn body_field(name: &[u8]) -> Self {
        if name.is_empty() {
            Self::Body
        } else {
            Self::BodyField(short(name))
        }
    }

    /// The name by which an exclusion means it.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Body | Self::Path => None,
            Self::BodyField(name) | Self::Query(name) => Some(name),
            Self::Header(name) => Some(name.as_str()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => f.write_str("body"),
            Self::BodyField(name) => write!(f, "body {name}"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Path => f.write_str("path"),
            Self::Query(name) => write!(f, "query {name}"),
        }
    }
}

// === impl Verdict ===

impl Verdict {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attack => "attack",
            Self::Clean => "clean",
            Self::Suspect => "suspect",
        }
    }
}

/// A name that is safe to log: printable ASCII, everything else a `?`.
fn short(name: &[u8]) -> String {
    printable(name, LONGEST_NAME)
}

fn excerpt(text: &[u8]) -> String {
    printable(text, LONGEST_EXCERPT)
}

fn printable(text: &[u8], longest: usize) -> String {
    let safe = |byte: &u8| match byte {
        0x20..=0x7e => char::from(*byte),
        _ => '?',
    };
    text.iter().take(longest).map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shield::patterns::rules::RULES;

    #[test]
    fn matches_are_few_and_points_are_all() {
        let mut score = Score::default();
        for _ in 0..20 {
            score.add(&RULES[0], &Target::Path, b"/a\n\xffb");
        }
        assert_eq!(score.points(), 100);
        assert_eq!(score.matches().len(), MOST_MATCHES);
        assert_eq!(score.matches()[0].excerpt, "/a??b");
    }

    #[test]
    fn names_and_excerpts_are_short() {
        let long = vec![b'x'; 1000];
        assert_eq!(excerpt(&long).len(), LONGEST_EXCERPT);
        assert_eq!(Target::query(&long).name().map(str::len), Some(64));
        assert_eq!(Target::body_field(b""), Target::Body);
    }
}
