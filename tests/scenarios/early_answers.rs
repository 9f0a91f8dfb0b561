//! Trap 3: who answers without reading the body reads the rest of it, or closes.

use harness::{Ask, Origin, Reply, Sidecar};

use crate::forebay;

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: shop.test\r\n\r\n";

/// Sends a request whose body is a request, then an honest one; whatever is answered, it is answered
/// to the two requests that were sent.
#[track_caller]
fn stays_in_step(sidecar: &Sidecar, origin: &Origin, method: &str, target: &str, status: u16) {
    let mut client = sidecar.connect();
    let body = HIDDEN.repeat(20);
    client.send(Ask::new(method, target).body(body).bytes());
    assert_eq!(client.response(method).status, status);
    // Either way is right: the connection goes on in step, or it ends.
    if client.try_send(Ask::get("/next").bytes()).is_ok()
        && let Ok(next) = client.try_response("GET")
    {
        assert!(matches!(next.status, 200 | 429), "{next:?}");
    }
    let hidden = origin
        .requests()
        .into_iter()
        .find(|request| request.target == "/hidden");
    assert!(hidden.is_none(), "the body was read as a request");
}

/// Trap 3.
#[test]
fn the_body_of_a_request_over_its_limit_is_not_the_next_request() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("rate_limit: [{name: slow, rate: 1/h, burst: 1}]")
        .start();
    assert_eq!(sidecar.get("/").status, 200);
    stays_in_step(&sidecar, &origin, "POST", "/limited", 429);
}

/// Trap 3: a GET may have a body; then the cache is not asked, and nothing gets out of step.
#[test]
fn the_body_of_a_get_is_not_the_next_request() {
    let origin = Origin::http(|_| Reply::ok("ok").header("Cache-Control", "max-age=60"));
    let sidecar = forebay().origin(&origin).with_policies("cache: {}").start();
    sidecar.get("/held");
    sidecar.get("/held").assert_hit();
    stays_in_step(&sidecar, &origin, "GET", "/held", 200);
}

/// Trap 3.
#[test]
fn the_body_of_a_request_without_a_route_is_not_the_next_request() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .routes(
            "  - {name: read, match: {path: \"/reads\", methods: [GET]}, upstream: origin}\n  \
             - {name: next, match: {path: \"/next\"}, upstream: origin}",
        )
        .start();
    stays_in_step(&sidecar, &origin, "POST", "/reads", 405);
    stays_in_step(&sidecar, &origin, "POST", "/nothing-here", 404);
}

/// Trap 3: what is still to come may be more than anybody wants to read.
#[test]
fn a_long_body_after_an_early_answer_ends_the_connection_and_the_answer_arrives() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .routes("  - {name: read, match: {path: \"/reads\", methods: [GET]}, upstream: origin}")
        .start();
    let mut client = sidecar.connect();
    client.send("POST /reads HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 50000000\r\n\r\n");
    client
        .response("POST")
        .assert_problem(405, "method-not-allowed");
    let piece = HIDDEN.repeat(1000);
    while client.try_send(&piece).is_ok() {}
    assert_eq!(origin.count(), 0);
}

/// Trap 3: the method that is allowed is told.
#[test]
fn a_method_without_a_route_is_told_which_methods_have_one() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .routes("  - {name: read, match: {path: \"/x\", methods: [GET]}, upstream: origin}")
        .start();
    let response = sidecar.ask(&Ask::new("DELETE", "/x"));
    response.assert_problem(405, "method-not-allowed");
    assert!(
        response.header("allow").unwrap_or_default().contains("GET"),
        "{response:?}"
    );
}
