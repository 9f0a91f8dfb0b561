//! Which conditions of a route hold for a request.
//!
//! Each condition is asked alone, as a route that has no other, through the very router that serves
//! requests: it cannot judge a condition differently from the whole.

use engine::routing::{RouteOutcome, RouteQuery, Router};
use http::Method;
use policy::{FieldMatch, HostPattern, PathPattern, PathSegment, Route, RouteMatch, TextMatch};

/// A route, condition by condition.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) route: &'a Route,
    pub(super) conditions: Vec<Condition>,
}

/// One condition, and how the request meets it.
#[derive(Debug)]
pub(super) struct Condition {
    /// Such as `path /api/{*rest}`.
    pub(super) text: String,
    pub(super) met: Met,
    /// It asks for more than host and path do.
    refines: bool,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It does not.
    No,
    /// It does.
    Yes,
}

/// Every route, in the order of the file.
pub(super) fn candidates<'a>(routes: &'a [Route], query: &RouteQuery<'_>) -> Vec<Candidate<'a>> {
    let routes = routes.iter();
    routes.map(|route| Candidate::new(route, query)).collect()
}

// === impl Candidate ===

impl<'a> Candidate<'a> {
    fn new(route: &'a Route, query: &RouteQuery<'_>) -> Self {
        let RouteMatch {
            hosts,
            path,
            methods,
            headers,
            query: parameters,
        } = &route.matches;
        let mut conditions = Vec::new();
        let mut ask = |text: String, alone: RouteMatch| {
            let refines = alone.hosts.is_empty() && alone.path == PathPattern::default();
            let met = met(route, alone, query);
            conditions.push(Condition { text, met, refines });
        };
        if !hosts.is_empty() {
            let alone = RouteMatch {
                hosts: hosts.clone(),
                ..RouteMatch::default()
            };
            ask(format!("host {}", either(hosts, host)), alone);
        }
        let alone = RouteMatch {
            path: path.clone(),
            ..RouteMatch::default()
        };
        ask(format!("path {}", pattern(path)), alone);
        if !methods.is_empty() {
            let alone = RouteMatch {
                methods: methods.clone(),
                ..RouteMatch::default()
            };
            ask(
                format!("method {}", either(methods, Method::to_string)),
                alone,
            );
        }
        for header in headers {
            let alone = RouteMatch {
                headers: vec![header.clone()],
                ..RouteMatch::default()
            };
            ask(format!("header {}", field(header)), alone);
        }
        for parameter in parameters {
            let alone = RouteMatch {
                query: vec![parameter.clone()],
                ..RouteMatch::default()
            };
            ask(format!("query parameter {}", field(parameter)), alone);
        }
        Self { route, conditions }
    }

    /// How many conditions do not hold.
    pub(super) fn misses(&self) -> usize {
        let missed = self.conditions.iter();
        missed.filter(|condition| condition.met == Met::No).count()
    }

    /// Whether a single condition other than host and path does not hold.
    pub(super) fn is_near(&self) -> bool {
        let missed = |condition: &&Condition| condition.met == Met::No;
        let mut missed = self.conditions.iter().filter(missed);
        missed.next().is_some_and(|condition| condition.refines) && missed.next().is_none()
    }
}

fn met(route: &Route, alone: RouteMatch, query: &RouteQuery<'_>) -> Met {
    let route = Route {
        matches: alone,
        ..route.clone()
    };
    match Router::new(&[route]).route(query) {
        RouteOutcome::Route(_) => Met::Yes,
        _ => Met::No,
    }
}

fn either<T>(several: &[T], show: impl Fn(&T) -> String) -> String {
    let shown: Vec<_> = several.iter().map(show).collect();
    shown.join(" or ")
}

fn host(pattern: &HostPattern) -> String {
    match pattern {
        HostPattern::Exact(name) => name.clone(),
        HostPattern::Below(name) => format!("*.{name}"),
    }
}

fn pattern(path: &PathPattern) -> String {
    let segments = path.segments.iter().map(|segment| match segment {
        PathSegment::Literal(text) => format!("/{text}"),
        PathSegment::Parameter(name) => format!("/{{{name}}}"),
        PathSegment::Rest(name) => format!("/{{*{name}}}"),
    });
    match segments.collect::<String>() {
        root if root.is_empty() => "/".to_owned(),
        path => path,
    }
}

fn field<N: std::fmt::Display>(wanted: &FieldMatch<N>) -> String {
    let name = &wanted.name;
    match &wanted.value {
        TextMatch::Absent => format!("{name} absent"),
        TextMatch::Exact(text) => format!("{name} exactly {text:?}"),
        TextMatch::Prefix(text) => format!("{name} beginning with {text:?}"),
        TextMatch::Present => format!("{name} present"),
    }
}
