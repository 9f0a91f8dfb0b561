use super::*;
use crate::cache::testing::{get, headers};

fn class(method: &Method, lines: &[(&str, &str)]) -> RequestClass {
    let headers = headers(lines);
    let head = RequestHead {
        method,
        headers: &headers,
        has_body: false,
    };
    classify(head, &RequestRules::default())
}

/// TRAPS row 12: whatever may change the answer without being in the key passes the cache by.
#[test]
fn requests_the_cache_does_not_answer() {
    use BypassReason::{Method as Other, Override, Precondition, Range, RequestNoStore, Upgrade};
    for (method, field, expected) in [
        (Method::POST, ("a", "b"), Other),
        (Method::OPTIONS, ("a", "b"), Other),
        (Method::from_bytes(b"get").unwrap(), ("a", "b"), Other),
        (Method::GET, ("range", "bytes=0-1"), Range),
        (Method::GET, ("upgrade", "websocket"), Upgrade),
        (
            Method::GET,
            ("cache-control", "x, No-Store"),
            RequestNoStore,
        ),
        (Method::GET, ("if-match", "\"a\""), Precondition),
        (Method::GET, ("x-http-method-override", "DELETE"), Override),
        (Method::HEAD, ("x-original-url", "/admin"), Override),
    ] {
        assert_eq!(
            class(&method, &[field]),
            RequestClass::Bypass(expected),
            "{field:?}"
        );
    }
}

/// TRAPS row 12: a GET with a body.
#[test]
fn a_body_passes_the_cache_by() {
    let headers = HeaderMap::new();
    let head = RequestHead {
        method: &Method::GET,
        headers: &headers,
        has_body: true,
    };
    let class = classify(head, &RequestRules::default());
    assert_eq!(class, RequestClass::Bypass(BypassReason::BodyWithGet));
}

#[test]
fn pragma_counts_only_without_cache_control() {
    let pragma = ("pragma", "x, No-Cache");
    assert!(get(&headers(&[pragma])).demand.no_cache);
    assert!(
        !get(&headers(&[pragma, ("cache-control", "max-age=5")]))
            .demand
            .no_cache
    );
    assert!(
        !get(&headers(&[pragma, ("cache-control", "")]))
            .demand
            .no_cache
    );
    assert!(
        !get(&headers(&[("pragma", "no-cache-please")]))
            .demand
            .no_cache
    );
}

#[test]
fn facts_are_remembered() {
    let fields = headers(&[
        ("authorization", "Basic x"),
        ("cache-control", "only-if-cached, max-age=5, min-fresh=3"),
        ("cookie", "a=b"),
        ("if-none-match", "\"x\""),
    ]);
    let expected = Lookup {
        method: Retrieval::Get,
        partition: Partition::Shared,
        authorization: true,
        cookies: true,
        conditional: true,
        only_if_cached: true,
        demand: Demand {
            no_cache: false,
            max_age: Some(DeltaSeconds::new(5)),
            max_stale: None,
            min_fresh: Some(DeltaSeconds::new(3)),
        },
    };
    assert_eq!(get(&fields), expected);
    let head = RequestHead {
        method: &Method::GET,
        headers: &fields,
        has_body: false,
    };
    let vouched = Lookup {
        cookies: false,
        ..expected
    };
    assert_eq!(
        classify(
            head,
            &RequestRules {
                cookies: RequestCookies::Ignore,
                ..RequestRules::default()
            }
        ),
        RequestClass::Lookup(vouched)
    );
}
