//! When identical requests in flight share one fetch.

use crate::Mode;

/// The deduplication policy of one route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeduplicationPolicy {
    /// Whether it acts.
    pub mode: Mode,
}
