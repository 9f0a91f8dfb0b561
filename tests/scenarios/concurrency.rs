//! What one caller has in flight is bounded, and its place comes back however a request ends.

mod endings;
mod work;

use std::{net::SocketAddr, thread};

use harness::{Ask, Builder, Gate, Origin, Reply, Response, Sidecar, raw_h2::RawH2};

use crate::forebay;

/// RFC 9113, sections 6.4 and 7.
const RST_STREAM: u8 = 3;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

const IN_FLIGHT: &str = "forebay_concurrency_in_flight";
const DECISIONS: &str = "forebay_concurrency_decisions_total";

/// One request at a time for each value of `K`; those without one share a place.
fn one_at_a_time(more: &str) -> Builder {
    forebay().with_policies(&format!(
        "concurrency: [{{name: slots, max: 1, key: {{header: K}}{more}}}]"
    ))
}

/// Answers when its gate is opened, but for `/free`.
fn gated(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::http(move |request| {
        if request.target != "/free" {
            gate.wait();
        }
        Reply::ok("x")
    })
}

fn asking(address: SocketAddr, ask: Ask) -> thread::JoinHandle<Response> {
    thread::spawn(move || ask.send(address))
}

fn in_flight(sidecar: &Sidecar, count: f64) {
    sidecar.wait_for_metric(IN_FLIGHT, &[("limit", "slots")], count);
}

#[test]
fn who_has_enough_in_flight_is_told_to_come_again() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let sidecar = one_at_a_time("").origin(&origin).start();
    let held = asking(sidecar.address(), Ask::get("/"));
    origin.wait_for(1);
    let refused = sidecar.get("/free");
    refused.assert_problem(429, "concurrency-exceeded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Somebody else is not concerned.
    let other = sidecar.ask(&Ask::get("/free").header("K", "other"));
    assert_eq!(other.status, 200);
    gate.open();
    assert_eq!(held.join().unwrap().status, 200);
    in_flight(&sidecar, 0.0);
    assert_eq!(sidecar.get("/free").status, 200);
    let event = sidecar.wait_for_security_event("concurrency_exceeded");
    assert_eq!(event["policy"], "slots", "{event}");
    assert_eq!(event["action"], "blocked", "{event}");
    for (decision, count) in [("allow", 3.0), ("deny", 1.0)] {
        sidecar.wait_for_metric(DECISIONS, &[("decision", decision)], count);
    }
}

#[test]
fn who_may_wait_gets_the_place_that_comes_free() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let sidecar = one_at_a_time(", queue: 1m").origin(&origin).start();
    let first = asking(sidecar.address(), Ask::get("/"));
    origin.wait_for(1);
    let second = asking(sidecar.address(), Ask::get("/"));
    sidecar.wait_for_metric("forebay_limits_waiting", &[], 1.0);
    assert_eq!(origin.count(), 1);
    gate.open();
    assert_eq!(first.join().unwrap().status, 200);
    assert_eq!(second.join().unwrap().status, 200);
    in_flight(&sidecar, 0.0);
    sidecar.wait_for_metric(DECISIONS, &[("decision", "delay")], 1.0);
}

/// In real time: it is the end of the waiting that is looked at.
#[test]
fn who_waits_too_long_is_refused() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let sidecar = one_at_a_time(", queue: 50ms").origin(&origin).start();
    let first = asking(sidecar.address(), Ask::get("/"));
    origin.wait_for(1);
    sidecar.get("/").assert_problem(429, "concurrency-exceeded");
    sidecar.wait_for_metric("forebay_limits_waiting", &[], 0.0);
    gate.open();
    assert_eq!(first.join().unwrap().status, 200);
    in_flight(&sidecar, 0.0);
}

#[test]
fn who_leaves_while_waiting_takes_no_place() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let sidecar = one_at_a_time(", queue: 1m").origin(&origin).start();
    let first = asking(sidecar.address(), Ask::get("/"));
    origin.wait_for(1);
    let mut leaver = RawH2::connect(sidecar.address());
    leaver.headers(1, &RawH2::request("GET", &[]), true);
    sidecar.wait_for_metric("forebay_limits_waiting", &[], 1.0);
    leaver.frame(RST_STREAM, 0, 1, &CANCEL);
    sidecar.wait_for_metric("forebay_limits_waiting", &[], 0.0);
    gate.open();
    assert_eq!(first.join().unwrap().status, 200);
    in_flight(&sidecar, 0.0);
    assert_eq!(origin.count(), 1);
}

#[test]
fn in_shadow_it_is_only_counted() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let sidecar = one_at_a_time(", mode: shadow").origin(&origin).start();
    let first = asking(sidecar.address(), Ask::get("/"));
    origin.wait_for(1);
    assert_eq!(sidecar.get("/free").status, 200);
    in_flight(&sidecar, 1.0);
    gate.open();
    assert_eq!(first.join().unwrap().status, 200);
    in_flight(&sidecar, 0.0);
    let denied = [("decision", "deny"), ("mode", "shadow")];
    sidecar.wait_for_metric(DECISIONS, &denied, 1.0);
    let event = sidecar.wait_for_security_event("concurrency_exceeded");
    assert_eq!(event["action"], "shadowed", "{event}");
}

/// A request that waits for its turn by its rate takes a place when the turn has come.
#[test]
fn rates_and_places_go_together() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .with_policies(
            "rate_limit: [{name: pace, rate: 20/s, burst: 1, queue: 10s}]\n\
             concurrency: [{name: slots, max: 1, queue: 10s}]",
        )
        .start();
    let address = sidecar.address();
    let clients: Vec<_> = (0..4).map(|_| asking(address, Ask::get("/"))).collect();
    for client in clients {
        assert_eq!(client.join().unwrap().status, 200);
    }
    in_flight(&sidecar, 0.0);
    sidecar.wait_for_metric("forebay_limits_waiting", &[], 0.0);
}

/// Trap 25: who has filled his own seats is refused, and nobody else is.
#[test]
fn nobody_takes_the_waiting_room_for_himself() {
    const SEATS: u32 = 64;
    let gate = Gate::new();
    let origin = gated(&gate);
    let sidecar = one_at_a_time(", queue: 1m").origin(&origin).start();
    let waiting = |count| sidecar.wait_for_metric("forebay_limits_waiting", &[], f64::from(count));
    let mut greedy = RawH2::connect(sidecar.address());
    let fields = RawH2::request("GET", &[("k", "greedy")]);
    // One goes on at once, and five find no seat.
    for number in 0..SEATS + 6 {
        greedy.headers(2 * number + 1, &fields, true);
    }
    waiting(SEATS);
    sidecar.wait_for_metric(DECISIONS, &[("decision", "deny")], 5.0);
    let other = || asking(sidecar.address(), Ask::get("/").header("K", "other"));
    let first = other();
    origin.wait_for(2);
    let second = other();
    waiting(SEATS + 1);
    gate.open();
    for client in [first, second] {
        assert_eq!(client.join().unwrap().status, 200);
    }
    in_flight(&sidecar, 0.0);
}
