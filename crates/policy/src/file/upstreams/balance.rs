//! Who gets the next request, as the file spells it.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use crate::file::{At, ONE_OR_MANY, Time};

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

/// One part of a request, or several in the order in which they are looked for.
#[derive(Clone, Debug)]
pub(crate) enum HashOnList {
    Many(Vec<At<HashOnFile>>),
    One(HashOnFile),
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

struct HashOnVisitor;

// === impl HashOnList ===

impl At<HashOnList> {
    /// Each part, with its own node.
    pub(crate) fn items(&self) -> Vec<At<HashOnFile>> {
        match &self.value {
            HashOnList::Many(items) => items.clone(),
            HashOnList::One(item) => vec![self.with(item.clone())],
        }
    }
}

impl<'de> Deserialize<'de> for HashOnList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ONE_OR_MANY, HashOnVisitor)
    }
}

impl<'de> Visitor<'de> for HashOnVisitor {
    type Value = HashOnList;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a part of a request, or a list of them")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, one: D) -> Result<HashOnList, D::Error> {
        HashOnFile::deserialize(one).map(HashOnList::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<HashOnList, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(HashOnList::Many(items))
    }
}

impl JsonSchema for HashOnList {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HashOnList".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<HashOnFile>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}
