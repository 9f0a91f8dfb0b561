//! What a request takes from its caller's quota: a number, or more to say than that.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::file::{At, Count, Named};

/// What a request takes from its caller's quota.
#[derive(Clone, Debug)]
pub(crate) enum CostFile {
    Fields(CostFields),
    Number(Count),
}

/// What a request takes from its caller's quota.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cost")]
pub(crate) struct CostFields {
    /// Any request, 1 to 1000000. Default `1`.
    pub(crate) base: Option<At<Count>>,
    /// Requests with these methods instead, 1 to 1000000 each. Default none.
    pub(crate) methods: Option<At<Named<Count>>>,
    /// A field of the origin's answer that tells what the request has cost after all; what is more
    /// than was taken is taken then. Default none.
    pub(crate) response_header: Option<At<String>>,
}

struct CostVisitor;

// === impl CostFile ===

impl<'de> Deserialize<'de> for CostFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A number from the environment is text to everybody who does not ask for one.
        deserializer.deserialize_u64(CostVisitor)
    }
}

impl<'de> Visitor<'de> for CostVisitor {
    type Value = CostFile;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number, or a mapping")
    }

    fn visit_u64<E>(self, number: u64) -> Result<CostFile, E> {
        Ok(CostFile::Number(Count(number)))
    }

    /// A mapping that is left empty has its defaults.
    fn visit_unit<E>(self) -> Result<CostFile, E> {
        Ok(CostFile::Fields(CostFields::default()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CostFile, A::Error> {
        CostFields::deserialize(MapAccessDeserializer::new(map)).map(CostFile::Fields)
    }
}

impl JsonSchema for CostFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NumberOrCost".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let number = generator.subschema_for::<Count>();
        let fields = generator.subschema_for::<CostFields>();
        json_schema!({"anyOf": [number, fields]})
    }
}
