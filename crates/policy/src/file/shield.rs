//! What a route's requests may look like, as the file spells it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Count, ModeWord, OrOff, Size};

/// What requests may look like. What does not is refused.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Shield")]
pub(crate) struct ShieldFile {
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// Only these addresses or networks; an empty list is any. Default any.
    pub(crate) allow: Option<At<Vec<At<String>>>>,
    /// Not these addresses or networks; it wins over `allow`. Default none.
    pub(crate) deny: Option<At<Vec<At<String>>>>,
    /// Only these methods; an empty list is any. Default any.
    pub(crate) methods: Option<At<Vec<At<String>>>>,
    /// Only these types of request bodies, such as `application/json` or `text/*`; an empty list is
    /// any. Default any.
    pub(crate) content_types: Option<At<Vec<At<String>>>>,
    /// The longest path and query together, 64B to `clients.max_head`. Default `8KiB`.
    pub(crate) max_url: Option<At<Size>>,
    /// The longest query, at most 1MiB. Default `4KiB`.
    pub(crate) max_query: Option<At<Size>>,
    /// The longest value of one header, 64B to `clients.max_head`. Default `8KiB`.
    pub(crate) max_header: Option<At<Size>>,
    /// The largest request body, at most `clients.max_body`. Default `off`: what that allows.
    pub(crate) max_body: Option<At<OrOff<Size>>>,
    /// How deep JSON in a request body may be nested, at most 1000; `0` does not look. Default `64`.
    pub(crate) max_json_depth: Option<At<Count>>,
    /// Whether paths that can be read in two ways are refused (`strict`; on other routes, too, where
    /// one of the ways leads to this one) or go on past the cache (`lenient`). Default `strict`.
    pub(crate) paths: Option<At<PathsWord>>,
    /// Patterns of attacks; `off` looks for none. Default on, with the defaults of its fields.
    pub(crate) rules: Option<At<OrOff<RulesFile>>>,
}

/// What becomes of paths that can be read in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum PathsWord {
    Strict,
    Lenient,
}

/// Patterns of attacks, each worth points; a request with too many is refused.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ShieldRules")]
pub(crate) struct RulesFile {
    /// From 1, where hardly anything good is refused, to 4, where hardly anything bad is let through.
    /// Default `1`.
    pub(crate) paranoia: Option<At<Count>>,
    /// The points at which a request is refused, 1 to 100. Default `5`.
    pub(crate) threshold: Option<At<Count>>,
    /// What is looked for. Default `[sql_injection, xss, path_traversal, command_injection]`.
    pub(crate) categories: Option<At<Vec<At<CategoryWord>>>>,
    /// Headers that are looked at besides path and query, at most 16. Default `[user-agent, referer]`.
    pub(crate) headers: Option<At<Vec<At<String>>>>,
    /// So much of a body is looked at, at most 1MiB; `0B` for none. Default `16KiB`.
    pub(crate) body: Option<At<Size>>,
    /// What is not looked for, at most 256. Default none.
    pub(crate) exclude: Option<At<Vec<At<ExclusionFile>>>>,
}

/// A kind of attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum CategoryWord {
    SqlInjection,
    Xss,
    PathTraversal,
    CommandInjection,
}

/// A rule that does not look at some place; at least one of `rule` and `in`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RuleExclusion", extend("minProperties" = 1))]
pub(crate) struct ExclusionFile {
    /// The number of the rule. Default every rule.
    pub(crate) rule: Option<At<Count>>,
    /// The query or form parameter, JSON field or header. Default everywhere.
    #[serde(rename = "in")]
    pub(crate) target: Option<At<String>>,
}
