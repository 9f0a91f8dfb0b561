//! How Forebay knows who is asking, as the file spells it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::TokenAlgorithm;

use super::{At, Time};

/// How Forebay knows who is asking.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
// Said here because `required` at the field would spell the mapping out a second time.
#[schemars(rename = "Identity", extend("required" = ["jwt"]))]
pub(crate) struct IdentityFile {
    /// Signed tokens in the JWT format.
    pub(crate) jwt: Option<At<JwtFile>>,
    /// How often the keys are looked at again, 1s to 1d. Default `5m`.
    pub(crate) refresh: Option<At<Time>>,
}

/// Which tokens are believed, and where requests carry them; exactly one of `jwks_file` and `jwks_url`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
// Said here because a `required` of its own would ask for both.
#[schemars(
    rename = "Jwt",
    extend("oneOf" = [{"required": ["jwks_file"]}, {"required": ["jwks_url"]}])
)]
pub(crate) struct JwtFile {
    /// A file with the keys that sign them, as a JSON Web Key Set.
    pub(crate) jwks_file: Option<At<String>>,
    /// An `http` or `https` URL of such a set.
    pub(crate) jwks_url: Option<At<String>>,
    /// How long one attempt to get it from there may take, 1ms to 1m. Default `2s`.
    pub(crate) timeout: Option<At<Time>>,
    /// The signature algorithms that are believed. Those with a shared secret (`HS256`) cannot stand
    /// beside those with a key pair. Default `[RS256, ES256, EdDSA]`.
    pub(crate) algorithms: Option<At<Vec<At<AlgorithmFile>>>>,
    /// Who must have issued them. Default anybody whose key is in the file.
    pub(crate) issuer: Option<At<String>>,
    /// Whom they must be meant for. Default anybody.
    pub(crate) audience: Option<At<String>>,
    /// Where requests carry them: `bearer` (in `Authorization`), `{cookie: session}` or
    /// `{header: X-Token}`. Default `bearer`.
    pub(crate) token: Option<At<TokenFile>>,
    /// By how much clocks may differ, at most 10m. Default `60s`.
    pub(crate) leeway: Option<At<Time>>,
}

/// Where a request carries its token.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum TokenFile {
    /// In `Authorization: Bearer`.
    Bearer,
    /// In this cookie.
    Cookie(At<String>),
    /// In this field, as it is.
    Header(At<String>),
}

/// The name of a signature algorithm; text, because `none` deserves more than a list of others.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AlgorithmFile(pub(crate) String);

// === impl AlgorithmFile ===

impl JsonSchema for AlgorithmFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "algorithm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": TokenAlgorithm::ALL.map(TokenAlgorithm::as_str)})
    }
}
