//! The routing rule written down a second time, slowly, to see that no living route is called dead.

use std::cmp::Reverse;

use http::{HeaderName, Method};
use proptest::{prelude::*, sample::select};

use super::*;

#[derive(Clone, Debug)]
struct Request {
    host: &'static str,
    path: Vec<&'static str>,
    method: Method,
    header: Option<&'static str>,
    parameter: Option<&'static str>,
}

/// Smaller sorts first: exact, then longer `*.` names, then any.
type HostRank = (u8, Reverse<usize>);

fn host_matches(pattern: Option<&HostPattern>, host: &str) -> Option<HostRank> {
    match pattern {
        None => Some((2, Reverse(0))),
        Some(HostPattern::Exact(name)) => (name == host).then_some((0, Reverse(0))),
        Some(HostPattern::Below(name)) => host
            .strip_suffix(name.as_str())
            .is_some_and(|front| front.len() > 1 && front.ends_with('.'))
            .then_some((1, Reverse(name.len()))),
    }
}

fn path_matches(pattern: &PathPattern, path: &[&str]) -> bool {
    let mut at = 0;
    for segment in &pattern.segments {
        match segment {
            PathSegment::Rest(_) => return true,
            PathSegment::Literal(text) => {
                if path.get(at) != Some(&text.as_str()) {
                    return false;
                }
            }
            PathSegment::Parameter(_) => {
                if path.get(at).is_none_or(|part| part.is_empty()) {
                    return false;
                }
            }
        }
        at += 1;
    }
    at == path.len()
}

fn path_rank(pattern: &PathPattern) -> Vec<u8> {
    let rank = |segment: &PathSegment| match segment {
        PathSegment::Literal(_) => 0,
        PathSegment::Parameter(_) => 1,
        PathSegment::Rest(_) => 2,
    };
    pattern.segments.iter().map(rank).collect()
}

fn holds(condition: &TextMatch, value: Option<&str>) -> bool {
    match condition {
        TextMatch::Absent => value.is_none(),
        TextMatch::Exact(text) => value == Some(text),
        TextMatch::Prefix(text) => value.is_some_and(|value| value.starts_with(text.as_str())),
        TextMatch::Present => value.is_some(),
    }
}

fn takes(route: &RouteMatch, request: &Request) -> bool {
    path_matches(&route.path, &request.path)
        && (route.methods.is_empty() || route.methods.contains(&request.method))
        && route
            .headers
            .iter()
            .all(|condition| holds(&condition.value, request.header))
        && route
            .query
            .iter()
            .all(|condition| holds(&condition.value, request.parameter))
}

fn winner(routes: &[Route], request: &Request) -> Option<usize> {
    let mut candidates = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        let any = [None];
        let hosts: Vec<_> = route.matches.hosts.iter().map(Some).collect();
        let hosts = if hosts.is_empty() {
            &any[..]
        } else {
            &hosts[..]
        };
        for host in hosts {
            if let Some(rank) = host_matches(*host, request.host)
                && takes(&route.matches, request)
            {
                let conditions = route.matches.headers.len() + route.matches.query.len();
                candidates.push((
                    rank,
                    path_rank(&route.matches.path),
                    route.matches.methods.is_empty(),
                    Reverse(conditions),
                    index,
                ));
            }
        }
    }
    candidates.into_iter().min().map(|candidate| candidate.4)
}

fn condition() -> impl Strategy<Value = Option<TextMatch>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(TextMatch::Absent)),
        1 => Just(Some(TextMatch::Present)),
        1 => select(vec!["a", "ab", "b"]).prop_map(|text| Some(TextMatch::Exact(text.to_owned()))),
        1 => select(vec!["a", "b"]).prop_map(|text| Some(TextMatch::Prefix(text.to_owned()))),
    ]
}

fn hosts() -> impl Strategy<Value = Vec<HostPattern>> {
    let host = select(vec![
        HostPattern::Exact("a.x".to_owned()),
        HostPattern::Exact("x".to_owned()),
        HostPattern::Below("x".to_owned()),
        HostPattern::Below("a.x".to_owned()),
    ]);
    proptest::collection::vec(host, 0..3)
}

fn path() -> impl Strategy<Value = PathPattern> {
    select(vec![
        "/",
        "/a",
        "/b",
        "/{p}",
        "/{*r}",
        "/a/b",
        "/a/{p}",
        "/a/{*r}",
        "/{p}/b",
        "/{q}/{*r}",
        "/a/",
    ])
    .prop_map(|text| super::super::conditions::parse_path(text).unwrap())
}

fn methods() -> impl Strategy<Value = Vec<Method>> {
    select(vec![
        vec![],
        vec![Method::GET],
        vec![Method::POST],
        vec![Method::GET, Method::POST],
    ])
}

fn route() -> impl Strategy<Value = Route> {
    (hosts(), path(), methods(), condition(), condition()).prop_map(
        |(hosts, path, methods, header, query)| Route {
            name: String::new(),
            matches: RouteMatch {
                hosts,
                path,
                methods,
                headers: header
                    .map(|value| FieldMatch {
                        name: HeaderName::from_static("h"),
                        value,
                    })
                    .into_iter()
                    .collect(),
                query: query
                    .map(|value| FieldMatch {
                        name: "q".to_owned(),
                        value,
                    })
                    .into_iter()
                    .collect(),
            },
            ..Route::plain("", 0)
        },
    )
}

/// Every request of a small world.
fn requests() -> Vec<Request> {
    let paths: [&[&str]; 9] = [
        &[""],
        &["a"],
        &["b"],
        &["c"],
        &["a", ""],
        &["a", "b"],
        &["a", "c"],
        &["c", "b"],
        &["a", "b", "c"],
    ];
    let texts = [None, Some("a"), Some("ab"), Some("b"), Some("c")];
    let mut all = Vec::new();
    for host in ["x", "a.x", "b.a.x", "y"] {
        for path in paths {
            for method in [Method::GET, Method::POST, Method::PUT] {
                for header in texts {
                    for parameter in texts {
                        all.push(Request {
                            host,
                            path: path.to_vec(),
                            method: method.clone(),
                            header,
                            parameter,
                        });
                    }
                }
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn no_living_route_is_called_dead(routes in proptest::collection::vec(route(), 2..24)) {
        let dead = unreachable(&routes);
        if !dead.is_empty() {
            for request in requests() {
                let won = winner(&routes, &request);
                prop_assert!(
                    !dead.iter().any(|(index, _)| Some(*index) == won),
                    "{:?} is won by a route that is called dead", request
                );
            }
        }
    }
}
