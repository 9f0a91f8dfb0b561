//! Strategies as the file spells them, and the fields they share with a `cache` block.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::file::{At, ByStatus, Count, Share, Time};

/// A named choice of lifetimes, for responses about which the origin says nothing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CacheStrategy")]
pub(crate) struct StrategyFile {
    /// How long a response is fresh. Default only what `heuristic` gives.
    pub(crate) ttl: Option<At<Time>>,
    /// For how long after that it is served at once while it is renewed. Default none.
    pub(crate) stale_while_revalidate: Option<At<Time>>,
    /// For how long after that it stands in for an origin that fails. Default none.
    pub(crate) stale_if_error: Option<At<Time>>,
    /// How long errors are remembered, by status, such as `{404: 30s}`; up to 30d each. Default none.
    pub(crate) negative_ttl: Option<At<ByStatus>>,
    /// What to make of `Last-Modified` when nobody says how long.
    pub(crate) heuristic: Option<At<HeuristicFile>>,
    /// By how much of itself a lifetime given here may be shortened at random, at most 50%. Default
    /// `5%`.
    pub(crate) jitter: Option<At<Share>>,
    /// Whether responses that are much asked for are renewed before they expire. Default `false`.
    pub(crate) early_refresh: Option<At<bool>>,
    /// Particular responses; the first case that fits refines the three times. Default none.
    pub(crate) cases: Option<At<Vec<At<CaseFile>>>>,
}

/// Times for particular responses; every condition that is given must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CacheCase", extend("minProperties" = 1))]
pub(crate) struct CaseFile {
    /// Any of these statuses. Default any.
    pub(crate) status: Option<At<Vec<At<Count>>>>,
    /// Any of these media types, such as `image/*`. Default any.
    pub(crate) content_type: Option<At<Vec<At<String>>>>,
    /// `true`: only a response that is one user's or differs by who asks. `false`: only others.
    /// Default either.
    pub(crate) personalized: Option<At<bool>>,
    /// How long such a response is fresh; `0s` is not at all. Default the strategy's.
    pub(crate) ttl: Option<At<Time>>,
    /// For how long after that it is served while it is renewed. Default the strategy's.
    pub(crate) stale_while_revalidate: Option<At<Time>>,
    /// For how long after that it stands in for an origin that fails. Default the strategy's.
    pub(crate) stale_if_error: Option<At<Time>>,
}

/// Freshness guessed from `Last-Modified`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CacheHeuristic")]
pub(crate) struct HeuristicFile {
    /// The share of the time since the last modification; `0%` switches it off. Default `10%`.
    pub(crate) share: Option<At<Share>>,
    /// The longest lifetime it gives, at most 365d. Default `1h`.
    pub(crate) max: Option<At<Time>>,
}

/// What a strategy and a `cache` block both may say.
#[derive(Clone, Copy)]
pub(crate) struct LifetimeFields<'f> {
    pub(crate) ttl: Option<&'f At<Time>>,
    pub(crate) stale_while_revalidate: Option<&'f At<Time>>,
    pub(crate) stale_if_error: Option<&'f At<Time>>,
    pub(crate) negative_ttl: Option<&'f At<ByStatus>>,
    pub(crate) heuristic: Option<&'f At<HeuristicFile>>,
    pub(crate) jitter: Option<&'f At<Share>>,
    pub(crate) early_refresh: Option<&'f At<bool>>,
}

// === impl StrategyFile ===

impl StrategyFile {
    /// What it says, its cases aside.
    pub(crate) fn lifetimes(&self) -> LifetimeFields<'_> {
        LifetimeFields {
            ttl: self.ttl.as_ref(),
            stale_while_revalidate: self.stale_while_revalidate.as_ref(),
            stale_if_error: self.stale_if_error.as_ref(),
            negative_ttl: self.negative_ttl.as_ref(),
            heuristic: self.heuristic.as_ref(),
            jitter: self.jitter.as_ref(),
            early_refresh: self.early_refresh.as_ref(),
        }
    }
}

// === impl LifetimeFields ===

impl<'f> LifetimeFields<'f> {
    pub(crate) fn heuristic_share(self) -> Option<&'f At<Share>> {
        self.heuristic.and_then(|at| at.value.share.as_ref())
    }

    pub(crate) fn heuristic_max(self) -> Option<&'f At<Time>> {
        self.heuristic.and_then(|at| at.value.max.as_ref())
    }
}
