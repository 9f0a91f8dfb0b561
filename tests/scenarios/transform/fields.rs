//! Fields that a route takes away, sets, or fills in, on everything that it answers.

use harness::{Ask, Origin, Reply};

use super::in_front;
use crate::forebay;

const POLICIES: &str = "
transform:
  remove_headers: [server, x-powered-by]
  set_headers: {x-served-by: forebay}
  security_headers: {x-frame-options: DENY, strict-transport-security: max-age=9}
cache: {}
rate_limit: [{name: few, rate: 3/h, burst: 3}]";

fn legacy() -> Origin {
    Origin::http(|request| {
        let reply = match request.header("if-none-match") {
            Some(_) => Reply::status(304),
            None => Reply::ok("x"),
        };
        let reply = match request.target.as_str() {
            "/own" => reply.header("X-Frame-Options", "SAMEORIGIN"),
            _ => reply,
        };
        reply
            .header("Server", "old")
            .header("X-Powered-By", "older")
            .header("X-Served-By", "nobody")
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=60")
    })
}

#[test]
fn every_answer_of_the_route_has_them_from_wherever_it_comes() {
    let origin = legacy();
    let sidecar = in_front(&origin, POLICIES);
    let miss = sidecar.get("/");
    let hit = sidecar.get("/");
    hit.assert_hit();
    let unchanged = sidecar.ask(&Ask::get("/").header("If-None-Match", "\"v1\""));
    assert_eq!(unchanged.status, 304);
    for response in [miss, hit, unchanged] {
        for gone in ["server", "x-powered-by", "strict-transport-security"] {
            assert!(!response.headers.has(gone), "{gone}: {response:?}");
        }
        assert_eq!(response.headers.all("x-served-by"), ["forebay"]);
        assert_eq!(response.header("x-frame-options"), Some("DENY"));
    }
    let refused = sidecar.get("/");
    refused.assert_problem(429, "rate-limited");
    assert_eq!(refused.header("x-frame-options"), Some("DENY"));
    assert!(!refused.headers.has("x-served-by"), "{refused:?}");
}

#[test]
fn a_head_and_what_forebay_says_itself_have_them_once() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/gone" => Reply::hang_up(),
        _ => Reply::ok("x")
            .header("Server", "old")
            .header("Server", "older")
            .header("X-Served-By", "nobody")
            .header("X-Served-By", "somebody")
            .header("Referrer-Policy", "origin")
            .header("Referrer-Policy", "no-referrer"),
    });
    let policies = "transform: {remove_headers: [server], set_headers: {x-served-by: forebay}, \
                    security_headers: true}";
    let sidecar = in_front(&origin, policies);
    for method in ["GET", "HEAD", "POST"] {
        let response = sidecar.ask(&Ask::new(method, "/"));
        assert_eq!(response.status, 200);
        assert!(!response.headers.has("server"), "{response:?}");
        assert_eq!(response.headers.all("x-served-by"), ["forebay"]);
        assert_eq!(
            response.headers.all("referrer-policy"),
            ["origin", "no-referrer"]
        );
        assert_eq!(response.headers.all("x-content-type-options"), ["nosniff"]);
        assert_eq!(response.headers.all("x-frame-options"), ["DENY"]);
        assert_eq!(
            response.headers.all("content-security-policy"),
            ["default-src 'none'; frame-ancestors 'none'"]
        );
    }
    let failed = sidecar.get("/gone");
    failed.assert_problem(502, "upstream-closed");
    assert_eq!(failed.headers.all("x-content-type-options"), ["nosniff"]);
    assert!(!failed.headers.has("x-served-by"), "{failed:?}");
}

/// Trap 4: what switches still switches.
#[test]
fn a_switch_to_websocket_has_them_too() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.head();
        conversation.say(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nServer: old\r\n\r\n",
        );
        let heard = conversation.hear();
        conversation.say(heard);
    });
    let sidecar = in_front(&origin, POLICIES);
    let mut client = sidecar.connect();
    client.send(
        "GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    let response = client.response("GET");
    assert_eq!(response.status, 101, "{response:?}");
    assert!(!response.headers.has("server"), "{response:?}");
    assert_eq!(response.headers.all("x-served-by"), ["forebay"]);
    assert_eq!(response.headers.all("upgrade"), ["websocket"]);
    client.send("still here");
    assert_eq!(client.hear(10), b"still here");
}

#[test]
fn what_the_origin_says_about_safety_stays() {
    let origin = legacy();
    let sidecar = in_front(&origin, POLICIES);
    let response = sidecar.get("/own");
    assert_eq!(response.header("x-frame-options"), Some("SAMEORIGIN"));
}

/// RFC 6797, section 7.2; who says that the client came by TLS must be believed.
#[test]
fn strict_transport_security_is_for_those_who_came_by_tls() {
    let origin = legacy();
    let ask = Ask::get("/").header("X-Forwarded-Proto", "https");
    let name = "strict-transport-security";
    let unbelieved = in_front(&origin, POLICIES);
    assert!(!unbelieved.ask(&ask).headers.has(name));
    let believed = forebay()
        .origin(&origin)
        .listener("trusted_proxies: [127.0.0.0/8]")
        .with_policies(POLICIES)
        .start();
    assert_eq!(believed.ask(&ask).header(name), Some("max-age=9"));
}
