//! Who may wait for its turn instead of being refused.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use harness::{Ask, Origin, raw_h2::RawH2};

use super::{DECISIONS, limited};

/// RFC 9113, sections 6.4 and 7.
const RST_STREAM: u8 = 3;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

const WAITING: &str = "forebay_limits_waiting";

fn asking(address: SocketAddr) -> thread::JoinHandle<u16> {
    thread::spawn(move || Ask::get("/").send(address).status)
}

/// In real time, because it is the turns themselves that are looked at: a tenth of a second each.
#[expect(
    clippy::disallowed_methods,
    reason = "the turns themselves are looked at"
)]
#[test]
fn each_has_its_turn_at_the_rate_of_the_limit() {
    let origin = Origin::saying("x");
    let sidecar = limited(&origin, "[{name: l, rate: 10/s, burst: 1, queue: 10s}]");
    let began = Instant::now();
    let clients: Vec<_> = (0..4).map(|_| asking(sidecar.address())).collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), 200);
    }
    assert!(began.elapsed() >= Duration::from_millis(300));
    let delayed = [("limit", "l"), ("decision", "delay")];
    sidecar.wait_for_metric(DECISIONS, &delayed, 3.0);
    sidecar.wait_for_metric(WAITING, &[], 0.0);
}

#[test]
fn who_would_wait_too_long_is_refused_at_once() {
    let origin = Origin::saying("x");
    let sidecar = limited(&origin, "[{name: l, rate: 1/h, burst: 1, queue: 1m}]");
    assert_eq!(sidecar.get("/").status, 200);
    sidecar.get("/").assert_problem(429, "rate-limited");
}

/// The turn of one who leaves stays taken: leaving must not be a way to ask more often.
#[test]
fn who_leaves_while_waiting_leaves_nothing_behind() {
    let origin = Origin::saying("x");
    let sidecar = limited(&origin, "[{name: l, rate: 2/min, burst: 1, queue: 1m}]");
    assert_eq!(sidecar.get("/").status, 200);
    let mut leaver = RawH2::connect(sidecar.address());
    leaver.headers(1, &RawH2::request("GET", &[]), true);
    sidecar.wait_for_metric(WAITING, &[], 1.0);
    leaver.frame(RST_STREAM, 0, 1, &CANCEL);
    sidecar.wait_for_metric(WAITING, &[], 0.0);
    assert_eq!(origin.count(), 1);
    let mut next = sidecar.connect();
    next.send(Ask::get("/").bytes());
    sidecar.wait_for_metric(WAITING, &[], 1.0);
    // Two turns are taken, and a third would be more than a minute away.
    sidecar.get("/").assert_problem(429, "rate-limited");
}

#[test]
fn in_shadow_nobody_waits() {
    let origin = Origin::saying("x");
    let sidecar = limited(
        &origin,
        "[{name: l, rate: 2/min, burst: 1, queue: 1m, mode: shadow}]",
    );
    for _ in 0..3 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    let delayed = [("limit", "l"), ("decision", "delay"), ("mode", "shadow")];
    sidecar.wait_for_metric(DECISIONS, &delayed, 2.0);
}
