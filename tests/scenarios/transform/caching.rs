//! What is stored is trimmed already; what the origin says later brings nothing back.

use std::thread;

use harness::{Ask, Origin, Reply};

use super::{PRETTY, SMALL, in_front, json};
use crate::forebay;

const CACHED: &str = "transform: {json: {}}\ncache: {}";

#[test]
fn a_hit_is_what_was_trimmed_once() {
    let origin = Origin::http(|_| {
        json(PRETTY)
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"v1\"")
    });
    let sidecar = in_front(&origin, CACHED);
    assert_eq!(sidecar.get("/").text(), SMALL);
    let hit = sidecar.get("/");
    hit.assert_hit();
    assert_eq!(hit.text(), SMALL);
    assert_eq!(hit.header("etag"), Some("W/\"v1\""));
    let labels = [
        ("route", "all"),
        ("outcome", "trimmed"),
        ("mode", "enforce"),
    ];
    sidecar.wait_for_metric("forebay_transform_responses_total", &labels, 1.0);
    let unchanged = sidecar.ask(&Ask::get("/").header("If-None-Match", "W/\"v1\""));
    assert_eq!(unchanged.status, 304);
    assert_eq!(unchanged.header("etag"), Some("W/\"v1\""));
}

/// A body that is not all here with its head is trimmed while it is being stored.
#[test]
fn a_large_body_is_stored_trimmed_as_well() {
    let large = format!("[{}1]", "1,   ".repeat(100_000));
    let small = large.replace(' ', "");
    let origin = Origin::http(move |_| json(large.clone()).header("Cache-Control", "max-age=60"));
    let sidecar = in_front(&origin, CACHED);
    assert_eq!(sidecar.get("/").text(), small);
    let hit = sidecar.get("/");
    hit.assert_hit();
    assert_eq!(hit.text(), small);
    let head = sidecar.ask(&Ask::new("HEAD", "/"));
    let length = small.len().to_string();
    assert_eq!(head.header("content-length"), Some(&*length));
}

/// TRAPS 18.
#[test]
fn the_origin_confirms_by_its_own_tag_and_brings_nothing_back() {
    let origin = Origin::http(|request| {
        let reply = match request.header("if-none-match") {
            None => json(PRETTY),
            // An origin that compares texts.
            Some("\"v1\"") => Reply::status(304),
            Some(other) => panic!("asked with {other}"),
        };
        reply
            .header("Cache-Control", "max-age=0")
            .header("ETag", "\"v1\"")
            .header("Accept-Ranges", "bytes")
            .header("Content-Digest", "sha-256=:x:")
            .header("Server", "old")
    });
    let policies = "transform: {json: {}, remove_headers: [server]}\ncache: {}";
    let sidecar = in_front(&origin, policies);
    for _ in 0..3 {
        let response = sidecar.get("/");
        assert_eq!(response.text(), SMALL);
        assert_eq!(response.header("etag"), Some("W/\"v1\""));
        for gone in ["accept-ranges", "content-digest", "server"] {
            assert!(!response.headers.has(gone), "{gone}: {response:?}");
        }
    }
    assert_eq!(origin.count(), 3);
}

/// The length in a HEAD is that of the origin's bytes, and must not make what is stored obsolete.
#[test]
fn a_head_of_the_origin_is_about_what_is_stored() {
    let origin = Origin::http(|_| {
        json(PRETTY)
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"v1\"")
    });
    let sidecar = in_front(&origin, CACHED);
    sidecar.get("/");
    let head = sidecar.ask(&Ask::new("HEAD", "/").header("Cache-Control", "no-cache"));
    assert_eq!(head.header("etag"), Some("W/\"v1\""));
    assert!(
        head.header("content-length")
            .is_none_or(|it| it == SMALL.len().to_string())
    );
    assert_eq!(origin.count(), 2);
    sidecar.get("/").assert_hit();
}

#[test]
fn what_is_stale_stands_in_for_an_answer_that_cannot_be_understood() {
    let origin = Origin::http(|request| {
        let body = if request.number == 1 {
            "{\"id\": 1}"
        } else {
            "<html>"
        };
        json(body)
            .header("Cache-Control", "max-age=0, stale-if-error=60")
            .header("ETag", "\"v1\"")
    });
    let policies = "transform: {json: {fields: [id]}}\ncache: {}";
    let sidecar = in_front(&origin, policies);
    for _ in 0..2 {
        assert_eq!(sidecar.get("/").text(), "{\"id\":1}");
    }
    assert_eq!(origin.count(), 2);
}

/// Two of a batch are asked for at once; each gets its own, trimmed.
#[test]
fn members_of_a_batch_get_theirs_trimmed() {
    let origin = Origin::http(|_| {
        json("[ {\"id\": \"1\", \"name\": \"a\"}, {\"id\": \"2\", \"name\": \"b\"} ]")
    });
    let sidecar = forebay()
        .origin(&origin)
        .routes(
            "  - name: users
    match: {path: \"/users/{id}\"}
    upstream: origin
    batch: {path: {parameter: id, request: \"/users?ids={ids}\"}, max_size: 2, max_wait: 10s}
    transform: {json: {fields: [id]}}",
        )
        .start();
    let address = sidecar.address();
    let other = thread::spawn(move || Ask::get("/users/1").send(address).text());
    let mine = sidecar.get("/users/2").text();
    assert_eq!(mine, "{\"id\":\"2\"}");
    assert_eq!(other.join().unwrap(), "{\"id\":\"1\"}");
    assert_eq!(origin.count(), 1);
}

/// Whoever wants the original gets it, and nobody else.
#[test]
fn what_was_left_alone_for_one_client_is_not_kept_for_others() {
    let origin = Origin::http(|_| {
        json("{\"id\":1,\"secret\":2}")
            .header("Content-Location", "/x")
            .header("Cache-Control", "max-age=600")
    });
    let policies = "transform: {json: {fields: [id]}}\ncache: {}";
    let sidecar = in_front(&origin, policies);
    let write = Ask::post("/x", "new").header("Cache-Control", "no-transform");
    assert_eq!(sidecar.ask(&write).text(), "{\"id\":1,\"secret\":2}");
    assert_eq!(sidecar.get("/x").text(), "{\"id\":1}");
}
