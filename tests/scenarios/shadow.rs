//! A policy in shadow mode decides, counts and reports, and changes nothing.

use std::thread;

use harness::{Ask, Gate, Origin, Reply, Sidecar};

use crate::forebay;

fn shadowing(origin: &Origin, policies: &str) -> Sidecar {
    forebay().origin(origin).with_policies(policies).start()
}

#[test]
fn a_cache_in_shadow_answers_nothing_and_counts_what_it_would_have() {
    let origin = Origin::http(|request| {
        assert!(!request.headers.has("if-none-match"));
        Reply::ok("x")
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"v\"")
    });
    let sidecar = shadowing(&origin, "cache: {mode: shadow}");
    for _ in 0..3 {
        let response = sidecar.get("/");
        assert_eq!(response.text(), "x");
        assert!(
            response.cache_status().contains("fwd=bypass"),
            "{response:?}"
        );
        assert!(!response.headers.has("age"), "{response:?}");
    }
    assert_eq!(origin.count(), 3);
    let labels = |outcome| [("route", "all"), ("outcome", outcome), ("mode", "shadow")];
    sidecar.wait_for_metric("forebay_cache_requests_total", &labels("miss"), 1.0);
    sidecar.wait_for_metric("forebay_cache_requests_total", &labels("hit"), 2.0);
}

#[test]
fn only_if_cached_means_nothing_to_a_cache_in_shadow() {
    let origin = Origin::saying("x");
    let sidecar = shadowing(&origin, "cache: {mode: shadow}");
    let response = sidecar.ask(&Ask::get("/").header("Cache-Control", "only-if-cached"));
    assert_eq!(response.text(), "x");
}

#[test]
fn compression_in_shadow_changes_no_byte() {
    let origin = Origin::http(|request| {
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
        Reply::ok("x".repeat(5000))
            .header("Content-Type", "text/plain")
            .header("ETag", "\"v\"")
    });
    let sidecar = shadowing(&origin, "compression: {mode: shadow}");
    let response = sidecar.ask(&Ask::get("/").header("Accept-Encoding", "gzip"));
    assert_eq!(response.text(), "x".repeat(5000));
    assert_eq!(response.header("etag"), Some("\"v\""));
    assert!(!response.headers.has("vary"), "{response:?}");
    let labels = [("route", "all"), ("outcome", "gzip"), ("mode", "shadow")];
    sidecar.wait_for_metric("forebay_compression_responses_total", &labels, 1.0);
}

#[test]
fn deduplication_in_shadow_joins_nobody() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("x")
        }
    });
    let sidecar = shadowing(&origin, "deduplication: {mode: shadow}");
    let address = sidecar.address();
    let clients: Vec<_> = (0..5)
        .map(|_| thread::spawn(move || Ask::get("/").send(address)))
        .collect();
    origin.wait_for(5);
    gate.open();
    for client in clients {
        let response = client.join().unwrap();
        assert!(
            !response.cache_status().contains("collapsed"),
            "{response:?}"
        );
    }
    let labels = |outcome| [("route", "all"), ("outcome", outcome), ("mode", "shadow")];
    sidecar.wait_for_metric("forebay_deduplication_requests_total", &labels("lead"), 1.0);
    sidecar.wait_for_metric(
        "forebay_deduplication_requests_total",
        &labels("follow"),
        4.0,
    );
}

#[test]
fn a_rate_limit_in_shadow_denies_nobody() {
    let origin = Origin::saying("x");
    let sidecar = shadowing(
        &origin,
        "rate_limit: [{name: watch, mode: shadow, rate: 1/h, burst: 1}]",
    );
    for _ in 0..5 {
        let response = sidecar.get("/");
        assert_eq!(response.status, 200);
        assert!(!response.headers.has("ratelimit"), "{response:?}");
        assert!(!response.headers.has("ratelimit-policy"), "{response:?}");
    }
    let labels = |decision| {
        [
            ("route", "all"),
            ("limit", "watch"),
            ("decision", decision),
            ("mode", "shadow"),
        ]
    };
    sidecar.wait_for_metric("forebay_rate_limit_decisions_total", &labels("allow"), 1.0);
    sidecar.wait_for_metric("forebay_rate_limit_decisions_total", &labels("deny"), 4.0);
}

#[test]
fn a_balance_in_shadow_gives_each_endpoint_its_turn_and_counts_its_choice() {
    let (heavy, light) = (Origin::saying("x"), Origin::saying("x"));
    let sidecar = forebay()
        .endpoint(&format!(
            "{{url: \"http://{}\", weight: 3}}",
            heavy.address()
        ))
        .endpoint(&format!(
            "{{url: \"http://{}\", weight: 1}}",
            light.address()
        ))
        .upstream("balance: weighted\nbalance_mode: shadow")
        .start();
    for _ in 0..40 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!((heavy.count(), light.count()), (20, 20));
    for (origin, chosen) in [(&heavy, 30.0), (&light, 10.0)] {
        let endpoint = origin.address().to_string();
        let labels = [("upstream", "origin"), ("endpoint", endpoint.as_str())];
        sidecar.wait_for_metric("forebay_upstream_shadow_picks_total", &labels, chosen);
    }
}

#[test]
fn all_policies_in_shadow_leave_the_response_as_it_is_without_them() {
    let serve = || {
        Origin::http(|_| {
            Reply::chunked(["x".repeat(3000)])
                .header("Content-Type", "application/json")
                .header("Cache-Control", "max-age=60")
                .header("Date", "Tue, 15 Nov 1994 08:12:31 GMT")
        })
    };
    let (plain_origin, shadow_origin) = (serve(), serve());
    let plain = forebay().origin(&plain_origin).start();
    let shadow = shadowing(
        &shadow_origin,
        "cache: {mode: shadow}\ncompression: {mode: shadow}\ndeduplication: {mode: shadow}\n\
         rate_limit: [{name: l, mode: shadow, rate: 1/h, burst: 1}]",
    );
    let ask = Ask::get("/")
        .header("Accept-Encoding", "br, gzip")
        .header("X-Request-Id", "same");
    for _ in 0..3 {
        let (mut expected, mut seen) = (plain.ask(&ask), shadow.ask(&ask));
        for response in [&mut expected, &mut seen] {
            response
                .headers
                .0
                .retain(|(name, _)| name != "cache-status");
        }
        assert_eq!(seen.headers, expected.headers);
        assert_eq!(seen.body, expected.body);
        let (to_plain, to_shadow) = (plain_origin.last(), shadow_origin.last());
        assert_eq!(
            to_shadow.header("accept-encoding"),
            to_plain.header("accept-encoding")
        );
    }
}

#[test]
fn policies_that_are_off_do_not_even_count() {
    let origin = Origin::http(|_| Reply::ok("x").header("Cache-Control", "max-age=60"));
    let sidecar = shadowing(
        &origin,
        "cache: {mode: off}\nrate_limit: [{name: l, mode: off, rate: 1/h, burst: 1}]",
    );
    for _ in 0..3 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!(origin.count(), 3);
    assert_eq!(
        sidecar.metric("forebay_rate_limit_decisions_total", &[]),
        0.0
    );
}
