//! Bodies that several clients read while they arrive.

use std::sync::{
    Mutex,
    mpsc::{Receiver, Sender, channel},
};

use harness::{Ask, Gate, H2Client, Origin, RawClient, Reply, eventually};

use super::{begin, deduplicating, forebay, gated, numbered, wait_in_flight};

/// An origin whose answers the test writes, one after the other.
fn written(count: usize) -> (Origin, Vec<Sender<Vec<u8>>>) {
    let (senders, receivers): (Vec<_>, Vec<Receiver<Vec<u8>>>) =
        (0..count).map(|_| channel()).unzip();
    let receivers = Mutex::new(receivers.into_iter());
    let origin = Origin::http(move |_| {
        let pieces = receivers.lock().unwrap().next();
        Reply::streamed(pieces.expect("no more fetches than expected"))
    });
    (origin, senders)
}

fn reading(address: std::net::SocketAddr) -> RawClient {
    let mut client = RawClient::connect(address);
    client.send(Ask::get("/").bytes());
    client
}

/// Reads chunks until so many bytes have come.
#[track_caller]
fn read(client: &mut RawClient, bytes: usize) {
    let mut read = 0;
    while read < bytes {
        match client.chunk().len() {
            0 => panic!("it ended after {read} of {bytes} bytes"),
            n => read += n,
        }
    }
    assert_eq!(read, bytes);
}

#[test]
fn a_body_too_large_to_keep_reaches_all_who_waited_for_its_head() {
    const SIZE: usize = 3 * 1024 * 1024;
    let gate = Gate::new();
    let origin = gated(&gate, |_| Reply::ok(vec![b'x'; SIZE]));
    let sidecar = deduplicating(&origin);
    let clients: Vec<_> = (0..20).map(|_| begin(&sidecar, Ask::get("/"))).collect();
    wait_in_flight(&sidecar, 20.0);
    gate.open();
    for client in clients {
        let response = client.join().unwrap();
        assert_eq!((response.status, response.body.len()), (200, SIZE));
    }
    assert_eq!(origin.count(), 1);
}

#[test]
fn who_comes_when_the_beginning_is_gone_shares_the_next_fetch() {
    const BEGINNING: usize = 2 * 1024 * 1024;
    let (origin, senders) = written(2);
    let sidecar = deduplicating(&origin);
    let mut early = reading(sidecar.address());
    for _ in 0..BEGINNING / 65_536 {
        senders[0].send(vec![b'x'; 65_536]).unwrap();
    }
    assert_eq!(early.response_head().status, 200);
    read(&mut early, BEGINNING);
    let (mut second, mut third) = (reading(sidecar.address()), reading(sidecar.address()));
    origin.wait_for(2);
    wait_in_flight(&sidecar, 3.0);
    senders[1].send(b"anew".to_vec()).unwrap();
    for client in [&mut second, &mut third] {
        assert_eq!(client.response_head().status, 200);
        assert_eq!(client.chunk(), b"anew");
    }
    drop(senders);
    for client in [&mut early, &mut second, &mut third] {
        assert!(client.chunk().is_empty(), "each body ends where it should");
    }
    assert_eq!(origin.count(), 2);
}

#[test]
fn a_leader_that_leaves_in_the_middle_takes_nothing_along() {
    let (origin, mut senders) = written(1);
    let sender = senders.remove(0);
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}\ndeduplication: {}")
        .start();
    let mut leader = reading(sidecar.address());
    sender.send(b"first ".to_vec()).unwrap();
    assert_eq!(leader.response_head().status, 200);
    assert_eq!(leader.chunk(), b"first ");
    let mut follower = reading(sidecar.address());
    assert_eq!(follower.response_head().status, 200);
    assert_eq!(follower.chunk(), b"first ");
    leader.reset();
    sender.send(b"second".to_vec()).unwrap();
    assert_eq!(follower.chunk(), b"second");
    drop(sender);
    assert!(follower.chunk().is_empty());
    let stored = sidecar.get("/");
    stored.assert_hit();
    assert_eq!(
        (stored.text().as_str(), origin.count()),
        ("first second", 1)
    );
}

/// Trap 22.
#[test]
fn a_body_that_stalls_is_an_error_for_all_and_is_fetched_anew() {
    let (origin, mut senders) = written(2);
    let second = senders.pop().unwrap();
    let sidecar = forebay()
        .origin(&origin)
        .upstream("timeouts: {idle: 500ms}")
        .with_policies("cache: {ttl: 60s}\ndeduplication: {}")
        .start();
    let mut clients = [reading(sidecar.address()), reading(sidecar.address())];
    origin.wait_for(1);
    wait_in_flight(&sidecar, 2.0);
    senders[0].send(b"half".to_vec()).unwrap();
    for client in &mut clients {
        assert_eq!(client.response_head().status, 200);
        assert_eq!(client.chunk(), b"half");
    }
    for client in &mut clients {
        assert!(
            client.try_chunk().is_err(),
            "half a body is not a whole one"
        );
    }
    second.send(b"whole".to_vec()).unwrap();
    drop(second);
    let response = sidecar.get("/");
    assert_eq!((response.text().as_str(), origin.count()), ("whole", 2));
    sidecar.get("/").assert_hit();
}

#[test]
fn a_head_request_does_not_share_the_fetch_of_a_get_nor_the_other_way_round() {
    for (first, second) in [("GET", "HEAD"), ("HEAD", "GET")] {
        let gate = Gate::new();
        let origin = gated(&gate, |_| Reply::ok("content"));
        let sidecar = deduplicating(&origin);
        let clients = [first, second].map(|method| {
            let client = begin(&sidecar, Ask::new(method, "/"));
            eventually("it is with the origin", || {
                origin
                    .requests()
                    .iter()
                    .any(|it| it.method == method)
                    .then_some(())
            });
            (method, client)
        });
        gate.open();
        for (method, client) in clients {
            let response = client.join().unwrap();
            let expected = if method == "GET" { "content" } else { "" };
            assert_eq!(response.text(), expected, "{method}");
            assert_eq!(response.header("content-length"), Some("7"), "{method}");
        }
    }
}

#[test]
fn head_requests_share_one_fetch_without_a_body() {
    let gate = Gate::new();
    let origin = gated(&gate, |_| Reply::ok("content"));
    let sidecar = deduplicating(&origin);
    let clients: Vec<_> = (0..5)
        .map(|_| begin(&sidecar, Ask::new("HEAD", "/")))
        .collect();
    wait_in_flight(&sidecar, 5.0);
    gate.open();
    for client in clients {
        let response = client.join().unwrap();
        assert_eq!((response.status, response.text().as_str()), (200, ""));
        assert_eq!(response.header("content-length"), Some("7"));
    }
    assert_eq!(origin.count(), 1);
}

/// RFC 9111, section 5.2.1.4: it wants an answer that was made after it asked.
#[test]
fn who_demands_a_fresh_answer_does_not_wait_for_an_older_fetch() {
    let gate = Gate::new();
    let origin = gated(&gate, numbered);
    let sidecar = deduplicating(&origin);
    let first = begin(&sidecar, Ask::get("/"));
    origin.wait_for(1);
    let demanding = begin(&sidecar, Ask::get("/").header("Cache-Control", "no-cache"));
    origin.wait_for(2);
    gate.open();
    assert_eq!(first.join().unwrap().text(), "answer 1");
    assert_eq!(demanding.join().unwrap().text(), "answer 2");
}

#[test]
fn clients_of_one_http2_connection_share_a_fetch() {
    let gate = Gate::new();
    let origin = gated(&gate, numbered);
    let sidecar = deduplicating(&origin);
    let client: H2Client = sidecar.connect_h2();
    let clients: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || client.get("/").text())
        })
        .collect();
    wait_in_flight(&sidecar, 10.0);
    gate.open();
    for client in clients {
        assert_eq!(client.join().unwrap(), "answer 1");
    }
    assert_eq!(origin.count(), 1);
}
