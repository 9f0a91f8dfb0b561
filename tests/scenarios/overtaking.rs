//! What was asked for before a write and answered after it may be the old state: its client gets it,
//! and nobody else does.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use harness::{Ask, Gate, Origin, Reply, Request, Response, Sidecar};

use crate::forebay;

/// Reads wait at the gate before they are answered, from the one with this number on; writes do not.
fn gated(
    gate: &Gate,
    from: usize,
    reply: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
) -> Origin {
    let gate = gate.clone();
    let reads = AtomicUsize::new(0);
    Origin::http(move |request| {
        if !matches!(request.method.as_str(), "GET" | "QUERY") {
            return Reply::status(204).header("Content-Location", "/listed");
        }
        let number = reads.fetch_add(1, Ordering::SeqCst) + 1;
        if number >= from {
            gate.wait();
        }
        reply(request, number)
    })
}

fn fresh(_: &Request, number: usize) -> Reply {
    Reply::ok(format!("read {number}")).header("Cache-Control", "max-age=60")
}

fn caching(origin: &Origin, policies: &str) -> Sidecar {
    forebay().origin(origin).with_policies(policies).start()
}

/// The read is sent, then the write is sent and answered, then the read is answered.
#[track_caller]
fn overtaken(sidecar: &Sidecar, origin: &Origin, gate: &Gate, read: &Ask, write: &Ask) -> Response {
    let before = origin.count();
    let address = sidecar.address();
    let reading = thread::spawn({
        let read = read.clone();
        move || read.send(address)
    });
    origin.wait_for(before + 1);
    assert_eq!(sidecar.ask(write).status, 204);
    gate.open();
    reading.join().unwrap()
}

#[test]
fn a_read_that_a_write_overtook_is_answered_and_not_kept() {
    for policies in ["cache: {}", "cache: {}\ndeduplication: {}"] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let gate = Gate::new();
            let origin = gated(&gate, 1, fresh);
            let sidecar = caching(&origin, policies);
            let read = Ask::get("/item");
            let write = Ask::new(method, "/item").body("x");
            let answer = overtaken(&sidecar, &origin, &gate, &read, &write);
            assert_eq!(answer.text(), "read 1");
            let next = sidecar.ask(&read);
            assert_eq!(next.text(), "read 2", "{method}");
            sidecar.ask(&read).assert_hit();
        }
    }
}

#[test]
fn what_the_write_names_is_overtaken_too() {
    let gate = Gate::new();
    let origin = gated(&gate, 1, fresh);
    let sidecar = caching(&origin, "cache: {}");
    let write = Ask::post("/item", "x");
    overtaken(&sidecar, &origin, &gate, &Ask::get("/listed"), &write);
    assert_eq!(sidecar.get("/listed").text(), "read 2");
}

#[test]
fn a_read_of_something_else_is_kept() {
    let gate = Gate::new();
    let origin = gated(&gate, 1, fresh);
    let sidecar = caching(&origin, "cache: {}");
    let write = Ask::post("/item", "x");
    overtaken(&sidecar, &origin, &gate, &Ask::get("/other"), &write);
    sidecar.get("/other").assert_hit();
}

#[test]
fn a_confirmation_that_a_write_overtook_confirms_nothing() {
    let gate = Gate::new();
    let origin = gated(&gate, 2, |request, number| {
        let reply = match request.header("if-none-match") {
            Some(_) => Reply::status(304),
            None => Reply::ok(format!("read {number}")),
        };
        reply
            .header(
                "Cache-Control",
                if number == 1 {
                    "no-cache"
                } else {
                    "max-age=60"
                },
            )
            .header("ETag", "\"v\"")
    });
    let sidecar = caching(&origin, "cache: {}");
    let read = Ask::get("/item");
    sidecar.ask(&read);
    let answer = overtaken(&sidecar, &origin, &gate, &read, &Ask::post("/item", "x"));
    assert_eq!(answer.text(), "read 1");
    let next = sidecar.ask(&read);
    next.assert_forwarded();
    assert_eq!(next.text(), "read 3");
}

#[test]
fn a_renewal_that_a_write_overtook_is_not_kept() {
    let gate = Gate::new();
    let origin = gated(&gate, 2, |_, number| {
        Reply::ok(format!("read {number}"))
            .header("Cache-Control", "max-age=60, stale-while-revalidate=60")
            .header("Age", if number == 1 { "70" } else { "0" })
    });
    let sidecar = caching(&origin, "cache: {}");
    let read = Ask::get("/item");
    sidecar.ask(&read);
    // This one is served at once and has the response renewed.
    assert_eq!(sidecar.ask(&read).text(), "read 1");
    origin.wait_for(2);
    sidecar.ask(&Ask::post("/item", "x"));
    gate.open();
    let next = sidecar.ask(&read);
    assert_eq!(next.text(), "read 3");
    let last = sidecar.ask(&read);
    last.assert_hit();
    assert_eq!(last.text(), "read 3");
}

#[test]
fn a_query_and_a_personas_read_are_overtaken_too() {
    let policies = "cache: {key: {headers: [X-Plan]}}";
    for read in [
        Ask::new("QUERY", "/item").body("red"),
        Ask::get("/item").header("X-Plan", "a"),
    ] {
        let gate = Gate::new();
        let origin = gated(&gate, 1, fresh);
        let sidecar = caching(&origin, policies);
        let write = Ask::post("/item", "x").header("X-Plan", "b");
        overtaken(&sidecar, &origin, &gate, &read, &write);
        assert_eq!(sidecar.ask(&read).text(), "read 2", "{read:?}");
        sidecar.ask(&read).assert_hit();
    }
}

#[test]
fn a_body_that_is_under_way_during_the_write_is_not_kept() {
    let (send, pieces) = std::sync::mpsc::channel();
    let pieces = std::sync::Mutex::new(Some(pieces));
    let origin = Origin::http(move |request| match request.method.as_str() {
        "GET" => match pieces.lock().unwrap().take() {
            Some(pieces) => Reply::streamed(pieces),
            None => Reply::ok("new"),
        }
        .header("Cache-Control", "max-age=60"),
        _ => Reply::status(204),
    });
    let sidecar = caching(&origin, "cache: {}");
    let mut client = sidecar.connect();
    client.send(Ask::get("/item").bytes());
    send.send(b"old".to_vec()).unwrap();
    assert_eq!(client.response_head().status, 200);
    assert_eq!(client.chunk(), b"old");
    sidecar.ask(&Ask::post("/item", "x"));
    drop(send);
    assert!(client.chunk().is_empty());
    assert_eq!(sidecar.get("/item").text(), "new");
}

#[test]
fn a_write_that_fails_overtakes_nothing() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| match request.method.as_str() {
            "GET" => {
                gate.wait();
                Reply::ok("read").header("Cache-Control", "max-age=60")
            }
            _ => Reply::status(409),
        }
    });
    let sidecar = caching(&origin, "cache: {}");
    let address = sidecar.address();
    let reading = thread::spawn(move || Ask::get("/item").send(address));
    origin.wait_for(1);
    assert_eq!(sidecar.ask(&Ask::post("/item", "x")).status, 409);
    gate.open();
    reading.join().unwrap();
    sidecar.get("/item").assert_hit();
}
