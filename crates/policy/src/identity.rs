//! How Forebay knows who is asking.

use std::{path::PathBuf, time::Duration};

use http::HeaderName;

/// Tokens that prove who is asking (RFC 7519).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Where the keys that sign them are.
    pub jwks: JwksSource,
    /// How often the keys are looked at again.
    pub refresh: Duration,
    /// The signature algorithms that are believed, such as `RS256`; never `none`.
    pub algorithms: Vec<TokenAlgorithm>,
    /// Who must have issued them; anybody with the key when `None`.
    pub issuer: Option<String>,
    /// Whom they must be meant for; anybody when `None`.
    pub audience: Option<String>,
    /// Where requests carry them.
    pub source: TokenSource,
    /// By how much clocks may differ.
    pub leeway: Duration,
}

/// Where a JSON Web Key Set (RFC 7517) is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksSource {
    /// In this file.
    File(PathBuf),
    /// At this `http` or `https` URL.
    Url {
        /// The URL.
        url: String,
        /// How long one attempt to get it may take.
        timeout: Duration,
    },
}

/// Where a request carries its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// In `Authorization: Bearer`.
    Bearer,
    /// In this cookie.
    Cookie(String),
    /// In this field, as it is.
    Header(HeaderName),
}

/// A signature algorithm (RFC 7518, section 3.1; RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

// === impl TokenAlgorithm ===

impl TokenAlgorithm {
    /// Every algorithm, with its name in the token's header.
    pub const ALL: [Self; 10] = [
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Ps256,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
    ];

    /// Its name in the token's header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}
