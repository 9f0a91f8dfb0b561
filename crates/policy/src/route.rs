//! Which requests a set of policies governs.

use http::{HeaderName, Method};

use crate::{
    BanPolicy, BatchPolicy, Breaker, CachePolicy, CompressionPolicy, ConcurrencyPolicy,
    DeduplicationPolicy, LimitPolicy, Priority, Setting, ShieldPolicy, TransformPolicy,
};

/// One route: a match, an upstream, and the policies that apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name in logs and metrics; unique.
    pub name: String,
    /// Which requests it takes.
    pub matches: RouteMatch,
    /// Index into [`crate::Policies::upstreams`].
    pub upstream: usize,
    /// Caching, `None` when no policy asks for it.
    pub cache: Option<CachePolicy>,
    /// Compression, `None` when no policy asks for it.
    pub compression: Option<CompressionPolicy>,
    /// Deduplication, `None` when no policy asks for it.
    pub deduplication: Option<DeduplicationPolicy>,
    /// Rate limits, all of which must allow a request.
    pub rate_limits: Vec<LimitPolicy>,
    /// Limits on what a caller has in flight, all of which must allow a request.
    pub concurrency: Vec<ConcurrencyPolicy>,
    /// Penalty boxes.
    pub bans: Vec<BanPolicy>,
    /// What its requests may look like, `None` when no policy says so.
    pub shield: Option<ShieldPolicy>,
    /// How its responses are trimmed, `None` when no policy asks for it.
    pub transform: Option<TransformPolicy>,
    /// Small reads that are asked as one, `None` when no policy asks for it.
    pub batch: Option<BatchPolicy>,
    /// When the route leaves its upstream alone for a while.
    pub breaker: Option<Breaker>,
    /// How urgent its requests are; `None` leaves it to the upstream's `capacity.classes`.
    pub priority: Option<Priority>,
    /// Where each setting came from, for `forebay explain`.
    pub settings: Vec<Setting>,
    /// The line of the file where the route begins, from 1.
    pub line: usize,
}

/// The conditions of a route; all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteMatch {
    /// Any of these hosts; empty means any host.
    pub hosts: Vec<HostPattern>,
    /// The path.
    pub path: PathPattern,
    /// Any of these methods; empty means any method.
    pub methods: Vec<Method>,
    /// All of these header conditions.
    pub headers: Vec<FieldMatch<HeaderName>>,
    /// All of these query conditions.
    pub query: Vec<FieldMatch<String>>,
}

/// A host condition, canonical: lower-case, no port, no trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// `api.example.com`
    Exact(String),
    /// `*.example.com`: any name below it, one label or more; holds `example.com`.
    Below(String),
}

/// A path pattern such as `/api/{id}/items` or `/static/{*rest}`.
///
/// `{name}` is one segment, `{*name}` is all the rest, nothing included: `/{*rest}` matches `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathPattern {
    /// The segments after the leading slash.
    pub segments: Vec<PathSegment>,
}

/// One segment of a path pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathSegment {
    /// This text, compared byte by byte; empty for a trailing slash.
    Literal(String),
    /// `{name}`: exactly one segment, not empty.
    Parameter(String),
    /// `{*name}`: everything that is left, last only.
    Rest(String),
}

/// A condition on a header or a query parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldMatch<N> {
    /// Which field.
    pub name: N,
    /// What it must be.
    pub value: TextMatch,
}

/// What a header or query value must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// Absent.
    Absent,
    /// Exactly this.
    Exact(String),
    /// Beginning with this.
    Prefix(String),
    /// There, whatever it is.
    Present,
}

// === impl Route ===

impl Route {
    /// A route of every request to the upstream at this position, without any policy.
    pub fn plain(name: &str, upstream: usize) -> Self {
        Self {
            name: name.to_owned(),
            matches: RouteMatch::default(),
            upstream,
            cache: None,
            compression: None,
            deduplication: None,
            rate_limits: Vec::new(),
            concurrency: Vec::new(),
            bans: Vec::new(),
            shield: None,
            transform: None,
            batch: None,
            breaker: None,
            priority: None,
            settings: Vec::new(),
            line: 1,
        }
    }
}

// === impl HostPattern ===

impl HostPattern {
    /// Whether it takes a host, which is canonical like itself.
    pub fn takes(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => host == name,
            Self::Below(name) => host
                .strip_suffix(name.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        }
    }

    /// Whether there is a host that both take.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(host), pattern) | (pattern, Self::Exact(host)) => pattern.takes(host),
            (Self::Below(one), Self::Below(two)) => {
                one == two || self.takes(two) || other.takes(one)
            }
        }
    }
}

// === impl PathPattern ===

impl Default for PathPattern {
    /// Every path.
    fn default() -> Self {
        Self {
            segments: vec![PathSegment::Rest("rest".to_owned())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let exact = |name: &str| HostPattern::Exact(name.to_owned());
        let below = |name: &str| HostPattern::Below(name.to_owned());
        for (pattern, host, takes) in [
            (exact("a.test"), "a.test", true),
            (exact("a.test"), "b.a.test", false),
            (below("a.test"), "a.test", false),
            (below("a.test"), ".a.test", false),
            (below("a.test"), "b.a.test", true),
            (below("a.test"), "c.b.a.test", true),
            (below("a.test"), "ba.test", false),
        ] {
            assert_eq!(pattern.takes(host), takes, "{pattern:?} {host}");
        }
        for (one, other, overlaps) in [
            (exact("a.test"), exact("a.test"), true),
            (exact("a.test"), exact("b.test"), false),
            (exact("b.a.test"), below("a.test"), true),
            (exact("a.test"), below("a.test"), false),
            (below("a.test"), below("a.test"), true),
            (below("b.a.test"), below("a.test"), true),
            (below("b.test"), below("a.test"), false),
        ] {
            assert_eq!(one.overlaps(&other), overlaps, "{one:?} {other:?}");
            assert_eq!(other.overlaps(&one), overlaps, "{other:?} {one:?}");
        }
    }
}
