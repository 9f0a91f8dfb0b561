//! One value, or a list of such values.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use super::{At, ONE_OR_MANY};

/// One value, or several in an order.
#[derive(Clone, Debug)]
pub(crate) enum OneOrList<T> {
    Many(Vec<At<T>>),
    One(T),
}

/// What may stand alone where a list could.
pub(crate) trait Listed {
    /// Completes "expected ..".
    const EXPECTED: &'static str;
}

struct OneOrListVisitor<T>(PhantomData<T>);

// === impl OneOrList ===

impl<T: Clone> At<OneOrList<T>> {
    /// Each value, with its own node.
    pub(crate) fn items(&self) -> Vec<At<T>> {
        match &self.value {
            OneOrList::Many(items) => items.clone(),
            OneOrList::One(item) => vec![self.with(item.clone())],
        }
    }
}

impl<'de, T: Deserialize<'de> + Listed> Deserialize<'de> for OneOrList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ONE_OR_MANY, OneOrListVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de> + Listed> Visitor<'de> for OneOrListVisitor<T> {
    type Value = OneOrList<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, one: D) -> Result<OneOrList<T>, D::Error> {
        T::deserialize(one).map(OneOrList::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrList<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(OneOrList::Many(items))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrList<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{} or a list", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}
