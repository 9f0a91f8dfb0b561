//! Purging through the data port, and seeing the cache key: for those whom the operator names.

use harness::{Ask, Origin, Reply, Sidecar};

use crate::forebay;

const TOKEN: &str = "0123456789abcdef0123";

fn counting() -> Origin {
    Origin::http(|_| Reply::ok("x").header("Cache-Control", "max-age=60"))
}

/// A sidecar that lets purge, with the token in a file, from `networks`.
fn door(origin: &Origin, networks: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies("cache: {}")
        .file("token", &format!("{TOKEN}\n"))
        .top(&format!(
            "cache: {{purge: {{token_file: \"{{directory}}/token\"{networks}}}}}"
        ))
        .start()
}

fn order(target: &str) -> Ask {
    Ask::new("PURGE", target).header("Authorization", &format!("Bearer {TOKEN}"))
}

#[test]
fn who_has_the_token_may_purge_a_url() {
    let origin = counting();
    let sidecar = door(&origin, "");
    for target in ["/a?x=1", "/b"] {
        sidecar.get(target);
        sidecar.get(target).assert_hit();
    }
    let purged = sidecar.ask(&order("/a?x=1"));
    assert_eq!(
        (purged.status, purged.text().as_str()),
        (200, "{\"purged\":1}")
    );
    sidecar.get("/a?x=1").assert_forwarded();
    sidecar.get("/b").assert_hit();
    assert_eq!(origin.count(), 3);
}

#[test]
fn tags_and_patterns_are_purged_as_well() {
    let origin = Origin::http(|request| {
        Reply::ok("x")
            .header("Cache-Control", "max-age=60")
            .header("Surrogate-Key", request.target.trim_start_matches('/'))
    });
    let sidecar = door(&origin, "");
    for target in ["/red", "/blue", "/green"] {
        sidecar.get(target);
    }
    let by_tag = order("/whatever").header("Surrogate-Key", "red blue");
    assert_eq!(sidecar.ask(&by_tag).text(), "{\"purged\":2}");
    sidecar.get("/red").assert_forwarded();
    sidecar.get("/blue").assert_forwarded();
    sidecar.get("/green").assert_hit();
    let hard = order("/gr*").header("Forebay-Purge", "hard");
    assert_eq!(sidecar.ask(&hard).status, 200);
    let missed = sidecar.get("/green");
    assert!(missed.cache_status().contains("fwd=uri-miss"));
}

#[test]
fn nobody_else_may_purge_and_the_origin_never_hears_of_it() {
    let origin = counting();
    let sidecar = door(&origin, "");
    sidecar.get("/a");
    for ask in [
        Ask::new("PURGE", "/a"),
        Ask::new("PURGE", "/a").header("Authorization", "Bearer 0123456789abcdef0124"),
    ] {
        let refused = sidecar.ask(&ask);
        assert_eq!(refused.status, 401);
        assert_eq!(
            refused.header("www-authenticate"),
            Some("Bearer realm=\"purge\"")
        );
    }
    let bad = order("/a").header("Forebay-Purge", "gently");
    assert_eq!(sidecar.ask(&bad).status, 400);
    sidecar.get("/a").assert_hit();
    assert_eq!(origin.count(), 1);
    let elsewhere = door(&origin, ", from: [192.0.2.0/24]");
    assert_eq!(elsewhere.ask(&order("/a")).status, 403);
}

#[test]
fn without_the_door_purge_is_a_method_like_any_other() {
    let origin = counting();
    let sidecar = forebay().origin(&origin).with_policies("cache: {}").start();
    sidecar.get("/a");
    assert_eq!(sidecar.ask(&order("/a")).status, 200);
    assert_eq!(origin.count(), 2);
}

#[test]
fn a_token_that_cannot_be_used_stops_the_start() {
    let ran = forebay()
        .origin(&counting())
        .file("token", "short")
        .top("cache: {purge: {token_file: \"{directory}/token\"}}")
        .run("run", &[]);
    assert_ne!(ran.code, Some(0));
    assert!(
        ran.stderr.contains("cache.purge.token_file"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("shorter than 16 characters"),
        "{}",
        ran.stderr
    );
}

#[test]
fn who_may_see_the_cache_key_sees_it_on_request() {
    let origin = counting();
    let ask = Ask::get("/a?b=1").header("Forebay-Debug", "key");
    let told = |networks: &str| {
        let sidecar = forebay()
            .origin(&origin)
            .with_policies("cache: {}")
            .top(&format!("cache: {{debug_from: [{networks}]}}"))
            .start();
        let plain = sidecar.get("/a?b=1");
        assert!(!plain.cache_status().contains("key="));
        sidecar.ask(&ask).cache_status().to_owned()
    };
    let shown = told("127.0.0.0/8");
    assert!(
        shown.contains("; hit") && shown.contains("key=\"route="),
        "{shown}"
    );
    assert!(shown.contains("path=/a query=b=1"), "{shown}");
    assert!(!told("192.0.2.0/24").contains("key="));
}
