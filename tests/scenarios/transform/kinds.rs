//! Where fields are chosen, a document does not pass the list by in another type, in a coding, or in
//! part; and nobody is refused what is no JSON.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use harness::{Ask, Origin, Reply, Request};

use super::{CHOSEN, MINIFY, PRETTY, SELECT, counted, in_front, json};

fn gzip(plain: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Answers with the type that the path says, and the body that was given for it.
fn typed(bodies: &'static [(&'static str, &'static str)]) -> Origin {
    Origin::http(move |request| {
        let kind = request.target.trim_start_matches('/');
        let (_, body) = bodies.iter().find(|(known, _)| *known == kind).unwrap();
        let reply = Reply::ok(*body).header("ETag", "\"v1\"");
        match kind {
            "none" => reply,
            kind => reply.header("Content-Type", kind),
        }
    })
}

const DOCUMENT: &str = "{\"id\": 1, \"secret\": 2}";

#[test]
fn json_is_read_whatever_the_origin_calls_it() {
    const RECORDS: &str = "\u{1e}{\"id\": 1, \"secret\": 2}\n\u{1e}{\"secret\": 2}\n";
    const LINES: &str = "{\"id\": 1, \"secret\": 2}\n{\"secret\": 2}\n";
    const BODIES: &[(&str, &str)] = &[
        ("text/json", DOCUMENT),
        ("application/problem+json", DOCUMENT),
        ("application/json5", DOCUMENT),
        ("text/plain", DOCUMENT),
        ("text/html", DOCUMENT),
        ("application/octet-stream", DOCUMENT),
        ("text/javascript", DOCUMENT),
        ("none", DOCUMENT),
        ("application/jsonl", LINES),
        ("application/x-ndjson", LINES),
        ("application/json-seq", RECORDS),
    ];
    let origin = typed(BODIES);
    let sidecar = in_front(&origin, SELECT);
    for (kind, body) in BODIES {
        let expected = match *body {
            DOCUMENT => "{\"id\":1}",
            LINES => "{\"id\":1}\n{}\n",
            _ => "\u{1e}{\"id\":1}\n\u{1e}{}\n",
        };
        let response = sidecar.get(&format!("/{kind}"));
        assert_eq!(response.text(), expected, "{kind}");
        assert_eq!(response.header("etag"), Some("W/\"v1\""), "{kind}");
    }
    counted(&sidecar, "trimmed", "enforce", BODIES.len() as f64);
}

#[test]
fn what_is_no_json_passes_with_all_that_was_said_about_it() {
    const BODIES: &[(&str, &str)] = &[
        ("text/html", "<p>  {\"secret\": 2} </p>"),
        ("text/plain", "17  \n"),
        ("image/png", "{  }"),
        ("none", "plain  text"),
    ];
    let origin = typed(BODIES);
    let sidecar = in_front(&origin, SELECT);
    for (kind, body) in BODIES {
        let response = sidecar.get(&format!("/{kind}"));
        assert_eq!(response.text(), *body, "{kind}");
        assert_eq!(response.header("etag"), Some("\"v1\""), "{kind}");
    }
    counted(&sidecar, "type", "enforce", BODIES.len() as f64);
}

#[test]
fn what_is_called_json_or_begins_so_and_cannot_be_read_is_refused() {
    const BODIES: &[(&str, &str)] = &[
        ("application/jsonp", "cb({\"secret\": 2})"),
        ("application/json5", "{secret: 2}"),
        ("text/plain", "[info]  it works"),
        ("none", "{secret: 2}"),
    ];
    let origin = typed(BODIES);
    let sidecar = in_front(&origin, SELECT);
    for (kind, _) in BODIES {
        let refused = sidecar.get(&format!("/{kind}"));
        refused.assert_problem(502, "upstream-not-json");
    }
    counted(&sidecar, "not-json", "enforce", BODIES.len() as f64);
    let minifying = in_front(&origin, MINIFY);
    for (kind, body) in BODIES {
        assert_eq!(minifying.get(&format!("/{kind}")).text(), *body);
    }
}

/// A document, packed although plain bytes were asked for.
fn packing(request: &Request) -> Reply {
    let body = match request.target.as_str() {
        "/large" => format!("[{PRETTY}{}]", ",{\"secret\": 1}".repeat(100_000)),
        _ => PRETTY.to_owned(),
    };
    json(gzip(&body))
        .header("Content-Encoding", "gzip")
        .header("ETag", "\"v1\"")
        .header("Cache-Control", "max-age=60")
}

#[test]
fn a_coding_that_nobody_asked_for_is_taken_off() {
    let origin = Origin::http(packing);
    for policies in [SELECT, "transform: {json: {fields: [id, name]}}\ncache: {}"] {
        let sidecar = in_front(&origin, policies);
        for _ in 0..2 {
            let response = sidecar.get("/");
            assert_eq!(response.text(), CHOSEN);
            assert_eq!(response.header("etag"), Some("W/\"v1\""));
            assert!(!response.headers.has("content-encoding"), "{response:?}");
        }
        let large = format!("[{}{}]", CHOSEN.trim_end(), ",{}".repeat(100_000));
        assert_eq!(sidecar.get("/large").text(), large);
        let head = sidecar.ask(&Ask::new("HEAD", "/other"));
        for gone in ["content-encoding", "content-length"] {
            assert!(!head.headers.has(gone), "{head:?}");
        }
    }
    let shadow = in_front(&origin, "transform: {mode: shadow, json: {fields: [id]}}");
    let response = shadow.get("/");
    assert_eq!(response.body, gzip(PRETTY));
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    counted(&shadow, "trimmed", "shadow", 1.0);
    let minifying = in_front(&origin, MINIFY);
    assert_eq!(minifying.get("/").body, gzip(PRETTY));
    counted(&minifying, "coded", "enforce", 1.0);
}

/// TRAPS 18.
#[test]
fn a_confirmation_brings_no_coding_back() {
    let origin = Origin::http(|request| {
        let reply = match request.headers.has("if-none-match") {
            true => Reply::status(304).header("Content-Type", "application/json"),
            false => json(gzip(PRETTY)),
        };
        reply
            .header("Content-Encoding", "gzip")
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=0")
    });
    let sidecar = in_front(&origin, &format!("{SELECT}\ncache: {{}}"));
    for _ in 0..3 {
        let response = sidecar.get("/");
        assert_eq!(response.text(), CHOSEN);
        assert!(!response.headers.has("content-encoding"), "{response:?}");
        assert_eq!(response.header("etag"), Some("W/\"v1\""));
    }
    assert_eq!(origin.count(), 3);
    assert!(origin.last().headers.has("if-none-match"));
}

#[test]
fn what_cannot_be_unpacked_does_not_pass() {
    let origin = Origin::http(|request| {
        let packed = gzip(PRETTY);
        match request.target.as_str() {
            "/unknown" => json(packed).header("Content-Encoding", "zz"),
            "/no-gzip" => json(PRETTY).header("Content-Encoding", "gzip"),
            "/half" => json(&packed[..packed.len() - 1]).header("Content-Encoding", "gzip"),
            _ => json(packed),
        }
    });
    let sidecar = in_front(&origin, SELECT);
    for target in ["/unknown", "/unsaid"] {
        let refused = sidecar.get(target);
        refused.assert_problem(502, "upstream-not-json");
    }
    counted(&sidecar, "coding-unreadable", "enforce", 1.0);
    for target in ["/no-gzip", "/half"] {
        let mut client = sidecar.connect();
        client.send(Ask::get(target).bytes());
        let heard = client.hear_to_end();
        assert!(!heard.contains("secret"), "{heard}");
        assert!(!heard.ends_with("0\r\n\r\n"), "{heard}");
    }
    counted(&sidecar, "coding-unreadable", "enforce", 3.0);
}

/// TRAPS 19: a part of what the origin has is no part of what its client may have.
#[test]
fn no_part_of_a_document_passes_by() {
    let origin = Origin::http(|request| {
        let part = json(&PRETTY[..20])
            .with_status(206)
            .header("Content-Range", "bytes 0-19/55");
        match request.target.as_str() {
            "/unasked" => part,
            _ if request.headers.has("range") => part,
            _ => json(PRETTY).header("ETag", "\"v1\""),
        }
    });
    let ask = Ask::get("/").header("Range", "bytes=0-19");
    for ranges in ["fill", "parts", "pass"] {
        for ttl in ["", "ttl: 60s, "] {
            let policies = format!("{SELECT}\ncache: {{{ttl}ranges: {ranges}}}");
            let sidecar = in_front(&origin, &policies);
            let response = sidecar.ask(&ask);
            let expected = match response.status {
                206 => &CHOSEN[..20],
                _ => CHOSEN,
            };
            assert_eq!(response.text(), expected, "{ranges} {ttl}");
        }
    }
    let sidecar = in_front(&origin, SELECT);
    let refused = sidecar.get("/unasked");
    refused.assert_problem(502, "upstream-not-json");
    counted(&sidecar, "part-unasked", "enforce", 1.0);
}
