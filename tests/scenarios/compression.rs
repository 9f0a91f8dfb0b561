//! Responses are made smaller for those who want that, and stay what they are (trap 18).

mod breach;
mod conditions;
mod flush;
mod heads;
mod levels;
mod recode;
mod requests;
mod trailers;

use std::io::Read;

use harness::{Ask, Origin, Reply, Request, Response, Sidecar};

use crate::forebay;

fn text() -> String {
    (0..2000)
        .map(|i| format!("line {i} of a text that repeats itself\n"))
        .collect()
}

/// Everything this page needs, by target.
fn serve(request: &Request) -> Reply {
    let json = |body: String| Reply::ok(body).header("Content-Type", "application/json");
    match request.target.as_str() {
        "/small" => json("{}".to_owned()),
        "/chunked" => Reply::chunked([text(), text()]).header("Content-Type", "text/plain"),
        "/image" => Reply::ok(text()).header("Content-Type", "image/png"),
        "/untyped" => Reply::ok(text()),
        "/vendor" => {
            Reply::ok(text()).header("Content-Type", "application/vnd.x+json; charset=utf-8")
        }
        "/no-transform" => json(text()).header("Cache-Control", "no-transform"),
        "/encoded" => json(text()).header("Content-Encoding", "zz"),
        "/part" => json(text())
            .with_status(206)
            .header("Content-Range", "bytes 0-9/10"),
        "/events" => Reply::ok(text()).header("Content-Type", "text/event-stream"),
        "/empty" => Reply::status(204).header("Content-Type", "application/json"),
        "/cached" => json(text())
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"v1\""),
        _ => json(text())
            .header("ETag", "\"v1\"")
            .header("Accept-Ranges", "bytes")
            .header("Content-MD5", "x")
            .header("Content-Digest", "sha-256=:x:")
            .header("Repr-Digest", "sha-256=:x:")
            .header("Want-Content-Digest", "sha-256=1")
            .header("Vary", "Origin"),
    }
}

fn compressing() -> (Origin, Sidecar) {
    let origin = Origin::http(serve);
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {}\ncompression: {}")
        .start();
    (origin, sidecar)
}

fn ask(target: &str, accepted: &str) -> Ask {
    Ask::get(target).header("Accept-Encoding", accepted)
}

#[track_caller]
fn decoded(response: &Response) -> String {
    let bytes = &response.body[..];
    let mut text = String::new();
    let whole = match response.header("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(bytes).read_to_string(&mut text),
        Some("br") => brotli::Decompressor::new(bytes, 4096).read_to_string(&mut text),
        Some("zstd") => zstd::Decoder::new(bytes).unwrap().read_to_string(&mut text),
        Some("deflate") => flate2::read::ZlibDecoder::new(bytes).read_to_string(&mut text),
        Some(other) => panic!("nobody asked for {other}"),
        None => return response.text(),
    };
    whole.expect("a whole compressed body");
    text
}

#[test]
fn each_coding_decodes_to_what_the_origin_said() {
    let (_origin, sidecar) = compressing();
    for coding in ["gzip", "br", "zstd"] {
        for (target, expected) in [("/", text()), ("/chunked", text() + &text())] {
            let response = sidecar.ask(&ask(target, coding));
            assert_eq!(response.header("content-encoding"), Some(coding));
            assert!(
                response.body.len() < expected.len() / 4,
                "{} bytes",
                response.body.len()
            );
            assert!(
                decoded(&response) == expected,
                "{coding} of {target} differs"
            );
        }
    }
}

#[test]
fn the_client_chooses_by_weight() {
    let (_origin, sidecar) = compressing();
    for (accepted, chosen) in [
        ("gzip, br, zstd", Some("zstd")),
        ("gzip, br", Some("br")),
        ("gzip;q=1, br;q=0.5, zstd;q=0.1", Some("gzip")),
        ("gzip;q=0, br;q=0, *", Some("zstd")),
        ("*", Some("zstd")),
        ("*;q=0", None),
        ("gzip;q=0", None),
        ("identity", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("x-gzip", Some("gzip")),
        ("GZIP;Q=0.5", Some("gzip")),
        ("deflate, compress", None),
        ("", None),
        ("gzip;q=nonsense, br", Some("br")),
    ] {
        let response = sidecar.ask(&ask("/", accepted));
        assert_eq!(response.header("content-encoding"), chosen, "{accepted}");
        assert!(decoded(&response) == text(), "{accepted}");
    }
    assert!(!sidecar.get("/").headers.has("content-encoding"));
}

/// Trap 18: who refuses the plain form gets a coded one, however small.
#[test]
fn identity_that_is_refused_is_not_sent() {
    let (_origin, sidecar) = compressing();
    for target in ["/", "/small"] {
        for accepted in ["gzip, identity;q=0", "gzip, *;q=0"] {
            let response = sidecar.ask(&ask(target, accepted));
            assert_eq!(
                response.header("content-encoding"),
                Some("gzip"),
                "{target} {accepted}"
            );
        }
    }
}

#[test]
fn what_would_not_gain_is_left_alone() {
    let (_origin, sidecar) = compressing();
    for target in [
        "/small",
        "/image",
        "/untyped",
        "/no-transform",
        "/part",
        "/empty",
    ] {
        let response = sidecar.ask(&ask(target, "gzip, br, zstd"));
        assert!(
            !response.headers.has("content-encoding"),
            "{target}: {response:?}"
        );
    }
    let encoded = sidecar.ask(&ask("/encoded", "gzip"));
    assert_eq!(encoded.headers.all("content-encoding"), ["zz"]);
    let vendor = sidecar.ask(&ask("/vendor", "gzip"));
    assert_eq!(vendor.header("content-encoding"), Some("gzip"));
}

#[test]
fn no_transform_of_the_client_is_obeyed() {
    let (_origin, sidecar) = compressing();
    let response = sidecar.ask(&ask("/", "gzip").header("Cache-Control", "no-transform"));
    assert!(!response.headers.has("content-encoding"), "{response:?}");
}

/// Trap 18.
#[test]
fn what_is_said_about_the_bytes_changes_with_the_bytes() {
    let (_origin, sidecar) = compressing();
    let response = sidecar.ask(&ask("/", "gzip"));
    assert_eq!(response.header("etag"), Some("W/\"v1\""));
    assert!(!response.headers.has("accept-ranges"));
    for sum in ["content-md5", "content-digest", "repr-digest"] {
        assert!(!response.headers.has(sum), "{sum}");
    }
    // What the origin would like to be sent is not about these bytes.
    assert!(response.headers.has("want-content-digest"));
    let vary = response.headers.all("vary").join(", ").to_ascii_lowercase();
    assert!(
        vary.contains("accept-encoding") && vary.contains("origin"),
        "{vary}"
    );
    // Who did not get it encoded must know that others may.
    let plain = sidecar.get("/");
    let vary = plain.headers.all("vary").join(", ").to_ascii_lowercase();
    assert!(vary.contains("accept-encoding"), "{vary}");
    assert_eq!(plain.header("etag"), Some("\"v1\""));
}

/// Trap 18.
#[test]
fn a_weakened_tag_is_recognised_when_it_comes_back() {
    let (origin, sidecar) = compressing();
    let first = sidecar.ask(&ask("/cached", "gzip"));
    let tag = first.header("etag").unwrap();
    assert_eq!(tag, "W/\"v1\"");
    let again = sidecar.ask(&ask("/cached", "gzip").header("If-None-Match", tag));
    assert_eq!(again.status, 304, "{again:?}");
    assert_eq!(again.header("etag"), Some(tag));
    assert!(!again.headers.has("content-encoding"));
    assert_eq!(origin.count(), 1);
}

#[test]
fn one_stored_response_serves_every_coding() {
    let (origin, sidecar) = compressing();
    for coding in ["gzip", "br", "zstd", "identity"] {
        let response = sidecar.ask(&ask("/cached", coding));
        assert!(decoded(&response) == text(), "{coding}");
    }
    assert_eq!(origin.count(), 1);
    // The origin was asked for plain bytes.
    assert_eq!(origin.last().header("accept-encoding"), Some("identity"));
}

/// Trap 18: a range of recoded bytes is nobody's.
#[test]
fn ranges_are_of_the_origins_bytes() {
    let (_origin, sidecar) = compressing();
    let ranged = ask("/", "gzip")
        .header("Range", "bytes=0-9")
        .header("If-Range", "\"v1\"");
    let response = sidecar.ask(&ranged);
    assert!(!response.headers.has("content-encoding"), "{response:?}");
    assert_eq!(response.header("etag"), Some("\"v1\""));
}

#[test]
fn what_was_saved_is_counted() {
    let (_origin, sidecar) = compressing();
    let response = sidecar.ask(&ask("/", "gzip"));
    let labels = |direction| [("route", "all"), ("direction", direction)];
    let name = "forebay_compression_bytes_total";
    sidecar.wait_for_metric(name, &labels("in"), text().len() as f64);
    sidecar.wait_for_metric(name, &labels("out"), response.body.len() as f64);
}
