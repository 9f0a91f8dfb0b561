//! What a legacy API sends is trimmed before anybody else sees it, and nothing else is touched.

mod caching;
mod conditions;
mod fields;
mod kinds;
mod streaming;

use harness::{Ask, Origin, Reply, Request, Sidecar};

use crate::forebay;

const PRETTY: &str = "{\n  \"id\": 1,\n  \"name\": \"a  b\",\n  \"secret\": [1, 2]\n}\n";
const SMALL: &str = "{\"id\":1,\"name\":\"a  b\",\"secret\":[1,2]}\n";
const CHOSEN: &str = "{\"id\":1,\"name\":\"a  b\"}\n";

const MINIFY: &str = "transform: {json: {}}";
const SELECT: &str = "transform: {json: {fields: [id, name]}}";

fn json(body: impl Into<Vec<u8>>) -> Reply {
    Reply::ok(body).header("Content-Type", "application/json")
}

fn pretty(_: &Request) -> Reply {
    json(PRETTY)
        .header("ETag", "\"v1\"")
        .header("Accept-Ranges", "bytes")
        .header("Content-Digest", "sha-256=:x:")
}

fn in_front(origin: &Origin, policies: &str) -> Sidecar {
    forebay().origin(origin).with_policies(policies).start()
}

#[track_caller]
fn counted(sidecar: &Sidecar, outcome: &str, mode: &str, count: f64) {
    let labels = [("route", "all"), ("outcome", outcome), ("mode", mode)];
    sidecar.wait_for_metric("forebay_transform_responses_total", &labels, count);
}

/// TRAPS 18.
#[test]
fn json_loses_its_white_space_and_what_was_said_about_its_bytes() {
    let origin = Origin::http(pretty);
    let sidecar = in_front(&origin, MINIFY);
    let response = sidecar.get("/");
    assert_eq!(response.text(), SMALL);
    assert_eq!(response.header("etag"), Some("W/\"v1\""));
    let length = SMALL.len().to_string();
    assert_eq!(response.header("content-length"), Some(&*length));
    for gone in ["accept-ranges", "content-digest", "transfer-encoding"] {
        assert!(!response.headers.has(gone), "{response:?}");
    }
    counted(&sidecar, "trimmed", "enforce", 1.0);
    let bytes = |direction| {
        [
            ("route", "all"),
            ("direction", direction),
            ("mode", "enforce"),
        ]
    };
    let name = "forebay_transform_bytes_total";
    sidecar.wait_for_metric(name, &bytes("in"), PRETTY.len() as f64);
    sidecar.wait_for_metric(name, &bytes("out"), SMALL.len() as f64);
}

#[test]
fn only_listed_fields_reach_the_client() {
    let origin = Origin::http(pretty);
    let sidecar = in_front(&origin, SELECT);
    assert_eq!(sidecar.get("/").text(), CHOSEN);
    assert_eq!(sidecar.connect_h2().get("/").text(), CHOSEN);
}

#[test]
fn what_is_small_already_stays_exactly_as_it_is() {
    let origin = Origin::http(|_| json(SMALL).header("ETag", "\"v1\""));
    let sidecar = in_front(&origin, MINIFY);
    let response = sidecar.get("/");
    assert_eq!(response.text(), SMALL);
    assert_eq!(response.header("etag"), Some("\"v1\""));
}

#[test]
fn everything_else_passes_as_it_is() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/no-transform" => json(PRETTY).header("Cache-Control", "no-transform"),
        "/coded" => json(PRETTY).header("Content-Encoding", "zz"),
        "/part" => json(PRETTY)
            .with_status(206)
            .header("Content-Range", "bytes 0-9/10"),
        "/error" => json(PRETTY).with_status(422),
        "/text" => Reply::ok(PRETTY).header("Content-Type", "text/plain"),
        _ => json("<html>  </html>").header("ETag", "\"v1\""),
    });
    let sidecar = in_front(&origin, MINIFY);
    for (target, outcome) in [
        ("/no-transform", "no-transform"),
        ("/coded", "coded"),
        ("/part", "partial"),
        ("/error", "status"),
        ("/text", "type"),
    ] {
        let response = sidecar.get(target);
        assert_eq!(response.text(), PRETTY, "{target}");
        counted(&sidecar, outcome, "enforce", 1.0);
    }
    let response = sidecar.get("/not-json");
    assert_eq!(response.text(), "<html>  </html>");
    assert_eq!(response.header("etag"), Some("\"v1\""));
    counted(&sidecar, "not-json", "enforce", 1.0);
}

#[test]
fn a_client_that_says_no_transform_gets_what_the_origin_sends() {
    let origin = Origin::http(|request| pretty(request).header("Cache-Control", "max-age=60"));
    let sidecar = in_front(&origin, "transform: {json: {}}\ncache: {}");
    assert_eq!(sidecar.get("/").text(), SMALL);
    let original = Ask::get("/").header("Cache-Control", "no-transform");
    let response = sidecar.ask(&original);
    assert_eq!(response.text(), PRETTY);
    assert_eq!(response.header("etag"), Some("\"v1\""));
    response.assert_forwarded();
    let again = sidecar.get("/");
    again.assert_hit();
    assert_eq!(again.text(), SMALL);
}

#[test]
fn where_fields_are_chosen_nothing_passes_that_is_not_understood() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/html" => json("<secret/>"),
        "/half" => json("{\"id\": 1, \"secret\": "),
        _ => json("{\"id\":NaN}"),
    });
    let sidecar = in_front(&origin, SELECT);
    for (target, kind) in [
        ("/html", "upstream-not-json"),
        ("/half", "upstream-truncated"),
        ("/nan", "upstream-not-json"),
    ] {
        sidecar.get(target).assert_problem(502, kind);
    }
}

#[test]
fn the_origin_is_asked_for_plain_bytes() {
    let origin = Origin::http(|request| {
        assert_eq!(request.header("accept-encoding"), Some("identity"));
        pretty(request)
    });
    let sidecar = in_front(&origin, MINIFY);
    let response = sidecar.ask(&Ask::get("/").header("Accept-Encoding", "gzip"));
    assert_eq!(response.text(), SMALL);
}

#[test]
fn what_is_trimmed_is_compressed_after_that() {
    let long = || {
        format!(
            "[\n{}  {{\"id\": 2, \"x\": 3}}\n]",
            "  {\"id\": 1, \"x\": 2},\n".repeat(500)
        )
    };
    let origin = Origin::http(move |_| json(long()).header("ETag", "\"v1\""));
    let policies = "transform: {json: {fields: [id]}}\ncompression: {}\ncache: {ttl: 60s}";
    let sidecar = in_front(&origin, policies);
    let expected = format!("[{}{{\"id\":2}}]", "{\"id\":1},".repeat(500));
    for _ in 0..2 {
        let response = sidecar.ask(&Ask::get("/").header("Accept-Encoding", "gzip"));
        assert_eq!(response.header("content-encoding"), Some("gzip"));
        assert_eq!(response.header("etag"), Some("W/\"v1\""));
        let mut text = String::new();
        let mut decoder = flate2::read::GzDecoder::new(&response.body[..]);
        std::io::Read::read_to_string(&mut decoder, &mut text).unwrap();
        assert_eq!(text, expected);
        assert_eq!(sidecar.get("/").text(), expected);
    }
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_transformation_in_shadow_counts_and_changes_no_byte() {
    let origin = Origin::http(|request| {
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
        assert_eq!(request.header("range"), Some("bytes=0-9"));
        pretty(request).header("Server", "old")
    });
    let policies = "transform: {mode: shadow, json: {fields: [id]}, remove_headers: [server], \
                    set_headers: {x-a: b}, security_headers: true}";
    let sidecar = in_front(&origin, policies);
    let ask = Ask::get("/")
        .header("Accept-Encoding", "gzip")
        .header("Range", "bytes=0-9");
    let response = sidecar.ask(&ask);
    assert_eq!(response.text(), PRETTY);
    assert_eq!(response.header("etag"), Some("\"v1\""));
    assert_eq!(response.header("server"), Some("old"));
    assert_eq!(response.header("accept-ranges"), Some("bytes"));
    for absent in ["x-a", "x-frame-options"] {
        assert!(!response.headers.has(absent), "{response:?}");
    }
    counted(&sidecar, "trimmed", "shadow", 1.0);
    let bytes = |direction| {
        [
            ("route", "all"),
            ("direction", direction),
            ("mode", "shadow"),
        ]
    };
    let name = "forebay_transform_bytes_total";
    sidecar.wait_for_metric(name, &bytes("in"), PRETTY.len() as f64);
    sidecar.wait_for_metric(name, &bytes("out"), "{\"id\":1}\n".len() as f64);
}

#[test]
fn a_transformation_that_is_off_does_nothing() {
    let origin = Origin::http(pretty);
    let sidecar = in_front(
        &origin,
        "transform: {mode: off, json: {}, remove_headers: [accept-ranges]}",
    );
    let response = sidecar.get("/");
    assert_eq!(response.text(), PRETTY);
    assert_eq!(response.header("etag"), Some("\"v1\""));
}
