//! The router against a matcher that is written straight from the rules.

use proptest::{prelude::*, sample::select};

use super::{host, pattern, route};
use crate::routing::*;
use policy::{FieldMatch, PathSegment, RouteMatch, TextMatch};

/// Whether the pattern takes the path, and what it is compared by: one number per position.
fn path_kinds(segments: &[PathSegment], path: &[&str]) -> Option<Vec<u8>> {
    const LITERAL: u8 = 0;
    const END: u8 = 1;
    const PARAMETER: u8 = 2;
    const REST: u8 = 3;
    match (segments, path) {
        ([PathSegment::Rest(_)], _) => Some(vec![REST]),
        ([], []) => Some(vec![END]),
        ([], _) | (_, []) => None,
        ([PathSegment::Literal(text), more @ ..], [first, left @ ..]) => (text == first)
            .then(|| path_kinds(more, left))?
            .map(|kinds| [vec![LITERAL], kinds].concat()),
        ([_, more @ ..], [first, left @ ..]) => (!first.is_empty())
            .then(|| path_kinds(more, left))?
            .map(|kinds| [vec![PARAMETER], kinds].concat()),
    }
}

/// How specific the best host condition is; smaller is better.
fn host_kind(hosts: &[HostPattern], asked: &str) -> Option<i64> {
    let kind = |pattern: &HostPattern| match pattern {
        HostPattern::Exact(name) => (name == asked).then_some(-1000),
        HostPattern::Below(name) => asked
            .ends_with(&format!(".{name}"))
            .then(|| -i64::try_from(name.len()).unwrap()),
    };
    if hosts.is_empty() {
        return Some(0);
    }
    hosts.iter().filter_map(kind).min()
}

fn naive(routes: &[Route], query: &RouteQuery<'_>) -> RouteOutcome {
    let path: Vec<&str> = query.path[1..].split('/').collect();
    let mut host_known = false;
    let mut found = Vec::new();
    let mut allowed = Vec::new();
    for (position, route) in routes.iter().enumerate() {
        let wanted = &route.matches;
        let Some(host) = host_kind(&wanted.hosts, query.host) else {
            continue;
        };
        host_known = true;
        let Some(kinds) = path_kinds(&wanted.path.segments, &path) else {
            continue;
        };
        let asked = query.headers.get("x").map(|v| v.to_str().unwrap());
        let fields = wanted.headers.iter().all(|field| match &field.value {
            TextMatch::Absent => asked.is_none(),
            TextMatch::Exact(text) => asked == Some(text),
            TextMatch::Prefix(text) => asked.is_some_and(|v| v.starts_with(text)),
            TextMatch::Present => asked.is_some(),
        });
        if !fields {
            continue;
        }
        let method = query.method;
        let get = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        if !wanted.methods.is_empty()
            && !wanted.methods.contains(method)
            && !wanted.methods.contains(get)
        {
            allowed.extend(wanted.methods.iter().map(Method::to_string));
            continue;
        }
        let fewer = -i64::try_from(wanted.headers.len()).unwrap();
        found.push((host, kinds, wanted.methods.is_empty(), fewer, position));
    }
    if let Some(best) = found.iter().min() {
        return RouteOutcome::Route(best.4);
    }
    if allowed.iter().any(|m| m == "GET") {
        allowed.push("HEAD".to_owned());
    }
    allowed.sort();
    allowed.dedup();
    if !allowed.is_empty() {
        let methods = allowed.iter().map(|m| m.parse().unwrap()).collect();
        return RouteOutcome::MethodNotAllowed(methods);
    }
    if host_known {
        RouteOutcome::NoRoute
    } else {
        RouteOutcome::UnknownHost
    }
}

fn any_route() -> impl Strategy<Value = Route> {
    let hosts = proptest::collection::vec(select(vec!["a.b.c", "b.c", "*.b.c", "*.c", "x"]), 0..3);
    let piece = select(vec!["a", "b", "{p}"]);
    let tail = select(vec!["", "/", "/{*rest}"]);
    let path = (proptest::collection::vec(piece, 0..4), tail);
    let methods =
        proptest::collection::vec(select(vec![Method::GET, Method::POST, Method::HEAD]), 0..3);
    let value = prop_oneof![
        Just(TextMatch::Absent),
        Just(TextMatch::Exact("1".to_owned())),
        Just(TextMatch::Prefix("1".to_owned())),
        Just(TextMatch::Present),
    ];
    let headers = proptest::collection::vec(value, 0..3);
    (hosts, path, methods, headers).prop_map(|(hosts, (pieces, tail), methods, headers)| {
        let mut text: String = pieces.iter().map(|piece| format!("/{piece}")).collect();
        text.push_str(tail);
        if text.is_empty() {
            text.push('/');
        }
        route(RouteMatch {
            hosts: hosts.into_iter().map(host).collect(),
            path: pattern(&text),
            methods,
            headers: headers
                .into_iter()
                .map(|value| FieldMatch {
                    name: http::HeaderName::from_static("x"),
                    value,
                })
                .collect(),
            query: Vec::new(),
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn agrees(
        routes in proptest::collection::vec(any_route(), 0..10),
        asked in select(vec!["a.b.c", "b.c", "c", "z.b.c", "x", ""]),
        path in "(/(a|b|c)?){1,4}",
        method in select(vec![Method::GET, Method::HEAD, Method::POST, Method::PUT]),
        field in select(vec![None, Some("1"), Some("12"), Some("2")]),
    ) {
        let mut headers = HeaderMap::new();
        if let Some(value) = field {
            headers.insert("x", value.parse().unwrap());
        }
        let query = RouteQuery { host: asked, method: &method, path: &path, query: None, headers: &headers };
        prop_assert_eq!(Router::new(&routes).route(&query), naive(&routes, &query));
    }
}
