//! A value that may also be `off`.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{
        self, MapAccess, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, StrDeserializer, U64Deserializer},
    },
};

use super::{
    AdaptFile, Count, DictionaryFile, JsonFile, RequestsFile, RulesFile, SecurityLogFile, Share,
    Size, SuccessRateFile, Time,
};

/// A value, or `off`.
#[derive(Clone, Debug)]
pub(crate) enum OrOff<T> {
    Off,
    On(T),
}

/// What can be switched off by a word in its place.
pub(crate) trait Switchable {
    /// Completes "expected ..".
    const EXPECTED: &'static str;
}

struct OrOffVisitor<T>(PhantomData<T>);

impl Switchable for Count {
    const EXPECTED: &'static str = "a whole number, or `off`";
}

impl Switchable for Share {
    const EXPECTED: &'static str = "a percentage such as 20%, at most 100%, or `off`";
}

impl Switchable for Size {
    const EXPECTED: &'static str = "a size such as 512B, 64KiB, 10MB or 1GiB, or `off`";
}

impl Switchable for Time {
    const EXPECTED: &'static str = "a duration such as 250ms, 30s, 5m, 1h30m or 2d, or `off`";
}

macro_rules! mappings {
    ($($name:ident),+) => {$(
        impl Switchable for $name {
            const EXPECTED: &'static str = "a mapping, or `off`";
        }
    )+};
}

mappings!(
    AdaptFile,
    DictionaryFile,
    JsonFile,
    RequestsFile,
    RulesFile,
    SecurityLogFile,
    SuccessRateFile
);

// === impl OrOff ===

impl<T> OrOff<T> {
    pub(crate) fn on(&self) -> Option<&T> {
        match self {
            Self::Off => None,
            Self::On(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de> + Switchable> Deserialize<'de> for OrOff<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A number from the environment is text to everybody who does not ask for one.
        deserializer.deserialize_u64(OrOffVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de> + Switchable> Visitor<'de> for OrOffVisitor<T> {
    type Value = OrOff<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<OrOff<T>, E> {
        let read: Result<T, E> = T::deserialize(U64Deserializer::new(number));
        let wrong = |_| E::invalid_value(de::Unexpected::Other("a number"), &self);
        read.map(OrOff::On).map_err(wrong)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OrOff<T>, E> {
        if text == "off" {
            return Ok(OrOff::Off);
        }
        let read: Result<T, E> = T::deserialize(StrDeserializer::new(text));
        let wrong = |_| E::invalid_value(de::Unexpected::Other("text"), &self);
        read.map(OrOff::On).map_err(wrong)
    }

    /// A mapping that is left empty has its defaults.
    fn visit_unit<E: de::Error>(self) -> Result<OrOff<T>, E> {
        let nothing = std::iter::empty::<(&str, &str)>();
        let read: Result<T, E> = T::deserialize(MapDeserializer::new(nothing));
        let wrong = |_| E::invalid_value(de::Unexpected::Other("nothing"), &self);
        read.map(OrOff::On).map_err(wrong)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OrOff<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(OrOff::On)
    }
}

impl<T: JsonSchema> JsonSchema for OrOff<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{} or off", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let on = generator.subschema_for::<T>();
        json_schema!({"anyOf": [on, {"type": "string", "enum": ["off"]}]})
    }
}
