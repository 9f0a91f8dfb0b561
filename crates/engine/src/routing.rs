//! Which route governs a request: the most specific one whose conditions all hold.
//!
//! # Specificity
//! In this order: an exact host, then the longest `*.` host, then any host; path segments from left
//! to right, a literal before a `{parameter}` before a `{*rest}`; a list of methods before none; more
//! header and query conditions before fewer; the order of the file. A candidate whose conditions fail
//! gives way to the next less specific one, on a less specific host too.
//!
//! # Cost
//! Hosts are looked up by hash, once per label at most; paths are walked in a trie of segments
//! (`routing::trie`). Neither grows with the number of routes. Nothing is allocated unless the answer is
//! [`RouteOutcome::MethodNotAllowed`].

mod conditions;
mod hasher;
mod parameter;
mod trie;

use std::collections::HashMap;

use http::{HeaderMap, Method};
use policy::{HostPattern, Route};

pub(crate) use self::parameter::parameter;
use self::{
    conditions::{Conditions, Fit},
    hasher::BuildFieldHasher,
    trie::{Leaf, Trie},
};

/// Every route of a configuration, arranged for lookup.
#[derive(Debug)]
pub struct Router {
    exact: HashMap<Box<str>, Trie, BuildFieldHasher>,
    below: HashMap<Box<str>, Trie, BuildFieldHasher>,
    any: Option<Trie>,
    conditions: Vec<Conditions>,
}

/// What a request is routed by.
#[derive(Clone, Copy, Debug)]
pub struct RouteQuery<'a> {
    /// The canonical host without port, empty when the request named none.
    pub host: &'a str,
    /// The method.
    pub method: &'a Method,
    /// The normal path; `*` counts as `/`.
    pub path: &'a str,
    /// The raw query without its question mark.
    pub query: Option<&'a str>,
    /// The request's header fields.
    pub headers: &'a HeaderMap,
}

/// Which route it is, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteOutcome {
    /// The path is known, but only with these methods, sorted by name.
    MethodNotAllowed(Vec<Method>),
    /// This host has no route for the path and the conditions.
    NoRoute,
    /// The route at this position in the configuration.
    Route(usize),
    /// No route takes this host.
    UnknownHost,
}

// === impl Router ===

impl Router {
    /// Arranges the routes; answers are positions in this slice.
    pub fn new(routes: &[Route]) -> Self {
        let conditions: Vec<_> = routes
            .iter()
            .map(|route| Conditions::new(&route.matches))
            .collect();
        let mut router = Self {
            exact: HashMap::default(),
            below: HashMap::default(),
            any: None,
            conditions,
        };
        for (position, route) in routes.iter().enumerate() {
            let leaf = Leaf {
                rank: router.conditions[position].rank(position),
                route: position,
            };
            let pattern = &route.matches.path;
            if route.matches.hosts.is_empty() {
                router.any.get_or_insert_default().insert(pattern, leaf);
            }
            for host in &route.matches.hosts {
                let (group, name) = match host {
                    HostPattern::Exact(name) => (&mut router.exact, name),
                    HostPattern::Below(name) => (&mut router.below, name),
                };
                group
                    .entry(name.as_str().into())
                    .or_default()
                    .insert(pattern, leaf);
            }
        }
        router
    }

    /// Answers for one request.
    pub fn route(&self, query: &RouteQuery<'_>) -> RouteOutcome {
        let Some(path) = rooted(query.path) else {
            return RouteOutcome::NoRoute;
        };
        let mut search = Search {
            router: self,
            query,
            refused: Vec::new(),
        };
        let mut host_known = false;
        for trie in self.hosts(query.host) {
            host_known = true;
            if let Some(route) = trie.find(path, &mut |leaf| search.fits(leaf)) {
                return RouteOutcome::Route(route);
            }
        }
        match (search.refused.is_empty(), host_known) {
            (false, _) => RouteOutcome::MethodNotAllowed(self.allowed(&search.refused)),
            (true, true) => RouteOutcome::NoRoute,
            (true, false) => RouteOutcome::UnknownHost,
        }
    }

    /// The tries that take this host, most specific first.
    fn hosts<'r>(&'r self, host: &'r str) -> impl Iterator<Item = &'r Trie> {
        let exact = if self.exact.is_empty() {
            None
        } else {
            self.exact.get(host)
        };
        let parents = if self.below.is_empty() { "" } else { host };
        exact
            .into_iter()
            .chain(
                std::iter::successors(parent(parents), |name| parent(name))
                    .filter_map(|name| self.below.get(name)),
            )
            .chain(&self.any)
    }

    /// Every method that the refusing routes take, HEAD included where GET is.
    fn allowed(&self, refused: &[usize]) -> Vec<Method> {
        let mut methods: Vec<Method> = refused
            .iter()
            .flat_map(|route| self.conditions[*route].methods())
            .cloned()
            .collect();
        if methods.contains(&Method::GET) {
            methods.push(Method::HEAD);
        }
        methods.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        methods.dedup();
        methods
    }
}

/// The name without its first label.
fn parent(host: &str) -> Option<&str> {
    host.split_once('.').map(|(_, rest)| rest)
}

/// The path after its leading slash.
fn rooted(path: &str) -> Option<&str> {
    match path {
        "" | "*" => Some(""),
        other => other.strip_prefix('/'),
    }
}

/// One request's search, which remembers the routes that only wanted another method.
struct Search<'r, 'q> {
    router: &'r Router,
    query: &'r RouteQuery<'q>,
    refused: Vec<usize>,
}

// === impl Search ===

impl Search<'_, '_> {
    fn fits(&mut self, leaf: &Leaf) -> Option<usize> {
        match self.router.conditions[leaf.route].fit(self.query) {
            Fit::Fits => Some(leaf.route),
            Fit::OtherMethod => {
                self.refused.push(leaf.route);
                None
            }
            Fit::Unfit => None,
        }
    }
}

// === impl RouteOutcome ===

impl RouteOutcome {
    /// The word for it in logs and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::MethodNotAllowed(_) => "method-not-allowed",
            Self::NoRoute => "no-route",
            Self::Route(_) => "route",
            Self::UnknownHost => "unknown-host",
        }
    }
}

#[cfg(test)]
mod tests;
