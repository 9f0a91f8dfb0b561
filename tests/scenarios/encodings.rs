//! A stored response in the codings its clients take: each is made once and kept beside it.

use std::io::Read;

use harness::{Ask, Origin, Reply, Response, Sidecar, eventually};
use serde_json::Value;

use crate::forebay;

fn compressing(origin: &Origin) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies("cache: {}\ncompression: {encodings: [zstd, br, gzip], min_size: 256B}")
        .start()
}

fn text(length: usize) -> Vec<u8> {
    let words = b"what is said again and again can be said in fewer words. ";
    words.iter().copied().cycle().take(length).collect()
}

/// Answers with so much text, an hour fresh, and a strong tag.
fn writing(length: usize) -> Origin {
    Origin::http(move |_| {
        Reply::ok(text(length))
            .header("Content-Type", "text/plain")
            .header("Cache-Control", "max-age=3600")
            .header("ETag", "\"v1\"")
    })
}

fn taking(coding: &str) -> Ask {
    Ask::get("/").header("Accept-Encoding", coding)
}

fn decoded(response: &Response) -> Vec<u8> {
    let mut plain = Vec::new();
    let body = &response.body[..];
    match response.header("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(body).read_to_end(&mut plain),
        Some("br") => brotli::Decompressor::new(body, 4096).read_to_end(&mut plain),
        Some("zstd") => zstd::Decoder::new(body).unwrap().read_to_end(&mut plain),
        None => {
            plain.extend(body);
            Ok(plain.len())
        }
        other => panic!("unknown coding {other:?}"),
    }
    .expect("a body that can be decoded");
    plain
}

/// The codings in which it is held, of the only variant.
#[track_caller]
fn held(sidecar: &Sidecar) -> Vec<String> {
    let answer = sidecar.admin("/cache/lookup?url=http://shop.test/");
    let held: Value = serde_json::from_str(&answer.text()).unwrap();
    let variants = held["variants"].as_array().unwrap();
    assert!(variants.len() <= 1, "{held}");
    let encodings = variants.first().map(|variant| variant["encodings"].clone());
    let encodings: Vec<String> =
        encodings.map_or(Vec::new(), |it| serde_json::from_value(it).unwrap());
    encodings
}

#[track_caller]
fn wait_until_held(sidecar: &Sidecar, codings: &[&str]) {
    eventually(&format!("{codings:?} are held"), || {
        let held = held(sidecar);
        (held.len() == codings.len() && codings.iter().all(|it| held.iter().any(|held| held == it)))
            .then_some(())
    });
}

#[test]
fn a_coding_is_made_once_and_served_with_all_its_fields() {
    let origin = writing(10_000);
    let sidecar = compressing(&origin);
    sidecar.get("/");
    assert_eq!(held(&sidecar), [] as [String; 0]);
    for coding in ["gzip", "br", "zstd"] {
        let made = sidecar.ask(&taking(coding));
        made.assert_hit();
        let kept = sidecar.ask(&taking(coding));
        kept.assert_hit();
        assert_eq!(made.body, kept.body, "{coding}");
        for response in [&made, &kept] {
            assert_eq!(response.header("content-encoding"), Some(coding));
            assert_eq!(response.header("etag"), Some("W/\"v1\""));
            assert_eq!(response.header("vary"), Some("accept-encoding"));
            let length = response.body.len().to_string();
            assert_eq!(response.header("content-length"), Some(&*length));
            assert!(decoded(response) == text(10_000), "{coding}");
        }
    }
    wait_until_held(&sidecar, &["gzip", "br", "zstd"]);
    let plain = sidecar.get("/");
    plain.assert_hit();
    assert_eq!(plain.header("etag"), Some("\"v1\""));
    assert_eq!(plain.header("vary"), Some("accept-encoding"));
    assert!(plain.body == text(10_000));
    assert_eq!(origin.count(), 1);
}

#[test]
fn whoever_comes_first_the_origin_is_asked_for_plain_bytes_once() {
    let origin = writing(10_000);
    let sidecar = compressing(&origin);
    let first = sidecar.ask(&taking("br, gzip;q=0.5"));
    first.assert_forwarded();
    assert!(decoded(&first) == text(10_000));
    for coding in ["identity", "gzip", "zstd, br;q=0.9", "*", "deflate", ""] {
        let response = sidecar.ask(&taking(coding));
        response.assert_hit();
        assert!(decoded(&response) == text(10_000), "{coding}");
    }
    assert_eq!(origin.last().header("accept-encoding"), Some("identity"));
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_body_that_is_made_while_it_is_sent_is_kept_as_well() {
    const LENGTH: usize = 1_000_000;
    let origin = writing(LENGTH);
    let sidecar = compressing(&origin);
    sidecar.get("/");
    eventually("it is kept", || {
        let response = sidecar.get("/");
        response.cache_status().contains("; hit").then_some(())
    });
    let made = sidecar.ask(&taking("br"));
    assert_eq!(made.header("content-length"), None);
    assert!(decoded(&made) == text(LENGTH));
    wait_until_held(&sidecar, &["br"]);
    let kept = sidecar.ask(&taking("br"));
    kept.assert_hit();
    assert_eq!(
        kept.header("content-length"),
        Some(&*kept.body.len().to_string())
    );
    assert_eq!(kept.header("etag"), Some("W/\"v1\""));
    assert!(kept.body == made.body);
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_client_that_leaves_while_a_coding_is_made_leaves_nothing_wrong() {
    // So much that it does not fit into the buffers of a client that does not read.
    let mut number = 0_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + (number >> 24) as u8 % 64
    })
    .take(7_000_000)
    .collect();
    let origin = Origin::http({
        let noise = noise.clone();
        move |_| {
            Reply::ok(noise.clone())
                .header("Content-Type", "text/plain")
                .header("Cache-Control", "max-age=3600")
        }
    });
    let sidecar = compressing(&origin);
    sidecar.get("/");
    let mut leaver = sidecar.connect();
    leaver.send(taking("gzip").bytes());
    leaver.hear_until("\r\n\r\n");
    leaver.reset();
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 0.0);
    assert!(held(&sidecar).is_empty());
    let response = sidecar.ask(&taking("gzip"));
    assert!(decoded(&response) == noise);
    assert_eq!(origin.count(), 1);
}

#[test]
fn the_weakened_tag_is_recognized() {
    let origin = writing(10_000);
    let sidecar = compressing(&origin);
    sidecar.get("/");
    sidecar.ask(&taking("gzip"));
    for tag in ["W/\"v1\"", "\"v1\"", "\"other\", W/\"v1\"", "*"] {
        for coding in ["gzip", "br", "identity"] {
            let response = sidecar.ask(&taking(coding).header("If-None-Match", tag));
            assert_eq!(response.status, 304, "{tag} {coding}");
            assert!(response.body.is_empty());
            assert_eq!(response.header("vary"), Some("accept-encoding"));
            assert_eq!(response.header("content-encoding"), None);
            assert_eq!(response.header("content-length"), None);
            let expected = match coding {
                "identity" => "\"v1\"",
                _ => "W/\"v1\"",
            };
            assert_eq!(response.header("etag"), Some(expected), "{tag} {coding}");
        }
    }
    let other = sidecar.ask(&taking("gzip").header("If-None-Match", "\"v2\""));
    assert_eq!(other.status, 200);
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_range_is_cut_from_the_plain_bytes() {
    let origin = writing(10_000);
    let sidecar = compressing(&origin);
    sidecar.get("/");
    sidecar.ask(&taking("gzip"));
    let part = sidecar.ask(&taking("gzip").header("Range", "bytes=0-9"));
    assert_eq!(part.status, 206);
    assert_eq!(part.header("content-encoding"), None);
    assert_eq!(part.header("etag"), Some("\"v1\""));
    assert!(part.body == text(10));
    // A weak tag names no bytes.
    let unsure = taking("gzip")
        .header("Range", "bytes=0-9")
        .header("If-Range", "W/\"v1\"");
    assert_eq!(sidecar.ask(&unsure).status, 200);
    assert_eq!(origin.count(), 1);
}

/// A coded form has the same date as the plain one: who may have a part of that gets the whole.
#[test]
fn a_date_does_not_say_of_which_form_a_client_has_a_part() {
    let changed = "Sun, 06 Nov 1994 08:49:37 GMT";
    let origin = Origin::http(move |_| {
        Reply::ok(text(10_000))
            .header("Content-Type", "text/plain")
            .header("Cache-Control", "max-age=3600")
            .header("Last-Modified", changed)
    });
    let sidecar = compressing(&origin);
    sidecar.get("/");
    for (coding, status) in [("gzip", 200), ("identity", 206), ("gzip;q=0", 206)] {
        let part = taking(coding).header("Range", "bytes=0-9");
        let response = sidecar.ask(&part.header("If-Range", changed));
        assert_eq!(response.status, status, "{coding}");
        assert_eq!(response.header("content-encoding"), None, "{coding}");
    }
    assert_eq!(origin.count(), 1);
}

#[test]
fn what_is_confirmed_has_its_codings_under_the_new_head() {
    let origin = Origin::http(|request| match request.header("if-none-match") {
        Some("\"v1\"") => Reply::status(304)
            .header("Cache-Control", "max-age=3600")
            .header("ETag", "\"v1\"")
            .header("X-Renewed", "yes"),
        _ => Reply::ok(text(10_000))
            .header("Content-Type", "text/plain")
            .header("Cache-Control", "max-age=60")
            .header("Age", "59")
            .header("ETag", "\"v1\""),
    });
    let sidecar = compressing(&origin);
    sidecar.get("/");
    sidecar.ask(&taking("gzip"));
    let renewed = sidecar.ask(&taking("gzip").header("Cache-Control", "no-cache"));
    assert_eq!(origin.last().header("if-none-match"), Some("\"v1\""));
    let after = [
        renewed,
        sidecar.ask(&taking("gzip")),
        sidecar.ask(&taking("gzip")),
        sidecar.ask(&taking("br")),
    ];
    for response in &after {
        assert_eq!(response.status, 200);
        assert_eq!(response.header("x-renewed"), Some("yes"), "{response:?}");
        assert_eq!(response.header("etag"), Some("W/\"v1\""));
        assert_eq!(response.headers.all("vary"), ["accept-encoding"]);
        assert!(decoded(response) == text(10_000));
    }
    after[1].assert_hit();
    assert!(after[1].body == after[2].body);
    wait_until_held(&sidecar, &["gzip", "br"]);
    assert_eq!(origin.count(), 2);
}

#[test]
fn what_is_replaced_takes_its_codings_along() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let origin = Origin::http(move |_| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut body = text(10_000);
        body.extend(format!("{number}").into_bytes());
        Reply::ok(body)
            .header("Content-Type", "text/plain")
            .header("Cache-Control", "max-age=3600")
    });
    let sidecar = compressing(&origin);
    sidecar.get("/");
    assert!(decoded(&sidecar.ask(&taking("gzip"))).ends_with(b"0"));
    sidecar.ask(&Ask::post("/", "x"));
    let again = sidecar.ask(&taking("gzip"));
    assert!(decoded(&again).ends_with(b"2"));
    let last = sidecar.ask(&taking("gzip"));
    last.assert_hit();
    assert!(decoded(&last).ends_with(b"2"));
}

#[test]
fn each_persona_has_codings_of_its_own() {
    let origin = Origin::http(|request| {
        let plan = request.header("x-plan").unwrap_or_default().to_owned();
        Reply::ok([text(10_000), plan.into_bytes()].concat())
            .header("Content-Type", "text/plain")
            .header("Cache-Control", "max-age=3600")
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {key: {headers: [X-Plan]}}\ncompression: {}")
        .start();
    for _ in 0..3 {
        for plan in ["a", "b"] {
            for coding in ["gzip", "br"] {
                let response = sidecar.ask(&taking(coding).header("X-Plan", plan));
                assert!(
                    decoded(&response).ends_with(plan.as_bytes()),
                    "{plan} {coding}"
                );
            }
        }
    }
    assert_eq!(origin.count(), 2);
}
