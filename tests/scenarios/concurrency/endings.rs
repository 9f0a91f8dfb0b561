//! Every way in which a request can end gives its place back: after each of them the same caller has
//! one again.

use std::sync::{Mutex, mpsc};

use harness::{Ask, Gate, Origin, Reply, Sidecar, eventually, raw_h2::RawH2};

use super::{CANCEL, IN_FLIGHT, RST_STREAM, asking, gated, in_flight, one_at_a_time};
use crate::forebay;

/// The place is free again.
#[track_caller]
fn assert_free(sidecar: &Sidecar) {
    in_flight(sidecar, 0.0);
    assert_eq!(sidecar.get("/free").status, 200);
    in_flight(sidecar, 0.0);
}

/// An answer whose body comes piece by piece.
fn streaming() -> (mpsc::Sender<Vec<u8>>, Origin) {
    let (pieces, streamed) = mpsc::channel();
    let streamed = Mutex::new(Some(streamed));
    let origin = Origin::http(move |request| match request.target.as_str() {
        "/stream" => Reply::streamed(streamed.lock().unwrap().take().unwrap()),
        _ => Reply::ok("x"),
    });
    (pieces, origin)
}

#[test]
fn with_whole_answers_of_every_kind() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/cut" => Reply::hang_up(),
        "/chunks" => Reply::chunked(["a", "b"]),
        "/missing" => Reply::status(404),
        _ => Reply::ok("x")
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"e\""),
    });
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {max_body: 1KiB}")
        .with_policies(
            "cache: {}\ndeduplication: {}\n\
             concurrency: [{name: slots, max: 1, key: {header: K}}]",
        )
        .start();
    let large = format!(
        "POST /post HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n\
         800\r\n{}\r\n0\r\n\r\n",
        "x".repeat(0x800)
    );
    for (ask, status) in [
        (Ask::get("/"), 200),
        (Ask::get("/"), 200),
        (Ask::get("/").header("If-None-Match", "\"e\""), 304),
        (Ask::get("/").header("Range", "bytes=0-0"), 206),
        (Ask::new("HEAD", "/"), 200),
        (Ask::get("/chunks"), 200),
        (Ask::get("/missing"), 404),
        (Ask::get("/cut"), 502),
        (Ask::post("/post", "x"), 200),
        (
            Ask::get("/absent").header("Cache-Control", "only-if-cached"),
            504,
        ),
    ] {
        let mut client = sidecar.connect();
        assert_eq!(client.ask(&ask).status, status, "{ask:?}");
        assert_free(&sidecar);
    }
    let refused = sidecar.raw(&large);
    assert_eq!(refused.status, 413, "{refused:?}");
    assert_free(&sidecar);
}

#[test]
fn when_the_body_has_ended_and_not_before() {
    let (pieces, origin) = streaming();
    let sidecar = one_at_a_time("").origin(&origin).start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/stream").bytes());
    pieces.send(b"a".to_vec()).unwrap();
    client.response_head();
    assert_eq!(client.chunk(), b"a");
    in_flight(&sidecar, 1.0);
    sidecar
        .get("/free")
        .assert_problem(429, "concurrency-exceeded");
    drop(pieces);
    assert!(client.chunk().is_empty());
    assert_free(&sidecar);
}

#[test]
fn when_the_client_leaves_in_the_middle_of_the_body() {
    let (pieces, origin) = streaming();
    let sidecar = one_at_a_time("").origin(&origin).start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/stream").bytes());
    pieces.send(b"a".to_vec()).unwrap();
    client.response_head();
    assert_eq!(client.chunk(), b"a");
    in_flight(&sidecar, 1.0);
    client.reset();
    eventually("what is said to nobody ends it", || {
        let _over = pieces.send(b"b".to_vec());
        (sidecar.metric(IN_FLIGHT, &[]) == 0.0).then_some(())
    });
    assert_free(&sidecar);
}

#[test]
fn when_the_client_leaves_before_the_answer() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let sidecar = one_at_a_time("").origin(&origin).start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    origin.wait_for(1);
    in_flight(&sidecar, 1.0);
    // Over HTTP/1, who is silent may only be listening: it is seen when there is something to say.
    client.reset();
    gate.open();
    assert_free(&sidecar);
}

#[test]
fn when_the_client_leaves_in_the_middle_of_its_own_body() {
    let origin = Origin::saying("x");
    let sidecar = one_at_a_time("").origin(&origin).start();
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 100\r\n\r\nhalf");
    in_flight(&sidecar, 1.0);
    client.reset();
    assert_free(&sidecar);
}

#[test]
fn when_a_stream_is_reset() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let sidecar = one_at_a_time("").origin(&origin).start();
    let mut client = RawH2::connect(sidecar.address());
    client.headers(1, &RawH2::request("GET", &[]), true);
    origin.wait_for(1);
    in_flight(&sidecar, 1.0);
    client.frame(RST_STREAM, 0, 1, &CANCEL);
    assert_free(&sidecar);
    gate.open();
}

#[test]
fn for_those_who_share_a_fetch() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            if request.target != "/free" {
                gate.wait();
            }
            Reply::ok("x").header("Cache-Control", "max-age=60")
        }
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies(
            "cache: {}\ndeduplication: {}\n\
             concurrency: [{name: slots, max: 3, key: everybody}]",
        )
        .start();
    let clients: Vec<_> = (0..3)
        .map(|_| asking(sidecar.address(), Ask::get("/")))
        .collect();
    in_flight(&sidecar, 3.0);
    sidecar.get("/").assert_problem(429, "concurrency-exceeded");
    gate.open();
    for client in clients {
        assert_eq!(client.join().unwrap().status, 200);
    }
    assert_free(&sidecar);
}

/// What is in flight is the tunnel, not the handshake.
#[test]
fn when_a_tunnel_is_closed() {
    let origin = Origin::scripted(|mut conversation| {
        let Some(request) = conversation.head() else {
            return;
        };
        if request.target == "/free" {
            return conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        }
        conversation.say(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        );
        while !conversation.hear().is_empty() {}
    });
    let sidecar = one_at_a_time("").origin(&origin).start();
    let mut client = sidecar.connect();
    client.send(
        "GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert_eq!(client.response("GET").status, 101);
    in_flight(&sidecar, 1.0);
    sidecar
        .get("/free")
        .assert_problem(429, "concurrency-exceeded");
    client.half_close();
    client.assert_closed();
    assert_free(&sidecar);
}

/// In real time, because it is the end of the time that is looked at.
#[test]
fn when_the_origin_takes_too_long() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let sidecar = one_at_a_time("")
        .origin(&origin)
        .upstream("timeouts: {first_byte: 100ms}")
        .start();
    assert_eq!(sidecar.get("/").status, 504);
    assert_free(&sidecar);
    gate.open();
}

#[test]
fn when_a_tunnel_is_declined_or_does_not_come() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/declined" => Reply::status(403),
        "/cut" => Reply::hang_up(),
        _ => Reply::ok("x"),
    });
    let sidecar = one_at_a_time("").origin(&origin).start();
    for (path, status) in [("/declined", 403), ("/cut", 502)] {
        let mut client = sidecar.connect();
        client.send(format!(
            "GET {path} HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ));
        assert_eq!(client.response("GET").status, status, "{path}");
        assert_free(&sidecar);
    }
}

#[test]
fn for_those_whose_rate_is_used_up() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .with_policies(
            "rate_limit: [{name: l, rate: 1/d, burst: 1}]\n\
             concurrency: [{name: slots, max: 1}]",
        )
        .start();
    assert_eq!(sidecar.get("/").status, 200);
    in_flight(&sidecar, 0.0);
    sidecar.get("/").assert_problem(429, "rate-limited");
    in_flight(&sidecar, 0.0);
}
