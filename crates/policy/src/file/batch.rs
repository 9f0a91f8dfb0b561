//! Many small reads, asked as one, as the file spells them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Count, ModeWord, Size, Time};

/// Requests that are put together into one for the upstream; exactly one of `path` and `body`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Batch")]
pub(crate) struct BatchFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// `GET` of one thing by a part of its path: `/users/{id}` becomes `/users?ids=1,2,3`.
    pub(crate) path: Option<At<BatchPathFile>>,
    /// `POST` of JSON whose arrays are joined, as embedding APIs have them.
    pub(crate) body: Option<At<BatchBodyFile>>,
    /// As many requests as this are sent at once, 2 to 1000. Default `20`.
    pub(crate) max_size: Option<At<Count>>,
    /// How long the first of a batch waits for others, at most 10s. Default `5ms`.
    pub(crate) max_wait: Option<At<Time>>,
    /// A larger answer is not taken apart, and its requests are sent one by one; at most 64MiB.
    /// Default `1MiB`.
    pub(crate) max_answer: Option<At<Size>>,
}

/// Reads that differ by a part of their path.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BatchPath")]
pub(crate) struct BatchPathFile {
    /// The parameter of the route's path that tells them apart: `id` of `/users/{id}`. Required, here
    /// or in the policy refined.
    pub(crate) parameter: Option<At<String>>,
    /// Path and query of the batch, `{ids}` standing for all of them: `/users?ids={ids}`. Other
    /// parameters of the path are written into it by name. Required, here or in the policy refined.
    pub(crate) request: Option<At<String>>,
    /// What stands between them. Default `,`.
    pub(crate) separator: Option<At<String>>,
    /// A JSON pointer to the array of answers, such as `/data`; empty for the whole answer. Default
    /// empty.
    pub(crate) answers: Option<At<String>>,
    /// The name in each answer that holds its part of the path. Default `id`.
    pub(crate) id: Option<At<String>>,
}

/// Requests whose bodies are JSON and alike but for one array.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BatchBody")]
pub(crate) struct BatchBodyFile {
    /// A JSON pointer to what is put together, such as `/input`: an array, or a single value.
    /// Required, here or in the policy refined.
    pub(crate) items: Option<At<String>>,
    /// A JSON pointer to the array of answers, such as `/data`. Required, here or in the policy
    /// refined.
    pub(crate) answers: Option<At<String>>,
    /// A name in each answer that holds its position, to be counted anew. Default none.
    pub(crate) index: Option<At<String>>,
}
