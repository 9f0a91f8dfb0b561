//! What is tried again, and what is tried twice at once, as the file spells it.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use crate::{
    RetryOn,
    file::{After, At, Count, ModeWord, Share, Size, Time},
};

/// When a request is sent again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retry")]
pub(crate) struct RetryFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// Tries in all, the first included, 2 to 10. Default `2`.
    pub(crate) attempts: Option<At<Count>>,
    /// After what: `connect` (no connection), `reset` (closed before an answer), `timeout` (no answer
    /// in time) or a status from 400 to 599. Default `[connect, reset, 502, 503, 504]`.
    pub(crate) on: Option<At<Vec<At<RetryOnFile>>>>,
    /// Retries are at most this share of the requests of late. Default `20%`.
    pub(crate) budget: Option<At<Share>>,
    /// So many retries are always allowed at a time, at most 1000. Default `3`.
    pub(crate) min_retries: Option<At<Count>>,
    /// The delay before the first retry, at most 1m; doubled with each, and drawn between nothing and
    /// that. Default `25ms`.
    pub(crate) base_delay: Option<At<Time>>,
    /// The longest delay, and the longest `Retry-After` that is waited for; not less than
    /// `base_delay`, at most 1h. Default `1s`, or `base_delay` if that is longer.
    pub(crate) max_delay: Option<At<Time>>,
    /// Whether a request with `Idempotency-Key` may be sent again whatever its method. Default
    /// `false`.
    pub(crate) idempotency_key: Option<At<bool>>,
    /// So much of a request's body is kept to be sent again, at most 16MiB; a larger one is sent once.
    /// Default `64KiB`.
    pub(crate) max_body: Option<At<Size>>,
}

/// What a request may be sent again after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryOnFile(pub(crate) RetryOn);

/// When a second try is sent beside a slow first one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Hedge")]
pub(crate) struct HedgeFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// After how long: `p95` or `95%`, as long as that share of the requests of late took at most,
    /// 50% to 99%; or a time. Default `p95`.
    pub(crate) after: Option<At<After>>,
    /// Never sooner than this. Default `5ms`.
    pub(crate) min_delay: Option<At<Time>>,
    /// Second tries are at most this share of the requests of late, at least 1%. Default `5%`.
    pub(crate) budget: Option<At<Share>>,
}

struct RetryOnVisitor;

const WORDS: &[&str] = &["connect", "reset", "timeout"];

// === impl RetryOnFile ===

impl<'de> Deserialize<'de> for RetryOnFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(RetryOnVisitor)
    }
}

impl Visitor<'_> for RetryOnVisitor {
    type Value = RetryOnFile;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`connect`, `reset`, `timeout` or a status from 400 to 599")
    }

    fn visit_u64<E: de::Error>(self, status: u64) -> Result<RetryOnFile, E> {
        match u16::try_from(status) {
            Ok(status @ 400..=599) => Ok(RetryOnFile(RetryOn::Status(status))),
            _ => Err(E::invalid_value(de::Unexpected::Other("a number"), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<RetryOnFile, E> {
        Ok(RetryOnFile(match word {
            "connect" => RetryOn::Connect,
            "reset" => RetryOn::Reset,
            "timeout" => RetryOn::Timeout,
            _ => return Err(E::unknown_variant(word, WORDS)),
        }))
    }
}

impl JsonSchema for RetryOnFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "retry condition".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "string", "enum": WORDS},
            {"type": "integer", "minimum": 400, "maximum": 599}
        ]})
    }
}
