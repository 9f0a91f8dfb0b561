//! Trap 5: what HTTP/2 frames say must still be true when it is written as HTTP/1.

use std::sync::mpsc;

use harness::{
    Origin,
    raw_h2::{End, RawH2},
};

use crate::in_front_of;

#[track_caller]
fn never_answered(end: End) {
    let refused = matches!(
        end,
        End::Closed | End::GoAway(_) | End::Reset(_) | End::Status(400)
    );
    assert!(refused, "{end:?}");
}

/// Trap 5: the stream ends before the stated length is reached.
#[test]
fn a_body_shorter_than_declared_never_completes_a_request_upstream() {
    let (told, tells) = mpsc::channel();
    let origin = Origin::scripted(move |mut conversation| {
        if let Some(head) = conversation.head() {
            let body = conversation.body(&head);
            told.send(body).unwrap();
        }
    });
    let sidecar = in_front_of(&origin);
    let mut client = RawH2::connect(sidecar.address());
    client.headers(
        1,
        &RawH2::request("POST", &[("content-length", "10")]),
        false,
    );
    client.data(1, b"hello", true);
    never_answered(client.end_of(1));
    // The origin may have seen the head; then its connection is broken, not completed.
    drop(sidecar);
    if let Ok(body) = tells.try_recv() {
        assert!(body.is_none(), "a request was completed with {body:?}");
    }
}

/// Trap 5: no content at all against a stated length.
#[test]
fn a_stream_without_content_against_a_declared_length_is_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let mut client = RawH2::connect(sidecar.address());
    client.headers(
        1,
        &RawH2::request("POST", &[("content-length", "10")]),
        true,
    );
    never_answered(client.end_of(1));
    assert_eq!(origin.count(), 0);
}

/// Trap 5: more content than stated.
#[test]
fn a_body_longer_than_declared_is_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let mut client = RawH2::connect(sidecar.address());
    client.headers(
        1,
        &RawH2::request("POST", &[("content-length", "5")]),
        false,
    );
    client.data(1, b"helloGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n", true);
    never_answered(client.end_of(1));
    let hidden = origin
        .requests()
        .into_iter()
        .find(|request| request.target == "/hidden");
    assert!(hidden.is_none());
}

/// Trap 5: fields that HTTP/2 forbids (RFC 9113, section 8.2).
#[test]
fn fields_that_do_not_belong_in_http2_are_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let forbidden = [
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("connection", "x-forwarded-for"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        ("x", "a\r\nx-injected: b"),
        ("x", "a\nb"),
        ("x", "a\0b"),
        ("x\r\nx-injected", "b"),
        ("x:y", "b"),
        (":path", "/second"),
        (":unknown", "b"),
        ("x-\u{c4}", "b"),
        ("X-Upper", "b"),
        ("x y", "b"),
        ("", "b"),
    ];
    for field in forbidden {
        let mut client = RawH2::connect(sidecar.address());
        client.headers(1, &RawH2::request("GET", &[field]), true);
        never_answered(client.end_of(1));
    }
    assert_eq!(origin.count(), 0);
}

/// Trap 5: the request line is made of these.
#[test]
fn pseudo_fields_cannot_break_the_request_line() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let heads: [[(&str, &str); 4]; 8] = [
        [
            (":method", "GET / HTTP/1.1\r\nX: y"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "shop.test"),
        ],
        [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/ HTTP/1.1\r\nX: y"),
            (":authority", "shop.test"),
        ],
        [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/a b"),
            (":authority", "shop.test"),
        ],
        [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", ""),
            (":authority", "shop.test"),
        ],
        [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "relative"),
            (":authority", "shop.test"),
        ],
        [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "shop.test\r\nX: y"),
        ],
        [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "user@shop.test"),
        ],
        [
            (":method", "CONNECT"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "shop.test"),
        ],
    ];
    for head in heads {
        let mut client = RawH2::connect(sidecar.address());
        client.headers(1, &head, true);
        let end = client.end_of(1);
        // 501 for CONNECT is not in HPACK's static table.
        assert!(end != End::Status(200), "{head:?}");
        assert_eq!(origin.count(), 0, "{head:?}: {}", origin.last().head);
    }
}

/// Trap 5: one bad stream is not the end of the others.
#[test]
fn an_honest_stream_survives_a_bad_one_on_another_connection() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let honest = sidecar.connect_h2();
    assert_eq!(honest.get("/").status, 200);
    let mut client = RawH2::connect(sidecar.address());
    client.headers(1, &RawH2::request("GET", &[("connection", "close")]), true);
    never_answered(client.end_of(1));
    assert_eq!(honest.get("/").status, 200);
}
