//! A place belongs to the work, and not to the client that asked for it: what goes on when its client
//! has left is in flight until it has ended.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use harness::{Ask, Builder, Gate, Origin, Reply, Sidecar, raw_h2::RawH2};

use super::{CANCEL, IN_FLIGHT, RST_STREAM, asking, in_flight};
use crate::forebay;

const REQUESTS: &str = "forebay_http_requests_in_flight";

/// A cache that shares its fetches, and so many requests at a time for each value of `K`.
fn sharing(max: u32) -> Builder {
    forebay().with_policies(&format!(
        "cache: {{}}\ndeduplication: {{}}\n\
         concurrency: [{{name: slots, max: {max}, key: {{header: K}}}}]"
    ))
}

/// What may be kept, when its gate is opened; `/free` at once, and never kept.
fn keepable(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::http(move |request| match request.target.as_str() {
        "/free" => Reply::ok("x").header("Cache-Control", "no-store"),
        _ => {
            gate.wait();
            Reply::ok("x").header("Cache-Control", "max-age=60")
        }
    })
}

/// A client that asks for this path, and can take it back.
fn asks(sidecar: &Sidecar, path: &'static str) -> RawH2 {
    let mut client = RawH2::connect(sidecar.address());
    let mut fields = RawH2::request("GET", &[]);
    for field in &mut fields {
        if field.0 == ":path" {
            field.1 = path;
        }
    }
    client.headers(1, &fields, true);
    client
}

fn leaves(mut client: RawH2) {
    client.frame(RST_STREAM, 0, 1, &CANCEL);
}

/// No client is there any more, and so many places are taken all the same.
#[track_caller]
fn assert_goes_on(sidecar: &Sidecar, places: f64) {
    sidecar.wait_for_metric(REQUESTS, &[], 0.0);
    assert_eq!(sidecar.metric(IN_FLIGHT, &[("limit", "slots")]), places);
    let refused = sidecar.get("/free");
    refused.assert_problem(429, "concurrency-exceeded");
}

#[test]
fn a_fetch_that_its_client_has_left_keeps_its_place() {
    let gate = Gate::new();
    let origin = keepable(&gate);
    let sidecar = sharing(1).origin(&origin).start();
    let leader = asks(&sidecar, "/");
    origin.wait_for(1);
    leaves(leader);
    assert_goes_on(&sidecar, 1.0);
    gate.open();
    in_flight(&sidecar, 0.0);
    // The fetch was carried through.
    sidecar.get("/").assert_hit();
    assert_eq!(origin.count(), 1);
}

/// Trap 25: otherwise whoever leaves has as many fetches at the origin as it likes.
#[test]
fn leaving_is_no_way_to_have_more_in_flight() {
    let gate = Gate::new();
    let origin = keepable(&gate);
    let sidecar = sharing(2).origin(&origin).start();
    for (count, path) in [(1, "/a"), (2, "/b")] {
        let client = asks(&sidecar, path);
        origin.wait_for(count);
        leaves(client);
        sidecar.wait_for_metric(REQUESTS, &[], 0.0);
    }
    sidecar
        .get("/c")
        .assert_problem(429, "concurrency-exceeded");
    assert_eq!(origin.count(), 2);
    gate.open();
    in_flight(&sidecar, 0.0);
}

/// Who follows does no work: its own place is for as long as it waits.
#[test]
fn who_leaves_anothers_fetch_takes_its_place_along() {
    let gate = Gate::new();
    let origin = keepable(&gate);
    let sidecar = sharing(2).origin(&origin).start();
    let leader = asking(sidecar.address(), Ask::get("/"));
    origin.wait_for(1);
    let follower = asks(&sidecar, "/");
    in_flight(&sidecar, 2.0);
    leaves(follower);
    in_flight(&sidecar, 1.0);
    gate.open();
    assert_eq!(leader.join().unwrap().status, 200);
    in_flight(&sidecar, 0.0);
}

#[test]
fn a_body_that_is_still_read_for_the_cache_keeps_its_place() {
    let (pieces, streamed) = mpsc::channel();
    let streamed = Mutex::new(Some(streamed));
    let origin = Origin::http(move |_| {
        let streamed = streamed.lock().unwrap().take().unwrap();
        Reply::streamed(streamed).header("Cache-Control", "max-age=60")
    });
    let sidecar = sharing(1).origin(&origin).start();
    pieces.send(b"a".to_vec()).unwrap();
    let mut client = asks(&sidecar, "/stream");
    client.end_of(1);
    leaves(client);
    assert_goes_on(&sidecar, 1.0);
    drop(pieces);
    in_flight(&sidecar, 0.0);
    sidecar.get("/stream").assert_hit();
}

/// A renewal is for everybody: the one whose request began it has been answered, and may ask again.
#[test]
fn a_renewal_behind_the_clients_back_takes_nobodys_place() {
    let (gate, count) = (Gate::new(), AtomicUsize::new(0));
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            if request.target == "/free" {
                return Reply::ok("x").header("Cache-Control", "no-store");
            }
            let reply =
                Reply::ok("x").header("Cache-Control", "max-age=60, stale-while-revalidate=3600");
            match count.fetch_add(1, Ordering::SeqCst) {
                0 => reply.header("Age", "70"),
                _ => {
                    gate.wait();
                    reply
                }
            }
        }
    });
    let sidecar = sharing(1).origin(&origin).start();
    for _ in 0..2 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    origin.wait_for(2);
    in_flight(&sidecar, 0.0);
    assert_eq!(sidecar.get("/free").status, 200);
    gate.open();
}

#[test]
fn a_batch_keeps_the_places_of_its_members() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            if request.target == "/free" {
                return Reply::ok("x");
            }
            gate.wait();
            let users = "[{\"id\": 1}, {\"id\": 2}]";
            Reply::ok(users).header("Content-Type", "application/json")
        }
    });
    let limit = "concurrency: [{name: slots, max: 2, key: everybody}]";
    let batch =
        "batch: {path: {parameter: id, request: \"/users?ids={ids}\"}, max_size: 2, max_wait: 10s}";
    let sidecar = forebay()
        .origin(&origin)
        .routes(&format!(
            "  - {{name: users, match: {{path: \"/users/{{id}}\"}}, upstream: origin, {batch}, {limit}}}\n"
        ))
        .start();
    let members = ["/users/1", "/users/2"].map(|path| asks(&sidecar, path));
    origin.wait_for(1);
    for member in members {
        leaves(member);
    }
    sidecar.wait_for_metric(REQUESTS, &[], 0.0);
    in_flight(&sidecar, 2.0);
    let third = sidecar.get("/users/3");
    third.assert_problem(429, "concurrency-exceeded");
    gate.open();
    in_flight(&sidecar, 0.0);
}

/// The leader fails after its client has left: who takes over does so with a place of its own.
#[test]
fn a_fetch_that_fails_when_its_client_has_left_gives_the_place_back() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| match request.target.as_str() {
            "/free" => Reply::ok("x"),
            _ => {
                gate.wait();
                Reply::hang_up()
            }
        }
    });
    let sidecar = sharing(1).origin(&origin).start();
    let leader = asks(&sidecar, "/");
    origin.wait_for(1);
    leaves(leader);
    assert_goes_on(&sidecar, 1.0);
    let address = sidecar.address();
    let other = thread::spawn(move || Ask::get("/").header("K", "other").send(address).status);
    in_flight(&sidecar, 2.0);
    gate.open();
    assert_eq!(other.join().unwrap(), 502);
    in_flight(&sidecar, 0.0);
    assert_eq!(sidecar.get("/free").status, 200);
}
