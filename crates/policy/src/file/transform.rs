//! How responses are trimmed, as the file spells it.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{At, ModeWord, Named, OrOff};

/// How responses are trimmed on their way to the client.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Transform")]
pub(crate) struct TransformFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// What becomes of JSON bodies. An empty mapping takes white space out. Default `off`: they are
    /// left alone.
    pub(crate) json: Option<At<OrOff<JsonFile>>>,
    /// Header fields that are taken away, at most 64. Default none.
    pub(crate) remove_headers: Option<At<Vec<At<String>>>>,
    /// Header fields that are set, whatever the origin said, at most 64. Default none.
    pub(crate) set_headers: Option<At<Named<String>>>,
    /// Fields that make browsers careful, set where the origin does not: `true` for
    /// `content-security-policy`, `referrer-policy`, `strict-transport-security` (over TLS),
    /// `x-content-type-options` and `x-frame-options` as an API needs them, or a mapping of one's own.
    /// Default `false`.
    pub(crate) security_headers: Option<At<SecurityHeadersFile>>,
}

/// What becomes of JSON bodies.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JsonTrim")]
pub(crate) struct JsonFile {
    /// Only these fields stay, each by the names that lead to it: `id`, `user.address.city`; `*` is any
    /// name or element of an array, and arrays are walked through without being named. At most 256; an
    /// empty list keeps all. Default all.
    pub(crate) fields: Option<At<Vec<At<String>>>>,
}

/// Fields that make browsers careful.
#[derive(Clone, Debug)]
pub(crate) enum SecurityHeadersFile {
    Own(Named<String>),
    Usual(bool),
}

struct SecurityHeadersVisitor;

// === impl SecurityHeadersFile ===

impl<'de> Deserialize<'de> for SecurityHeadersFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A word from the environment is text to everybody who does not ask for one.
        deserializer.deserialize_bool(SecurityHeadersVisitor)
    }
}

impl<'de> Visitor<'de> for SecurityHeadersVisitor {
    type Value = SecurityHeadersFile;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`true`, `false` or a mapping from names to values")
    }

    fn visit_bool<E>(self, usual: bool) -> Result<SecurityHeadersFile, E> {
        Ok(SecurityHeadersFile::Usual(usual))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecurityHeadersFile, A::Error> {
        Named::deserialize(MapAccessDeserializer::new(map)).map(SecurityHeadersFile::Own)
    }
}

impl JsonSchema for SecurityHeadersFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FlagOrHeaders".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let own = generator.subschema_for::<Named<String>>();
        json_schema!({"anyOf": [{"type": "boolean"}, own]})
    }
}
