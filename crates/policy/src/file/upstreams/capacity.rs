//! How much an upstream is given to do at a time, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Priority,
    file::{At, Count, ModeWord, Named, Time},
};

/// A limit on the requests in flight that finds its own height, and a queue before it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Capacity")]
pub(crate) struct CapacityFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// The limit never falls below this, 1 to 100000. Default `4`, or `max` if that is less.
    pub(crate) min: Option<At<Count>>,
    /// The limit never rises above this, at most 100000. Default `1000`, or `min` if that is more.
    pub(crate) max: Option<At<Count>>,
    /// Where the limit begins, between `min` and `max`. Default `20`, or what of the two is nearest.
    pub(crate) initial: Option<At<Count>>,
    /// So many may wait for room, at most 100000; `0` refuses at once. Default `100`.
    pub(crate) queue: Option<At<Count>>,
    /// How long one may wait. Default `1s`.
    pub(crate) queue_timeout: Option<At<Time>>,
    /// How urgent a request is, where its route has no `priority`. Default all are `normal`.
    pub(crate) classes: Option<At<ClassesFile>>,
}

/// How urgent a request is, from what it says of itself; exactly one of `header` and `claim`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Classes")]
pub(crate) struct ClassesFile {
    /// A header that tells it, believed as it comes. Default none.
    pub(crate) header: Option<At<String>>,
    /// A claim of the verified token that tells it; it needs `identity`. Default none.
    pub(crate) claim: Option<At<String>>,
    /// What each value means: `low`, `normal`, `high` or `critical`; any other value is `normal`.
    #[schemars(required)]
    pub(crate) values: Option<At<Named<PriorityWord>>>,
}

/// How urgent a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum PriorityWord {
    Low,
    Normal,
    High,
    Critical,
}

// === impl PriorityWord ===

impl PriorityWord {
    /// What it stands for.
    pub(crate) fn priority(self) -> Priority {
        match self {
            Self::Critical => Priority::Critical,
            Self::High => Priority::High,
            Self::Low => Priority::Low,
            Self::Normal => Priority::Normal,
        }
    }
}
