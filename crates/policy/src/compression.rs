//! When a response is made smaller on its way to the client.

use std::path::PathBuf;

use crate::{ByteSize, Mode};

/// The compression policy of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompressionPolicy {
    /// Whether it acts.
    pub mode: Mode,
    /// The codings on offer, in the server's order of preference.
    pub encodings: Vec<Coding>,
    /// Bodies known to be smaller than this are left as they are.
    pub min_size: ByteSize,
    /// Media types worth compressing.
    pub types: Vec<MediaTypePattern>,
    /// How hard is tried.
    pub level: CompressionLevel,
    /// Types whose pieces must arrive as soon as they are sent.
    pub flush: Vec<MediaTypePattern>,
    /// What becomes of responses that are compressed already.
    pub upstream_codings: UpstreamCodings,
    /// What becomes of responses from which a secret could be guessed by their length (BREACH).
    pub breach_guard: BreachGuard,
    /// Whether request bodies are decompressed for the origin; `None` passes them on as they are.
    pub requests: Option<RequestDecoding>,
    /// A text that responses resemble (RFC 9842), if there is one.
    pub dictionary: Option<Dictionary>,
}

/// How hard is tried to make a body smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompressionLevel {
    /// By the size of the body and the processor time that is left over.
    #[default]
    Adaptive,
    /// As hard as is worth it: gzip 9, br 9, zstd 12.
    Best,
    /// As little as helps: gzip 1, br 1, zstd 1.
    Fastest,
}

/// What becomes of responses that the origin has compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpstreamCodings {
    /// The origin is asked for plain bytes; what it compresses all the same is passed on as it is.
    #[default]
    Keep,
    /// The origin may compress; its coding is kept where the client takes it, and undone and done
    /// anew where the client does not or where that pays.
    Recode,
}

/// What becomes of responses that may hold a secret beside something the client has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BreachGuard {
    /// They are compressed like any other.
    #[default]
    Off,
    /// Their length is blurred.
    Pad,
    /// They are not compressed.
    Skip,
}

/// How far request bodies are decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestDecoding {
    /// The most bytes that may come out; beyond it the answer is 413.
    pub max_size: ByteSize,
    /// The most bytes that may come out of one; beyond it the answer is 413.
    pub max_ratio: u32,
}

/// A shared dictionary for compression (RFC 9842).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dictionary {
    /// The dictionary's bytes.
    pub file: PathBuf,
    /// The URL path at which clients get it.
    pub path: String,
    /// The URL pattern of the responses it is for (RFC 9842, section 2.1.1).
    pub matches: String,
}

/// A content coding Forebay can produce (RFC 9110, section 8.4.1; RFC 7932; RFC 8878).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Brotli.
    Br,
    /// Deflate in the zlib format (RFC 9110, section 8.4.1.2); for old clients, if at all.
    Deflate,
    /// Gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// A media type as a policy names it, lower-case: `text/html`, `text/*`, `application/*+json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaTypePattern {
    /// Exactly this type and subtype (parameters do not matter).
    Exact(String),
    /// Every subtype of this type, as in `text/*`; holds `text`.
    Subtypes(String),
    /// Every subtype of a type with this structured suffix, as in `application/*+json`.
    Suffix {
        /// The type, `application`.
        kind: String,
        /// The suffix with its plus, `+json`.
        suffix: String,
    },
}

// === impl CompressionPolicy ===

impl Default for CompressionPolicy {
    /// The usual codings, and no type yet.
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            encodings: Coding::DEFAULT.to_vec(),
            min_size: ByteSize::from_bytes(1 << 10),
            types: Vec::new(),
            level: CompressionLevel::default(),
            flush: Vec::new(),
            upstream_codings: UpstreamCodings::default(),
            breach_guard: BreachGuard::default(),
            requests: None,
            dictionary: None,
        }
    }
}

// === impl Coding ===

impl Coding {
    /// Every coding, in the order of preference.
    pub const ALL: [Self; 4] = [Self::Zstd, Self::Br, Self::Gzip, Self::Deflate];

    /// What is on offer unless the operator says otherwise, most wanted first.
    pub const DEFAULT: [Self; 3] = [Self::Zstd, Self::Br, Self::Gzip];

    /// The token for it in `Accept-Encoding` and `Content-Encoding`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Br => "br",
            Self::Deflate => "deflate",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}
