//! Upstreams as the file spells them.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{At, Count, ModeWord, Time};

/// A group of servers that answer the same requests.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Upstream")]
pub(crate) struct UpstreamFile {
    /// The servers, each a URL such as `http://127.0.0.1:3000` or a URL with a weight; at least one.
    #[schemars(required)]
    pub(crate) endpoints: Option<At<Vec<At<EndpointFile>>>>,
    /// Who gets the next request: `round_robin`, `least_requests` or `weighted`. Default
    /// `round_robin`.
    pub(crate) balance: Option<At<BalanceWord>>,
    /// How far `balance` may go. In `shadow` mode each endpoint has its turn, as with `round_robin`,
    /// and what `balance` would have chosen is counted. Default `enforce`.
    pub(crate) balance_mode: Option<At<ModeWord>>,
    /// What is spoken to the servers: `auto` (HTTP/1.1; over TLS, HTTP/2 when both sides agree),
    /// `http1` or `http2`. Default `auto`.
    pub(crate) protocol: Option<At<ProtocolWord>>,
    /// Which `Host` the servers see: the one the `client` sent, or the `endpoint`'s own. Default
    /// `client`.
    pub(crate) host_header: Option<At<HostHeaderWord>>,
    /// How long each stage may take.
    pub(crate) timeouts: Option<At<TimeoutsFile>>,
    /// Idle connections kept per endpoint and worker, at most 10000. Default `64`.
    pub(crate) max_idle_connections: Option<At<Count>>,
}

/// One server.
#[derive(Clone, Debug)]
pub(crate) enum EndpointFile {
    Full(EndpointKeys),
    Url(String),
}

/// One server with its weight.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Endpoint")]
pub(crate) struct EndpointKeys {
    /// Scheme, host and port: `http://10.0.0.7:3000`. Without a port, the scheme's own.
    #[schemars(required)]
    pub(crate) url: Option<At<String>>,
    /// Its share of the requests under `weighted` and `least_requests`, 1 to 1000. Default `1`.
    pub(crate) weight: Option<At<Count>>,
}

/// Who gets the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum BalanceWord {
    RoundRobin,
    LeastRequests,
    Weighted,
}

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
    /// Until the connection stands, TLS included. Default `1s`.
    pub(crate) connect: Option<At<Time>>,
    /// From the request being sent to the head of the response. Default `30s`.
    pub(crate) first_byte: Option<At<Time>>,
    /// Between two pieces of a body, in either direction. Default `60s`.
    pub(crate) idle: Option<At<Time>>,
    /// The whole exchange; longer than `connect`. Default none, which leaves long streams alone.
    pub(crate) total: Option<At<Time>>,
    /// How long an unused connection is kept. Default `60s`.
    pub(crate) keep_alive: Option<At<Time>>,
}

struct EndpointVisitor;

// === impl EndpointFile ===

impl<'de> Deserialize<'de> for EndpointFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EndpointVisitor)
    }
}

impl<'de> Visitor<'de> for EndpointVisitor {
    type Value = EndpointFile;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a URL, or a mapping with `url` and `weight`")
    }

    fn visit_str<E>(self, url: &str) -> Result<EndpointFile, E> {
        Ok(EndpointFile::Url(url.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EndpointFile, A::Error> {
        EndpointKeys::deserialize(MapAccessDeserializer::new(map)).map(EndpointFile::Full)
    }
}

impl JsonSchema for EndpointFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "EndpointOrUrl".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<EndpointKeys>();
        json_schema!({"anyOf": [{"type": "string"}, full]})
    }
}
