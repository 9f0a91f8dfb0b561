//! When a response is made smaller on its way to the client.

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
}

/// A content coding Forebay can produce (RFC 9110, section 8.4.1; RFC 7932; RFC 8878).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Brotli.
    Br,
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

// === impl Coding ===

impl Coding {
    /// Every coding, in the default order of preference.
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Br, Self::Gzip];

    /// The token for it in `Accept-Encoding` and `Content-Encoding`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Br => "br",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}
