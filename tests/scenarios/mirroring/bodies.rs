//! Copies of requests that have a body.

use harness::{Ask, Origin, RawClient, Sidecar, h2::pieces};

use super::{copying, mirroring, wait_for};

fn both() -> (Origin, Origin) {
    (Origin::saying("origin"), Origin::saying("mirror"))
}

#[track_caller]
fn assert_copied(sidecar: &Sidecar, origin: &Origin, mirror: &Origin, count: usize) {
    mirror.wait_for(count);
    let (original, copy) = (origin.last(), mirror.last());
    assert!(
        original.body == copy.body,
        "{} and {} bytes",
        original.body.len(),
        copy.body.len()
    );
    assert_eq!(original.method, copy.method);
    let length = copy.body.len().to_string();
    assert_eq!(copy.header("content-length"), Some(length.as_str()));
    assert!(!copy.headers.has("transfer-encoding"), "{copy:?}");
    wait_for(sidecar, "answered", count as f64);
}

/// Sends a body in two chunks.
fn chunked(sidecar: &Sidecar, method: &str) -> RawClient {
    let mut client = sidecar.connect();
    client.send(format!(
        "{method} / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    ));
    client
}

#[test]
fn a_body_with_a_length_is_copied() {
    let (origin, mirror) = both();
    let sidecar = copying(&origin, &mirror, "max_body: 100KiB");
    let body: Vec<u8> = (0..100 * 1024_usize).map(|at| (at % 251) as u8).collect();
    for (count, size) in [1, 1000, 100 * 1024].into_iter().enumerate() {
        let ask = Ask::post("/", &body[..size]);
        assert_eq!(sidecar.ask(&ask).text(), "origin");
        assert_copied(&sidecar, &origin, &mirror, count + 1);
    }
}

#[test]
fn a_body_in_chunks_is_copied_with_its_length() {
    let (origin, mirror) = both();
    let sidecar = copying(&origin, &mirror, "max_body: 1KiB");
    for (count, method) in ["POST", "GET", "PUT"].into_iter().enumerate() {
        let mut client = chunked(&sidecar, method);
        client.send("6\r\n world\r\n0\r\n\r\n");
        assert_eq!(client.response(method).text(), "origin");
        assert_copied(&sidecar, &origin, &mirror, count + 1);
        assert_eq!(mirror.last().text(), "hello world");
    }
    let mut client = sidecar.connect();
    client
        .send("POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(client.response("POST").text(), "origin");
    mirror.wait_for(4);
    assert_eq!(mirror.last().text(), "");
}

#[test]
fn a_body_of_http2_is_copied() {
    let (origin, mirror) = both();
    let sidecar = copying(&origin, &mirror, "max_body: 1KiB");
    let client = sidecar.connect_h2();
    for (count, length) in [None, Some("10")].into_iter().enumerate() {
        let (writer, body) = pieces();
        writer.data(b"hello");
        writer.data(b"world");
        drop(writer);
        let fields: Vec<_> = length
            .map(|it| ("content-length", it))
            .into_iter()
            .collect();
        let response = client
            .begin("POST", "/", &fields, body)
            .and_then(|arriving| arriving.rest())
            .unwrap();
        assert_eq!(response.text(), "origin");
        assert_copied(&sidecar, &origin, &mirror, count + 1);
    }
}

#[test]
fn a_body_that_is_part_of_the_key_is_copied() {
    let (origin, mirror) = both();
    let address = mirror.address().to_string();
    let policies = "cache: {key: {body: {max_size: 8B, methods: [POST]}}}";
    let sidecar = mirroring(&origin, &address, "share: 100%", policies).start();
    // The second is too long for a key, and goes on as it comes.
    for (count, body) in ["short", "much longer than a key"].into_iter().enumerate() {
        assert_eq!(sidecar.ask(&Ask::post("/", body)).text(), "origin");
        assert_copied(&sidecar, &origin, &mirror, count + 1);
        assert_eq!(mirror.last().text(), body);
    }
}

/// It is read by one, and then by the other, before it is copied.
#[test]
fn a_body_that_was_looked_at_is_copied_from_its_first_byte_on() {
    let (origin, mirror) = both();
    let address = mirror.address().to_string();
    let shield = "shield: {}";
    let keyed = "shield: {}\n    cache: {key: {body: {max_size: 8B, methods: [POST]}}}";
    let mut count = 0;
    for policies in [shield, keyed] {
        let sidecar = mirroring(&origin, &address, "share: 100%", policies).start();
        let before = mirror.count();
        for (at, pieces) in [1, 20, 2000].into_iter().enumerate() {
            let mut client = sidecar.connect();
            client.send(
                "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Type: text/plain\r\n\
                 Transfer-Encoding: chunked\r\n\r\n",
            );
            for piece in 0..pieces {
                client.send(format!("11\r\npiece {piece:<11}\r\n"));
            }
            client.send("0\r\n\r\n");
            assert_eq!(client.response("POST").text(), "origin");
            count += 1;
            mirror.wait_for(count);
            assert_eq!(origin.last().body.len(), pieces * 17, "{policies}");
            assert!(mirror.last().text() == origin.last().text(), "{policies}");
            wait_for(&sidecar, "answered", (at + 1) as f64);
        }
        assert_eq!(mirror.count(), before + 3);
    }
}

#[test]
fn a_larger_body_is_not_copied_and_arrives() {
    let (origin, mirror) = both();
    let sidecar = copying(&origin, &mirror, "max_body: 10B");
    let long = "x".repeat(100_000);
    assert_eq!(sidecar.ask(&Ask::post("/", long.clone())).text(), "origin");
    assert_eq!(origin.last().text(), long);
    let mut client = chunked(&sidecar, "POST");
    client.send("6\r\n world\r\n0\r\n\r\n");
    assert_eq!(client.response("POST").text(), "origin");
    assert_eq!(origin.last().text(), "hello world");
    wait_for(&sidecar, "skipped-body", 2.0);
    assert_eq!(mirror.connections(), 0);
}

/// Trap 5.
#[test]
fn half_a_body_is_not_copied() {
    let (origin, mirror) = both();
    let sidecar = copying(&origin, &mirror, "max_body: 1KiB");
    for _ in 0..3 {
        chunked(&sidecar, "POST").reset();
    }
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nhello");
    client.reset();
    wait_for(&sidecar, "skipped-unfinished", 4.0);
    assert_eq!(mirror.connections(), 0);
}

#[test]
fn a_body_that_is_sent_again_is_copied_once() {
    let failed = std::sync::atomic::AtomicBool::new(false);
    let origin =
        Origin::http(
            move |_| match failed.swap(true, std::sync::atomic::Ordering::SeqCst) {
                false => harness::Reply::status(503),
                true => harness::Reply::ok("origin"),
            },
        );
    let mirror = Origin::saying("mirror");
    let to = format!("http://{}", mirror.address());
    let retry = "retry: {on: [503], base_delay: 1ms, budget: 100%}";
    let sidecar = super::mirroring_to(&origin, &to, "share: 100%", "", retry).start();
    let put = Ask::new("PUT", "/").body("hello");
    assert_eq!(sidecar.ask(&put).text(), "origin");
    assert_eq!(origin.count(), 2);
    assert_copied(&sidecar, &origin, &mirror, 1);
    assert_eq!(mirror.count(), 1);
}
