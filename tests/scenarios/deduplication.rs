//! Equal requests in flight become one, shared only when it may be shared (trap 16).

mod bodies;
mod crowds;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use harness::{Ask, Gate, Origin, Reply, Request, Response, Sidecar, eventually};

use crate::forebay;

fn deduplicating(origin: &Origin) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies("deduplication: {}")
        .start()
}

/// Answers what the function says once the gate is open; each answer has its own number.
fn gated(gate: &Gate, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Origin {
    let gate = gate.clone();
    Origin::http(move |request| {
        gate.wait();
        reply(request)
    })
}

fn numbered(request: &Request) -> Reply {
    Reply::ok(format!("answer {}", request.number))
}

fn begin(sidecar: &Sidecar, ask: Ask) -> JoinHandle<Response> {
    let address = sidecar.address();
    thread::spawn(move || ask.send(address))
}

/// Waits until so many requests are in flight in the sidecar.
#[track_caller]
fn wait_in_flight(sidecar: &Sidecar, count: f64) {
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], count);
}

/// Ten clients at once, the gate opened when all of them wait.
#[track_caller]
fn ten_at_once(sidecar: &Sidecar, gate: &Gate, ask: impl Fn(usize) -> Ask) -> Vec<Response> {
    let clients: Vec<_> = (0..10).map(|i| begin(sidecar, ask(i))).collect();
    wait_in_flight(sidecar, 10.0);
    gate.open();
    clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .collect()
}

#[test]
fn ten_clients_that_want_the_same_cause_one_fetch() {
    let gate = Gate::new();
    let origin = gated(&gate, numbered);
    let sidecar = deduplicating(&origin);
    let responses = ten_at_once(&sidecar, &gate, |_| Ask::get("/same?a=1"));
    assert!(
        responses
            .iter()
            .all(|response| response.text() == "answer 1"),
        "{responses:?}"
    );
    let collapsed = responses
        .iter()
        .filter(|it| it.cache_status().contains("collapsed"))
        .count();
    assert_eq!((collapsed, origin.count()), (9, 1));
    let labels = |outcome| [("route", "all"), ("outcome", outcome), ("mode", "enforce")];
    sidecar.wait_for_metric(
        "forebay_deduplication_requests_total",
        &labels("follow"),
        9.0,
    );
    sidecar.wait_for_metric("forebay_deduplication_requests_total", &labels("lead"), 1.0);
    // What comes later is fetched anew: sharing is not caching.
    assert_eq!(sidecar.get("/same?a=1").text(), "answer 2");
}

#[test]
fn different_requests_are_fetched_apart() {
    let gate = Gate::new();
    let origin = gated(&gate, |request| Reply::ok(request.target.clone()));
    let sidecar = deduplicating(&origin);
    let responses = ten_at_once(&sidecar, &gate, |i| Ask::get(&format!("/{i}")));
    for (i, response) in responses.iter().enumerate() {
        assert_eq!(response.text(), format!("/{i}"));
    }
    assert_eq!(origin.count(), 10);
}

/// Trap 16.
#[test]
fn a_response_that_is_private_is_not_shared() {
    let forbidden: [&'static [(&str, &str)]; 4] = [
        &[("Cache-Control", "private")],
        &[("Cache-Control", "no-store")],
        &[("Set-Cookie", "id=1")],
        &[("Vary", "*")],
    ];
    for fields in forbidden {
        let gate = Gate::new();
        let origin = gated(&gate, move |request| {
            let reply = numbered(request);
            fields
                .iter()
                .fold(reply, |reply, (name, value)| reply.header(name, *value))
        });
        let sidecar = deduplicating(&origin);
        let responses = ten_at_once(&sidecar, &gate, |_| Ask::get("/"));
        let mut bodies: Vec<_> = responses.iter().map(Response::text).collect();
        bodies.sort();
        bodies.dedup();
        assert_eq!((bodies.len(), origin.count()), (10, 10), "{fields:?}");
    }
}

/// Trap 16.
#[test]
fn requests_with_different_identities_are_never_joined() {
    for field in ["Authorization", "Cookie"] {
        let gate = Gate::new();
        let origin = gated(&gate, |request| {
            let who = request.header("authorization").or(request.header("cookie"));
            Reply::ok(who.unwrap_or("nobody").to_owned())
        });
        let sidecar = deduplicating(&origin);
        let responses = ten_at_once(&sidecar, &gate, |i| {
            Ask::get("/").header(field, &format!("id={i}"))
        });
        for (i, response) in responses.iter().enumerate() {
            assert_eq!(response.text(), format!("id={i}"), "{field}");
        }
    }
}

/// Trap 16.
#[test]
fn followers_that_vary_chooses_something_else_for_get_their_own() {
    let gate = Gate::new();
    let origin = gated(&gate, |request| {
        Reply::ok(
            request
                .header("accept-language")
                .unwrap_or_default()
                .to_owned(),
        )
        .header("Vary", "Accept-Language")
    });
    let sidecar = deduplicating(&origin);
    let responses = ten_at_once(&sidecar, &gate, |i| {
        Ask::get("/").header("Accept-Language", &format!("l{}", i % 2))
    });
    for (i, response) in responses.iter().enumerate() {
        assert_eq!(response.text(), format!("l{}", i % 2));
    }
    // Mostly they share a second fetch; who looks for it after it has landed makes another.
    assert!((2..=6).contains(&origin.count()), "{}", origin.count());
}

#[test]
fn writes_are_never_joined() {
    let gate = Gate::new();
    let origin = gated(&gate, numbered);
    let sidecar = deduplicating(&origin);
    ten_at_once(&sidecar, &gate, |_| Ask::post("/", "x"));
    assert_eq!(origin.count(), 10);
}

#[test]
fn a_leader_that_leaves_does_not_take_the_answer_along() {
    let gate = Gate::new();
    let origin = gated(&gate, numbered);
    let sidecar = deduplicating(&origin);
    let mut leader = sidecar.connect();
    leader.send(Ask::get("/").bytes());
    origin.wait_for(1);
    let followers: Vec<_> = (0..3).map(|_| begin(&sidecar, Ask::get("/"))).collect();
    wait_in_flight(&sidecar, 4.0);
    leader.reset();
    gate.open();
    for follower in followers {
        assert_eq!(follower.join().unwrap().text(), "answer 1");
    }
    assert_eq!(origin.count(), 1);
}

/// Trap 22.
#[test]
fn when_a_leader_fails_one_follower_is_promoted() {
    let gate = Gate::new();
    let origin = Origin::scripted({
        let gate = gate.clone();
        move |mut conversation| {
            while let Some(_request) = conversation.request() {
                if conversation.index == 0 {
                    gate.wait();
                    return conversation.reset();
                }
                conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
            }
        }
    });
    let sidecar = deduplicating(&origin);
    let clients: Vec<_> = (0..10).map(|_| begin(&sidecar, Ask::get("/"))).collect();
    wait_in_flight(&sidecar, 10.0);
    gate.open();
    let responses: Vec<_> = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .collect();
    let failed = responses
        .iter()
        .filter(|response| response.status == 502)
        .count();
    let second = responses
        .iter()
        .filter(|response| response.text() == "second")
        .count();
    assert_eq!((failed, second), (1, 9), "{responses:?}");
    assert_eq!(origin.count(), 2);
}

/// Trap 22.
#[test]
fn when_the_promoted_one_fails_too_nobody_else_tries() {
    let gate = Gate::new();
    let origin = Origin::scripted({
        let gate = gate.clone();
        move |mut conversation| {
            if conversation.request().is_some() {
                gate.wait();
                conversation.reset();
            }
        }
    });
    let sidecar = deduplicating(&origin);
    let responses = ten_at_once(&sidecar, &gate, |_| Ask::get("/"));
    assert!(
        responses.iter().all(|response| response.status == 502),
        "{responses:?}"
    );
    assert_eq!(origin.count(), 2);
}

#[test]
fn one_who_comes_late_joins_a_body_that_is_under_way() {
    let (send, pieces) = std::sync::mpsc::channel();
    let pieces = std::sync::Mutex::new(Some(pieces));
    let origin = Origin::http(move |_| {
        let pieces = pieces.lock().unwrap().take().expect("a single fetch");
        Reply::streamed(pieces)
    });
    let sidecar = deduplicating(&origin);
    let mut early = sidecar.connect();
    early.send(Ask::get("/").bytes());
    send.send(b"first".to_vec()).unwrap();
    assert_eq!(early.response_head().status, 200);
    assert_eq!(early.chunk(), b"first");
    let mut late = sidecar.connect();
    late.send(Ask::get("/").bytes());
    assert_eq!(late.response_head().status, 200);
    assert_eq!(late.chunk(), b"first");
    send.send(b"second".to_vec()).unwrap();
    assert_eq!(early.chunk(), b"second");
    assert_eq!(late.chunk(), b"second");
    drop(send);
    assert!(early.chunk().is_empty());
    assert!(late.chunk().is_empty());
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_follower_that_does_not_read_does_not_hold_the_others_up() {
    const PIECES: usize = 400;
    let (send, pieces) = std::sync::mpsc::channel();
    let pieces = std::sync::Mutex::new(Some(pieces));
    let origin = Origin::http(move |_| {
        Reply::streamed(pieces.lock().unwrap().take().expect("a single fetch"))
    });
    let sidecar = deduplicating(&origin);
    let (mut eager, mut lazy) = (sidecar.connect(), sidecar.connect());
    send.send(b"first".to_vec()).unwrap();
    for client in [&mut eager, &mut lazy] {
        client.try_send(Ask::get("/").bytes()).unwrap();
        assert_eq!(client.response_head().status, 200);
        assert_eq!(client.chunk(), b"first");
    }
    // From here on only one of them reads.
    for _ in 0..PIECES {
        send.send(vec![b'x'; 50_000]).unwrap();
    }
    drop(send);
    let mut read = 0;
    while read < PIECES * 50_000 {
        match eager.chunk().len() {
            0 => panic!("it ended after {read} bytes"),
            n => read += n,
        }
    }
}

#[test]
fn a_burst_after_a_private_answer_does_not_queue() {
    let private = Arc::new(AtomicBool::new(false));
    let gate = Gate::new();
    let origin = Origin::http({
        let (private, gate) = (Arc::clone(&private), gate.clone());
        move |_| {
            if private.swap(true, Ordering::SeqCst) {
                gate.wait();
            }
            Reply::ok("mine").header("Cache-Control", "private")
        }
    });
    let sidecar = deduplicating(&origin);
    sidecar.get("/");
    let clients: Vec<_> = (0..5).map(|_| begin(&sidecar, Ask::get("/"))).collect();
    // All of them are with the origin at once, none waits for another.
    eventually("six requests reached the origin", || {
        (origin.count() == 6).then_some(())
    });
    gate.open();
    for client in clients {
        assert_eq!(client.join().unwrap().text(), "mine");
    }
}
