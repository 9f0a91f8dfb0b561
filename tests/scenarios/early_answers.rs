//! Trap 3: who answers without reading the body reads the rest of it, or closes.

use harness::{Ask, Origin, Reply, Sidecar, h2::pieces};

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

/// Sends the first 20,000 bytes of a body of 100,000, gets this answer, and sends the rest of it; then
/// the connection is still in step.
#[track_caller]
fn answered_meanwhile(sidecar: &Sidecar, origin: &Origin, begin: &str, status: u16, kind: &str) {
    let reached = origin.count();
    let mut client = sidecar.connect();
    client.send(
        "POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n\
         Content-Length: 100000\r\n\r\n",
    );
    client.send(format!("{begin:20000}"));
    client.response("POST").assert_problem(status, kind);
    client.send(HIDDEN.repeat(2000).split_at(80_000).0);
    client.send(Ask::get("/next").bytes());
    let next = client.response("GET");
    assert!(matches!(next.status, 200 | 429), "{next:?}");
    let hidden = origin.requests().into_iter().skip(reached);
    assert!(hidden.into_iter().all(|request| request.target == "/next"));

    let client = sidecar.connect_h2();
    let (writer, body) = pieces();
    writer.data(format!("{begin:20000}").as_bytes());
    let fields = [("content-type", "application/json")];
    let refused = client.begin("POST", "/api", &fields, body).unwrap();
    let refused = refused.rest().expect("a whole answer");
    refused.assert_problem(status, kind);
    writer.data(&[b' '; 80_000]);
    drop(writer);
    assert!(matches!(client.get("/next").status, 200 | 429));
}

/// Trap 3: a body that was looked at is refused before all of it is here.
#[test]
fn who_is_refused_for_the_beginning_of_a_body_gets_the_answer() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("shield: {}")
        .start();
    let attack = r#"{"name": "1' union select password from users--"}"#;
    answered_meanwhile(&sidecar, &origin, attack, 403, "attack-pattern");
}

/// Trap 3: a body that was looked at belongs to a request over its limit.
#[test]
fn who_is_over_a_limit_after_the_look_at_a_body_gets_the_answer() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("shield: {}\nrate_limit: [{name: l, rate: 1/d, burst: 1, scope: upstream}]")
        .start();
    assert_eq!(sidecar.get("/").status, 200);
    answered_meanwhile(&sidecar, &origin, "{}", 429, "rate-limited");
    assert_eq!(origin.count(), 1);
}

/// Trap 3: the origin has seen enough, or is gone, while the client still sends.
#[test]
fn who_is_answered_early_by_the_origin_gets_the_answer() {
    let origin = Origin::scripted(|mut conversation| {
        let Some(head) = conversation.head() else {
            return;
        };
        let reply = match head.target.as_str() {
            "/next" => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
            _ => "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        };
        conversation.say(reply);
        conversation.half_close();
        let _rest = conversation.hear_to_end();
    });
    let sidecar = forebay().origin(&origin).start();
    let mut client = sidecar.connect();
    client.send("POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 100000\r\n\r\n");
    client.send(" ".repeat(20_000));
    assert_eq!(client.response("POST").status, 409);
    client.send(" ".repeat(80_000));
    client.send(Ask::get("/next").bytes());
    assert_eq!(client.response("GET").status, 200);
}
