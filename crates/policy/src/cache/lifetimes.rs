//! How long responses are fresh, and how long they may be used after that.

use std::time::Duration;

use http::StatusCode;

use crate::{MediaTypePattern, values::Percent};

/// Lifetimes as the operator chose them: a strategy's, refined by the route's own fields.
///
/// An origin that says something itself (`max-age`, `Expires`, `no-store`, ..) is always obeyed:
/// these speak where it is silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// For responses that no case is about.
    pub times: Times,
    /// Particular responses, in order; the first that fits refines `times` field by field.
    pub cases: Vec<LifetimeCase>,
    /// How long errors are remembered, by status.
    pub negative: Vec<NegativeTtl>,
    /// What to make of `Last-Modified` when nobody says anything.
    pub heuristic: Heuristic,
    /// By how much of itself an operator's lifetime may be shortened at random, so that what was
    /// stored together does not expire together.
    pub jitter: Percent,
    /// Whether responses that are much asked for are renewed before they expire.
    pub early_refresh: EarlyRefresh,
}

/// Three times that belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// How long a response is fresh. `None`: only heuristics can make it so.
    pub ttl: Option<Duration>,
    /// For how long after that it is served at once while it is renewed (RFC 5861, section 3).
    pub stale_while_revalidate: Option<Duration>,
    /// For how long after that it stands in for an origin that fails (RFC 5861, section 4).
    pub stale_if_error: Option<Duration>,
}

/// Times for particular responses; every condition that is there must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifetimeCase {
    /// One of these statuses; empty means any.
    pub statuses: Vec<StatusCode>,
    /// One of these media types; empty means any.
    pub content_types: Vec<MediaTypePattern>,
    /// Whether the response is one user's, or one of several that differ by who asks.
    pub personalized: Option<bool>,
    /// What to use instead, where it says something.
    pub times: Times,
}

/// How long responses with one error status are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegativeTtl {
    /// The status, from 400 on.
    pub status: StatusCode,
    /// How long.
    pub ttl: Duration,
}

/// Freshness guessed from `Last-Modified` (RFC 9111, section 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heuristic {
    /// The share of the time since the last modification; 0 switches it off.
    pub share: Percent,
    /// The longest lifetime it gives.
    pub max: Duration,
}

/// Whether responses that are much asked for are renewed before they expire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyRefresh {
    /// They expire first.
    #[default]
    Off,
    /// Each hit near the end may begin a renewal in the background, the likelier the nearer and the
    /// slower the origin.
    On,
}

// === impl Lifetimes ===

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            times: Times::default(),
            cases: Vec::new(),
            negative: Vec::new(),
            heuristic: Heuristic::default(),
            jitter: Percent::of(5),
            early_refresh: EarlyRefresh::default(),
        }
    }
}

// === impl Heuristic ===

impl Default for Heuristic {
    fn default() -> Self {
        Self {
            share: Percent::of(10),
            max: Duration::from_secs(3_600),
        }
    }
}

// === impl Times ===

impl Times {
    /// These times, with those of `case` where it has any.
    #[must_use]
    pub fn refined_by(self, case: Self) -> Self {
        Self {
            ttl: case.ttl.or(self.ttl),
            stale_while_revalidate: case.stale_while_revalidate.or(self.stale_while_revalidate),
            stale_if_error: case.stale_if_error.or(self.stale_if_error),
        }
    }
}
