//! How connections to endpoints are kept, shared, counted, waited for and given up.

mod doubt;
mod multiplexed;
mod unix;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use harness::{
    Ask, Gate, Origin, Reply, Response, Sidecar, deadline::timed, eventually, raw_h2::RawH2,
};

use crate::forebay;

const OPEN: &str = "forebay_upstream_connections";
const CLOSES: &str = "forebay_upstream_connection_closes_total";
const WAITS: &str = "forebay_upstream_connection_waits";

/// Asks in the background and waits until it is one of so many that wait for a connection.
fn ask_and_wait(
    sidecar: &Sidecar,
    target: &'static str,
    waiting: f64,
) -> thread::JoinHandle<Response> {
    let address = sidecar.address();
    let asking = thread::spawn(move || Ask::get(target).send(address));
    sidecar.wait_for_metric(WAITS, &[], waiting);
    asking
}

#[track_caller]
fn closed(sidecar: &Sidecar, reason: &str, count: f64) {
    sidecar.wait_for_metric(CLOSES, &[("reason", reason)], count);
}

/// An origin that answers `/held` when the gate is open, and everything else at once.
fn holding(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::http(move |request| {
        if request.target == "/held" {
            gate.wait();
        }
        Reply::ok(request.target.clone())
    })
}

/// A sidecar with one connection at most, which somebody holds until the gate opens.
fn occupied(origin: &Origin, connect: &str) -> (Sidecar, thread::JoinHandle<Response>) {
    let limits = format!("connections: {{max_open: 1}}\ntimeouts: {{connect: {connect}}}");
    let sidecar = forebay().origin(origin).upstream(&limits).start();
    let address = sidecar.address();
    let first = thread::spawn(move || Ask::get("/held").send(address));
    origin.wait_for(1);
    (sidecar, first)
}

#[test]
fn a_cap_holds_for_all_workers_together_and_nobody_is_refused() {
    let origin = Origin::http(|request| Reply::ok(request.target.clone()));
    let sidecar = forebay()
        .origin(&origin)
        .upstream("connections: {max_open: 3}\ntimeouts: {connect: 10s}")
        .start();
    let clients: Vec<_> = (0..16)
        .map(|client| {
            let mut connection = sidecar.connect();
            thread::spawn(move || {
                for request in 0..20 {
                    let target = format!("/{client}/{request}");
                    let response = connection.ask(&Ask::get(&target));
                    assert_eq!((response.status, response.text()), (200, target));
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    assert_eq!(origin.count(), 320);
    // None was closed for another: what one worker has no use for serves the next.
    assert!(origin.connections() <= 3, "{}", origin.connections());
    assert_eq!(sidecar.metric(OPEN, &[("state", "idle")]), 3.0);
}

#[test]
fn who_waits_for_a_connection_is_served_in_turn() {
    let gate = Gate::new();
    let origin = holding(&gate);
    let (sidecar, first) = occupied(&origin, "10s");
    let waiting: Vec<_> = [("/a", 1.0), ("/b", 2.0), ("/c", 3.0), ("/d", 4.0)]
        .map(|(target, waiting)| (target, ask_and_wait(&sidecar, target, waiting)))
        .into();
    gate.open();
    assert_eq!(first.join().unwrap().status, 200);
    for (target, asking) in waiting {
        assert_eq!(asking.join().unwrap().text(), target);
    }
    let order: Vec<_> = origin.requests().into_iter().map(|it| it.target).collect();
    assert_eq!(order, ["/held", "/a", "/b", "/c", "/d"]);
    assert_eq!(origin.connections(), 1);
    assert_eq!(sidecar.metric(WAITS, &[]), 0.0);
}

#[test]
fn who_waits_too_long_for_a_connection_is_told_so() {
    let gate = Gate::new();
    let origin = holding(&gate);
    let (sidecar, first) = occupied(&origin, "300ms");
    sidecar.get("/late").assert_problem(503, "queue-timed-out");
    gate.open();
    assert_eq!(first.join().unwrap().status, 200);
    assert_eq!(sidecar.get("/next").text(), "/next");
    assert_eq!(origin.connections(), 1);
}

/// A client that leaves gives up its turn, and what it would have got goes to the next.
#[test]
fn who_leaves_while_waiting_holds_up_nobody() {
    let gate = Gate::new();
    let origin = holding(&gate);
    let (sidecar, first) = occupied(&origin, "10s");
    let mut leaver = RawH2::connect(sidecar.address());
    let mut fields = RawH2::request("GET", &[]);
    fields[2] = (":path", "/leaver");
    leaver.headers(1, &fields, true);
    sidecar.wait_for_metric(WAITS, &[], 1.0);
    let next = ask_and_wait(&sidecar, "/next", 2.0);
    leaver.frame(3, 0, 1, &8_u32.to_be_bytes());
    sidecar.wait_for_metric(WAITS, &[], 1.0);
    gate.open();
    assert_eq!(next.join().unwrap().text(), "/next");
    assert_eq!(first.join().unwrap().status, 200);
    let asked = origin.requests();
    assert!(asked.iter().all(|request| request.target != "/leaver"));
}

/// A connection that is closed instead of given back makes room as well.
#[test]
fn a_place_that_is_closed_goes_to_who_waits() {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Origin::http(move |request| match request.target.as_str() {
        "/held" => {
            held.wait();
            Reply::ok("x").closing()
        }
        target => Reply::ok(target),
    });
    let (sidecar, first) = occupied(&origin, "10s");
    let next = ask_and_wait(&sidecar, "/next", 1.0);
    gate.open();
    assert_eq!(first.join().unwrap().status, 200);
    assert_eq!(next.join().unwrap().text(), "/next");
    assert_eq!(origin.connections(), 2);
}

/// A tunnel holds its connection, and so its place under the cap, to its end.
#[test]
fn a_tunnel_counts_under_the_cap() {
    let origin = Origin::scripted(|mut conversation| {
        while let Some(request) = conversation.request() {
            if request.target != "/tunnel" {
                conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                continue;
            }
            conversation.say(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\
                 Upgrade: websocket\r\n\r\n",
            );
            conversation.hear();
            return;
        }
    });
    let sidecar = forebay()
        .origin(&origin)
        .upstream("connections: {max_open: 1}\ntimeouts: {connect: 300ms}")
        .start();
    assert_eq!(sidecar.get("/").text(), "ok");
    let mut tunnel = sidecar.connect();
    tunnel.send(
        "GET /tunnel HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    // It gets a connection of its own, for which the unused one made room.
    assert_eq!(tunnel.response_head().status, 101);
    closed(&sidecar, "limit", 1.0);
    sidecar.get("/late").assert_problem(503, "queue-timed-out");
    drop(tunnel);
    closed(&sidecar, "spent", 1.0);
    assert_eq!(sidecar.get("/").text(), "ok");
}

#[test]
fn a_connection_beyond_its_age_is_not_used_again() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .upstream("connections: {max_age: 1s}")
        .start();
    let mut client = sidecar.connect();
    eventually("another connection is opened", || {
        assert_eq!(client.ask(&Ask::get("/")).status, 200);
        (origin.connections() == 2).then_some(())
    });
    closed(&sidecar, "age", 1.0);
}

#[test]
fn an_unused_connection_is_closed_after_its_time() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .upstream("timeouts: {keep_alive: 50ms}")
        .start();
    assert_eq!(sidecar.get("/").status, 200);
    closed(&sidecar, "idle", 1.0);
    sidecar.wait_for_metric(OPEN, &[], 0.0);
}

#[test]
fn of_too_many_unused_connections_the_oldest_is_closed() {
    let gate = Gate::new();
    let origin = holding(&gate);
    let sidecar = forebay()
        .origin(&origin)
        .upstream("max_idle_connections: 1\nconnections: {max_open: 2}")
        .start();
    let address = sidecar.address();
    let held = thread::spawn(move || Ask::get("/held").send(address));
    origin.wait_for(1);
    assert_eq!(sidecar.get("/").status, 200);
    gate.open();
    assert_eq!(held.join().unwrap().status, 200);
    closed(&sidecar, "limit", 1.0);
    sidecar.wait_for_metric(OPEN, &[("state", "idle")], 1.0);
}

#[test]
fn connections_are_there_before_anybody_asks() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .upstream("connections: {preconnect: 3}")
        .threads(2)
        .start();
    sidecar.wait_for_metric(OPEN, &[("state", "idle")], 6.0);
    assert_eq!(origin.count(), 0);
    let mut client = sidecar.connect();
    for _ in 0..5 {
        assert_eq!(client.ask(&Ask::get("/")).status, 200);
    }
    assert_eq!(origin.connections(), 6);
}

#[test]
fn connections_that_an_endpoint_closes_are_opened_again() {
    let conversations = Arc::<AtomicUsize>::default();
    let origin = Origin::scripted({
        let conversations = Arc::clone(&conversations);
        move |mut conversation| {
            conversations.fetch_add(1, Ordering::SeqCst);
            if conversation.index < 4 {
                return;
            }
            while conversation.request().is_some() {
                conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        }
    });
    let sidecar = forebay()
        .origin(&origin)
        .upstream("connections: {preconnect: 1, max_open: 2}")
        .start();
    eventually("more than four were opened", || {
        (conversations.load(Ordering::SeqCst) > 4).then_some(())
    });
    closed(&sidecar, "peer", 4.0);
    assert_eq!(sidecar.get("/").text(), "ok");
}

/// An endpoint that is not there yet keeps nobody from starting, and is not run over: one try at a
/// time, with pauses that grow from a quarter of a second at least.
#[test]
fn an_endpoint_that_refuses_is_asked_less_and_less() {
    let address = Origin::saying("").address();
    let sidecar = forebay()
        .endpoint(&format!("http://{address}"))
        .upstream("connections: {preconnect: 4}")
        .threads(1)
        .start();
    let refusals = [("outcome", "connect-failed")];
    let ((), took) = timed(|| {
        eventually("it was tried four times", || {
            let tries = sidecar.metric("forebay_upstream_connects_total", &refusals);
            (tries >= 4.0).then_some(())
        });
    });
    // 250 + 500 + 1000 ms at least, but for the beginning, which nobody saw.
    assert!(took > Duration::from_millis(1200), "{took:?}");
}
