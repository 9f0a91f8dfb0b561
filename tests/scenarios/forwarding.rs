//! What the origin is told about where a request came from.

use harness::{Ask, Origin, Reply};

use crate::{forebay, in_front_of};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn the_origin_learns_who_asked_and_how() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    sidecar.ask(&Ask::get("/").header("Host", "Shop.test:8080"));
    let request = origin.last();
    assert_eq!(request.headers.all("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(request.headers.all("x-forwarded-proto"), ["http"]);
    assert_eq!(request.headers.all("x-forwarded-host"), ["shop.test:8080"]);
    assert_eq!(
        request.headers.all("forwarded"),
        ["for=127.0.0.1;host=\"shop.test:8080\";proto=http"]
    );
}

#[test]
fn nobody_believes_a_client_that_is_no_trusted_proxy() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    sidecar.ask(
        &Ask::get("/")
            .header("X-Forwarded-For", "203.0.113.9")
            .header("X-Forwarded-Host", "evil.test")
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Port", "443")
            .header("X-Forwarded-Prefix", "/admin")
            .header("Forwarded", "for=203.0.113.9")
            .header("X-Real-IP", "203.0.113.9")
            .header("X-Original-URL", "/admin")
            .header("X-HTTP-Method-Override", "DELETE")
            .header("Proxy", "http://evil.test"),
    );
    let request = origin.last();
    assert_eq!(request.headers.all("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(request.headers.all("x-forwarded-host"), ["shop.test"]);
    assert_eq!(request.headers.all("x-forwarded-proto"), ["http"]);
    assert_eq!(
        request.headers.all("forwarded"),
        ["for=127.0.0.1;host=shop.test;proto=http"]
    );
    for field in [
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-real-ip",
        "x-original-url",
        "x-http-method-override",
        "proxy",
    ] {
        assert!(!request.headers.has(field), "{field}: {}", request.head);
    }
}

#[test]
fn what_a_trusted_proxy_says_is_continued() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .listener("trusted_proxies: [127.0.0.0/8]")
        .with_policies("rate_limit: [{name: per_client, rate: 1/h, burst: 1}]")
        .start();
    let from = |list: &str| {
        sidecar.ask(
            &Ask::get("/")
                .header("X-Forwarded-For", list)
                .header("X-Forwarded-Proto", "https")
                .header("X-Forwarded-Host", "public.test"),
        )
    };
    assert_eq!(from("198.51.100.7, 203.0.113.9").status, 200);
    let request = origin.last();
    assert_eq!(
        request.headers.all("x-forwarded-for"),
        ["198.51.100.7, 203.0.113.9, 127.0.0.1"]
    );
    assert_eq!(request.headers.all("x-forwarded-proto"), ["https"]);
    assert_eq!(request.headers.all("x-forwarded-host"), ["public.test"]);
    // The client is the last address that no trusted proxy vouches for; what it made up does not
    // make it another one.
    assert_eq!(from("192.0.2.1, 203.0.113.9").status, 429);
    assert_eq!(from("203.0.113.10").status, 200);
    assert!(
        sidecar
            .stdout()
            .contains("\"client.address\":\"203.0.113.9\""),
        "{}",
        sidecar.stdout()
    );
}

#[test]
fn via_names_the_protocol_and_a_pseudonym() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    sidecar.ask(&Ask::get("/").header("Via", "1.0 fred"));
    let request = origin.last();
    let via = request.headers.all("via");
    assert_eq!((via.len(), via[0]), (2, "1.0 fred"), "{}", request.head);
    assert!(via[1].starts_with("1.1 "), "{}", request.head);
    sidecar.connect_h2().get("/");
    assert!(
        origin.last().header("via").unwrap().starts_with("2 "),
        "{}",
        origin.last().head
    );
}

#[test]
fn a_request_that_comes_round_again_is_ended() {
    let origin = Origin::saying("x");
    let first = in_front_of(&origin);
    first.get("/");
    let via = origin.last().header("via").unwrap().to_owned();
    let again = first.ask(&Ask::get("/").header("Via", &format!("1.1 other, {via}")));
    again.assert_problem(508, "loop");
    assert_eq!(origin.count(), 1);
    // Another instance is no loop.
    let second = forebay()
        .endpoint(&format!("http://{}", first.address()))
        .start();
    assert_eq!(second.get("/").status, 200);
}

#[test]
fn a_sidecar_that_is_its_own_upstream_answers_once_with_508() {
    let builder = forebay();
    let address = builder.address();
    let sidecar = builder.endpoint(&format!("http://{address}")).start();
    sidecar.get("/").assert_problem(508, "loop");
}

#[test]
fn every_request_has_an_id_that_the_client_learns() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    let first = sidecar.get("/");
    let second = sidecar.get("/");
    let id = first.header("x-request-id").unwrap().to_owned();
    assert_ne!(second.header("x-request-id").unwrap(), id);
    assert_eq!(
        origin.requests()[0].header("x-request-id"),
        Some(id.as_str())
    );
    let given = sidecar.ask(&Ask::get("/").header("X-Request-Id", "order-4711"));
    assert_eq!(given.header("x-request-id"), Some("order-4711"));
    assert_eq!(origin.last().headers.all("x-request-id"), ["order-4711"]);
}

#[test]
fn an_id_that_cannot_be_logged_as_it_is_is_replaced() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    let long = "a".repeat(1000);
    for bad in ["a b", "\"x\"", "", "caf\u{e9}", &long] {
        let response = sidecar.ask(&Ask::get("/").header("X-Request-Id", bad));
        let id = response.header("x-request-id").unwrap();
        assert_ne!(id, bad);
        assert_eq!(origin.last().headers.all("x-request-id"), [id]);
    }
}

#[test]
fn a_trace_is_continued_under_a_new_parent() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    sidecar.ask(
        &Ask::get("/")
            .header("traceparent", TRACE)
            .header("tracestate", "v=1"),
    );
    let request = origin.last();
    let parent = request.header("traceparent").unwrap();
    assert!(
        parent.starts_with("00-0af7651916cd43dd8448eb211c80319c-"),
        "{parent}"
    );
    assert!(
        parent.ends_with("-01") && !parent.contains("b7ad6b7169203331"),
        "{parent}"
    );
    assert_eq!(request.header("tracestate"), Some("v=1"));
    sidecar.ask(
        &Ask::get("/")
            .header("traceparent", "00-zz-1-1")
            .header("tracestate", "v=1"),
    );
    let request = origin.last();
    assert_eq!(request.header("traceparent").unwrap().len(), TRACE.len());
    assert!(!request.headers.has("tracestate"), "{}", request.head);
}

#[test]
fn a_hit_carries_the_id_of_its_own_request() {
    let origin = Origin::http(|_| Reply::ok("x").header("Cache-Control", "max-age=60"));
    let sidecar = forebay().origin(&origin).with_policies("cache: {}").start();
    sidecar.ask(&Ask::get("/").header("X-Request-Id", "first"));
    let hit = sidecar.ask(&Ask::get("/").header("X-Request-Id", "second"));
    hit.assert_hit();
    assert_eq!(hit.headers.all("x-request-id"), ["second"]);
}
