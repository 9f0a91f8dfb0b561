//! Trap 8: `Expect: 100-continue` is answered here and never forwarded (RFC 9110, section 10.1.1).

use harness::{Ask, Origin, Reply};

use crate::{forebay, in_front_of};

const HEAD: &str = "POST /upload HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\n\
                    Expect: 100-continue\r\n\r\n";

/// Trap 8.
#[test]
fn a_client_that_waits_is_told_to_go_on() {
    let origin = Origin::http(|request| Reply::ok(request.body.clone()));
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send(HEAD);
    assert_eq!(client.response_head().status, 100);
    client.send("hello");
    assert_eq!(client.response("POST").text(), "hello");
    assert!(
        !origin.last().headers.has("expect"),
        "{}",
        origin.last().head
    );
    assert_eq!(client.ask(&Ask::get("/next")).status, 200);
}

/// Trap 8.
#[test]
fn a_client_that_does_not_wait_is_understood() {
    let origin = Origin::http(|request| Reply::ok(request.body.clone()));
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send(format!("{HEAD}hello"));
    assert_eq!(client.response("POST").text(), "hello");
    client.send(format!("{HEAD}again"));
    assert_eq!(client.response("POST").text(), "again");
    assert_eq!(origin.count(), 2);
}

/// Trap 8: refused before the body was asked for; what comes next is a request, or nothing.
#[test]
fn a_refusal_before_the_body_leaves_nothing_to_be_misread() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("rate_limit: [{name: slow, rate: 1/h, burst: 1}]")
        .start();
    assert_eq!(sidecar.get("/").status, 200);
    let mut client = sidecar.connect();
    client.send(HEAD);
    let response = client.response("POST");
    response.assert_problem(429, "rate-limited");
    // A client that has seen the refusal need not send the body. If the sidecar waits for it, the
    // next request would be swallowed; if it does not, a body would be read as a request.
    if client
        .try_send("GET /hidden HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        .is_ok()
    {
        let _closed_or_refused = client.try_response("GET");
    }
    assert_eq!(origin.count(), 1);
}

/// Trap 8: a final status before the body is the last thing on that upstream connection.
#[test]
fn an_upstream_that_answers_before_the_body_is_not_reused() {
    let origin = Origin::scripted(|mut conversation| {
        let Some(head) = conversation.head() else {
            return;
        };
        if head.method == "POST" {
            conversation.say("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
            // What comes now is the rest of the body; none of it may be a new request.
            while !conversation.hear().is_empty() {}
        } else {
            conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
        }
    });
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1000\r\n\r\nhel");
    let response = client.response("POST");
    assert_eq!((response.status, response.text().as_str()), (413, "no"));
    for _ in 0..3 {
        assert_eq!(sidecar.get("/").text(), "next");
    }
}

/// Trap 8.
#[test]
fn an_expectation_that_nobody_knows_is_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let response = sidecar.ask(&Ask::get("/").header("Expect", "200-maybe"));
    assert_eq!(response.status, 417, "{response:?}");
    assert_eq!(origin.count(), 0);
}
