mod specification;

use http::HeaderName;
use policy::{FieldMatch, PathPattern, PathSegment, RouteMatch, TextMatch};

use super::*;

pub(super) fn pattern(text: &str) -> PathPattern {
    let segments = text[1..]
        .split('/')
        .map(|segment| match segment.strip_prefix('{') {
            Some(name) => match name.strip_prefix('*') {
                Some(rest) => PathSegment::Rest(rest.trim_end_matches('}').to_owned()),
                None => PathSegment::Parameter(name.trim_end_matches('}').to_owned()),
            },
            None => PathSegment::Literal(segment.to_owned()),
        })
        .collect();
    PathPattern { segments }
}

pub(super) fn host(text: &str) -> HostPattern {
    match text.strip_prefix("*.") {
        Some(name) => HostPattern::Below(name.to_owned()),
        None => HostPattern::Exact(text.to_owned()),
    }
}

pub(super) fn route(matches: RouteMatch) -> Route {
    Route {
        matches,
        ..Route::plain("", 0)
    }
}

fn on(hosts: &[&str], path: &str, methods: &[Method]) -> Route {
    route(RouteMatch {
        hosts: hosts.iter().map(|h| host(h)).collect(),
        path: pattern(path),
        methods: methods.to_vec(),
        ..RouteMatch::default()
    })
}

fn ask(router: &Router, host: &str, method: &Method, path: &str) -> RouteOutcome {
    ask_query(router, host, method, path, None, &HeaderMap::new())
}

fn ask_query(
    router: &Router,
    host: &str,
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> RouteOutcome {
    router.route(&RouteQuery {
        host,
        method,
        path,
        query,
        headers,
    })
}

#[test]
fn paths() {
    let paths = [
        "/{*rest}",        // 0
        "/",               // 1
        "/api/{*rest}",    // 2
        "/api/{id}",       // 3
        "/api/me",         // 4
        "/api/{id}/items", // 5
        "/api/me/{x}/y",   // 6
        "/dir/",           // 7
        "/only/{id}",      // 8
    ];
    let routes: Vec<_> = paths.iter().map(|path| on(&[], path, &[])).collect();
    let router = Router::new(&routes);
    for (path, wanted) in [
        ("/", 1),
        ("*", 1),
        ("", 1),
        ("/x", 0),
        ("/x/y/z", 0),
        ("/api", 2),
        ("/api/", 2),
        ("/api/7", 3),
        ("/api/7/", 2),
        ("/api/me", 4),
        ("/api/me/items", 5),
        ("/api/me/q/y", 6),
        ("/api/me/q/z", 2),
        ("/dir/", 7),
        ("/dir", 0),
        ("/only/", 0),
        ("/only/x", 8),
    ] {
        let got = ask(&router, "h", &Method::GET, path);
        assert_eq!(got, RouteOutcome::Route(wanted), "{path}");
    }
}

#[test]
fn rest_matches_nothing_too() {
    let router = Router::new(&[on(&[], "/{*rest}", &[])]);
    for path in ["/", "*", "/a", "/a/"] {
        assert_eq!(ask(&router, "", &Method::GET, path), RouteOutcome::Route(0));
    }
    assert_eq!(ask(&router, "", &Method::GET, "a"), RouteOutcome::NoRoute);
}

/// TRAPS 9: a host nobody configured has no route, unless some route takes any host.
#[test]
fn hosts() {
    let router = Router::new(&[
        on(&["*.example.com"], "/{*rest}", &[]),
        on(&["*.b.example.com"], "/{*rest}", &[]),
        on(&["a.example.com", "x.test"], "/only", &[]),
    ]);
    for (host, path, wanted) in [
        ("a.example.com", "/only", RouteOutcome::Route(2)),
        ("x.test", "/only", RouteOutcome::Route(2)),
        ("x.test", "/other", RouteOutcome::NoRoute),
        ("a.example.com", "/other", RouteOutcome::Route(0)),
        ("c.b.example.com", "/", RouteOutcome::Route(1)),
        ("d.c.b.example.com", "/", RouteOutcome::Route(1)),
        ("b.example.com", "/", RouteOutcome::Route(0)),
        ("example.com", "/", RouteOutcome::UnknownHost),
        ("com", "/", RouteOutcome::UnknownHost),
        ("", "/", RouteOutcome::UnknownHost),
        ("notexample.com", "/", RouteOutcome::UnknownHost),
    ] {
        assert_eq!(
            ask(&router, host, &Method::GET, path),
            wanted,
            "{host}{path}"
        );
    }
}

#[test]
fn methods() {
    use Method as M;
    let router = Router::new(&[
        on(&[], "/a", &[M::GET]),
        on(&[], "/a", &[M::POST]),
        on(&[], "/b", &[]),
        on(&[], "/b", &[M::PUT]),
        on(&[], "/c", &[M::GET]),
        on(&["h"], "/c", &[M::DELETE, M::GET]),
        on(&[], "/{x}/d", &[M::GET]),
    ]);
    assert_eq!(ask(&router, "h", &M::HEAD, "/a"), RouteOutcome::Route(0));
    assert_eq!(ask(&router, "h", &M::POST, "/a"), RouteOutcome::Route(1));
    assert_eq!(ask(&router, "h", &M::PUT, "/b"), RouteOutcome::Route(3));
    assert_eq!(ask(&router, "h", &M::GET, "/b"), RouteOutcome::Route(2));
    assert_eq!(
        ask(&router, "h", &M::PATCH, "/c"),
        RouteOutcome::MethodNotAllowed(vec![M::DELETE, M::GET, M::HEAD])
    );
    assert_eq!(
        ask(&router, "h", &M::PUT, "/c/d"),
        RouteOutcome::MethodNotAllowed(vec![M::GET, M::HEAD])
    );
    assert_eq!(ask(&router, "h", &M::PUT, "/e"), RouteOutcome::NoRoute);
}

fn field<N>(name: N, value: TextMatch) -> FieldMatch<N> {
    FieldMatch { name, value }
}

#[test]
fn field_conditions() {
    let beta = HeaderName::from_static("x-beta");
    let with = |headers, query| {
        route(RouteMatch {
            headers,
            query,
            ..RouteMatch::default()
        })
    };
    let text = str::to_owned;
    let router = Router::new(&[
        with(vec![], vec![]),
        with(vec![field(beta.clone(), TextMatch::Present)], vec![]),
        with(
            vec![field(beta.clone(), TextMatch::Exact(text("2")))],
            vec![],
        ),
        with(
            vec![field(beta, TextMatch::Prefix(text("3")))],
            vec![field(text("q"), TextMatch::Exact(text("a b")))],
        ),
        with(
            vec![],
            vec![field(text("q"), TextMatch::Prefix(text("pre")))],
        ),
        with(
            vec![],
            vec![
                field(text("lang"), TextMatch::Present),
                field(text("q"), TextMatch::Absent),
            ],
        ),
    ]);
    for (beta, query, wanted) in [
        (None, None, 0),
        (Some("1"), None, 1),
        (Some("2"), None, 1),
        (Some("33"), Some("q=a+b"), 3),
        (Some("33"), Some("x=1&%71=a%20b"), 3),
        (Some("33"), Some("q=a"), 1),
        (None, Some("q=prefix"), 4),
        (None, Some("q=x&q=%70re"), 4),
        (None, Some("lang"), 5),
        (None, Some("lang=&x"), 5),
        (None, Some("lang=de&q"), 0),
    ] {
        let mut headers = HeaderMap::new();
        if let Some(beta) = beta {
            headers.insert("x-beta", beta.parse().unwrap());
        }
        let got = ask_query(&router, "h", &Method::GET, "/x", query, &headers);
        assert_eq!(got, RouteOutcome::Route(wanted), "{beta:?} {query:?}");
    }
}
