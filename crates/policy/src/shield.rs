//! What a route's requests may look like.

use http::{HeaderName, Method};
use ipnet::IpNet;

use crate::{ByteSize, MediaTypePattern, Mode};

/// The shield of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShieldPolicy {
    /// Whether it acts.
    pub mode: Mode,
    /// Only these addresses, unless empty.
    pub allow: Vec<IpNet>,
    /// Not these addresses; it wins over `allow`.
    pub deny: Vec<IpNet>,
    /// Only these methods, unless empty.
    pub methods: Vec<Method>,
    /// Only these types of request bodies, unless empty.
    pub content_types: Vec<MediaTypePattern>,
    /// The longest path and query together.
    pub max_url: ByteSize,
    /// The longest query.
    pub max_query: ByteSize,
    /// The longest value of one header field.
    pub max_header: ByteSize,
    /// The longest request body.
    pub max_body: Option<ByteSize>,
    /// How deep JSON in a request body may be nested; 0 does not look.
    pub max_json_depth: u32,
    /// Whether paths that can be read in two ways are refused.
    pub paths: PathReading,
    /// Patterns of attacks; `None` looks for none.
    pub rules: Option<ShieldRules>,
}

/// What becomes of paths with ambiguous encodings: encoded slashes and dots, doubly encoded
/// characters, overlong UTF-8, control characters, backslashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathReading {
    /// They go on, and past the cache.
    Lenient,
    /// They are refused.
    #[default]
    Strict,
}

/// Patterns of attacks, each worth points; a request with too many is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShieldRules {
    /// From 1, where hardly anything good is refused, to 4, where hardly anything bad is let through.
    pub paranoia: u8,
    /// The points at which a request is refused.
    pub threshold: u32,
    /// The kinds of attacks that are looked for.
    pub categories: Vec<AttackCategory>,
    /// Headers that are looked at, besides path and query.
    pub headers: Vec<HeaderName>,
    /// So many bytes of the body are looked at; 0 for none.
    pub body: ByteSize,
    /// What is not looked for.
    pub exclude: Vec<RuleExclusion>,
}

/// A kind of attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttackCategory {
    /// Commands of a shell.
    CommandInjection,
    /// Ways out of a directory.
    PathTraversal,
    /// Pieces of SQL.
    SqlInjection,
    /// Scripts for somebody else's browser.
    Xss,
}

/// A rule, or all of them, that do not look at some place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleExclusion {
    /// The number of the rule; every rule when `None`.
    pub rule: Option<u16>,
    /// The query or form parameter, JSON field or header; everywhere when `None`.
    pub target: Option<String>,
}

// === impl AttackCategory ===

impl AttackCategory {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::CommandInjection,
        Self::PathTraversal,
        Self::SqlInjection,
        Self::Xss,
    ];

    /// The word for it in files, events and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommandInjection => "command_injection",
            Self::PathTraversal => "path_traversal",
            Self::SqlInjection => "sql_injection",
            Self::Xss => "xss",
        }
    }
}
