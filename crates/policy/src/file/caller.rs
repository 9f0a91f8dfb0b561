//! What tells one caller from another, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Listed};

/// One thing about a request that tells its caller from others.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum CallerPartFile {
    /// The client's address; IPv6 by its /64.
    ClientIp,
    /// Nothing: all of them are one caller.
    Everybody,
    /// The value of this request header.
    Header(At<String>),
    /// The value of this cookie.
    Cookie(At<String>),
    /// What stands in the path for this parameter of the route's pattern.
    Path(At<String>),
    /// This claim of the verified token.
    Claim(At<String>),
}

/// What becomes of requests of which a part of the key is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum UnknownCallerWord {
    Share,
    Allow,
    ClientIp,
    Deny,
}

// === impl CallerPartFile ===

impl Listed for CallerPartFile {
    const EXPECTED: &'static str = "`client_ip`, `everybody`, one of `header`, `cookie`, `path` and `claim`, or a \
         list of these";
}
