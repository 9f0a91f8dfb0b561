//! What a trailer says about the bytes goes when the bytes change (RFC 9530).

use std::io::Write;

use harness::{Ask, Origin, Reply};

use super::{ask, decoded, text};
use crate::forebay;

const SUMS: [&str; 4] = ["content-digest", "repr-digest", "digest", "content-md5"];

/// Sums while it sends; in gzip where it may be.
fn summing() -> Origin {
    Origin::http(|request| {
        let accepted = request.header("accept-encoding").unwrap_or_default();
        let is_coded = accepted.contains("gzip") && request.target == "/coded";
        let body = match is_coded {
            true => {
                let quick = flate2::Compression::fast();
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), quick);
                encoder.write_all(text().as_bytes()).unwrap();
                encoder.finish().unwrap()
            }
            false => text().into(),
        };
        let mut reply = Reply::chunked([body])
            .header("Content-Type", "text/plain")
            .header(
                "Trailer",
                "Content-Digest, Repr-Digest, Digest, Content-MD5, Server-Timing",
            )
            .trailer("Server-Timing", "all;dur=1");
        if is_coded {
            reply = reply.header("Content-Encoding", "gzip");
        }
        SUMS.iter()
            .fold(reply, |reply, name| reply.trailer(name, "x"))
    })
}

#[test]
fn sums_in_trailers_go_with_the_bytes_they_are_of() {
    let origin = summing();
    let policies = "compression: {upstream_codings: recode}";
    let sidecar = forebay().origin(&origin).with_policies(policies).start();
    for (target, accepted, is_changed) in [
        ("/", "gzip", true),
        ("/", "br", true),
        ("/", "identity", false),
        // Undone, done anew, and passed on.
        ("/coded", "identity", true),
        ("/coded", "br", true),
        ("/coded", "gzip", false),
    ] {
        let response = sidecar.ask(&ask(target, accepted).header("TE", "trailers"));
        assert!(decoded(&response) == text(), "{target} {accepted}");
        for name in SUMS {
            let is_gone = !response.trailers.has(name);
            assert_eq!(is_gone, is_changed, "{name}: {target} {accepted}");
        }
        assert!(
            response.trailers.has("server-timing"),
            "{target} {accepted}"
        );
    }
}

#[test]
fn sums_in_trailers_go_when_a_body_is_trimmed() {
    let origin = Origin::http(|_| {
        Reply::chunked(["{\"id\": 1, ", "\"x\": 2}"])
            .header("Content-Type", "application/json")
            .header("Trailer", "Content-Digest, Server-Timing")
            .trailer("Content-Digest", "x")
            .trailer("Server-Timing", "all;dur=1")
    });
    for (policies, body, has_sum) in [
        ("transform: {json: {fields: [id]}}", "{\"id\":1}", false),
        (
            "transform: {mode: shadow, json: {fields: [id]}}",
            "{\"id\": 1, \"x\": 2}",
            true,
        ),
    ] {
        let sidecar = forebay().origin(&origin).with_policies(policies).start();
        let response = sidecar.ask(&Ask::get("/").header("TE", "trailers"));
        assert_eq!(response.text(), body);
        assert_eq!(response.trailers.has("content-digest"), has_sum);
        assert!(response.trailers.has("server-timing"));
    }
}
