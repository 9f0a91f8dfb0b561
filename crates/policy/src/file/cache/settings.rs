//! What concerns the cache as a whole, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::file::{At, Count, Named, Pace, Time};

use super::{PersonaFile, StrategyFile};

/// What concerns the cache as a whole, whatever the route.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CacheSettings")]
pub(crate) struct CacheSettingsFile {
    /// Choices of lifetimes, by name, for the `strategy` of a `cache` block. `static`, `api`,
    /// `analytics` and `user` are built in.
    pub(crate) strategies: Option<At<Named<StrategyFile>>>,
    /// Sets of what responses differ by, by name, for the `persona` of a cache key.
    pub(crate) personas: Option<At<Named<PersonaFile>>>,
    /// Who may purge with the method `PURGE` where clients connect. Default nobody.
    pub(crate) purge: Option<At<PurgeFile>>,
    /// Addresses or networks of clients that are told the cache key when they ask for it with
    /// `Forebay-Debug: key`. Default none.
    pub(crate) debug_from: Option<At<Vec<At<String>>>>,
    /// What is fetched before anybody asks for it; at least one source. Default nothing.
    pub(crate) warm: Option<At<WarmFile>>,
}

/// Who may purge; both conditions must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Purge")]
pub(crate) struct PurgeFile {
    /// A file with the bearer token they present.
    #[schemars(required)]
    pub(crate) token_file: Option<At<String>>,
    /// Addresses or networks they come from. Default anywhere.
    pub(crate) from: Option<At<Vec<At<String>>>>,
}

/// What is fetched before anybody asks for it, and how gently.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Warm", extend("minProperties" = 1))]
pub(crate) struct WarmFile {
    /// URLs as clients would ask for them, such as `https://shop.example/`. Default none.
    pub(crate) urls: Option<At<Vec<At<String>>>>,
    /// A file with one URL per line. Default none.
    pub(crate) url_file: Option<At<String>>,
    /// A file in the sitemap format. Default none.
    pub(crate) sitemap_file: Option<At<String>>,
    /// An access log of Forebay's own, or in the common or combined format; what was asked for most is
    /// fetched. Default none.
    pub(crate) access_log: Option<At<String>>,
    /// What was popular before the last restart. Default not remembered.
    pub(crate) popularity: Option<At<PopularityFile>>,
    /// The most URLs taken from a log or from what was popular, 1 to 1000000. Default `1000`.
    pub(crate) top: Option<At<Count>>,
    /// Fetches begun at most. Default `50/s`.
    pub(crate) rate: Option<At<Pace>>,
    /// Fetches under way at most, 1 to 1000. Default `4`.
    pub(crate) concurrency: Option<At<Count>>,
}

/// Where popularity is remembered across restarts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Popularity")]
pub(crate) struct PopularityFile {
    /// The snapshot: keys and how often they were asked for, never bodies.
    #[schemars(required)]
    pub(crate) file: Option<At<String>>,
    /// How often it is written, 1s to 1d. Default `60s`.
    pub(crate) every: Option<At<Time>>,
}
