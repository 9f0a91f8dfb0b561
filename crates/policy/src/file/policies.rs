//! Policies as the file spells them, in `policies` and in `routes` alike.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Mode;

use super::{
    At, BanFile, BatchFile, BreakerFile, CacheFile, CompressionFile, ConcurrencyFile, LimitFile,
    PriorityWord, ShieldFile, TransformFile,
};

/// A reusable group of policies.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(crate) struct PolicyFile {
    /// Caching. An empty mapping switches it on with its defaults.
    pub(crate) cache: Option<At<CacheFile>>,
    /// Compression. An empty mapping switches it on with its defaults.
    pub(crate) compression: Option<At<CompressionFile>>,
    /// Deduplication. An empty mapping switches it on.
    pub(crate) deduplication: Option<At<DeduplicationFile>>,
    /// Rate limits, all of which must allow a request.
    pub(crate) rate_limit: Option<At<Vec<At<LimitFile>>>>,
    /// Limits on what a caller has in flight, all of which must allow a request.
    pub(crate) concurrency: Option<At<Vec<At<ConcurrencyFile>>>>,
    /// Penalty boxes.
    pub(crate) bans: Option<At<Vec<At<BanFile>>>>,
    /// What requests may look like. An empty mapping switches it on with its defaults.
    pub(crate) shield: Option<At<ShieldFile>>,
    /// How responses are trimmed.
    pub(crate) transform: Option<At<TransformFile>>,
    /// Small reads that are asked as one.
    pub(crate) batch: Option<At<BatchFile>>,
    /// When the route leaves its upstream alone for a while. An empty mapping switches it on with its
    /// defaults.
    pub(crate) breaker: Option<At<BreakerFile>>,
    /// How urgent requests are: `low`, `normal`, `high` or `critical`. Default what the upstream's
    /// `capacity.classes` say.
    pub(crate) priority: Option<At<PriorityWord>>,
}

/// How far a policy may go: `enforce` decides and acts, `shadow` decides and reports and changes
/// nothing, `off` does not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ModeWord {
    Enforce,
    Shadow,
    Off,
}

/// When identical requests in flight share one fetch.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Deduplication")]
pub(crate) struct DeduplicationFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
}

// === impl ModeWord ===

impl ModeWord {
    /// What it stands for.
    pub(crate) fn mode(self) -> Mode {
        match self {
            Self::Enforce => Mode::Enforce,
            Self::Off => Mode::Off,
            Self::Shadow => Mode::Shadow,
        }
    }
}
