//! What makes two requests the same (traps 10, 12 and 13).

use harness::{Ask, Origin, Reply};

use super::{caching, counting, kept};
use crate::forebay;

/// Trap 10.
#[test]
fn the_same_path_of_two_hosts_is_two_things() {
    let origin = Origin::http(|request| {
        Reply::ok(request.header("host").unwrap_or_default()).header("Cache-Control", "max-age=60")
    });
    let sidecar = caching(&origin);
    for host in ["a.test", "b.test", "a.test:81"] {
        let ask = Ask::get("/same").header("Host", host);
        assert_eq!(sidecar.ask(&ask).text(), host);
        let hit = sidecar.ask(&ask);
        hit.assert_hit();
        assert_eq!(hit.text(), host);
    }
}

#[test]
fn queries_are_told_apart_but_for_what_the_operator_ignores() {
    let origin = Origin::http(|request| {
        Reply::ok(request.target.clone()).header("Cache-Control", "max-age=60")
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {key: {query: {ignore: [\"utm_*\"]}}}")
        .start();
    assert_eq!(sidecar.get("/?a=1").text(), "/?a=1");
    assert_eq!(sidecar.get("/?a=2").text(), "/?a=2");
    assert_eq!(sidecar.get("/").text(), "/");
    assert_eq!(sidecar.get("/?").text().trim_end_matches('?'), "/");
    for same in ["/?a=1&utm_source=x", "/?utm_medium=y&a=1"] {
        let hit = sidecar.get(same);
        hit.assert_hit();
        assert_eq!(hit.text(), "/?a=1", "{same}");
    }
}

/// Trap 12: what is not in the key must not be able to change what is kept.
#[test]
fn a_get_with_a_body_and_overrides_go_past_the_cache() {
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    for ask in [
        Ask::get("/").body("x"),
        Ask::get("/").header("X-HTTP-Method-Override", "POST"),
        Ask::get("/").header("X-Original-URL", "/admin"),
    ] {
        assert!(!kept(&sidecar, &ask), "{ask:?}");
    }
}

/// Trap 12.
#[test]
fn what_a_client_says_about_forwarding_cannot_poison_the_cache() {
    let origin = Origin::http(|request| {
        let host = request
            .header("x-forwarded-host")
            .unwrap_or("none")
            .to_owned();
        Reply::ok(format!("<script src=//{host}/x.js>")).header("Cache-Control", "max-age=60")
    });
    let sidecar = caching(&origin);
    sidecar.ask(&Ask::get("/").header("X-Forwarded-Host", "evil.test"));
    let hit = sidecar.get("/");
    hit.assert_hit();
    assert!(!hit.text().contains("evil"), "{}", hit.text());
}

/// Trap 13.
#[test]
fn a_path_that_can_be_read_in_two_ways_is_never_kept() {
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    for path in [
        "/account%2fx.css",
        "/a%5cb",
        "/a%00b",
        "/a%252fb",
        "/a/..%2fb",
        "/a\\b",
    ] {
        for _ in 0..2 {
            let response = sidecar.get(path);
            assert!(
                !response.cache_status().contains("; hit"),
                "{path}: {response:?}"
            );
        }
    }
    // A spelling that every server reads alike has one entry.
    sidecar.get("/a/../b");
    sidecar.get("/b").assert_hit();
    sidecar.get("/%62").assert_hit();
}

#[test]
fn each_variant_that_vary_names_is_kept_apart() {
    let origin = Origin::http(|request| {
        Reply::ok(
            request
                .header("accept-language")
                .unwrap_or("none")
                .to_owned(),
        )
        .header("Cache-Control", "max-age=60")
        .header("Vary", "Accept-Language")
    });
    let sidecar = caching(&origin);
    let ask = |language: &str| sidecar.ask(&Ask::get("/").header("Accept-Language", language));
    for language in ["de", "fr"] {
        let first = ask(language);
        assert_eq!(first.text(), language);
        first.assert_forwarded();
    }
    for language in ["de", "fr"] {
        let second = ask(language);
        second.assert_hit();
        assert_eq!(second.text(), language);
    }
    let none = sidecar.get("/");
    assert_eq!(none.text(), "none");
    assert!(none.cache_status().contains("fwd=vary-miss"), "{none:?}");
}
