//! What a request gets that a breaker stops.

use harness::{Ask, Builder, Origin, Reply, Sidecar};

use super::{Health, LONG, assert_stopped, origin_with, reset, statuses};
use crate::forebay;

/// Answers with these fields while it is well.
fn keepable(fields: &'static [(&'static str, &'static str)]) -> (Origin, Health) {
    let (_, health) = origin_with(200);
    let origin = Origin::http({
        let health = health.clone();
        move |_| {
            let reply = health.reply();
            let fields = if health.is_well() { fields } else { &[] };
            fields
                .iter()
                .fold(reply, |reply, (name, value)| reply.header(name, *value))
        }
    });
    (origin, health)
}

fn answering_stale(origin: &Origin) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies("cache: {}")
        .with_policies(&format!(
            "breaker: {{consecutive_failures: 2, answer: stale, {LONG}}}"
        ))
        .start()
}

/// An upstream with a breaker that lets another answer; both are cached.
fn with_another(origin: &Origin, other: &Origin, of_other: &str) -> Builder {
    forebay().config(&format!(
        "version: 1
listeners: [{{address: \"{{listen}}\"}}]
admin: {{address: \"{{admin}}\", telemetry_address: \"{{telemetry}}\"}}
upstreams:
  origin:
    endpoints: [\"http://{}\"]
    breaker: {{consecutive_failures: 2, answer: {{upstream: spare}}, {LONG}}}
  spare:
    endpoints: [\"http://{}\"]
    {of_other}
routes:
  - name: all
    upstream: origin
    cache: {{}}
",
        origin.address(),
        other.address()
    ))
}

#[test]
fn what_is_stored_is_served_however_old() {
    let (origin, health) = keepable(&[("Cache-Control", "max-age=0"), ("Last-Modified", LONG_AGO)]);
    let sidecar = answering_stale(&origin);
    assert_eq!(sidecar.get("/").text(), "well");
    health.set(500);
    statuses(&sidecar, "/", 2);
    for _ in 0..5 {
        let response = sidecar.get("/");
        assert_eq!((response.status, response.text().as_str()), (200, "well"));
    }
    assert_eq!(origin.count(), 3);
    // Of this nothing is stored.
    assert_stopped(&sidecar.get("/other"));
    assert_eq!(origin.count(), 3);
}

#[test]
fn an_origin_that_said_must_revalidate_is_obeyed() {
    for directive in ["max-age=0, must-revalidate", "no-cache", "s-maxage=0"] {
        let (origin, health) = match directive {
            "no-cache" => keepable(&[("Cache-Control", "no-cache"), ("ETag", "\"a\"")]),
            "s-maxage=0" => keepable(&[("Cache-Control", "s-maxage=0"), ("ETag", "\"a\"")]),
            _ => keepable(&[
                ("Cache-Control", "max-age=0, must-revalidate"),
                ("ETag", "\"a\""),
            ]),
        };
        let sidecar = answering_stale(&origin);
        assert_eq!(sidecar.get("/").text(), "well");
        health.set(500);
        statuses(&sidecar, "/", 2);
        assert_stopped(&sidecar.get("/"));
        assert_eq!(origin.count(), 3, "{directive}");
    }
}

#[test]
fn another_upstream_answers_and_nothing_of_that_is_stored() {
    let (origin, health) = keepable(&[("Cache-Control", "max-age=0"), ("ETag", "\"first\"")]);
    let other = Origin::http(|request| {
        assert!(!request.headers.has("if-none-match"), "{request:?}");
        Reply::ok("other")
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"other\"")
    });
    let sidecar = with_another(&origin, &other, "balance: round_robin").start();
    assert_eq!(sidecar.get("/").text(), "well");
    health.set(500);
    assert_eq!(statuses(&sidecar, "/", 2), [500, 500]);
    assert_eq!(
        origin.last().header("if-none-match"),
        Some("\"first\""),
        "it was stored"
    );
    for asked in 1..=3 {
        assert_eq!(sidecar.get("/").text(), "other");
        assert_eq!(other.count(), asked);
    }
    assert_eq!(sidecar.ask(&Ask::post("/x", "body")).text(), "other");
    assert_eq!(other.last().text(), "body");
    assert_eq!(origin.count(), 3);
    // The metrics say who it was.
    let labels = [("upstream", "spare"), ("outcome", "2xx")];
    sidecar.wait_for_metric("forebay_upstream_requests_total", &labels, 4.0);
    // Back to the first, whose answer is still there.
    health.set(200);
    assert_eq!(reset(&sidecar, "{}").status, 200);
    assert_eq!(sidecar.get("/").text(), "well");
    assert_eq!(origin.last().header("if-none-match"), Some("\"first\""));
}

/// Whoever stands in reads the conditions of writes, and never gets half of a question.
#[test]
fn another_upstream_gets_the_conditions_that_protect_something() {
    let ((origin, _), other) = (origin_with(500), Origin::http(|_| Reply::ok("other")));
    let sidecar = with_another(&origin, &other, "balance: round_robin").start();
    assert_eq!(statuses(&sidecar, "/", 2), [500, 500]);
    for (name, value) in [
        ("if-match", "\"mine\""),
        ("if-none-match", "*"),
        ("if-unmodified-since", LONG_AGO),
    ] {
        let write = Ask::new("PUT", "/x").header(name, value).body("new");
        assert_eq!(sidecar.ask(&write).text(), "other");
        assert_eq!(other.last().header(name), Some(value));
    }
    let part = Ask::get("/part")
        .header("Cache-Control", "no-store")
        .header("Range", "bytes=2-3")
        .header("If-Range", "\"first\"");
    assert_eq!(sidecar.ask(&part).status, 200);
    let asked = other.last();
    assert_eq!(
        (asked.header("range"), asked.header("if-range")),
        (None, None)
    );
}

/// What a write leaves behind, by its own account, is what the spare says it is, and not stored.
#[test]
fn what_another_upstream_says_of_a_write_is_not_stored() {
    let (origin, health) = origin_with(500);
    let other = Origin::http(|_| {
        Reply::ok("of the spare")
            .header("Cache-Control", "max-age=60")
            .header("Content-Location", "/x")
    });
    let sidecar = with_another(&origin, &other, "balance: round_robin").start();
    assert_eq!(statuses(&sidecar, "/", 2), [500, 500]);
    assert_eq!(sidecar.ask(&Ask::post("/x", "body")).text(), "of the spare");
    health.set(200);
    assert_eq!(reset(&sidecar, "{}").status, 200);
    assert_eq!(sidecar.get("/x").text(), "well");
}

#[test]
fn another_upstream_that_fails_as_well_is_the_end() {
    let ((origin, _), (other, _)) = (origin_with(500), origin_with(500));
    let breaker = format!("breaker: {{consecutive_failures: 3, {LONG}}}");
    let sidecar = with_another(&origin, &other, &breaker).start();
    assert_eq!(statuses(&sidecar, "/", 5), [500; 5]);
    assert_stopped(&sidecar.get("/"));
    assert_eq!((origin.count(), other.count()), (2, 3));
}

const LONG_AGO: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
