//! An upstream is given no more at a time than it can bear; who is too many waits, or is told to come
//! again, the least urgent first.

mod classes;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use harness::{Ask, Builder, Crowd, Gate, Origin, Reply, Response, Sidecar, raw_h2::RawH2};

use crate::forebay;

/// RFC 9113, sections 6.4 and 7.
const RST_STREAM: u8 = 3;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// An origin that answers when its gate is opened, and knows the most it ever had to do at a time.
struct Busy {
    origin: Origin,
    gate: Gate,
    most: Arc<AtomicUsize>,
}

// === impl Busy ===

impl Busy {
    fn new() -> Self {
        Self::saying(|_| Reply::ok("x"))
    }

    fn saying(reply: impl Fn(&harness::Request) -> Reply + Send + Sync + 'static) -> Self {
        let gate = Gate::new();
        let (now, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let origin = Origin::http({
            let (gate, most) = (gate.clone(), Arc::clone(&most));
            move |request| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                gate.wait();
                now.fetch_sub(1, Ordering::SeqCst);
                reply(request)
            }
        });
        Self { origin, gate, most }
    }

    fn behind(&self, capacity: &str) -> Builder {
        limited(&self.origin, capacity)
    }
}

/// A sidecar with this `capacity` for its upstream.
fn limited(origin: &Origin, capacity: &str) -> Builder {
    forebay()
        .origin(origin)
        .upstream(&format!("capacity: {{{capacity}}}"))
}

/// A client on a thread of its own.
fn asking(address: SocketAddr, ask: Ask) -> JoinHandle<Response> {
    thread::spawn(move || ask.send(address))
}

fn figure(sidecar: &Sidecar, what: &str) -> f64 {
    sidecar.metric(&format!("forebay_capacity_{what}"), &[])
}

fn wait_for(sidecar: &Sidecar, what: &str, value: f64) {
    sidecar.wait_for_metric(&format!("forebay_capacity_{what}"), &[], value);
}

fn shed(sidecar: &Sidecar, labels: &[(&str, &str)]) -> f64 {
    sidecar.metric("forebay_capacity_shed_total", labels)
}

#[track_caller]
fn assert_comes_again(response: &Response, kind: &str) {
    response.assert_problem(503, kind);
    let wait: u64 = response.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{response:?}");
}

#[test]
fn the_origin_never_has_more_than_the_limit_and_the_rest_is_told_to_come_again() {
    let busy = Busy::new();
    let sidecar = busy
        .behind("min: 3, max: 3, initial: 3, queue: 2, queue_timeout: 15s")
        .start();
    let address = sidecar.address();
    let held: Vec<_> = (0..3).map(|_| asking(address, Ask::get("/"))).collect();
    busy.origin.wait_for(3);
    wait_for(&sidecar, "in_flight", 3.0);
    let waiting: Vec<_> = (0..2).map(|_| asking(address, Ask::get("/"))).collect();
    wait_for(&sidecar, "queued", 2.0);
    assert_eq!(figure(&sidecar, "share"), 0.0);
    for _ in 0..4 {
        assert_comes_again(&sidecar.get("/"), "shed");
    }
    let shown = sidecar.admin("/upstreams").text();
    assert!(
        shown.contains(r#""queued":2"#) && shown.contains(r#""limit":3"#),
        "{shown}"
    );
    busy.gate.open();
    for client in held.into_iter().chain(waiting) {
        assert_eq!(client.join().unwrap().status, 200);
    }
    assert_eq!(busy.origin.count(), 5, "who was refused was not sent");
    assert_eq!(busy.most.load(Ordering::SeqCst), 3);
    wait_for(&sidecar, "in_flight", 0.0);
    assert_eq!(
        shed(&sidecar, &[("class", "normal"), ("reason", "full")]),
        4.0
    );
    assert_eq!(figure(&sidecar, "wait_duration_seconds_count"), 2.0);
}

#[test]
fn the_queue_gives_way_in_time() {
    let busy = Busy::new();
    let sidecar = busy
        .behind("min: 1, max: 1, initial: 1, queue: 9, queue_timeout: 50ms")
        .start();
    let held = asking(sidecar.address(), Ask::get("/"));
    busy.origin.wait_for(1);
    assert_comes_again(&sidecar.get("/"), "queue-timed-out");
    assert_eq!(shed(&sidecar, &[("reason", "timed-out")]), 1.0);
    busy.gate.open();
    assert_eq!(held.join().unwrap().status, 200);
    assert_eq!(sidecar.get("/").status, 200, "there is room again");
}

/// Those who waited for the answer of another learn as well when to come again.
#[test]
fn followers_of_who_is_refused_are_told_when_to_come_again() {
    let busy = Busy::new();
    let sidecar = busy
        .behind("min: 1, max: 1, initial: 1, queue: 9, queue_timeout: 400ms")
        .with_policies("deduplication: {}")
        .start();
    let address = sidecar.address();
    let held = asking(address, Ask::get("/held"));
    busy.origin.wait_for(1);
    let alike: Vec<_> = (0..5).map(|_| asking(address, Ask::get("/same"))).collect();
    for client in alike {
        assert_comes_again(&client.join().unwrap(), "queue-timed-out");
    }
    busy.gate.open();
    assert_eq!(held.join().unwrap().status, 200);
}

/// Traps 24 and 25.
#[test]
fn a_client_that_leaves_frees_its_place() {
    let busy = Busy::new();
    let sidecar = busy
        .behind("min: 1, max: 1, initial: 1, queue: 9, queue_timeout: 15s")
        .start();
    let mut leaver = RawH2::connect(sidecar.address());
    leaver.headers(1, &RawH2::request("GET", &[]), true);
    busy.origin.wait_for(1);
    leaver.headers(3, &RawH2::request("GET", &[]), true);
    wait_for(&sidecar, "queued", 1.0);
    let last = asking(sidecar.address(), Ask::get("/last"));
    wait_for(&sidecar, "queued", 2.0);
    // One leaves the queue, one the origin: the last has its turn.
    leaver.frame(RST_STREAM, 0, 3, &CANCEL);
    wait_for(&sidecar, "queued", 1.0);
    leaver.frame(RST_STREAM, 0, 1, &CANCEL);
    busy.origin.wait_for(2);
    assert_eq!(busy.origin.last().target, "/last");
    busy.gate.open();
    assert_eq!(last.join().unwrap().status, 200);
    wait_for(&sidecar, "in_flight", 0.0);
}

/// A body that is on its way is work as well.
#[test]
fn a_place_is_held_until_the_body_has_ended() {
    let (pieces, streamed) = mpsc::channel();
    let streamed = std::sync::Mutex::new(Some(streamed));
    let origin = Origin::http(move |_| match streamed.lock().unwrap().take() {
        Some(streamed) => Reply::streamed(streamed),
        None => Reply::ok("x"),
    });
    let sidecar = limited(&origin, "min: 1, max: 1, initial: 1, queue: 0").start();
    let mut client = sidecar.connect();
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    pieces.send(b"first".to_vec()).unwrap();
    assert_eq!(client.response_head().status, 200);
    assert_comes_again(&sidecar.get("/"), "shed");
    drop(pieces);
    wait_for(&sidecar, "in_flight", 0.0);
    assert_eq!(sidecar.get("/").status, 200);
}

/// It is asked one at a time while it fails, and gets more again once it is well.
#[test]
fn the_limit_falls_when_the_origin_fails_and_comes_back_after_it() {
    let ill = Arc::new(AtomicBool::new(false));
    let origin = Origin::http({
        let ill = Arc::clone(&ill);
        move |_| {
            // As long as its work takes, however much of it there is.
            let (_silent, nobody) = mpsc::channel::<()>();
            let _late = nobody.recv_timeout(Duration::from_millis(40));
            match ill.load(Ordering::SeqCst) {
                false => Reply::ok("x"),
                true => Reply::status(503).header("Retry-After", "1"),
            }
        }
    });
    let sidecar = limited(
        &origin,
        "min: 1, max: 12, initial: 12, queue: 100, queue_timeout: 15s",
    )
    .start();
    let limit = || figure(&sidecar, "limit");
    let until = |reached: &dyn Fn(f64) -> bool| {
        (0..60).any(|_| {
            Crowd::ask(sidecar.address(), 1, 30, "/").responses();
            reached(limit())
        })
    };
    assert!(until(&|limit| limit >= 8.0), "{}", limit());
    ill.store(true, Ordering::SeqCst);
    assert!(until(&|limit| limit <= 2.0), "{}", limit());
    ill.store(false, Ordering::SeqCst);
    assert!(until(&|limit| limit >= 5.0), "{}", limit());
}

#[test]
fn what_is_stored_stands_in_for_what_is_shed() {
    let busy = Busy::saying(|_| Reply::ok("held").header("Cache-Control", "max-age=0"));
    busy.gate.open();
    let sidecar = busy
        .behind("min: 1, max: 1, initial: 1, queue: 0")
        .with_policies("cache: {stale_if_error: 1h}")
        .start();
    sidecar.get("/page").assert_forwarded();
    let mut slow = sidecar.connect();
    slow.send("POST /slow HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 2\r\n\r\n");
    wait_for(&sidecar, "in_flight", 1.0);
    let stale = sidecar.get("/page");
    assert_eq!((stale.status, stale.text().as_str()), (200, "held"));
    assert!(stale.cache_status().contains("stale-if-error"), "{stale:?}");
    assert_comes_again(&sidecar.get("/other"), "shed");
    slow.send("xx");
    assert_eq!(slow.response("POST").status, 200);
}

#[test]
fn in_shadow_mode_everybody_goes_on_and_is_counted() {
    let busy = Busy::new();
    let sidecar = busy
        .behind("mode: shadow, min: 1, max: 1, initial: 1, queue: 1")
        .start();
    let address = sidecar.address();
    let clients: Vec<_> = (0..4).map(|_| asking(address, Ask::get("/"))).collect();
    busy.origin.wait_for(4);
    assert_eq!(figure(&sidecar, "in_flight"), 4.0);
    assert_eq!(
        shed(&sidecar, &[("reason", "full"), ("mode", "shadow")]),
        2.0
    );
    busy.gate.open();
    for client in clients {
        assert_eq!(client.join().unwrap().status, 200);
    }
}
