//! Where endpoints come from that the file does not list, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::file::{At, Count, Time};

/// Where endpoints come from that are not listed; exactly one of these.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Discovery", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct DiscoveryFile {
    /// The answers of DNS.
    pub(crate) dns: Option<At<DnsFile>>,
    /// A file that somebody else keeps up to date.
    pub(crate) file: Option<At<WatchedFile>>,
}

/// Endpoints by DNS: one for each address or target of the answer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DnsDiscovery")]
pub(crate) struct DnsFile {
    /// The name to ask for, such as a headless service of Kubernetes.
    #[schemars(required)]
    pub(crate) name: Option<At<String>>,
    /// The port of each address; not with `srv`, which tells ports itself. Default the scheme's own.
    pub(crate) port: Option<At<Count>>,
    /// `http` or `https`. Default `http`.
    pub(crate) scheme: Option<At<SchemeWord>>,
    /// What is asked for: `address` (A and AAAA) or `srv`. Default `address`.
    pub(crate) record: Option<At<RecordWord>>,
    /// The least time between two questions, however short the answer's TTL, 10ms to 1d. Default
    /// `1s`.
    pub(crate) min_refresh: Option<At<Time>>,
    /// The most, however long the TTL; not less than `min_refresh`. Default `30s`, or `min_refresh` if
    /// that is longer.
    pub(crate) max_refresh: Option<At<Time>>,
    /// The server to ask, an IP address and a port such as `127.0.0.1:53`. Default the system's own.
    pub(crate) server: Option<At<String>>,
}

/// How to speak to what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum SchemeWord {
    Http,
    Https,
}

/// What DNS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum RecordWord {
    Address,
    Srv,
}

/// Endpoints by a file: a YAML list of what may stand under `endpoints`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FileDiscovery")]
pub(crate) struct WatchedFile {
    /// Its path.
    #[schemars(required)]
    pub(crate) path: Option<At<String>>,
    /// How often it is looked at, 10ms to 1h. Default `1s`.
    pub(crate) poll: Option<At<Time>>,
}
