//! Bodies that say they are in a content coding: those that are, and those that only say so.

use std::io::Write;

use harness::{Ask, Origin};

use super::{assert_refused, decided, shielding};

const ATTACK: &str = r#"{"name": "1' union select password from users--"}"#;

fn json(coding: &str, body: impl Into<Vec<u8>>) -> Ask {
    Ask::post("/api", body)
        .header("Content-Type", "application/json")
        .header("Content-Encoding", coding)
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams::default();
    brotli::BrotliCompress(&mut &plain[..], &mut out, &parameters).unwrap();
    out
}

/// There are servers that take no notice of `Content-Encoding`.
#[test]
fn saying_that_a_body_is_compressed_does_not_hide_it() {
    let origin = Origin::saying("thanks");
    let sidecar = shielding(&origin, "max_json_depth: 5").start();
    let codings = [
        "gzip",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "aes128gcm",
        "gzip, br",
    ];
    for coding in codings {
        let refused = sidecar.ask(&json(coding, ATTACK));
        assert_refused(&refused, 403, "attack-pattern", &origin, 0);
        let long = format!("{ATTACK}{}", " ".repeat(50_000));
        let refused = sidecar.ask(&json(coding, long));
        assert_refused(&refused, 403, "attack-pattern", &origin, 0);
        let deep = format!("{}{}", "[".repeat(6), "]".repeat(6));
        let refused = sidecar.ask(&json(coding, deep));
        assert_refused(&refused, 400, "json-too-deep", &origin, 0);
    }
    let count = codings.len() as f64;
    decided(&sidecar, "attack-pattern", "enforce", count * 2.0);
    decided(&sidecar, "json-too-deep", "enforce", count);
}

/// What is compressed has everything in it by chance, brackets and signs alike.
#[test]
fn what_is_compressed_goes_on_as_it_came() {
    let origin = Origin::saying("thanks");
    let sidecar = shielding(&origin, "max_json_depth: 5").start();
    let mut random = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        b' ' + (random >> 58) as u8
    })
    .take(100_000)
    .collect();
    for plain in [&noise[..], ATTACK.as_bytes(), b"[]"] {
        for (coding, body) in [
            ("gzip", gzip(plain)),
            ("br", brotli(plain)),
            ("zstd", zstd::bulk::compress(plain, 3).unwrap()),
        ] {
            let response = sidecar.ask(&json(coding, body.clone()));
            assert_eq!(response.status, 200, "{coding}: {response:?}");
            assert!(origin.last().body == body, "{coding}");
            assert_eq!(origin.last().header("content-encoding"), Some(coding));
        }
    }
    decided(&sidecar, "allow", "enforce", 9.0);
}

#[test]
fn a_compressed_body_is_looked_into_where_it_is_decompressed() {
    let origin = Origin::saying("thanks");
    let sidecar = shielding(&origin, "max_json_depth: 5")
        .with_policies("compression: {requests: {max_size: 1MiB}}")
        .start();
    let refused = sidecar.ask(&json("gzip", gzip(ATTACK.as_bytes())));
    assert_refused(&refused, 403, "attack-pattern", &origin, 0);
    let refused = sidecar.ask(&json("br", brotli(b"[[[[[[]]]]]]")));
    assert_refused(&refused, 400, "json-too-deep", &origin, 0);
    // What is not in its coding is nothing that the origin can read.
    let refused = sidecar.ask(&json("gzip", ATTACK));
    assert_refused(&refused, 400, "undecodable-body", &origin, 0);
}

/// In shadow mode it is told, and goes on.
#[test]
fn a_shield_on_trial_tells_of_disguises() {
    let origin = Origin::saying("thanks");
    let sidecar = shielding(&origin, "mode: shadow, max_json_depth: 5").start();
    assert_eq!(sidecar.ask(&json("gzip", ATTACK)).status, 200);
    assert_eq!(sidecar.ask(&json("br", "[[[[[[]]]]]]")).status, 200);
    assert_eq!(sidecar.ask(&json("gzip", gzip(b"[]"))).status, 200);
    assert_eq!(origin.count(), 3);
    decided(&sidecar, "attack-pattern", "shadow", 1.0);
    decided(&sidecar, "json-too-deep", "shadow", 1.0);
    decided(&sidecar, "allow", "shadow", 1.0);
}

/// Who sends a stream may wait for an answer before going on.
#[test]
fn a_stream_that_proves_to_be_compressed_is_not_held_back() {
    let origin = Origin::scripted(|mut conversation| {
        if conversation.head().is_some() {
            conversation
                .say("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            conversation.half_close();
            let _rest = conversation.hear_to_end();
        }
    });
    let sidecar = shielding(&origin, "max_json_depth: 5").start();
    let mut client = sidecar.connect();
    client.send(
        "POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/x-ndjson\r\n\
         Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    let first = gzip(b"{}\n");
    client.send(format!("{:x}\r\n", first.len()));
    client.send(&first).send("\r\n");
    assert_eq!(client.response("POST").status, 202);
}
