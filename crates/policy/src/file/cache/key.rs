//! What tells two cached responses apart, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::file::{At, Size};

/// What tells two cached responses apart. An empty list takes back what a policy brought.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CacheKey")]
pub(crate) struct KeyFile {
    /// Which query parameters take part.
    pub(crate) query: Option<At<QueryKeyFile>>,
    /// Request headers whose values take part. Default none.
    pub(crate) headers: Option<At<Vec<At<String>>>>,
    /// Cookies whose values take part. Default none.
    pub(crate) cookies: Option<At<Vec<At<String>>>>,
    /// Claims of the verified token whose values take part; they need `identity`. Default none.
    pub(crate) claims: Option<At<Vec<At<String>>>>,
    /// Language tags on offer: the best one for `Accept-Language` takes part, the first when none
    /// fits. Default none.
    pub(crate) language: Option<At<Vec<At<String>>>>,
    /// Whether the kind of device takes part: desktop, mobile, tablet or bot. Default `false`.
    pub(crate) device: Option<At<bool>>,
    /// A name of `cache.personas`, whose fields take part too. Default none.
    pub(crate) persona: Option<At<String>>,
    /// A claim that names the user, such as `sub`: each user then has a cache of their own. It needs
    /// `identity`. Default none.
    pub(crate) per_user: Option<At<String>>,
    /// Methods besides GET and HEAD that are cached by what their body says.
    pub(crate) body: Option<At<BodyKeyFile>>,
}

/// Which query parameters take part in the cache key.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CacheKeyQuery")]
pub(crate) struct QueryKeyFile {
    /// Parameters left out of the key; a `*` at the end matches any ending, `utm_*`. Default none.
    pub(crate) ignore: Option<At<Vec<At<String>>>>,
    /// The only parameters that take part, spelled like those of `ignore`, which goes after it; with
    /// an empty list no parameter does. Default every one.
    pub(crate) keep: Option<At<Vec<At<String>>>>,
    /// Whether parameters are put in order, so that `a=1&b=2` and `b=2&a=1` are the same. Default
    /// `false`.
    pub(crate) sort: Option<At<bool>>,
    /// Whether a response's `No-Vary-Search` narrows the key. Default `false`.
    pub(crate) no_vary_search: Option<At<bool>>,
}

/// Methods whose body is part of the key.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CacheKeyBody")]
pub(crate) struct BodyKeyFile {
    /// `QUERY`, and `POST` if it changes nothing here; with an empty list none. Default `[QUERY]`.
    pub(crate) methods: Option<At<Vec<At<String>>>>,
    /// Requests with a larger body pass the cache by; at most 1MiB. Default `16KiB`.
    pub(crate) max_size: Option<At<Size>>,
}

/// A named set of what responses differ by.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Persona", extend("minProperties" = 1))]
pub(crate) struct PersonaFile {
    /// Request headers. Default none.
    pub(crate) headers: Option<At<Vec<At<String>>>>,
    /// Cookies. Default none.
    pub(crate) cookies: Option<At<Vec<At<String>>>>,
    /// Claims of the verified token; they need `identity`. Default none.
    pub(crate) claims: Option<At<Vec<At<String>>>>,
    /// Language tags on offer; the first is the fallback. Default none.
    pub(crate) language: Option<At<Vec<At<String>>>>,
    /// The kind of device: desktop, mobile, tablet or bot. Default `false`.
    pub(crate) device: Option<At<bool>>,
}

/// What a cache key and a persona both may say.
#[derive(Clone, Copy)]
pub(crate) struct DimensionFields<'f> {
    pub(crate) headers: Option<&'f At<Vec<At<String>>>>,
    pub(crate) cookies: Option<&'f At<Vec<At<String>>>>,
    pub(crate) claims: Option<&'f At<Vec<At<String>>>>,
    pub(crate) language: Option<&'f At<Vec<At<String>>>>,
    pub(crate) device: Option<&'f At<bool>>,
}

// === impl KeyFile ===

impl KeyFile {
    /// What it says about who asks by itself, without its persona.
    pub(crate) fn dimensions(&self) -> DimensionFields<'_> {
        DimensionFields {
            headers: self.headers.as_ref(),
            cookies: self.cookies.as_ref(),
            claims: self.claims.as_ref(),
            language: self.language.as_ref(),
            device: self.device.as_ref(),
        }
    }
}

// === impl PersonaFile ===

impl PersonaFile {
    /// What it says.
    pub(crate) fn dimensions(&self) -> DimensionFields<'_> {
        DimensionFields {
            headers: self.headers.as_ref(),
            cookies: self.cookies.as_ref(),
            claims: self.claims.as_ref(),
            language: self.language.as_ref(),
            device: self.device.as_ref(),
        }
    }
}
