//! Who else gets a copy of some requests, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::file::{At, Count, ModeWord, Share, Size};

/// Copies of requests for another upstream, whose answers nobody gets.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mirror")]
pub(crate) struct MirrorFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// The name of the upstream that gets them; another one.
    #[schemars(required)]
    pub(crate) upstream: Option<At<String>>,
    /// The share of requests that is copied, at least 1%. Default `100%`.
    pub(crate) share: Option<At<Share>>,
    /// A request with a larger body is not copied; at most 16MiB. Default `64KiB`.
    pub(crate) max_body: Option<At<Size>>,
    /// Copies on their way at a time, 1 to 10000; more are not made. Default `64`.
    pub(crate) max_in_flight: Option<At<Count>>,
}
