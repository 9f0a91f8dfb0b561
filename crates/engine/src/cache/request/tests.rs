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
    use BypassReason::{Method as Other, Override, Precondition, RequestNoStore, Upgrade};
    for (method, field, expected) in [
        (Method::POST, ("a", "b"), Other),
        (Method::OPTIONS, ("a", "b"), Other),
        (Method::from_bytes(b"get").unwrap(), ("a", "b"), Other),
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
        range: false,
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

#[test]
fn demands_are_heard_from_those_the_policy_listens_to() {
    use HonorRequest::{Always, Never, Trusted};
    let fields = headers(&[(
        "cache-control",
        "no-cache, max-age=5, max-stale=7, min-fresh=3, only-if-cached",
    )]);
    let all = Demand {
        no_cache: true,
        max_age: Some(DeltaSeconds::new(5)),
        max_stale: Some(DeltaSeconds::new(7)),
        min_fresh: Some(DeltaSeconds::new(3)),
    };
    for (honor, peer, expected) in [
        (Always, PeerTrust::Untrusted, all),
        (Always, PeerTrust::Trusted, all),
        (Trusted, PeerTrust::Trusted, all),
        (Trusted, PeerTrust::Untrusted, Demand::NONE),
        (Never, PeerTrust::Trusted, Demand::NONE),
        (Never, PeerTrust::Untrusted, Demand::NONE),
    ] {
        let rules = RequestRules {
            honor,
            peer,
            ..RequestRules::default()
        };
        let head = |headers| RequestHead {
            method: &Method::GET,
            headers,
            has_body: false,
        };
        let RequestClass::Lookup(lookup) = classify(head(&fields), &rules) else {
            panic!("bypassed");
        };
        assert_eq!(lookup.demand, expected, "{honor:?} {peer:?}");
        // These two are always obeyed.
        assert!(lookup.only_if_cached);
        let unwanted = headers(&[("cache-control", "no-store")]);
        let class = classify(head(&unwanted), &rules);
        assert_eq!(class, RequestClass::Bypass(BypassReason::RequestNoStore));
        let pragma = headers(&[("pragma", "no-cache")]);
        let RequestClass::Lookup(lookup) = classify(head(&pragma), &rules) else {
            panic!("bypassed");
        };
        assert_eq!(lookup.demand.no_cache, expected.no_cache);
    }
}

#[test]
fn methods_with_a_body_in_the_key() {
    let body = BodyKey {
        methods: vec![Method::from_bytes(b"QUERY").unwrap(), Method::POST],
        max_size: policy::ByteSize::from_bytes(10),
    };
    let class = |method: &str, length: &str, body| {
        let fields = headers(&[("content-length", length)]);
        let head = RequestHead {
            method: &Method::from_bytes(method.as_bytes()).unwrap(),
            headers: &fields,
            has_body: true,
        };
        let rules = RequestRules {
            body,
            ..RequestRules::default()
        };
        match classify(head, &rules) {
            RequestClass::Lookup(lookup) => Ok(lookup.method),
            RequestClass::Bypass(reason) => Err(reason),
        }
    };
    let large = Err(BypassReason::BodyTooLarge);
    for (method, length, expected) in [
        ("QUERY", "10", Ok(Retrieval::Query)),
        ("POST", "10", Ok(Retrieval::Query)),
        ("POST", "11", large),
        ("QUERY", "99999999999999999999", Ok(Retrieval::Query)),
        ("PUT", "10", Err(BypassReason::Method)),
        ("GET", "10", Err(BypassReason::BodyWithGet)),
        ("HEAD", "10", Err(BypassReason::BodyWithGet)),
    ] {
        let found = class(method, length, Some(&body));
        assert_eq!(found, expected, "{method} {length}");
    }
    for method in ["QUERY", "POST"] {
        assert_eq!(class(method, "10", None), Err(BypassReason::Method));
    }
}

/// TRAPS row 14: the user is in the key.
#[test]
fn one_users_partition_reports_neither_credentials_nor_cookies() {
    let fields = headers(&[("authorization", "x"), ("cookie", "a=b")]);
    let head = RequestHead {
        method: &Method::GET,
        headers: &fields,
        has_body: false,
    };
    let rules = RequestRules {
        partition: Partition::User,
        ..RequestRules::default()
    };
    let expected = Lookup {
        partition: Partition::User,
        ..Lookup::PLAIN_GET
    };
    assert_eq!(classify(head, &rules), RequestClass::Lookup(expected));
}
