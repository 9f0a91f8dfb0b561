//! Connections of HTTP/2: shared by so many requests, and left when the endpoint wants to go.

use std::{
    sync::{Arc, Mutex},
    thread,
};

use harness::{
    Ask, H2Origin, Sidecar, eventually,
    h2::{H2Reply, Writer, pieces},
};

use super::{OPEN, WAITS, closed};
use crate::forebay;

/// Answers whose end is held back.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<Vec<Writer>>>);

impl Held {
    fn reply(&self) -> H2Reply {
        let (writer, body) = pieces();
        writer.data(b"begun");
        self.0.lock().unwrap().push(writer);
        H2Reply {
            head: http::Response::builder(),
            body,
        }
    }

    fn wait_for(&self, count: usize) {
        eventually("so many answers have begun", || {
            (self.0.lock().unwrap().len() >= count).then_some(())
        });
    }

    fn finish(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// An origin that begins an answer to `/held` and ends it later.
fn holding(held: &Held) -> H2Origin {
    let held = held.clone();
    H2Origin::new(move |request| match request.target.contains("/held") {
        true => held.reply(),
        false => H2Reply::ok(b"whole"),
    })
}

fn in_front_of(origin: &H2Origin, upstream: &str) -> Sidecar {
    forebay()
        .endpoint(&format!("http://{}", origin.address()))
        .upstream(&format!("protocol: http2\n{upstream}"))
        .threads(1)
        .start()
}

fn ask(sidecar: &Sidecar, target: &'static str) -> thread::JoinHandle<String> {
    let address = sidecar.address();
    thread::spawn(move || Ask::get(target).send(address).text())
}

#[test]
fn requests_share_a_connection_up_to_its_streams_and_then_open_another() {
    let held = Held::default();
    let origin = holding(&held);
    let sidecar = in_front_of(&origin, "connections: {max_streams: 2}");
    let asking: Vec<_> = (0..6).map(|_| ask(&sidecar, "/held")).collect();
    held.wait_for(6);
    assert_eq!(origin.connections(), 3);
    assert_eq!(sidecar.metric(OPEN, &[("state", "active")]), 3.0);
    held.finish();
    for asking in asking {
        assert_eq!(asking.join().unwrap(), "begun");
    }
    sidecar.wait_for_metric(OPEN, &[("state", "idle")], 3.0);
    for _ in 0..5 {
        assert_eq!(sidecar.get("/").text(), "whole");
    }
    assert_eq!(origin.connections(), 3);
}

/// What the endpoint allows counts as well as what the file allows: nobody queues on a connection
/// that is full.
#[test]
fn an_endpoint_may_allow_fewer_streams() {
    let held = Held::default();
    let origin = H2Origin::with_streams(1, {
        let held = held.clone();
        move |request| match request.target.contains("/held") {
            true => held.reply(),
            false => H2Reply::ok(b"whole"),
        }
    });
    let sidecar = in_front_of(&origin, "");
    assert_eq!(sidecar.get("/").text(), "whole");
    let begun = ask(&sidecar, "/held");
    held.wait_for(1);
    assert_eq!(sidecar.get("/").text(), "whole");
    assert_eq!(origin.connections(), 2);
    held.finish();
    assert_eq!(begun.join().unwrap(), "begun");
}

/// Whoever comes while a connection is being opened waits for a share of it.
#[test]
fn a_crowd_that_comes_at_once_opens_one_connection() {
    let held = Held::default();
    let origin = holding(&held);
    let sidecar = in_front_of(&origin, "");
    let asking: Vec<_> = (0..50).map(|_| ask(&sidecar, "/held")).collect();
    held.wait_for(50);
    assert_eq!(origin.connections(), 1);
    held.finish();
    for asking in asking {
        assert_eq!(asking.join().unwrap(), "begun");
    }
}

#[test]
fn under_a_cap_streams_are_waited_for() {
    let held = Held::default();
    let origin = holding(&held);
    let sidecar = in_front_of(
        &origin,
        "connections: {max_streams: 2, max_open: 1}\ntimeouts: {connect: 10s}",
    );
    let mut asking: Vec<_> = (0..2).map(|_| ask(&sidecar, "/held")).collect();
    held.wait_for(2);
    asking.push(ask(&sidecar, "/held"));
    sidecar.wait_for_metric(WAITS, &[], 1.0);
    // One stream ends, and the third request gets it.
    held.0.lock().unwrap().remove(0);
    held.wait_for(2);
    sidecar.wait_for_metric(WAITS, &[], 0.0);
    held.finish();
    for asking in asking {
        assert_eq!(asking.join().unwrap(), "begun");
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_connection_whose_endpoint_goes_away_takes_no_new_request() {
    let held = Held::default();
    let origin = holding(&held);
    let sidecar = in_front_of(&origin, "");
    let begun = ask(&sidecar, "/held");
    held.wait_for(1);
    origin.go_away();
    eventually("a request goes over another connection", || {
        assert_eq!(sidecar.get("/").text(), "whole");
        (origin.connections() == 2).then_some(())
    });
    // What was in flight is not cut.
    held.finish();
    assert_eq!(begun.join().unwrap(), "begun");
    closed(&sidecar, "peer", 1.0);
    for _ in 0..3 {
        assert_eq!(sidecar.get("/").text(), "whole");
    }
    assert_eq!(origin.connections(), 2);
}

#[test]
fn an_unused_connection_of_http2_is_closed_after_its_time() {
    let origin = H2Origin::new(|_| H2Reply::ok(b"x"));
    let sidecar = in_front_of(&origin, "timeouts: {keep_alive: 50ms}");
    assert_eq!(sidecar.get("/").text(), "x");
    closed(&sidecar, "idle", 1.0);
    sidecar.wait_for_metric(OPEN, &[], 0.0);
    assert_eq!(sidecar.get("/").text(), "x");
}

#[test]
fn connections_of_http2_are_opened_ahead_as_well() {
    let origin = H2Origin::new(|_| H2Reply::ok(b"x"));
    let sidecar = in_front_of(&origin, "connections: {preconnect: 2}");
    sidecar.wait_for_metric(OPEN, &[("state", "idle")], 2.0);
    assert_eq!(sidecar.get("/").text(), "x");
    assert_eq!(origin.connections(), 2);
}
