//! A secret beside something that the one who asked has chosen (BREACH).

use std::collections::BTreeSet;

use harness::{Ask, Origin, Reply, Request, Sidecar};

use super::{ask, decoded, text};
use crate::forebay;

/// A page that repeats the query, beside a secret.
fn page(request: &Request) -> Reply {
    let query = request
        .target
        .split_once("q=")
        .map_or("", |(_, query)| query);
    let body = format!("csrf=5ca1ab1e, found nothing for {query}: {}", text());
    let reply = Reply::ok(body).header("Content-Type", "text/html");
    match request.target.contains("login") {
        true => reply.header("Set-Cookie", "s=1"),
        false => reply,
    }
}

fn guarding(policy: &str) -> (Origin, Sidecar) {
    let origin = Origin::http(page);
    let sidecar = forebay()
        .origin(&origin)
        .with_policies(&format!("compression: {{{policy}}}"))
        .start();
    (origin, sidecar)
}

fn own(target: &str, coding: &str) -> Ask {
    ask(target, coding).header("Cookie", "session=1")
}

fn count(sidecar: &Sidecar, outcome: &str, mode: &str) -> f64 {
    let labels = [("route", "all"), ("outcome", outcome), ("mode", mode)];
    sidecar.metric("forebay_compression_breach_total", &labels)
}

#[test]
fn what_reflects_beside_a_secret_is_not_compressed() {
    let (_origin, sidecar) = guarding("breach_guard: skip");
    for (ask, coded) in [
        (own("/?q=guessing", "gzip"), false),
        (
            ask("/?q=guessing", "gzip").header("Authorization", "Bearer x"),
            false,
        ),
        (ask("/login?q=guessing", "gzip"), false),
        (ask("/?q=guessing", "gzip"), true),
        (own("/?p=elsewhere", "gzip"), true),
        (own("/", "gzip"), true),
    ] {
        let response = sidecar.ask(&ask);
        assert_eq!(response.headers.has("content-encoding"), coded, "{ask:?}");
        let vary = response.headers.all("vary").join(",");
        assert!(vary.contains("accept-encoding"), "{vary}");
        assert!(decoded(&response).starts_with("csrf=5ca1ab1e"));
    }
    let labels = [
        ("route", "all"),
        ("outcome", "breach-risk"),
        ("mode", "enforce"),
    ];
    sidecar.wait_for_metric("forebay_compression_responses_total", &labels, 3.0);
    assert_eq!(count(&sidecar, "skipped", "enforce"), 3.0);
}

#[test]
fn padding_blurs_the_length_and_changes_nothing_else() {
    let (_origin, sidecar) = guarding("breach_guard: pad, encodings: [zstd, br, gzip, deflate]");
    for coding in ["zstd", "br", "gzip", "deflate"] {
        let mut lengths = BTreeSet::new();
        let mut texts = BTreeSet::new();
        for _ in 0..20 {
            let response = sidecar.ask(&own("/?q=guessing", coding));
            assert_eq!(response.header("content-encoding"), Some(coding));
            lengths.insert(response.body.len());
            texts.insert(decoded(&response));
        }
        assert!(lengths.len() > 5, "{coding}: {lengths:?}");
        assert_eq!(texts.len(), 1, "{coding}");
        // Nobody's secret is beside it, so that it is not counted below.
        let unguarded = sidecar.ask(&ask("/?q=guessing", coding));
        assert!(texts.contains(&decoded(&unguarded)), "{coding}");
    }
    assert_eq!(count(&sidecar, "padded", "enforce"), 80.0);
}

#[test]
fn in_shadow_mode_it_is_only_counted() {
    let (_origin, sidecar) = guarding("breach_guard: skip, mode: shadow");
    let response = sidecar.ask(&own("/?q=guessing", "gzip"));
    assert!(!response.headers.has("vary"));
    let labels = [("route", "all"), ("outcome", "skipped"), ("mode", "shadow")];
    sidecar.wait_for_metric("forebay_compression_breach_total", &labels, 1.0);
    let labels = [
        ("route", "all"),
        ("outcome", "breach-risk"),
        ("mode", "shadow"),
    ];
    sidecar.wait_for_metric("forebay_compression_responses_total", &labels, 1.0);
}

/// What everybody gets alike holds nobody's secret, and its codings are kept.
#[test]
fn what_is_shared_is_compressed_for_everybody() {
    let origin =
        Origin::http(|request| page(request).header("Cache-Control", "public, max-age=60"));
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {}\ncompression: {breach_guard: skip}")
        .start();
    for _ in 0..3 {
        let response = sidecar.ask(&own("/?q=guessing", "gzip"));
        assert_eq!(response.header("content-encoding"), Some("gzip"));
    }
    assert_eq!(origin.count(), 1);
}
