//! A secret beside something that the one who asked has chosen (BREACH).

use std::{
    collections::BTreeSet,
    sync::{Mutex, mpsc},
};

use engine::coding::Decoder;
use harness::{Ask, Origin, RawClient, Reply, Request, Sidecar};
use policy::Coding;

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

/// A page that comes in pieces when the test says so.
fn speaking(policies: &str) -> (Origin, mpsc::Sender<Vec<u8>>, Sidecar) {
    let (pieces, streamed) = mpsc::channel();
    let streamed = Mutex::new(Some(streamed));
    let origin = Origin::http(move |_| {
        let streamed = streamed.lock().unwrap().take().expect("one request");
        Reply::streamed(streamed).header("Content-Type", "text/html")
    });
    let sidecar = forebay().origin(&origin).with_policies(policies).start();
    (origin, pieces, sidecar)
}

/// Reads to the end of a body in chunks.
fn hear_out(client: &mut RawClient) {
    while !client.chunk().is_empty() {}
}

/// What is repeated in a later piece is not compressed, nor is anything behind it, and the body is the
/// same.
#[test]
fn what_is_repeated_further_down_is_not_compressed_either() {
    for coding in Coding::ALL {
        let policies = "compression: {breach_guard: skip, encodings: [zstd, br, gzip, deflate]}";
        let (_origin, pieces, sidecar) = speaking(policies);
        let mut client = sidecar.connect();
        client.send(own("/?q=guessing", coding.as_str()).bytes());
        let mut decoder = Decoder::new(coding).unwrap();
        let (mut heard, mut out) = (Vec::new(), vec![0; 100_000]);
        let mut hear = |wanted: &str, client: &mut RawClient| {
            let mut coded = 0;
            heard.clear();
            while heard.len() < wanted.len() {
                let chunk = client.chunk();
                assert!(!chunk.is_empty(), "the stream has not ended");
                coded += chunk.len();
                let mut rest = &chunk[..];
                while !rest.is_empty() {
                    let step = decoder.decode(rest, &mut out).unwrap();
                    heard.extend_from_slice(&out[..step.given]);
                    rest = &rest[step.taken..];
                }
            }
            assert!(heard == wanted.as_bytes(), "{coding:?}");
            coded
        };
        let first = format!("csrf=5ca1ab1e {}", text());
        pieces.send(first.clone().into()).unwrap();
        let head = client.response_head();
        assert_eq!(head.header("content-encoding"), Some(coding.as_str()));
        assert!(hear(&first, &mut client) < first.len() / 4, "{coding:?}");
        // The guess comes in two pieces.
        pieces.send(b"nothing found for gues".to_vec()).unwrap();
        hear("nothing found for gues", &mut client);
        let last = format!("sing {}", text());
        pieces.send(last.clone().into()).unwrap();
        assert!(hear(&last, &mut client) > last.len(), "{coding:?}");
        drop(pieces);
        hear_out(&mut client);
        sidecar.wait_for_metric(
            "forebay_compression_breach_total",
            &[
                ("route", "all"),
                ("outcome", "stopped"),
                ("mode", "enforce"),
            ],
            1.0,
        );
    }
}

/// Nobody knows what a page repeats that has not come yet.
#[test]
fn a_body_that_is_still_coming_is_padded() {
    let (_origin, pieces, sidecar) = speaking("compression: {breach_guard: pad}");
    let mut client = sidecar.connect();
    client.send(own("/?q=guessing", "gzip").bytes());
    pieces.send(text().into()).unwrap();
    client.response_head();
    let beginning = client.chunk();
    // There is an extra field.
    assert_eq!(beginning[..4], [0x1f, 0x8b, 8, 4]);
    drop(pieces);
    hear_out(&mut client);
    sidecar.wait_for_metric(
        "forebay_compression_breach_total",
        &[("route", "all"), ("outcome", "padded"), ("mode", "enforce")],
        1.0,
    );
}

/// What is kept for one cookie is somebody's own.
#[test]
fn what_is_kept_for_one_user_is_guarded() {
    for (field, vary) in [
        ("Cookie", "Cookie"),
        ("Authorization", "authorization, accept"),
    ] {
        let origin = Origin::http(move |request| {
            page(request)
                .header("Cache-Control", "public, max-age=60")
                .header("Vary", vary)
        });
        let policies = "cache: {request_cookies: ignore}\ncompression: {breach_guard: skip}";
        let sidecar = forebay().origin(&origin).with_policies(policies).start();
        for _ in 0..3 {
            let own = ask("/?q=guessing", "gzip").header(field, "me");
            let response = sidecar.ask(&own);
            // Nothing from what it repeats on, whether it is in a coding or not.
            let plain = decoded(&response);
            assert!(plain.starts_with("csrf=5ca1ab1e"), "{field}");
            assert!(response.body.len() + 100 > plain.len(), "{field}");
            let again = sidecar.ask(&own.header("If-None-Match", "*"));
            assert_eq!(again.status, 304);
        }
        assert_eq!(origin.count(), 1);
    }
}
