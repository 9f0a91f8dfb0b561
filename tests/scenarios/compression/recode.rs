//! An origin that compresses: its coding is passed on, or undone and done anew (trap 18).

use std::io::Write;

use harness::{Ask, Origin, Reply, Request, Sidecar};

use super::{ask, decoded, text};
use crate::forebay;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// Compresses for those who take gzip, with a strong tag for each form.
fn serve(request: &Request) -> Reply {
    let coded = request
        .header("accept-encoding")
        .unwrap_or_default()
        .contains("gzip");
    let say = |body: Vec<u8>| {
        Reply::ok(body)
            .header("Content-Type", "application/json")
            .header("Vary", "Accept-Encoding")
    };
    let reply = match request.target.as_str() {
        "/two" => {
            return say(gzip(&gzip(text().as_bytes()))).header("Content-Encoding", "gzip, gzip");
        }
        "/unknown" => return say(text().into()).header("Content-Encoding", "zz"),
        "/cut" => {
            let whole = gzip(text().as_bytes());
            return say(whole[..whole.len() - 9].into()).header("Content-Encoding", "gzip");
        }
        "/damaged" => {
            let mut whole = gzip(text().as_bytes());
            let middle = whole.len() / 2;
            whole[middle..].fill(0xff);
            return say(whole).header("Content-Encoding", "gzip");
        }
        "/image" if coded => {
            Reply::ok(gzip(text().as_bytes())).header("Content-Type", "image/x-raw")
        }
        _ if coded => say(gzip(text().as_bytes())),
        _ => return say(text().into()).header("ETag", "\"plain\""),
    };
    let cacheable = match request.target.as_str() {
        "/cached" => "max-age=60",
        "/no-transform" => "no-transform",
        _ => "no-store",
    };
    reply
        .header("Content-Encoding", "gzip")
        .header("ETag", "\"coded\"")
        .header("Accept-Ranges", "bytes")
        .header("Content-Digest", "sha-256=:x:")
        .header("Cache-Control", cacheable)
}

fn recoding() -> (Origin, Sidecar) {
    let origin = Origin::http(serve);
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {}\ncompression: {upstream_codings: recode}")
        .start();
    (origin, sidecar)
}

#[test]
fn the_origin_is_asked_for_what_can_be_undone() {
    let (origin, sidecar) = recoding();
    for accepted in ["gzip", "identity", "deflate;q=0.5"] {
        sidecar.ask(&ask("/", accepted));
        assert_eq!(
            origin.last().header("accept-encoding"),
            Some("zstd, br, gzip")
        );
    }
    // A part of a coded form helps nobody, and who forbids changes gets what it would have got.
    sidecar.ask(
        &ask("/", "gzip")
            .header("Range", "bytes=0-9")
            .header("Cookie", "a=b"),
    );
    for ask in [
        Ask::post("/", "x").header("Range", "bytes=0-9"),
        ask("/", "gzip").header("Cache-Control", "no-transform"),
    ] {
        sidecar.ask(&ask);
        assert_eq!(origin.last().header("accept-encoding"), Some("identity"));
    }
}

#[test]
fn who_takes_the_coding_gets_the_very_bytes() {
    let (_origin, sidecar) = recoding();
    for target in ["/", "/cached", "/cached", "/image"] {
        let response = sidecar.ask(&ask(target, "br, gzip;q=0.1"));
        assert_eq!(
            response.header("content-encoding"),
            Some("gzip"),
            "{target}"
        );
        assert!(response.body == gzip(text().as_bytes()), "{target}");
        assert_eq!(response.header("etag"), Some("\"coded\""));
        assert!(response.headers.has("content-digest"));
        let vary = response.headers.all("vary").join(",").to_ascii_lowercase();
        assert!(
            vary.contains("accept-encoding") || target == "/image",
            "{vary}"
        );
    }
}

#[test]
fn who_does_not_gets_it_without_or_in_another() {
    let (_origin, sidecar) = recoding();
    for (target, accepted, coding) in [
        ("/", "identity", None),
        ("/", "br", Some("br")),
        ("/", "gzip;q=0, zstd", Some("zstd")),
        ("/", "compress", None),
        ("/image", "br", None),
        ("/no-transform", "br", None),
        ("/cached", "identity", None),
        ("/cached", "br", Some("br")),
        ("/cached", "br", Some("br")),
    ] {
        let response = sidecar.ask(&ask(target, accepted));
        assert_eq!(
            response.header("content-encoding"),
            coding,
            "{target} {accepted}"
        );
        assert!(decoded(&response) == text(), "{target} {accepted}");
        assert_eq!(response.header("etag"), Some("W/\"coded\""));
        for gone in ["content-digest", "accept-ranges"] {
            assert!(!response.headers.has(gone), "{gone}");
        }
        let vary = response.headers.all("vary").join(",").to_ascii_lowercase();
        assert!(vary.contains("accept-encoding"), "{target}: {vary}");
        let said = response.header("content-length");
        assert!(said.is_none_or(|said| said == response.body.len().to_string()));
    }
}

/// One fetch for all, and each client's tag is known again in whatever form it has it.
#[test]
fn one_stored_response_serves_every_coding() {
    let (origin, sidecar) = recoding();
    for accepted in ["gzip", "identity", "br", "zstd", "gzip", "identity", "br"] {
        let response = sidecar.ask(&ask("/cached", accepted));
        assert!(decoded(&response) == text(), "{accepted}");
        let tag = response.header("etag").unwrap().to_owned();
        for tag in [&*tag, "\"coded\"", "W/\"coded\""] {
            let again = ask("/cached", accepted).header("If-None-Match", tag);
            let again = sidecar.ask(&again);
            assert_eq!(again.status, 304, "{accepted} {tag}");
            assert_eq!(again.header("etag"), response.header("etag"), "{accepted}");
            let vary = again.headers.all("vary").join(",").to_ascii_lowercase();
            assert!(vary.contains("accept-encoding"), "{vary}");
        }
    }
    assert_eq!(origin.count(), 1);
}

/// A part is of the form that the client reads; of one that it does not, it gets the whole.
#[test]
fn a_range_is_of_what_the_client_reads() {
    let (_origin, sidecar) = recoding();
    sidecar.ask(&ask("/cached", "gzip"));
    let part = sidecar.ask(&ask("/cached", "gzip").header("Range", "bytes=0-9"));
    assert_eq!(part.status, 206);
    assert_eq!(part.body, gzip(text().as_bytes())[..10]);
    assert_eq!(part.header("content-encoding"), Some("gzip"));
    let whole = sidecar.ask(&ask("/cached", "identity").header("Range", "bytes=0-9"));
    assert_eq!(whole.status, 200);
    assert!(decoded(&whole) == text());
}

#[test]
fn a_head_says_what_the_get_would() {
    let (_origin, sidecar) = recoding();
    for target in ["/", "/cached"] {
        sidecar.get(target);
        let head = Ask::new("HEAD", target).header("Accept-Encoding", "identity");
        let head = sidecar.ask(&head);
        assert_eq!(head.header("etag"), Some("W/\"coded\""));
        assert!(!head.headers.has("content-encoding"));
        assert!(!head.headers.has("content-length"), "{head:?}");
    }
}

#[test]
fn several_codings_and_unknown_ones_are_left_alone() {
    let (_origin, sidecar) = recoding();
    for (target, coding) in [("/two", "gzip, gzip"), ("/unknown", "zz")] {
        for accepted in ["identity", "br"] {
            let response = sidecar.ask(&ask(target, accepted));
            assert_eq!(response.header("content-encoding"), Some(coding));
        }
    }
}

/// A client never takes a part for the whole.
#[test]
fn what_is_broken_on_the_way_is_cut() {
    let (_origin, sidecar) = recoding();
    for target in ["/cut", "/damaged"] {
        for accepted in ["identity", "br"] {
            let mut client = sidecar.connect();
            client.send(ask(target, accepted).bytes());
            assert!(client.try_response("GET").is_err(), "{target} {accepted}");
        }
        // Who takes it as it is finds out by itself.
        let as_it_is = sidecar.ask(&ask(target, "gzip"));
        assert_eq!(as_it_is.header("content-encoding"), Some("gzip"));
    }
    assert_eq!(sidecar.get("/").text(), text());
}

/// What the guard looks at, and what a batch is taken from, must be plain.
#[test]
fn with_a_guard_the_origin_is_asked_for_plain_bytes() {
    let origin = Origin::http(serve);
    let policy = "compression: {upstream_codings: recode, breach_guard: skip}";
    let sidecar = forebay().origin(&origin).with_policies(policy).start();
    assert!(decoded(&sidecar.ask(&ask("/", "gzip"))) == text());
    assert_eq!(origin.last().header("accept-encoding"), Some("identity"));
}
