//! Whatever the mirror does, the original goes its way.

use harness::{Ask, Gate, Origin, Reply, Sidecar};

use super::{copying, mirroring, wait_for};
use crate::forebay;

/// Asks in several ways, on one connection, and expects nothing but the original's answers.
#[track_caller]
fn assert_unharmed(sidecar: &Sidecar) {
    let mut client = sidecar.connect();
    for _ in 0..5 {
        assert_eq!(client.ask(&Ask::get("/")).text(), "origin");
        assert_eq!(client.ask(&Ask::post("/", "body")).text(), "origin");
    }
}

/// A mirror that does this to each connection.
fn mirror_that(script: impl Fn(harness::Conversation) + Send + Sync + 'static) -> Origin {
    Origin::scripted(script)
}

/// A mirror that answers when its gate is open.
fn hanging() -> (Origin, Gate) {
    let gate = Gate::new();
    let closed = gate.clone();
    let mirror = Origin::http(move |_| {
        closed.wait();
        Reply::ok("late")
    });
    (mirror, gate)
}

#[test]
fn a_mirror_that_fails_in_any_way_harms_nobody() {
    let dead = Origin::saying("").address();
    let (origin, garbage, closes, resets, truncates) = (
        Origin::saying("origin"),
        mirror_that(|mut it| {
            it.head();
            it.say("220 mail ready\r\n");
        }),
        mirror_that(|mut it| {
            it.head();
        }),
        mirror_that(|mut it| {
            it.head();
            it.reset();
        }),
        mirror_that(|mut it| {
            it.request();
            it.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        }),
    );
    for address in [
        dead,
        garbage.address(),
        closes.address(),
        resets.address(),
        truncates.address(),
    ] {
        let mut sidecar = mirroring(&origin, &address.to_string(), "share: 100%", "").start();
        assert_unharmed(&sidecar);
        wait_for(&sidecar, "failed", 10.0);
        sidecar.assert_alive();
    }
}

#[test]
fn a_mirror_that_hangs_delays_nobody_and_gets_no_more_than_it_may() {
    let (mirror, gate) = hanging();
    let origin = Origin::saying("origin");
    let sidecar = copying(&origin, &mirror, "share: 100%, max_in_flight: 3");
    for _ in 0..3 {
        assert_unharmed(&sidecar);
    }
    mirror.wait_for(3);
    wait_for(&sidecar, "skipped-busy", 27.0);
    assert_eq!((origin.count(), mirror.count()), (30, 3));
    gate.open();
    wait_for(&sidecar, "answered", 3.0);
    // Their places are free again.
    assert_eq!(sidecar.get("/").text(), "origin");
    wait_for(&sidecar, "answered", 4.0);
}

#[test]
fn an_answer_that_never_ends_delays_nobody() {
    let gate = Gate::new();
    let mirror = mirror_that({
        let gate = gate.clone();
        move |mut it| {
            it.request();
            it.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
            gate.wait();
            it.say("0\r\n\r\n");
        }
    });
    let origin = Origin::saying("origin");
    let sidecar = copying(&origin, &mirror, "share: 100%, max_in_flight: 2");
    assert_unharmed(&sidecar);
    mirror.wait_for(2);
    wait_for(&sidecar, "skipped-busy", 8.0);
    gate.open();
    wait_for(&sidecar, "answered", 2.0);
}

#[test]
fn a_large_answer_is_read_and_thrown_away() {
    let mirror = Origin::http(|_| Reply::ok(vec![b'x'; 4_000_000]));
    let origin = Origin::saying("origin");
    let address = mirror.address().to_string();
    let builder = mirroring(&origin, &address, "share: 100%", "");
    // Each worker has connections of its own.
    let sidecar = builder.threads(1).start();
    for asked in 1..=3 {
        assert_eq!(sidecar.get("/").text(), "origin");
        wait_for(&sidecar, "answered", f64::from(asked));
    }
    assert_eq!(mirror.connections(), 1, "it is kept");
}

#[test]
fn an_original_that_fails_is_told_so_and_copied_all_the_same() {
    let origin = Origin::http(|_| Reply::hang_up());
    let mirror = Origin::saying("mirror");
    let sidecar = copying(&origin, &mirror, "share: 100%");
    sidecar.get("/").assert_problem(502, "upstream-closed");
    wait_for(&sidecar, "answered", 1.0);
    assert_eq!(mirror.count(), 1);
}

#[test]
fn a_client_that_has_its_answer_before_the_copy_is_sent_may_leave() {
    let (mirror, gate) = hanging();
    let origin = Origin::saying("origin");
    let sidecar = copying(&origin, &mirror, "share: 100%");
    let mut client = sidecar.connect();
    assert_eq!(client.ask(&Ask::post("/", "body")).text(), "origin");
    client.reset();
    mirror.wait_for(1);
    gate.open();
    wait_for(&sidecar, "answered", 1.0);
    assert_eq!(mirror.last().text(), "body");
}

#[test]
fn the_end_of_the_process_waits_for_no_copy() {
    let (mirror, gate) = hanging();
    let origin = Origin::saying("origin");
    let sidecar = copying(&origin, &mirror, "share: 100%");
    assert_unharmed(&sidecar);
    mirror.wait_for(10);
    assert_eq!(sidecar.stop().code(), Some(0));
    gate.open();
}

/// Where the mirror has work of its own, copies are the first to go without.
#[test]
fn a_copy_takes_no_place_in_the_queue_of_its_upstream() {
    let (gate, origin) = (Gate::new(), Origin::http(|_| Reply::ok("x")));
    let mirror = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("y")
        }
    });
    let sidecar = forebay()
        .config(&format!(
            "version: 1
listeners: [{{address: \"{{listen}}\"}}]
admin: {{address: \"{{admin}}\", telemetry_address: \"{{telemetry}}\"}}
upstreams:
  origin: {{endpoints: [\"http://{}\"], mirror: {{upstream: next, share: 100%}}}}
  next:
    endpoints: [\"http://{}\"]
    capacity: {{min: 1, max: 1, initial: 1, queue: 9, queue_timeout: 10m}}
routes:
  - {{name: own, match: {{path: /own}}, upstream: next}}
  - {{name: all, upstream: origin}}
",
            origin.address(),
            mirror.address()
        ))
        .start();
    let address = sidecar.address();
    let own = std::thread::spawn(move || Ask::get("/own").send(address));
    mirror.wait_for(1);
    assert_eq!(sidecar.get("/").status, 200);
    wait_for(&sidecar, "failed", 1.0);
    gate.open();
    assert_eq!(own.join().unwrap().status, 200);
    assert_eq!(mirror.count(), 1);
}
