//! Trap 4: bytes flow freely only after the upstream's 101, and only for WebSocket.

use std::sync::mpsc;

use harness::{Ask, Origin, RawClient, Reply};

use crate::{forebay, in_front_of};

const HANDSHAKE: &str = "GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: keep-alive, Upgrade\r\n\
     Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
     Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Switches, and says everything back until nothing comes.
fn echo() -> Origin {
    Origin::scripted(|mut conversation| {
        let request = conversation.head().unwrap();
        assert_eq!(request.header("upgrade"), Some("websocket"));
        conversation.say(ACCEPTED);
        loop {
            let heard = conversation.hear();
            if heard.is_empty() {
                return;
            }
            conversation.say(heard);
        }
    })
}

#[track_caller]
fn opened(client: &mut RawClient) {
    client.send(HANDSHAKE);
    let response = client.response("GET");
    assert_eq!(response.status, 101, "{response:?}");
    assert_eq!(response.header("upgrade"), Some("websocket"));
    assert_eq!(
        response.header("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
}

#[test]
fn a_websocket_carries_bytes_both_ways_until_it_is_closed() {
    let origin = echo();
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    opened(&mut client);
    for message in [&b"\x81\x05hello"[..], b"\x82\x03\0\xff\0", &[0x7f; 100_000]] {
        client.send(message);
        assert_eq!(client.hear(message.len()), message);
    }
    client.half_close();
    client.assert_closed();
    let request = origin.last();
    assert_eq!(
        request.header("sec-websocket-key"),
        Some("dGhlIHNhbXBsZSBub25jZQ==")
    );
    assert!(request.headers.has("x-forwarded-for"), "{}", request.head);
}

#[test]
fn a_websocket_outlives_the_timeouts_of_requests() {
    let origin = echo();
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {idle_timeout: 300ms, head_timeout: 300ms, stall_timeout: 300ms}")
        .upstream("timeouts: {first_byte: 300ms, idle: 300ms, connect: 200ms, total: 400ms}")
        .start();
    let mut client = sidecar.connect();
    opened(&mut client);
    // Another connection that is given up shows that the time has passed.
    sidecar.connect().assert_closed();
    client.send("still here");
    assert_eq!(client.hear(10), b"still here");
}

/// Trap 4: what comes behind the handshake is not passed through before the upstream has switched.
#[test]
fn nothing_flows_before_the_upstream_has_switched() {
    let (heard, hears) = mpsc::channel();
    let origin = Origin::scripted(move |mut conversation| {
        conversation.head();
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
        heard.send(conversation.hear()).unwrap();
    });
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send(format!(
        "{HANDSHAKE}GET /hidden HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n"
    ));
    let declined = client.response("GET");
    assert_eq!((declined.status, declined.text().as_str()), (200, "no"));
    let raw = hears.recv().unwrap();
    assert!(
        raw.is_empty(),
        "it went through raw: {:?}",
        String::from_utf8_lossy(&raw)
    );
}

/// Trap 4.
#[test]
fn an_upstream_that_declines_answers_like_any_other() {
    let origin = Origin::saying("not a websocket");
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send(HANDSHAKE);
    let response = client.response("GET");
    assert_eq!(response.text(), "not a websocket");
    assert!(!response.headers.has("upgrade"));
    assert_eq!(client.ask(&Ask::get("/next")).status, 200);
}

/// Trap 4.
#[test]
fn an_upgrade_with_a_body_is_refused() {
    let origin = echo();
    let sidecar = in_front_of(&origin);
    for framing in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let handshake = HANDSHAKE.strip_suffix("\r\n").unwrap();
        let response = sidecar.raw(format!("{handshake}{framing}"));
        response.assert_problem(400, "bad-upgrade");
    }
    assert_eq!(origin.count(), 0);
}

/// Trap 4.
#[test]
fn an_upgrade_to_h2c_never_reaches_the_origin() {
    let origin = Origin::saying("plain");
    let sidecar = in_front_of(&origin);
    for token in [
        "h2c",
        "h2c, websocket",
        "websocket, h2c",
        "TLS/1.0",
        "connect-udp",
    ] {
        let response = sidecar.raw(format!(
            "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade, HTTP2-Settings\r\n\
             Upgrade: {token}\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
        ));
        assert_eq!(
            (response.status, response.text().as_str()),
            (200, "plain"),
            "{token}"
        );
        let request = origin.last();
        for field in ["upgrade", "http2-settings"] {
            assert!(!request.headers.has(field), "{token}: {}", request.head);
        }
    }
}

/// Trap 4: policies run on upgrades, too.
#[test]
fn an_upgrade_counts_against_the_rate_limit() {
    let origin = echo();
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("rate_limit: [{name: slow, rate: 1/h, burst: 1}]")
        .start();
    opened(&mut sidecar.connect());
    sidecar.raw(HANDSHAKE).assert_problem(429, "rate-limited");
}

/// Trap 4: an upstream that switches without having been asked to.
#[test]
fn a_101_that_nobody_asked_for_is_not_passed_on() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.head();
        conversation.say(ACCEPTED);
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let sidecar = in_front_of(&origin);
    let response = sidecar.get("/");
    assert_eq!(response.status, 502, "{response:?}");
}

#[test]
fn a_websocket_to_an_upstream_that_is_gone_is_a_clear_answer() {
    let origin = Origin::saying("x");
    let address = format!("http://{}", origin.address());
    drop(origin);
    let sidecar = forebay().endpoint(&address).start();
    sidecar.raw(HANDSHAKE).assert_problem(502, "connect-failed");
}

#[test]
fn a_websocket_obeys_breakers_and_tells_them_how_it_went() {
    for breaker in ["breaker", "endpoint_breaker"] {
        let origin = Origin::http(|_| Reply::status(500));
        let sidecar = forebay()
            .origin(&origin)
            .upstream(&format!(
                "{breaker}: {{consecutive_failures: 2, failure_rate: off, open_for: 10m, max_open: 1h}}"
            ))
            .start();
        for _ in 0..2 {
            assert_eq!(sidecar.raw(HANDSHAKE).status, 500, "{breaker}");
        }
        let stopped = sidecar.raw(HANDSHAKE);
        stopped.assert_problem(503, "breaker-open");
        assert!(stopped.header("retry-after").is_some(), "{breaker}");
        assert_eq!(origin.count(), 2, "{breaker}");
    }
}

#[test]
fn a_handshake_ends_with_the_time_for_the_whole_exchange() {
    let origin = Origin::scripted(|mut conversation| {
        let _request = conversation.head();
        while !conversation.hear().is_empty() {}
    });
    let sidecar = forebay()
        .origin(&origin)
        .upstream("timeouts: {connect: 100ms, total: 300ms}")
        .start();
    let response = sidecar.raw(HANDSHAKE);
    assert_eq!(response.status, 504, "{response:?}");
}
