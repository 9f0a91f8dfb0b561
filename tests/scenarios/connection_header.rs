//! Traps 6 and 7: what belongs to one connection stays there, and no client can take away what is
//! added for the origin.

use harness::{Ask, Origin, Reply};

use crate::{forebay, in_front_of};

/// Trap 6.
#[test]
fn naming_our_fields_in_connection_does_not_remove_them() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let named = "close, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Forwarded, Via, \
                 X-Request-Id, traceparent, Host, Content-Length, Authorization, Cookie";
    let ask = Ask::post("/", "hello")
        .header("Connection", named)
        .header("Authorization", "Bearer t")
        .header("Cookie", "a=b");
    assert_eq!(sidecar.ask(&ask).status, 200);
    let request = origin.last();
    for field in [
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "via",
        "x-request-id",
        "traceparent",
        "host",
    ] {
        assert!(
            request.headers.has(field),
            "{field} is gone: {}",
            request.head
        );
    }
    assert_eq!(request.text(), "hello");
}

/// Trap 6: a client may withdraw its own fields, and only those.
#[test]
fn fields_named_in_connection_are_not_forwarded() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let ask = Ask::get("/")
        .header("Connection", "X-Mine, x-other")
        .header("X-Mine", "1")
        .header("X-Other", "2")
        .header("X-Kept", "3");
    sidecar.ask(&ask);
    let request = origin.last();
    assert!(!request.headers.has("x-mine"), "{}", request.head);
    assert!(!request.headers.has("x-other"), "{}", request.head);
    assert_eq!(request.header("x-kept"), Some("3"));
}

/// Trap 7.
#[test]
fn hop_by_hop_fields_of_a_request_are_not_forwarded() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let ask = Ask::get("/")
        .header("Keep-Alive", "timeout=5")
        .header("Proxy-Connection", "keep-alive")
        .header("Proxy-Authorization", "Basic eDp5")
        .header("TE", "gzip");
    sidecar.ask(&ask);
    let request = origin.last();
    for field in [
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "upgrade",
    ] {
        assert!(!request.headers.has(field), "{field}: {}", request.head);
    }
}

/// Trap 7: neither forwarded nor stored and replayed.
#[test]
fn hop_by_hop_fields_of_a_response_are_neither_forwarded_nor_replayed() {
    let origin = Origin::http(|_| {
        Reply::ok("x")
            .header("Cache-Control", "max-age=60")
            .header("Connection", "X-Hop, keep-alive")
            .header("X-Hop", "1")
            .header("Keep-Alive", "timeout=77")
            .header("Proxy-Authenticate", "Basic")
            .header("Upgrade", "h2c")
            .header("X-Kept", "2")
    });
    for policies in ["", "cache: {}"] {
        let sidecar = forebay().origin(&origin).with_policies(policies).start();
        for _ in 0..2 {
            let response = sidecar.get("/");
            assert_eq!(response.status, 200);
            for field in ["x-hop", "keep-alive", "proxy-authenticate", "upgrade"] {
                assert!(!response.headers.has(field), "{field}: {response:?}");
            }
            assert_eq!(response.header("x-kept"), Some("2"));
        }
        if !policies.is_empty() {
            sidecar.get("/").assert_hit();
        }
    }
}

/// Trap 7: a connection that the origin wants to close is not our client's business.
#[test]
fn an_upstream_that_closes_does_not_close_the_client() {
    let origin = Origin::http(|_| Reply::ok("x").header("Connection", "close").closing());
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    for _ in 0..3 {
        let response = client.ask(&Ask::get("/"));
        assert_eq!(response.status, 200);
        assert_ne!(response.header("connection"), Some("close"));
    }
    assert_eq!(origin.connections(), 3);
}
