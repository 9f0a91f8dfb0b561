//! How it is known whether a server is well, as the file spells it.

use std::{borrow::Cow, fmt, ops::RangeInclusive};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use crate::file::{At, Count, ModeWord, OrOff, Share, Tenths, Time};

/// Asking each server, time and again, whether it is well.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HealthCheck")]
pub(crate) struct HealthCheckFile {
    /// What is asked: `http`, `tcp` (a connection, and TLS with `https`) or `grpc`
    /// (`grpc.health.v1.Health/Check`). Default `http`.
    pub(crate) kind: Option<At<ProbeWord>>,
    /// Path and query; `http` only. Default `/`.
    pub(crate) path: Option<At<String>>,
    /// `GET` or `HEAD`; `http` only. Default `GET`.
    pub(crate) method: Option<At<MethodWord>>,
    /// The `Host`; `http` only. Default the endpoint's own.
    pub(crate) host: Option<At<String>>,
    /// Which statuses are good, such as `[200-299, 304]`; `http` only. Default `[200-299]`.
    pub(crate) statuses: Option<At<Vec<At<StatusesFile>>>>,
    /// What the first 64KiB of the body must contain; `http` only. Default anything.
    pub(crate) body_contains: Option<At<String>>,
    /// The service asked about; `grpc` only. Default the server as a whole.
    pub(crate) service: Option<At<String>>,
    /// From the end of one question to the next, 10ms to 1d. Default `5s`.
    pub(crate) interval: Option<At<Time>>,
    /// By what share the interval varies at random, at most 50%. Default `20%`.
    pub(crate) jitter: Option<At<Share>>,
    /// How long an answer may take. Default `1s`.
    pub(crate) timeout: Option<At<Time>>,
    /// So many good answers in a row make an ill server well, 1 to 1000. Default `2`.
    pub(crate) healthy_after: Option<At<Count>>,
    /// So many bad answers in a row make a well server ill, 1 to 1000. Default `3`.
    pub(crate) unhealthy_after: Option<At<Count>>,
}

/// What a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ProbeWord {
    Http,
    Tcp,
    Grpc,
}

/// With which method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub(crate) enum MethodWord {
    Get,
    Head,
}

/// One status, or `200-299`.
#[derive(Clone, Debug)]
pub(crate) struct StatusesFile(pub(crate) RangeInclusive<u16>);

/// Leaving out a server because of how it answers what it is sent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Outliers")]
pub(crate) struct OutliersFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// So many failures in a row, 1 to 10000; `off` does not count them. Default `5`.
    pub(crate) consecutive_failures: Option<At<OrOff<Count>>>,
    /// Fewer successes than the others have; `off` does not compare. Default it compares.
    pub(crate) success_rate: Option<At<OrOff<SuccessRateFile>>>,
    /// How often the shares are compared, 10ms to 1h. Default `10s`.
    pub(crate) interval: Option<At<Time>>,
    /// How long it is left out the first time; as much more each time it happens again. Default
    /// `30s`.
    pub(crate) ejection: Option<At<Time>>,
    /// The longest it is left out, not less than `ejection`. Default `5m`, or `ejection` if that is
    /// longer.
    pub(crate) max_ejection: Option<At<Time>>,
    /// At most this share of the servers is left out at a time, at least 1%. Default `50%`.
    pub(crate) max_ejected: Option<At<Share>>,
}

/// When a share of successes is too far below the others'.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SuccessRate")]
pub(crate) struct SuccessRateFile {
    /// Servers with fewer requests in an interval are not compared, 1 to 1000000. Default `100`.
    pub(crate) min_requests: Option<At<Count>>,
    /// With fewer servers to compare nobody is left out, 2 to 1000. Default `5`.
    pub(crate) min_endpoints: Option<At<Count>>,
    /// Below the mean by more than so many standard deviations, 0.1 to 10.0. Default `1.9`.
    pub(crate) deviations: Option<At<Tenths>>,
}

struct StatusesVisitor;

// === impl StatusesFile ===

impl<'de> Deserialize<'de> for StatusesFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(StatusesVisitor)
    }
}

impl Visitor<'_> for StatusesVisitor {
    type Value = StatusesFile;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a status from 200 to 599, or a range such as 200-299")
    }

    fn visit_u64<E: de::Error>(self, status: u64) -> Result<StatusesFile, E> {
        match u16::try_from(status) {
            Ok(status @ 200..=599) => Ok(StatusesFile(status..=status)),
            _ => Err(E::invalid_value(de::Unexpected::Other("a number"), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<StatusesFile, E> {
        let status = |text: &str| {
            let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            let status = text.parse().ok().filter(|_| digits);
            status.filter(|status| (200..=599).contains(status))
        };
        let ends = text.split_once('-');
        match ends.map(|(first, last)| (status(first), status(last))) {
            Some((Some(first), Some(last))) if first <= last => Ok(StatusesFile(first..=last)),
            _ => Err(E::invalid_value(de::Unexpected::Other("text"), &self)),
        }
    }
}

impl JsonSchema for StatusesFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "statuses".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "integer", "minimum": 200, "maximum": 599},
            {"type": "string", "pattern": r"^[2-5][0-9]{2}-[2-5][0-9]{2}$|\$\{"}
        ]})
    }
}
