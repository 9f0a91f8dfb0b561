//! Who gets the next request, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::file::{At, Listed, Time};

/// Who gets the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum BalanceWord {
    RoundRobin,
    LeastRequests,
    Weighted,
    Random,
    PeakEwma,
    RingHash,
    Maglev,
}

/// What of a request is hashed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum HashOnFile {
    /// The client's address; IPv6 by its /64.
    ClientIp,
    /// The value of this header.
    Header(At<String>),
    /// The value of this cookie.
    Cookie(At<String>),
    /// What the route's path pattern calls by this name.
    PathParameter(At<String>),
}

/// A cookie that binds a client to its server.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Sticky")]
pub(crate) struct StickyFile {
    /// Its name. Default `forebay_endpoint`.
    pub(crate) cookie: Option<At<String>>,
    /// A file with the key that signs it, at least 16 bytes; every instance needs the same. Default a
    /// key that is forgotten with the process.
    pub(crate) key_file: Option<At<String>>,
    /// How long it binds, 1s to 365d. Default as long as the browser is open.
    pub(crate) ttl: Option<At<Time>>,
}

// === impl HashOnFile ===

impl Listed for HashOnFile {
    const EXPECTED: &'static str = "a part of a request, or a list of them";
}
