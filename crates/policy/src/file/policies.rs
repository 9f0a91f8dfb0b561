//! Policies as the file spells them, in `policies` and in `routes` alike.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Mode;

use super::{At, BatchFile, BreakerFile, CacheFile, Count, Pace, PriorityWord, Size};

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

/// When a response is made smaller on its way to the client.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Compression")]
pub(crate) struct CompressionFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// The codings on offer, most wanted first. Default `[zstd, br, gzip]`.
    pub(crate) encodings: Option<At<Vec<At<EncodingWord>>>>,
    /// Bodies known to be smaller are left as they are. Default `1KiB`.
    pub(crate) min_size: Option<At<Size>>,
    /// Media types worth compressing, such as `text/*` or `application/*+json`. Default text, JSON,
    /// JavaScript, XML, SVG, WebAssembly and uncompressed fonts.
    pub(crate) types: Option<At<Vec<At<String>>>>,
}

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum EncodingWord {
    Zstd,
    Br,
    Gzip,
}

/// When identical requests in flight share one fetch.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Deduplication")]
pub(crate) struct DeduplicationFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
}

/// One named rate limit. A limit of the same name further on refines it field by field.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RateLimit")]
pub(crate) struct LimitFile {
    /// Its name in metrics and response headers.
    #[schemars(required)]
    pub(crate) name: Option<At<String>>,
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// The sustained rate, such as `100/s` or `60/min`. Required, here or in the limit refined.
    pub(crate) rate: Option<At<Pace>>,
    /// How many requests may come at once after a rest, 1 to 1000000. Default the number in `rate`.
    pub(crate) burst: Option<At<Count>>,
    /// Who counts as one caller: `client_ip` or `{header: X-Api-Key}`. Default `client_ip`.
    pub(crate) key: Option<At<LimitKeyFile>>,
}

/// Who counts as one caller.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum LimitKeyFile {
    /// The client's address; IPv6 by its /64.
    ClientIp,
    /// The value of this request header; requests without it share one allowance.
    Header(At<String>),
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
