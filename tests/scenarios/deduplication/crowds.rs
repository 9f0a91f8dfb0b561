//! Thousands of clients that want the same at the same moment.

use std::sync::{Arc, Barrier};

use harness::{Crowd, Gate, Origin, Reply};

use super::{forebay, gated, wait_in_flight};

/// Longer than a busy machine needs to carry thousands of requests.
const UNHURRIED: &str = "timeouts: {connect: 60s, first_byte: 60s, total: 120s}";

/// Trap 21.
#[test]
fn ten_thousand_clients_of_a_cold_key_reach_the_origin_once() {
    let gate = Gate::new();
    let body: Vec<u8> = (0..2_000_u32).map(|i| (i % 251) as u8).collect();
    let origin = gated(&gate, {
        let body = body.clone();
        move |_| Reply::chunked(body.chunks(500)).header("Cache-Control", "max-age=60")
    });
    let sidecar = forebay()
        .origin(&origin)
        .upstream(UNHURRIED)
        .with_policies("cache: {}\ndeduplication: {}")
        .start();
    let crowd = Crowd::ask(sidecar.address(), 100, 100, "/cold");
    wait_in_flight(&sidecar, 10_000.0);
    gate.open();
    let responses = crowd.responses();
    let whole = responses.iter().filter(|it| it.body == body).count();
    assert_eq!(
        (responses.len(), whole, origin.count()),
        (10_000, 10_000, 1)
    );
}

/// Trap 21: here nobody holds them back until they have all come, so that many come while the body
/// arrives, and just before and after it has been stored.
#[test]
fn a_crowd_that_keeps_coming_reaches_the_origin_once() {
    let origin = Origin::http(|_| Reply::ok("x").header("Cache-Control", "max-age=60"));
    let sidecar = forebay()
        .origin(&origin)
        .upstream(UNHURRIED)
        .with_policies("cache: {}\ndeduplication: {}")
        .start();
    for round in 1..=5 {
        let crowd = Crowd::ask(sidecar.address(), 20, 20, &format!("/{round}"));
        let responses = crowd.responses();
        assert!(responses.iter().all(|response| response.text() == "x"));
        assert_eq!(origin.count(), round);
    }
}

/// Trap 16: were they served one after the other, they would never be at the origin together.
#[test]
fn the_clients_of_an_uncacheable_key_do_not_queue() {
    const CLIENTS: usize = 2_000;
    let (leader, together) = (Gate::new(), Arc::new(Barrier::new(CLIENTS - 1)));
    let origin = Origin::http({
        let (leader, together) = (leader.clone(), Arc::clone(&together));
        move |request| {
            match request.number {
                1 => leader.wait(),
                _ => {
                    together.wait();
                }
            }
            Reply::ok(format!("{}", request.number)).header("Cache-Control", "private")
        }
    });
    let sidecar = forebay()
        .origin(&origin)
        .upstream(UNHURRIED)
        .with_policies("cache: {}\ndeduplication: {}")
        .start();
    let crowd = Crowd::ask(sidecar.address(), CLIENTS / 100, 100, "/mine");
    wait_in_flight(&sidecar, CLIENTS as f64);
    assert_eq!(origin.count(), 1);
    leader.open();
    let mut bodies: Vec<_> = crowd.responses().iter().map(|it| it.text()).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!((bodies.len(), origin.count()), (CLIENTS, CLIENTS));
}
