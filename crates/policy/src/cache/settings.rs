//! What concerns the cache as a whole, whatever the route.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use ipnet::IpNet;

use crate::Rate;

/// The top-level `cache` section. Its strategies and personas are part of the routes that name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheSettings {
    /// Who may purge through the data port with the method `PURGE`; nobody when `None`.
    pub purge: Option<PurgeAccess>,
    /// What is fetched before anybody asks for it.
    pub warm: Option<Warm>,
    /// Clients that get the cache key in `Cache-Status` when they ask for it with `Forebay-Debug: key`.
    pub debug_from: Vec<IpNet>,
}

/// Who may purge through the data port; both conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeAccess {
    /// A file with the bearer token they present.
    pub token_file: PathBuf,
    /// Where they come from; empty means anywhere.
    pub from: Vec<IpNet>,
}

/// What is fetched before anybody asks for it, and how gently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warm {
    /// URLs, absolute as clients would ask for them.
    pub urls: Vec<String>,
    /// A file with one URL per line.
    pub url_file: Option<PathBuf>,
    /// A file in the sitemap format.
    pub sitemap_file: Option<PathBuf>,
    /// An access log of Forebay's or in the common or combined format; the most popular URLs count.
    pub access_log: Option<PathBuf>,
    /// What was popular before the last restart.
    pub popularity: Option<Popularity>,
    /// The most URLs taken from a log or from what was popular.
    pub top: NonZeroU32,
    /// Fetches begun at most.
    pub rate: Rate,
    /// Fetches under way at most.
    pub concurrency: NonZeroU32,
}

/// Where popularity is remembered across restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popularity {
    /// The snapshot: keys and how often they were asked for, never bodies.
    pub file: PathBuf,
    /// How often it is written.
    pub every: Duration,
}
