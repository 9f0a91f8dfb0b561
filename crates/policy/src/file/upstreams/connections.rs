//! How connections to servers are made, kept and shared, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::file::{At, Count, Time};

/// What is spoken to the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ProtocolWord {
    Auto,
    Http1,
    Http2,
}

/// Which `Host` the servers see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum HostHeaderWord {
    Client,
    Endpoint,
}

/// How long each stage of an exchange with a server may take.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Timeouts")]
pub(crate) struct TimeoutsFile {
    /// Until the connection stands. Default `1s`.
    pub(crate) connect: Option<At<Time>>,
    /// Until TLS has been agreed on, once the connection stands. Default `3s`.
    pub(crate) tls: Option<At<Time>>,
    /// From the request being sent to the head of the response. Default `30s`.
    pub(crate) first_byte: Option<At<Time>>,
    /// Between two pieces of a body, in either direction. Default `60s`.
    pub(crate) idle: Option<At<Time>>,
    /// One try, connecting included, until the head of its response; not longer than `total`. Default
    /// none.
    pub(crate) per_try: Option<At<Time>>,
    /// The whole exchange, all tries included; longer than `connect`. Default none, which leaves long
    /// streams alone.
    pub(crate) total: Option<At<Time>>,
    /// How long an unused connection is kept. Default `60s`.
    pub(crate) keep_alive: Option<At<Time>>,
}

/// How connections are kept and shared.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Connections")]
pub(crate) struct ConnectionsFile {
    /// Connections open per endpoint, all workers together, 1 to 100000. Default as many as are
    /// needed.
    pub(crate) max_open: Option<At<Count>>,
    /// A connection older than this is not used again, 1s to 30d. Default it is used as long as it
    /// works.
    pub(crate) max_age: Option<At<Time>>,
    /// Connections per endpoint and worker that are opened before anybody asks; not more than
    /// `max_idle_connections`. Default `0`.
    pub(crate) preconnect: Option<At<Count>>,
    /// Requests at a time on one HTTP/2 connection, 1 to 10000. Default `100`.
    pub(crate) max_streams: Option<At<Count>>,
    /// Tells the servers who the client is with a PROXY protocol header, `v1` (readable) or `v2`
    /// (binary). Default none.
    pub(crate) proxy_protocol: Option<At<ProxyProtocolWord>>,
}

/// The version of a PROXY protocol header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ProxyProtocolWord {
    V1,
    V2,
}

/// TLS towards `https` endpoints.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UpstreamTls")]
pub(crate) struct UpstreamTlsFile {
    /// A PEM file with the certificate authorities to believe. Default the system's.
    pub(crate) ca_file: Option<At<String>>,
    /// A PEM file with our certificate chain, for servers that ask for one; with `key_file`. Default
    /// none.
    pub(crate) certificate_file: Option<At<String>>,
    /// A PEM file with the key of that certificate. Default none.
    pub(crate) key_file: Option<At<String>>,
    /// The name to ask for and to verify. Default the endpoint's host.
    pub(crate) server_name: Option<At<String>>,
}
