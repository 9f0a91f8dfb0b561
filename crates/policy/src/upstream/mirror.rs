//! Who else gets a copy of some requests.

use crate::{ByteSize, Mode, Percent};

/// Copies of requests, whose answers nobody gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// How far it may go.
    pub mode: Mode,
    /// Who gets them, as an index into [`crate::Policies::upstreams`].
    pub upstream: usize,
    /// The share of requests that is copied.
    pub share: Percent,
    /// A request with a larger body is not copied.
    pub max_body: ByteSize,
    /// Copies on their way at a time; more are not made.
    pub max_in_flight: u32,
}
