//! When bodies are made smaller, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Count, ModeWord, OrOff, Size};

/// When a response is made smaller on its way to the client.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Compression")]
pub(crate) struct CompressionFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// The codings on offer, most wanted first; `deflate` is for old clients. Default
    /// `[zstd, br, gzip]`.
    pub(crate) encodings: Option<At<Vec<At<EncodingWord>>>>,
    /// Bodies known to be smaller are left as they are. Default `1KiB`.
    pub(crate) min_size: Option<At<Size>>,
    /// Media types worth compressing, such as `text/*` or `application/*+json`. Default text, JSON,
    /// JavaScript, XML, SVG, WebAssembly and uncompressed fonts.
    pub(crate) types: Option<At<Vec<At<String>>>>,
    /// How hard is tried: `fastest`, `best`, or `adaptive` by the size of the body and the processor
    /// time that is left over. Default `adaptive`.
    pub(crate) level: Option<At<LevelWord>>,
    /// Types whose pieces must arrive as soon as they are sent. Default
    /// `[text/event-stream, application/x-ndjson]`.
    pub(crate) flush: Option<At<Vec<At<String>>>>,
    /// What becomes of responses that are compressed already: `keep` passes them on, `recode` undoes
    /// and does it anew where the client needs it or where that pays. Default `keep`.
    pub(crate) upstream_codings: Option<At<UpstreamCodingsWord>>,
    /// What becomes of responses that may hold a secret beside something the client has chosen (BREACH):
    /// `off` compresses them like any other, `pad` blurs their length, `skip` leaves them as they are.
    /// Default `off`.
    pub(crate) breach_guard: Option<At<BreachGuardWord>>,
    /// Decompresses request bodies for the origin. Default `off`: they are passed on as they are.
    pub(crate) requests: Option<At<OrOff<RequestsFile>>>,
    /// A text that responses resemble (RFC 9842). Default `off`.
    pub(crate) dictionary: Option<At<OrOff<DictionaryFile>>>,
}

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum EncodingWord {
    Zstd,
    Br,
    Gzip,
    Deflate,
}

/// How hard is tried to make a body smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum LevelWord {
    Adaptive,
    Fastest,
    Best,
}

/// What becomes of responses that the origin has compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum UpstreamCodingsWord {
    Keep,
    Recode,
}

/// What becomes of responses from which a secret could be guessed by their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum BreachGuardWord {
    Off,
    Pad,
    Skip,
}

/// How far request bodies are decompressed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RequestDecoding")]
pub(crate) struct RequestsFile {
    /// The most that may come out, 1B to `clients.max_body`; beyond it the answer is 413. Default
    /// `10MiB`, or `clients.max_body` if that is less.
    pub(crate) max_size: Option<At<Size>>,
    /// The most bytes that may come out of one, 2 to 10000; beyond it the answer is 413. Default `100`.
    pub(crate) max_ratio: Option<At<Count>>,
}

/// A shared dictionary for compression (RFC 9842).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dictionary")]
pub(crate) struct DictionaryFile {
    /// The file with its bytes.
    #[schemars(required)]
    pub(crate) file: Option<At<String>>,
    /// The path at which clients get it, such as `/dictionary`.
    #[schemars(required)]
    pub(crate) path: Option<At<String>>,
    /// The paths of the responses it is for, `*` being anything: `/api/*`.
    #[serde(rename = "match")]
    #[schemars(required)]
    pub(crate) matches: Option<At<String>>,
}
