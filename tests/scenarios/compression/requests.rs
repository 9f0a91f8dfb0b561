//! Compressed uploads reach the origin as it expects them, and bombs do not go off.

use std::io::Write;

use harness::{Ask, Origin, Reply, Sidecar};

use super::text;
use crate::forebay;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn coded(coding: &str, plain: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" | "x-gzip" => gzip(plain),
        "deflate" => {
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut out = Vec::new();
            let parameters = brotli::enc::BrotliEncoderParams::default();
            brotli::BrotliCompress(&mut &plain[..], &mut out, &parameters).unwrap();
            out
        }
        "zstd" => zstd::bulk::compress(plain, 3).unwrap(),
        other => panic!("{other}"),
    }
}

fn decoding(origin: &Origin, requests: &str) -> Sidecar {
    let policy = format!("compression: {{requests: {requests}}}");
    forebay().origin(origin).with_policies(&policy).start()
}

fn upload(coding: &str, body: impl Into<Vec<u8>>) -> Ask {
    Ask::post("/", body).header("Content-Encoding", coding)
}

#[test]
fn the_origin_gets_the_plain_body() {
    let origin = Origin::saying("thanks");
    let sidecar = decoding(&origin, "{max_size: 1MiB, max_ratio: 1000}");
    for coding in [
        "gzip",
        "x-gzip",
        "GZIP",
        "deflate",
        "br",
        "zstd",
        "identity, gzip",
    ] {
        let name = coding.rsplit(' ').next().unwrap().to_ascii_lowercase();
        let ask = upload(coding, coded(&name, text().as_bytes()))
            .header("Content-Digest", "sha-256=:x:")
            .header("Content-Type", "text/plain");
        assert_eq!(sidecar.ask(&ask).status, 200, "{coding}");
        let got = origin.last();
        assert_eq!(got.text(), text(), "{coding}");
        for gone in ["content-encoding", "content-digest"] {
            assert_eq!(got.header(gone), None, "{coding}");
        }
        let length = got.header("content-length");
        assert!(length.is_none_or(|it| it == text().len().to_string()));
        assert_eq!(got.header("content-type"), Some("text/plain"));
    }
    let twice = coded("br", &gzip(text().as_bytes()));
    assert_eq!(sidecar.ask(&upload("gzip, br", twice)).status, 200);
    assert_eq!(origin.last().text(), text());
    let plain = Ask::post("/", "plain").header("Content-Encoding", "identity");
    assert_eq!(sidecar.ask(&plain).status, 200);
    assert_eq!(origin.last().text(), "plain");
    let labels = |direction| [("route", "all"), ("direction", direction)];
    let name = "forebay_compression_request_bytes_total";
    sidecar.wait_for_metric(name, &labels("out"), (text().len() * 8) as f64);
}

#[test]
fn without_the_option_a_body_goes_on_as_it_came() {
    let origin = Origin::saying("thanks");
    let policy = "compression: {}";
    let sidecar = forebay().origin(&origin).with_policies(policy).start();
    let body = gzip(b"a body");
    sidecar.ask(&upload("gzip", body.clone()));
    assert_eq!(origin.last().body, body);
    assert_eq!(origin.last().header("content-encoding"), Some("gzip"));
}

/// RFC 9110, section 15.5.16.
#[test]
fn what_is_not_known_is_refused_and_what_is_known_told() {
    let origin = Origin::saying("thanks");
    let sidecar = decoding(&origin, "{max_size: 1MiB}");
    for coding in ["compress", "gzip, zz", "gzip, br, gzip", "gzip;q=1"] {
        let response = sidecar.ask(&upload(coding, "body"));
        response.assert_problem(415, "unknown-content-coding");
        let known = response.header("accept-encoding");
        assert_eq!(known, Some("zstd, br, gzip, deflate"), "{coding}");
    }
    assert_eq!(origin.count(), 0);
}

/// An origin never takes half a body, or one with something behind it, for a whole one.
#[test]
fn what_is_broken_is_refused_and_never_ends_cleanly() {
    let origin = Origin::saying("thanks");
    let sidecar = decoding(&origin, "{max_size: 10MiB, max_ratio: 1000}");
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let whole = coded(coding, text().repeat(20).as_bytes());
        for bytes in [
            b"not coded at all".to_vec(),
            whole[..whole.len() - 1].to_vec(),
            [&whole[..], b"and something behind it"].concat(),
        ] {
            let response = sidecar.ask(&upload(coding, bytes));
            response.assert_problem(400, "undecodable-body");
        }
    }
    assert_eq!(origin.count(), 0, "{:?}", origin.requests());
    let told = sidecar.wait_for_security_event("request_refused");
    assert_eq!(told["policy"], "compression.requests");
    assert_eq!(sidecar.ask(&upload("gzip", gzip(b"in order"))).status, 200);
}

#[test]
fn bombs_are_refused_while_memory_stays_where_it_was() {
    let origin = Origin::saying("thanks");
    let sidecar = decoding(&origin, "{max_size: 10MiB, max_ratio: 100}");
    sidecar.ask(&upload("gzip", gzip(b"warm")));
    let before = sidecar.resident_memory();
    let zeros = gzip(&vec![0; 10 << 20]);
    // Frame after frame of 16 MiB of nothing: 4 GiB in all.
    let endless = coded("zstd", &vec![0; 16 << 20]).repeat(256);
    let layers = gzip(&gzip(&vec![0; 64 << 20]));
    for (coding, bomb) in [
        ("gzip", zeros.clone()),
        ("zstd", endless),
        ("gzip, gzip", layers),
        ("br", coded("br", &vec![0; 64 << 20])),
    ] {
        let response = sidecar.ask(&upload(coding, bomb));
        response.assert_problem(413, "decoded-body-too-large");
        let grown = sidecar.resident_memory().saturating_sub(before);
        assert!(grown < 32 << 20, "{coding}: {grown} bytes more");
    }
    let told = sidecar.wait_for_security_event("body_bomb");
    assert_eq!(told["severity"], "alert");
    assert_eq!(origin.count(), 1, "only the first");
    assert!(
        told["evidence"].as_str().unwrap().starts_with("max_ratio"),
        "{told}"
    );
}

#[test]
fn what_is_too_large_is_refused_however_little_it_was_packed() {
    let origin = Origin::saying("thanks");
    let sidecar = decoding(&origin, "{max_size: 10KiB}");
    let body = gzip(text().as_bytes());
    sidecar
        .ask(&upload("gzip", body))
        .assert_problem(413, "decoded-body-too-large");
    assert_eq!(origin.count(), 0);
}

/// The upload is sent again as it was sent: plain.
#[test]
fn a_retry_sends_the_plain_body_again() {
    let origin = {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        Origin::http(
            move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 => Reply::status(503),
                _ => Reply::ok("second"),
            },
        )
    };
    let sidecar = forebay()
        .origin(&origin)
        .upstream("retry: {on: [503], max_body: 128KiB}")
        .with_policies("compression: {requests: {max_size: 1MiB, max_ratio: 1000}}")
        .start();
    let ask = Ask::new("PUT", "/")
        .header("Content-Encoding", "gzip")
        .body(gzip(text().as_bytes()));
    assert_eq!(sidecar.ask(&ask).text(), "second");
    let requests = origin.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.text() == text()));
}

/// What is asked for by its body is asked for by what the body says.
#[test]
fn a_body_that_is_part_of_a_key_is_decoded_first() {
    let origin =
        Origin::http(|request| Reply::ok(request.text()).header("Cache-Control", "max-age=60"));
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {}\ncompression: {requests: {max_size: 1MiB}}")
        .start();
    let ask = |body: &[u8]| {
        Ask::new("QUERY", "/")
            .header("Content-Type", "text/plain")
            .header("Content-Encoding", "gzip")
            .body(gzip(body))
    };
    assert_eq!(sidecar.ask(&ask(b"one")).text(), "one");
    assert_eq!(origin.last().header("content-encoding"), None);
    let again = sidecar.ask(&ask(b"one"));
    assert_eq!(again.text(), "one");
    again.assert_hit();
    assert_eq!(sidecar.ask(&ask(b"two")).text(), "two");
    assert_eq!(origin.count(), 2);
}

/// Memory is counted for what comes out, of which the head says nothing.
#[test]
fn a_key_has_room_for_what_comes_out() {
    let origin = Origin::saying("thanks");
    let sidecar = forebay()
        .origin(&origin)
        .with_policies(
            "cache: {key: {body: {max_size: 1MiB, methods: [POST]}}}\n\
             compression: {requests: {max_size: 1MiB}}",
        )
        .start();
    let body = gzip(text().as_bytes());
    let bytes = upload("gzip", body.clone()).bytes();
    let (head, body) = bytes.split_at(bytes.len() - body.len());
    let mut client = sidecar.connect();
    client.send(head);
    sidecar.wait_for_metric("forebay_cache_fills_bytes", &[], f64::from(1 << 20));
    client.send(body);
    assert_eq!(client.response("POST").text(), "thanks");
    assert_eq!(origin.last().text(), text());
    sidecar.wait_for_metric("forebay_cache_fills_bytes", &[], 0.0);
}

#[test]
fn in_shadow_mode_nothing_changes_and_bombs_are_told() {
    let origin = Origin::saying("thanks");
    let policy = "compression: {mode: shadow, requests: {max_size: 1MiB}}";
    let sidecar = forebay().origin(&origin).with_policies(policy).start();
    for (coding, body) in [
        ("gzip", gzip(&vec![0; 4 << 20])),
        ("compress", b"what nobody knows".to_vec()),
    ] {
        assert_eq!(sidecar.ask(&upload(coding, body.clone())).status, 200);
        assert_eq!(origin.last().body, body, "{coding}");
        assert_eq!(origin.last().header("content-encoding"), Some(coding));
    }
    let told = sidecar.wait_for_security_event("body_bomb");
    assert_eq!(told["action"], "shadowed");
}

/// What would be refused is told, of a body with a length as of one without.
#[test]
fn in_shadow_mode_the_end_of_a_body_is_looked_at() {
    let origin = Origin::saying("thanks");
    let policy = "compression: {mode: shadow, requests: {max_size: 1MiB}}";
    let sidecar = forebay().origin(&origin).with_policies(policy).start();
    let whole = gzip(b"a body");
    let half = &whole[..whole.len() - 1];
    assert_eq!(sidecar.ask(&upload("gzip", whole.clone())).status, 200);
    assert_eq!(sidecar.ask(&upload("gzip", half)).status, 200);
    assert_eq!(origin.last().body, half);
    let told = sidecar.wait_for_security_event("request_refused");
    assert_eq!(told["action"], "shadowed");
    let evidence = told["evidence"].as_str().unwrap();
    assert!(evidence.starts_with("truncated"), "{told}");
    assert_eq!(sidecar.security_events().len(), 1);
}

/// Decoders have windows, and those are memory that was promised.
#[test]
fn a_body_that_there_is_no_room_to_decompress_is_refused() {
    let origin = Origin::saying("thanks");
    let sidecar = forebay()
        .origin(&origin)
        .top("memory: {limit: 16MiB}")
        .routes(
            "  - name: keyed
    match: {path: /keyed}
    upstream: origin
    cache: {key: {body: {max_size: 1MiB, methods: [POST]}}}
  - name: packed
    match: {path: \"/{*rest}\"}
    upstream: origin
    compression: {requests: {max_size: 10MiB}}",
        )
        .start();
    let mut random = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        b'a' + (random >> 60) as u8
    })
    .take(3_000_000)
    .collect();
    let packed = upload("zstd", coded("zstd", &noise));
    assert_eq!(sidecar.ask(&packed).status, 200);
    assert!(origin.last().body == noise);
    let held = |bytes| sidecar.wait_for_metric("forebay_cache_fills_bytes", &[], bytes);
    held(0.0);
    // Somebody else has taken most of what there is.
    let begin = "POST /keyed HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut slow = [sidecar.connect(), sidecar.connect()];
    for slow in &mut slow {
        slow.send(begin).send("1\r\nx\r\n");
    }
    held(f64::from(2 << 20));
    let refused = sidecar.ask(&packed);
    refused.assert_problem(503, "no-room-to-decode");
    assert!(refused.headers.has("retry-after"), "{refused:?}");
    // A small window fits.
    assert_eq!(sidecar.ask(&upload("gzip", gzip(&noise))).status, 200);
    for slow in &mut slow {
        slow.send("0\r\n\r\n");
        assert_eq!(slow.response("POST").text(), "thanks");
    }
    held(0.0);
    assert_eq!(sidecar.ask(&packed).status, 200);
}
