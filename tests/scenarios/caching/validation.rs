//! Conditions, on the client's side and on the origin's (RFC 9110, section 13).

use harness::{Ask, Origin, Reply, Request, Response};

use super::{caching, counting};

const DAY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Stale at once, with a validator, and as the request says changed or not.
fn revalidating(request: &Request) -> Reply {
    let reply = Reply::status(304)
        .header("ETag", "\"v1\"")
        .header("Cache-Control", "max-age=0")
        .header("X-Round", "later");
    match (request.header("if-none-match"), request.target.as_str()) {
        (Some("\"v1\""), "/same") => reply,
        (None, _) => Reply::ok("version 1")
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=0")
            .header("X-Round", "first"),
        _ => Reply::ok("version 2")
            .header("ETag", "\"v2\"")
            .header("Cache-Control", "max-age=0"),
    }
}

#[test]
fn a_stale_response_is_confirmed_with_its_tag() {
    let origin = Origin::http(revalidating);
    let sidecar = caching(&origin);
    assert_eq!(sidecar.get("/same").header("x-round"), Some("first"));
    let confirmed = sidecar.get("/same");
    assert_eq!(
        (confirmed.status, confirmed.text().as_str()),
        (200, "version 1")
    );
    assert_eq!(confirmed.header("x-round"), Some("later"));
    assert!(
        confirmed
            .cache_status()
            .contains("fwd=stale; fwd-status=304"),
        "{confirmed:?}"
    );
    assert_eq!(origin.last().header("if-none-match"), Some("\"v1\""));
}

#[test]
fn a_stale_response_that_has_changed_is_replaced() {
    let origin = Origin::http(revalidating);
    let sidecar = caching(&origin);
    assert_eq!(sidecar.get("/other").text(), "version 1");
    let changed = sidecar.get("/other");
    assert_eq!(
        (changed.status, changed.text().as_str()),
        (200, "version 2")
    );
    assert!(
        changed.cache_status().contains("fwd-status=200"),
        "{changed:?}"
    );
    sidecar.get("/other");
    assert_eq!(origin.last().header("if-none-match"), Some("\"v2\""));
}

#[test]
fn clients_that_hold_a_response_get_304_from_the_cache() {
    let origin = counting(&[
        ("Cache-Control", "max-age=60"),
        ("ETag", "\"v1\""),
        ("Last-Modified", DAY),
    ]);
    let sidecar = caching(&origin);
    sidecar.get("/");
    let ask = |name: &str, value: &str| sidecar.ask(&Ask::get("/").header(name, value));
    let not_modified = |response: Response| {
        assert_eq!(response.status, 304, "{response:?}");
        assert!(response.cache_status().contains("; hit"), "{response:?}");
        assert_eq!(response.header("etag"), Some("\"v1\""));
        assert!(!response.headers.has("content-length"), "{response:?}");
    };
    for tags in ["\"v1\"", "W/\"v1\"", "\"v0\", \"v1\"", "*"] {
        not_modified(ask("If-None-Match", tags));
    }
    not_modified(ask("If-Modified-Since", DAY));
    not_modified(ask("If-Modified-Since", "Mon, 07 Nov 1994 08:49:37 GMT"));
    assert_eq!(ask("If-None-Match", "\"v2\"").status, 200);
    assert_eq!(
        ask("If-Modified-Since", "Sat, 05 Nov 1994 08:49:37 GMT").status,
        200
    );
    // The tag goes before the date (RFC 9110, section 13.1.3).
    let both = Ask::get("/")
        .header("If-None-Match", "\"v2\"")
        .header("If-Modified-Since", DAY);
    assert_eq!(sidecar.ask(&both).status, 200);
    assert_eq!(origin.count(), 1);
}

/// A 304 is for the one who asked with a condition.
#[test]
fn a_client_that_asks_plainly_never_gets_304() {
    let origin = Origin::http(|request| match request.header("if-none-match") {
        Some(_) => Reply::status(304)
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=60"),
        None => Reply::ok("whole")
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=60"),
    });
    let sidecar = caching(&origin);
    // Nothing is stored yet: what the client holds must not become what everybody gets.
    let conditional = sidecar.ask(&Ask::get("/").header("If-None-Match", "\"v1\""));
    assert!(matches!(conditional.status, 200 | 304), "{conditional:?}");
    let plain = sidecar.get("/");
    assert_eq!((plain.status, plain.text().as_str()), (200, "whole"));
}

#[test]
fn a_head_is_answered_from_what_a_get_left() {
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    let head = sidecar.ask(&Ask::new("HEAD", "/"));
    head.assert_forwarded();
    // A head is no answer to a GET.
    let get = sidecar.get("/");
    get.assert_forwarded();
    assert!(!get.body.is_empty());
    let head = sidecar.ask(&Ask::new("HEAD", "/"));
    head.assert_hit();
    assert_eq!(
        head.header("content-length"),
        Some(get.body.len().to_string().as_str())
    );
    assert!(head.body.is_empty());
}

#[test]
fn only_if_cached_gets_what_is_there_or_504() {
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    let ask = Ask::get("/").header("Cache-Control", "only-if-cached");
    sidecar.ask(&ask).assert_problem(504, "not-cached");
    sidecar.get("/");
    sidecar.ask(&ask).assert_hit();
    assert_eq!(origin.count(), 1);
}
