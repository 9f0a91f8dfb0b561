//! Servers as the file spells them.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::file::{At, Count};

/// One server.
#[derive(Clone, Debug)]
pub(crate) enum EndpointFile {
    Full(EndpointKeys),
    Url(String),
}

/// One server, and what sets it apart from the others.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Endpoint")]
pub(crate) struct EndpointKeys {
    /// Scheme, host and port: `http://10.0.0.7:3000`. Without a port, the scheme's own. A Unix socket
    /// is `http+unix:/run/app.sock` or `https+unix:/run/app.sock`.
    #[schemars(required)]
    pub(crate) url: Option<At<String>>,
    /// Its share of the requests, 1 to 1000; `round_robin` does not look at it. Default `1`.
    pub(crate) weight: Option<At<Count>>,
    /// Where it stands, to be preferred by whoever stands there too. Default nowhere.
    pub(crate) zone: Option<At<String>>,
    /// Its group, 0 to 9: a higher number gets requests only when the lower ones are not well.
    /// Default `0`.
    pub(crate) priority: Option<At<Count>>,
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
