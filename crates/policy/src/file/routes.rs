//! Routes as the file spells them.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{
    At, BanFile, BatchFile, BreakerFile, CacheFile, CompressionFile, ConcurrencyFile,
    DeduplicationFile, LimitFile, Named, OneOrMany, PriorityWord, ShieldFile, TransformFile,
};

/// Which requests go where, and under which policies.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Route")]
pub(crate) struct RouteFile {
    /// Its name in logs and metrics; unique.
    #[schemars(required)]
    pub(crate) name: Option<At<String>>,
    /// Which requests it takes; all conditions must hold. Default every request.
    #[serde(rename = "match")]
    pub(crate) matches: Option<At<MatchFile>>,
    /// The name of the upstream its requests go to.
    #[schemars(required)]
    pub(crate) upstream: Option<At<String>>,
    /// Names of policies to take in, each refining the ones before it. Default none.
    #[serde(rename = "use")]
    pub(crate) uses: Option<At<Vec<At<String>>>>,
    /// Caching; refines what `use` brings. An empty mapping switches it on with its defaults.
    pub(crate) cache: Option<At<CacheFile>>,
    /// Compression; refines what `use` brings. An empty mapping switches it on with its defaults.
    pub(crate) compression: Option<At<CompressionFile>>,
    /// Deduplication; refines what `use` brings. An empty mapping switches it on.
    pub(crate) deduplication: Option<At<DeduplicationFile>>,
    /// Rate limits; those with a name that `use` brings refine it, others are added.
    pub(crate) rate_limit: Option<At<Vec<At<LimitFile>>>>,
    /// Limits on what a caller has in flight; those with a name that `use` brings refine it, others are
    /// added.
    pub(crate) concurrency: Option<At<Vec<At<ConcurrencyFile>>>>,
    /// Penalty boxes; those with a name that `use` brings refine it, others are added.
    pub(crate) bans: Option<At<Vec<At<BanFile>>>>,
    /// What requests may look like; refines what `use` brings. An empty mapping switches it on with its
    /// defaults.
    pub(crate) shield: Option<At<ShieldFile>>,
    /// How responses are trimmed; refines what `use` brings.
    pub(crate) transform: Option<At<TransformFile>>,
    /// Small reads that are asked as one; refines what `use` brings.
    pub(crate) batch: Option<At<BatchFile>>,
    /// When the route leaves its upstream alone for a while; refines what `use` brings. An empty
    /// mapping switches it on with its defaults.
    pub(crate) breaker: Option<At<BreakerFile>>,
    /// How urgent its requests are: `low`, `normal`, `high` or `critical`. Default what `use` brings,
    /// else what the upstream's `capacity.classes` say.
    pub(crate) priority: Option<At<PriorityWord>>,
}

/// The conditions of a route.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Match")]
pub(crate) struct MatchFile {
    /// One host or several: `api.example.com`, or `*.example.com` for every name below it. Default any.
    pub(crate) host: Option<At<OneOrMany>>,
    /// A path such as `/api/{id}/items` or `/static/{*rest}`: `{name}` is one segment, `{*name}` all
    /// the rest. Default `/{*rest}`.
    pub(crate) path: Option<At<String>>,
    /// Any of these methods. Default any.
    pub(crate) methods: Option<At<Vec<At<String>>>>,
    /// Conditions on headers, by name: a value, or one of `exact`, `prefix`, `present`, `absent`.
    /// Default none.
    pub(crate) headers: Option<At<Named<ConditionFile>>>,
    /// Conditions on query parameters, by name: a value, or one of `exact`, `prefix`, `present`,
    /// `absent`. Default none.
    pub(crate) query: Option<At<Named<ConditionFile>>>,
}

/// A condition on a header or query parameter.
#[derive(Clone, Debug)]
pub(crate) enum ConditionFile {
    Keys(ConditionKeys),
    Text(String),
}

/// A condition on a header or query parameter; exactly one of these.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Condition", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct ConditionKeys {
    /// It must be exactly this.
    pub(crate) exact: Option<At<String>>,
    /// It must begin with this.
    pub(crate) prefix: Option<At<String>>,
    /// `true`: it must be there, whatever it is. `false`: it must not.
    pub(crate) present: Option<At<bool>>,
    /// `true`: it must not be there. `false`: it must.
    pub(crate) absent: Option<At<bool>>,
}

struct ConditionVisitor;

// === impl ConditionFile ===

impl<'de> Deserialize<'de> for ConditionFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConditionVisitor)
    }
}

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = ConditionFile;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text, or one of `exact`, `prefix`, `present` and `absent`")
    }

    fn visit_str<E>(self, text: &str) -> Result<ConditionFile, E> {
        Ok(ConditionFile::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ConditionFile, A::Error> {
        ConditionKeys::deserialize(MapAccessDeserializer::new(map)).map(ConditionFile::Keys)
    }
}

impl JsonSchema for ConditionFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ConditionOrText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let keys = generator.subschema_for::<ConditionKeys>();
        json_schema!({"anyOf": [{"type": "string"}, keys]})
    }
}
