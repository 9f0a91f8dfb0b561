//! Who is shut out while it waits for its turn is refused when the turn comes.

use std::thread;

use harness::{Gate, Origin, Reply, Sidecar};

use super::{GUESSING, assert_banned, get, guess};
use crate::forebay;

const WAITING: &str = "forebay_limits_waiting";

/// A login, and pages behind `limits`; everything else answers when the gate is opened.
fn sidecar(origin: &Origin, limits: &str) -> Sidecar {
    let routes = format!(
        "- {{name: login, match: {{path: /login}}, upstream: origin, bans: [{GUESSING}]}}
- {{name: rest, match: {{path: \"/{{*rest}}\"}}, upstream: origin, bans: [{GUESSING}], {limits}}}
"
    );
    forebay()
        .origin(origin)
        .listener("trusted_proxies: [127.0.0.0/8]")
        .routes(&routes)
        .start()
}

fn origin(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::http(move |request| match request.target.as_str() {
        "/login" => Reply::status(401),
        "/slow" => {
            gate.wait();
            Reply::ok("x")
        }
        _ => Reply::ok("x"),
    })
}

#[test]
fn by_places() {
    let gate = Gate::new();
    let origin = origin(&gate);
    let limits = "concurrency: [{name: slots, max: 1, queue: 1m}]";
    let sidecar = sidecar(&origin, limits);
    let address = sidecar.address();
    let first = thread::spawn(move || get("203.0.113.7", "/slow").send(address));
    origin.wait_for(1);
    let second = thread::spawn(move || get("203.0.113.7", "/").send(address));
    sidecar.wait_for_metric(WAITING, &[], 1.0);
    for _ in 0..3 {
        assert_eq!(sidecar.ask(&guess("203.0.113.7")).status, 401);
    }
    let before = origin.count();
    gate.open();
    // What was at the origin already is answered.
    assert_eq!(first.join().unwrap().status, 200);
    assert_banned(&second.join().unwrap(), 300);
    assert_eq!(origin.count(), before);
    sidecar.wait_for_metric("forebay_concurrency_in_flight", &[], 0.0);
}

/// In real time: a turn by a rate comes when it comes.
#[test]
fn by_rates() {
    for limit in ["scope: caller", "scope: upstream"] {
        let origin = origin(&Gate::new());
        let limits =
            format!("rate_limit: [{{name: l, rate: 30/min, burst: 1, queue: 1m, {limit}}}]");
        let sidecar = sidecar(&origin, &limits);
        assert_eq!(sidecar.ask(&get("203.0.113.7", "/")).status, 200);
        let address = sidecar.address();
        let second = thread::spawn(move || get("203.0.113.7", "/").send(address));
        sidecar.wait_for_metric(WAITING, &[], 1.0);
        for _ in 0..3 {
            assert_eq!(sidecar.ask(&guess("203.0.113.7")).status, 401);
        }
        let before = origin.count();
        assert_banned(&second.join().unwrap(), 300);
        assert_eq!(origin.count(), before, "{limit}");
    }
}
