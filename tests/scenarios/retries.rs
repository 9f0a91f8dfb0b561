//! What is tried again, what is not, and how often in all (TRAPS 23).

mod bodies;
mod budgets;
mod unsent;

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Ask, Gate, Origin, Reply, Sidecar, deadline::timed, eventually, raw_h2::RawH2};

use crate::forebay;

const RST_STREAM: u8 = 3;
const CANCEL: u32 = 8;
const SOON: &str = "base_delay: 1ms";

/// What comes of a first try.
type First = Box<dyn Fn() -> Reply + Send + Sync>;

/// Answers the first request in this way, and all others with 200.
fn failing_once(first: impl Fn() -> Reply + Send + Sync + 'static) -> Origin {
    let asked = AtomicUsize::new(0);
    Origin::http(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => first(),
        _ => Reply::ok("second"),
    })
}

fn retrying(origin: &Origin, retry: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .upstream(&format!("retry: {{{SOON}, {retry}}}"))
        .upstream("timeouts: {first_byte: 300ms}")
        .start()
}

fn retries(sidecar: &Sidecar, reason: &str, outcome: &str) -> f64 {
    let labels = [("reason", reason), ("outcome", outcome)];
    sidecar.metric("forebay_upstream_retries_total", &labels)
}

fn stopped(sidecar: &Sidecar, reason: &str) -> f64 {
    let labels = [("reason", reason)];
    sidecar.metric("forebay_upstream_retries_stopped_total", &labels)
}

#[test]
fn each_condition_is_tried_again_when_it_is_asked_for_and_only_then() {
    let gate = Gate::new();
    let late = {
        let gate = gate.clone();
        move || {
            gate.wait();
            Reply::ok("late")
        }
    };
    let cases: [(&str, &str, First, u16); 5] = [
        ("reset", "reset", Box::new(Reply::hang_up), 502),
        ("502", "status", Box::new(|| Reply::status(502)), 502),
        ("503", "status", Box::new(|| Reply::status(503)), 503),
        ("429", "status", Box::new(|| Reply::status(429)), 429),
        ("timeout", "timeout", Box::new(late), 504),
    ];
    for (condition, reason, first, unasked) in cases {
        let first = std::sync::Arc::new(first);
        for asked in [true, false] {
            let origin = failing_once({
                let first = std::sync::Arc::clone(&first);
                move || first()
            });
            let on = if asked { condition } else { "connect" };
            let sidecar = retrying(&origin, &format!("on: [{on}]"));
            let response = sidecar.get("/");
            let (status, count) = if asked { (200, 2) } else { (unasked, 1) };
            assert_eq!(response.status, status, "{condition}, {asked}");
            assert_eq!(origin.count(), count, "{condition}, {asked}");
            assert_eq!(
                retries(&sidecar, reason, "answered"),
                f64::from(u8::from(asked)),
                "{condition}"
            );
        }
    }
    gate.open();
}

#[test]
fn nothing_that_the_origin_saw_is_tried_again_unless_somebody_asks_for_it() {
    for retry in ["", "retry: {mode: off}"] {
        let origin = failing_once(Reply::hang_up);
        let sidecar = forebay().origin(&origin).upstream(retry).start();
        sidecar.get("/").assert_problem(502, "upstream-closed");
        assert_eq!(origin.count(), 1);
    }
}

#[test]
fn a_post_is_tried_again_only_with_a_key_and_the_operators_consent() {
    for (consent, key, status) in [
        (true, true, 200),
        (true, false, 503),
        (false, true, 503),
        (false, false, 503),
    ] {
        let origin = failing_once(|| Reply::status(503));
        let sidecar = retrying(&origin, &format!("on: [503], idempotency_key: {consent}"));
        let mut ask = Ask::post("/", "an order");
        if key {
            ask = ask.header("Idempotency-Key", "\"8e03978e\"");
        }
        let response = sidecar.ask(&ask);
        assert_eq!(response.status, status, "{consent} {key}");
        assert_eq!(origin.count(), if status == 200 { 2 } else { 1 });
        assert_eq!(origin.last().text(), "an order");
    }
}

#[test]
fn an_idempotent_method_is_tried_again_whatever_it_is() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        let origin = failing_once(|| Reply::status(503));
        let sidecar = retrying(&origin, "on: [503]");
        let response = sidecar.ask(&Ask::new(method, "/"));
        assert_eq!(response.status, 200, "{method}");
        assert_eq!(origin.count(), 2, "{method}");
    }
}

#[test]
fn there_are_so_many_attempts_and_the_last_answer_is_the_answer() {
    let origin = Origin::http(|_| Reply::status(503).header("X-From", "origin"));
    let sidecar = retrying(&origin, "on: [503], attempts: 3");
    let response = sidecar.get("/");
    assert_eq!(response.status, 503);
    assert_eq!(response.header("x-from"), Some("origin"));
    assert_eq!(origin.count(), 3);
    assert_eq!(stopped(&sidecar, "attempts"), 1.0);
    assert_eq!(retries(&sidecar, "status", "failed"), 2.0);
}

#[test]
fn another_endpoint_is_tried_while_there_is_one() {
    let (ill, well) = (Origin::http(|_| Reply::status(503)), Origin::saying("well"));
    let sidecar = forebay()
        .origin(&ill)
        .origin(&well)
        .upstream(&format!("retry: {{{SOON}, on: [503], budget: 100%}}"))
        .start();
    for _ in 0..10 {
        assert_eq!(sidecar.get("/").text(), "well");
    }
    assert_eq!(ill.count() + well.count(), 10 + ill.count());
    assert!(ill.count() > 0);
}

#[test]
fn an_unused_answer_leaves_a_connection_that_can_be_used() {
    for (length, connections) in [(1000, 1), (1_000_000, 2)] {
        let origin = failing_once(move || Reply::ok(vec![b'x'; length]).with_status(503));
        let sidecar = retrying(&origin, "on: [503]");
        assert_eq!(sidecar.get("/").text(), "second");
        assert!(origin.connections() <= connections, "{length}");
        assert_eq!(sidecar.get("/").text(), "second", "nothing is left of it");
    }
}

#[test]
fn retry_after_is_waited_for() {
    let origin = failing_once(|| Reply::status(503).header("Retry-After", "1"));
    let sidecar = retrying(&origin, "on: [503], max_delay: 1s");
    let (response, took) = timed(|| sidecar.get("/"));
    assert_eq!(response.text(), "second");
    assert!(took.as_millis() >= 1000, "{took:?}");
}

#[test]
fn a_retry_after_that_is_too_long_is_passed_on() {
    for upstream in [
        "retry: {on: [503], max_delay: 1s}",
        "retry: {on: [503], max_delay: 60s}\ntimeouts: {total: 5s}",
    ] {
        let origin = failing_once(|| Reply::status(503).header("Retry-After", "30"));
        let sidecar = forebay().origin(&origin).upstream(upstream).start();
        let response = sidecar.get("/");
        assert_eq!(response.status, 503);
        assert_eq!(response.header("retry-after"), Some("30"));
        assert_eq!(origin.count(), 1);
    }
}

#[test]
fn nothing_is_tried_again_of_which_the_client_has_seen_a_byte() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
    });
    let sidecar = retrying(&origin, "on: [reset, timeout, 503]");
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    assert!(client.try_response("GET").is_err());
    assert_eq!(origin.count(), 1);
}

/// In HTTP/2, where leaving can be told from having said all there is to say.
#[test]
fn a_client_that_leaves_ends_the_waiting() {
    let origin = Origin::http(|_| Reply::status(503).header("Retry-After", "30"));
    let sidecar = forebay()
        .origin(&origin)
        .upstream("retry: {on: [503], max_delay: 60s}")
        .start();
    let mut client = RawH2::connect(sidecar.address());
    client.headers(1, &RawH2::request("GET", &[]), true);
    // The answer has been put away, and its connection with it: now it waits.
    let idle = [("state", "idle")];
    sidecar.wait_for_metric("forebay_upstream_connections", &idle, 1.0);
    client.frame(RST_STREAM, 0, 1, &CANCEL.to_be_bytes());
    let labels = [("reason", "status"), ("outcome", "abandoned")];
    sidecar.wait_for_metric("forebay_upstream_retries_total", &labels, 1.0);
    assert_eq!(origin.count(), 1);
}

#[test]
fn in_shadow_mode_what_would_be_tried_again_is_counted() {
    let origin = Origin::http(|_| Reply::status(503));
    let sidecar = retrying(&origin, "mode: shadow, on: [503]");
    assert_eq!(sidecar.get("/").status, 503);
    assert_eq!(origin.count(), 1);
    assert_eq!(retries(&sidecar, "status", "shadow"), 1.0);
}

#[test]
fn the_log_says_how_often_it_was_tried() {
    let origin = failing_once(|| Reply::status(503));
    let sidecar = retrying(&origin, "on: [503]");
    assert_eq!(sidecar.get("/").status, 200);
    eventually("it is logged", || {
        sidecar
            .stdout()
            .contains("\"upstream_tries\":2")
            .then_some(())
    });
}
