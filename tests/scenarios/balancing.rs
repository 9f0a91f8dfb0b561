//! Who gets the next request, and what happens when one cannot be reached.

mod hashing;
mod latency;
mod places;
mod recovering;
mod sticky;

use std::{net::SocketAddr, thread};

use harness::{Ask, Gate, Origin, Reply};

use crate::forebay;

/// An address where nobody listens.
fn dead() -> SocketAddr {
    Origin::saying("").address()
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[test]
fn round_robin_gives_each_endpoint_the_same() {
    let origins = [
        Origin::saying("a"),
        Origin::saying("b"),
        Origin::saying("c"),
    ];
    let builder = origins
        .iter()
        .fold(forebay(), |builder, origin| builder.origin(origin));
    let sidecar = builder.start();
    for _ in 0..30 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!(origins.each_ref().map(Origin::count), [10, 10, 10]);
}

#[test]
fn weights_are_kept_to() {
    let (heavy, light) = (Origin::saying("heavy"), Origin::saying("light"));
    let sidecar = forebay()
        .endpoint(&format!("{{url: \"{}\", weight: 3}}", url(heavy.address())))
        .endpoint(&format!("{{url: \"{}\", weight: 1}}", url(light.address())))
        .upstream("balance: weighted")
        .start();
    for _ in 0..40 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!((heavy.count(), light.count()), (30, 10));
}

#[test]
fn chance_keeps_to_weights_as_well() {
    let (heavy, light) = (Origin::saying("heavy"), Origin::saying("light"));
    let sidecar = forebay()
        .endpoint(&format!("{{url: \"{}\", weight: 3}}", url(heavy.address())))
        .endpoint(&format!("{{url: \"{}\", weight: 1}}", url(light.address())))
        .upstream("balance: random")
        .start();
    let mut client = sidecar.connect();
    for _ in 0..400 {
        assert_eq!(client.ask(&Ask::get("/")).status, 200);
    }
    // Seven standard deviations; a fair coin would be twelve away.
    assert!((240..=360).contains(&heavy.count()), "{}", heavy.count());
}

#[test]
fn least_requests_leaves_a_busy_endpoint_alone() {
    let gate = Gate::new();
    let busy = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("busy")
        }
    });
    let idle = Origin::saying("idle");
    let sidecar = forebay()
        .origin(&busy)
        .origin(&idle)
        .upstream("balance: least_requests")
        .start();
    // One of these goes to the busy one and stays there; until then the idle one may answer a few.
    let address = sidecar.address();
    let mut stuck = Vec::new();
    while busy.count() == 0 {
        let before = busy.count() + idle.count();
        stuck.push(thread::spawn(move || Ask::get("/").send(address)));
        harness::eventually("it arrived", || {
            (busy.count() + idle.count() > before).then_some(())
        });
    }
    for _ in 0..20 {
        assert_eq!(sidecar.get("/").text(), "idle");
    }
    assert_eq!(busy.count(), 1);
    gate.open();
    for stuck in stuck {
        assert_eq!(stuck.join().unwrap().status, 200);
    }
}

#[test]
fn a_request_that_cannot_connect_is_tried_elsewhere() {
    for balance in [
        "least_requests",
        "maglev",
        "peak_ewma",
        "random",
        "ring_hash",
        "round_robin",
        "weighted",
    ] {
        let alive = Origin::saying("alive");
        let sidecar = forebay()
            .endpoint(&url(dead()))
            .origin(&alive)
            .endpoint(&url(dead()))
            .upstream(&format!("balance: {balance}"))
            .start();
        for _ in 0..10 {
            assert_eq!(sidecar.get("/").text(), "alive", "{balance}");
            assert_eq!(
                sidecar.ask(&Ask::post("/", "body")).text(),
                "alive",
                "{balance}"
            );
        }
        assert_eq!(alive.last().text(), "body");
    }
}

#[test]
fn when_no_endpoint_can_be_reached_the_answer_is_502() {
    let sidecar = forebay()
        .endpoint(&url(dead()))
        .endpoint(&url(dead()))
        .start();
    let response = sidecar.get("/");
    response.assert_problem(502, "connect-failed");
    assert!(response.headers.has("retry-after"));
    let proxy_status = response.header("proxy-status").unwrap();
    assert!(
        proxy_status.contains("error=connection_refused"),
        "{proxy_status}"
    );
}

#[test]
fn an_endpoint_that_comes_back_is_used_again() {
    let origin = Origin::saying("first");
    let address = origin.address();
    let sidecar = forebay().origin(&origin).start();
    assert_eq!(sidecar.get("/").text(), "first");
    drop(origin);
    // The kept connection may serve on; a new listener at the same address is what matters.
    let listener = harness::eventually("the address is free", || {
        std::net::TcpListener::bind(address).ok()
    });
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            use std::io::{Read, Write};
            let _head = stream.read(&mut [0; 4096]);
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecond";
            let _gone = stream.write_all(answer.as_bytes());
        }
    });
    harness::eventually("the second one answers", || {
        let pair = (0..2).map(|_| {
            thread::spawn({
                let address = sidecar.address();
                move || Ask::get("/").send(address).text()
            })
        });
        let answers: Vec<_> = pair
            .collect::<Vec<_>>()
            .into_iter()
            .map(|it| it.join().unwrap())
            .collect();
        answers.contains(&"second".to_owned()).then_some(())
    });
}
