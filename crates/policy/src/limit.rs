//! How often a caller may ask.

use http::HeaderName;

use crate::{Mode, Rate};

/// One named rate limit of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitPolicy {
    /// Its name in metrics, in `RateLimit` headers and in the caller's key.
    pub name: String,
    /// Whether it acts.
    pub mode: Mode,
    /// The sustained rate.
    pub rate: Rate,
    /// How many requests may come at once after a rest; at least 1.
    pub burst: u32,
    /// Who counts as one caller.
    pub key: LimitKey,
}

/// What tells one caller from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitKey {
    /// The client's address: IPv4 by /32, IPv6 by /64.
    ClientIp,
    /// The value of a request header; requests without it share one allowance.
    Header(HeaderName),
}
