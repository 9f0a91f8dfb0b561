//! Caching as the file spells it: the block of a policy or route, and below it what that is made of.

mod key;
mod lifetimes;
mod settings;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, ByStatus, Count, ModeWord, Share, Size, Time};

pub(crate) use key::{BodyKeyFile, DimensionFields, KeyFile, PersonaFile, QueryKeyFile};
use lifetimes::HeuristicFile;

pub(crate) use lifetimes::{CaseFile, LifetimeFields, StrategyFile};
pub(crate) use settings::{CacheSettingsFile, PopularityFile, PurgeFile, WarmFile};

/// What may be kept, under which key, and for how long.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cache")]
pub(crate) struct CacheFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// Lifetimes by name: `static`, `api`, `analytics`, `user`, or one of `cache.strategies`. The
    /// fields from `ttl` to `early_refresh` refine it; its cases go before them. Default none.
    pub(crate) strategy: Option<At<String>>,
    /// How long a response is fresh when the origin does not say; an origin that does say is obeyed.
    /// Default the strategy's; without one, only what `heuristic` gives.
    pub(crate) ttl: Option<At<Time>>,
    /// For how long after that it is served at once while it is renewed, at most 365d; `0s` is not at
    /// all. Default the strategy's, or none.
    pub(crate) stale_while_revalidate: Option<At<Time>>,
    /// For how long after that it stands in for an origin that fails, at most 365d; `0s` is not at
    /// all. Default the strategy's, or none.
    pub(crate) stale_if_error: Option<At<Time>>,
    /// How long errors are remembered, by status, such as `{404: 30s}`; up to 30d each. It replaces
    /// the strategy's. Default the strategy's, or none.
    pub(crate) negative_ttl: Option<At<ByStatus>>,
    /// What to make of `Last-Modified` when nobody says how long.
    pub(crate) heuristic: Option<At<HeuristicFile>>,
    /// By how much of itself a lifetime given here may be shortened at random, at most 50%. Default
    /// the strategy's, or `5%`.
    pub(crate) jitter: Option<At<Share>>,
    /// Whether responses that are much asked for are renewed before they expire. Default the
    /// strategy's, or `false`.
    pub(crate) early_refresh: Option<At<bool>>,
    /// What tells two cached responses apart besides method, host and path.
    pub(crate) key: Option<At<KeyFile>>,
    /// What a `Cookie` in the request means: `bypass` only shares what the origin declared cacheable,
    /// `ignore` vouches that responses do not depend on cookies. Default `bypass`.
    pub(crate) request_cookies: Option<At<RequestCookiesWord>>,
    /// What a `Set-Cookie` in the response means: `refuse` does not keep it unless the origin says
    /// `public`, `strip` vouches that the rest is for everybody. The field itself is never kept.
    /// Default `refuse`.
    pub(crate) set_cookie: Option<At<SetCookieWord>>,
    /// Whose `no-cache`, `max-age`, `min-fresh` and `max-stale` are heard: everybody's (`always`), only
    /// those of the listener's trusted proxies (`trusted`), or nobody's (`never`). Default `always`.
    pub(crate) honor_request: Option<At<HonorRequestWord>>,
    /// What becomes of a request for a part of something that is not held: `fill` fetches the whole
    /// up to `max_object`, `parts` keeps parts and puts them together, `pass` keeps nothing. Default
    /// `fill`.
    pub(crate) ranges: Option<At<RangesWord>>,
    /// Larger bodies pass through without being kept; at most `memory.limit`. Default `8MiB`.
    pub(crate) max_object: Option<At<Size>>,
    /// How many responses are kept for one key, 1 to 1024; beyond it the one stored longest ago goes.
    /// Default `32`.
    pub(crate) max_variants: Option<At<Count>>,
    /// Tags that every response gets, for purging: at most 16 of up to 128 printable ASCII characters
    /// without comma; `{name}` stands for what that parameter of the route's path matched. Default
    /// none.
    pub(crate) tags: Option<At<Vec<At<String>>>>,
}

/// What a `Cookie` in the request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum RequestCookiesWord {
    Bypass,
    Ignore,
}

/// What a `Set-Cookie` in the response means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum SetCookieWord {
    Refuse,
    Strip,
}

/// Whose demands about freshness are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum HonorRequestWord {
    Always,
    Trusted,
    Never,
}

/// What becomes of a request for a part of something that is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum RangesWord {
    Fill,
    Parts,
    Pass,
}

// === impl CacheFile ===

impl CacheFile {
    /// What it says about lifetimes by itself, without its strategy.
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
