//! Renewing behind the client's back, and standing in for an origin that fails (RFC 5861; trap 21).

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    },
    thread,
};

use harness::{Ask, Gate, Origin, Reply, Request, Response, Sidecar, eventually};

use crate::forebay;

/// Stale when it comes, and for a minute longer good enough to be served while it is renewed.
const GRACE: &str = "max-age=60, stale-while-revalidate=3600";
const STAND_IN: &str = "max-age=60, stale-if-error=3600";

fn caching(origin: &Origin, policies: &str) -> Sidecar {
    forebay().origin(origin).with_policies(policies).start()
}

/// The first answer is stale already; what comes afterwards the function says.
fn first_then(
    control: &'static str,
    then: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
) -> Origin {
    let count = AtomicUsize::new(0);
    Origin::http(move |request| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        match number {
            1 => Reply::ok("answer 1")
                .header("Cache-Control", control)
                .header("Age", "70")
                .header("ETag", "\"1\""),
            _ => then(request, number),
        }
    })
}

fn answer(number: usize) -> Reply {
    Reply::ok(format!("answer {number}")).header("Cache-Control", GRACE)
}

#[track_caller]
fn assert_stale(response: &Response) {
    assert_eq!(response.text(), "answer 1", "{response:?}");
    let told = response.cache_status();
    assert!(told.contains("; hit"), "{told}");
    assert!(told.contains("ttl=-"), "{told}");
}

/// Asks until another answer is there.
#[track_caller]
fn wait_for_renewal(sidecar: &Sidecar, ask: &Ask) -> Response {
    eventually("it is renewed", || {
        Some(sidecar.ask(ask)).filter(|response| response.text() != "answer 1")
    })
}

#[test]
fn however_many_ask_there_is_one_renewal_and_nobody_waits_for_it() {
    for policies in ["cache: {}", "cache: {}\ndeduplication: {}"] {
        let gate = Gate::new();
        let origin = first_then(GRACE, {
            let gate = gate.clone();
            move |_, number| {
                gate.wait();
                answer(number)
            }
        });
        let sidecar = caching(&origin, policies);
        sidecar.get("/");
        let address = sidecar.address();
        let clients: Vec<_> = (0..8)
            .map(|_| thread::spawn(move || (0..5).map(|_| Ask::get("/").send(address)).collect()))
            .collect();
        for client in clients {
            let responses: Vec<Response> = client.join().unwrap();
            responses.iter().for_each(assert_stale);
        }
        origin.wait_for(2);
        assert_eq!(origin.count(), 2);
        gate.open();
        wait_for_renewal(&sidecar, &Ask::get("/")).assert_hit();
        assert_eq!(origin.count(), 2);
    }
}

#[test]
fn a_renewal_lasts_until_its_body_has_come() {
    for policies in ["cache: {}", "cache: {}\ndeduplication: {}"] {
        let (send, pieces) = channel();
        let pieces = Mutex::new(Some(pieces));
        let origin = first_then(GRACE, move |_, _| {
            let pieces = pieces.lock().unwrap().take().expect("one renewal");
            Reply::streamed(pieces).header("Cache-Control", GRACE)
        });
        let sidecar = caching(&origin, policies);
        sidecar.get("/");
        send.send(b"answer".to_vec()).unwrap();
        assert_stale(&sidecar.get("/"));
        origin.wait_for(2);
        for _ in 0..50 {
            assert_stale(&sidecar.get("/"));
        }
        send.send(b" 2".to_vec()).unwrap();
        drop(send);
        wait_for_renewal(&sidecar, &Ask::get("/")).assert_hit();
        assert_eq!(origin.count(), 2);
    }
}

#[test]
fn each_key_is_renewed_for_itself() {
    let gate = Gate::new();
    let seen = Arc::new(AtomicUsize::new(0));
    let origin = Origin::http({
        let (gate, seen) = (gate.clone(), Arc::clone(&seen));
        move |request| {
            if request.header("if-none-match").is_some() {
                seen.fetch_add(1, Ordering::SeqCst);
                gate.wait();
            }
            Reply::ok("answer 1")
                .header("Cache-Control", GRACE)
                .header("Age", "70")
                .header("ETag", "\"1\"")
                .header("Vary", "X-Plan")
        }
    });
    let sidecar = caching(&origin, "cache: {key: {headers: [X-User]}}");
    let asks: Vec<Ask> = (0..4)
        .map(|user| Ask::get("/").header("X-User", &format!("{user}")))
        .collect();
    asks.iter().for_each(|ask| drop(sidecar.ask(ask)));
    for _ in 0..3 {
        for ask in &asks {
            assert_stale(&sidecar.ask(ask));
        }
    }
    eventually("every persona is being renewed", || {
        (seen.load(Ordering::SeqCst) == 4).then_some(())
    });
    gate.open();
}

#[test]
fn a_renewal_asks_with_the_validators_of_what_is_stored() {
    let origin = first_then(GRACE, |_, _| {
        Reply::status(304)
            .header("ETag", "\"1\"")
            .header("Cache-Control", "max-age=60")
            .header("X-New", "yes")
    });
    let sidecar = caching(&origin, "cache: {}");
    sidecar.get("/");
    assert_stale(&sidecar.get("/"));
    origin.wait_for(2);
    assert_eq!(origin.last().header("if-none-match"), Some("\"1\""));
    let renewed = eventually("it is renewed", || {
        Some(sidecar.get("/")).filter(|response| response.headers.has("x-new"))
    });
    renewed.assert_hit();
    assert_eq!(renewed.text(), "answer 1");
    assert!(!renewed.cache_status().contains("ttl=-"), "{renewed:?}");
    assert_eq!(origin.count(), 2);
}

#[test]
fn what_a_client_wants_for_itself_does_not_go_with_the_renewal() {
    let asks = [
        Ask::new("HEAD", "/"),
        Ask::get("/").header("Range", "bytes=0-1"),
        Ask::get("/").header("If-None-Match", "\"mine\""),
        Ask::get("/").header("If-Modified-Since", "Fri, 31 Dec 1999 23:59:59 GMT"),
        Ask::get("/").header("Cache-Control", "only-if-cached"),
    ];
    for ask in asks {
        let origin = first_then(GRACE, |_, number| answer(number));
        let sidecar = caching(&origin, "cache: {}");
        sidecar.get("/");
        let served = sidecar.ask(&ask);
        assert!(served.cache_status().contains("; hit"), "{served:?}");
        origin.wait_for(2);
        let renewal = origin.last();
        assert_eq!(renewal.method, "GET", "{ask:?}");
        assert_eq!(renewal.header("range"), None, "{ask:?}");
        assert_eq!(renewal.header("if-modified-since"), None, "{ask:?}");
        assert_eq!(renewal.header("if-none-match"), Some("\"1\""), "{ask:?}");
        wait_for_renewal(&sidecar, &Ask::get("/")).assert_hit();
    }
}

#[test]
fn a_range_of_what_is_stale_is_served_while_all_of_it_is_renewed() {
    let origin = first_then(GRACE, |_, number| answer(number));
    let sidecar = caching(&origin, "cache: {}");
    sidecar.get("/");
    let ask = Ask::get("/").header("Range", "bytes=7-");
    let part = sidecar.ask(&ask);
    assert_eq!((part.status, part.text().as_str()), (206, "1"));
    let renewed = eventually("it is renewed", || {
        Some(sidecar.ask(&ask)).filter(|part| part.text() == "2")
    });
    assert_eq!(renewed.header("content-range"), Some("bytes 7-7/8"));
    assert_eq!(origin.count(), 2);
}

#[test]
fn a_renewal_that_may_not_be_kept_takes_what_is_stored_away() {
    for control in ["no-store", "private"] {
        let origin = first_then(GRACE, move |_, number| {
            answer(number).header("Cache-Control", control)
        });
        let sidecar = caching(&origin, "cache: {}");
        sidecar.get("/");
        assert_stale(&sidecar.get("/"));
        origin.wait_for(2);
        let after = eventually("the old one is gone", || {
            Some(sidecar.get("/")).filter(|response| response.text() != "answer 1")
        });
        assert!(after.cache_status().contains("fwd=uri-miss"), "{after:?}");
    }
}

#[test]
fn a_renewal_that_brings_an_error_leaves_what_is_stored() {
    for status in [500, 502, 503, 504] {
        let origin = first_then(GRACE, move |_, _| Reply::status(status));
        let sidecar = caching(&origin, "cache: {}");
        sidecar.get("/");
        for _ in 0..20 {
            assert_stale(&sidecar.get("/"));
        }
        origin.wait_for(2);
        // It is not asked again for each request: the second try waits for a second or more.
        for _ in 0..20 {
            assert_stale(&sidecar.get("/"));
        }
        assert!(
            origin.count() <= 3,
            "{status}: asked {} times",
            origin.count()
        );
    }
}

#[test]
fn a_failing_origin_is_not_asked_for_each_request_while_something_stands_in() {
    let origin = first_then(STAND_IN, |_, _| Reply::status(503));
    let sidecar = caching(&origin, "cache: {}");
    sidecar.get("/");
    for _ in 0..40 {
        assert_stale_or_stood_in(&sidecar.get("/"));
    }
    assert!(origin.count() <= 4, "asked {} times", origin.count());
}

#[track_caller]
fn assert_stale_or_stood_in(response: &Response) {
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.text(), "answer 1", "{response:?}");
}

#[test]
fn an_origin_that_recovers_is_heard() {
    let origin = first_then(STAND_IN, |_, number| match number {
        2 => Reply::status(500),
        _ => answer(2),
    });
    let sidecar = caching(&origin, "cache: {}");
    sidecar.get("/");
    assert_stale_or_stood_in(&sidecar.get("/"));
    assert_eq!(origin.count(), 2);
    wait_for_renewal(&sidecar, &Ask::get("/"));
    assert_eq!(origin.count(), 3);
}

#[test]
fn a_client_that_demands_more_than_what_is_fresh_is_told_of_the_failure() {
    let count = AtomicUsize::new(0);
    let origin = Origin::http(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::ok("answer 1").header("Cache-Control", STAND_IN),
        _ => Reply::status(500),
    });
    let sidecar = caching(&origin, "cache: {}");
    sidecar.get("/");
    let demanding = Ask::get("/").header("Cache-Control", "no-cache");
    for _ in 0..3 {
        assert_eq!(sidecar.ask(&demanding).status, 500);
        sidecar.get("/").assert_hit();
    }
}

#[test]
fn an_origin_that_is_gone_is_stood_in_for() {
    let origin = first_then(STAND_IN, |_, _| Reply::hang_up());
    let sidecar = caching(&origin, "cache: {}");
    sidecar.get("/");
    for _ in 0..5 {
        assert_stale_or_stood_in(&sidecar.get("/"));
    }
    drop(origin);
    for _ in 0..5 {
        assert_stale_or_stood_in(&sidecar.get("/"));
    }
    assert_eq!(sidecar.get("/never-seen").status, 502);
}

#[test]
fn a_renewal_of_an_origin_that_is_gone_changes_nothing() {
    let origin = first_then(GRACE, |_, _| Reply::hang_up());
    let sidecar = caching(&origin, "cache: {}");
    sidecar.get("/");
    drop(origin);
    for _ in 0..10 {
        assert_stale(&sidecar.get("/"));
    }
}

#[test]
fn what_must_be_revalidated_is_never_served_stale() {
    for control in [
        "max-age=60, stale-while-revalidate=3600, stale-if-error=3600, must-revalidate",
        "max-age=60, stale-while-revalidate=3600, stale-if-error=3600, proxy-revalidate",
        "s-maxage=60, stale-while-revalidate=3600, stale-if-error=3600",
    ] {
        let origin = first_then(control, |_, _| Reply::status(503));
        let sidecar = caching(&origin, "cache: {}");
        sidecar.get("/");
        assert_eq!(sidecar.get("/").status, 503, "{control}");
    }
}

#[test]
fn what_is_asked_for_often_is_renewed_before_its_end() {
    // Two seconds are left of it, and its origin takes its time.
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            gate.wait();
            let reply = Reply::ok("x").header("Cache-Control", "max-age=3600");
            match request.header("if-none-match") {
                Some(_) => reply.header("Age", "0").header("ETag", "\"2\""),
                None => reply.header("Age", "3598").header("ETag", "\"1\""),
            }
        }
    });
    let sidecar = caching(&origin, "cache: {early_refresh: true}");
    let address = sidecar.address();
    let first = thread::spawn(move || Ask::get("/").send(address));
    origin.wait_for(1);
    for _ in 0..100 {
        sidecar.metrics();
    }
    gate.open();
    first.join().unwrap();
    // Who finds it expired waits for its origin, which is what is to be avoided.
    let last = eventually("it is renewed", || {
        let response = sidecar.get("/");
        (response.header("etag") == Some("\"2\"")).then_some(response)
    });
    last.assert_hit();
    assert_eq!(origin.count(), 2);
}
