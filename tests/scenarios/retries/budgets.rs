//! However many fail, an origin is not asked for much more than there is to ask.

use std::thread;

use harness::{Ask, Origin, Reply};

use super::stopped;
use crate::forebay;

const CLIENTS: usize = 8;
const EACH: usize = 50;

#[test]
fn no_storm_when_everything_fails() {
    let origin = Origin::http(|_| Reply::status(503));
    let sidecar = forebay()
        .origin(&origin)
        .upstream("retry: {on: [503], attempts: 5, base_delay: 1ms, budget: 20%, min_retries: 3}")
        .start();
    let address = sidecar.address();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    assert_eq!(Ask::get("/").send(address).status, 503);
                }
            });
        }
    });
    let requests = CLIENTS * EACH;
    let tries = origin.count();
    assert!(tries > requests, "some are tried again");
    assert!(tries * 4 <= requests * 5, "{tries} tries of {requests}");
    assert!(stopped(&sidecar, "budget") > 0.0);
}

#[test]
fn no_storm_when_nobody_can_be_reached() {
    let gone = || format!("http://{}", Origin::saying("").address());
    let sidecar = forebay()
        .endpoint(&gone())
        .endpoint(&gone())
        .endpoint(&gone())
        .start();
    for _ in 0..200 {
        sidecar.get("/").assert_problem(502, "connect-failed");
    }
    let tries = sidecar.metric("forebay_upstream_connects_total", &[]);
    assert!((200.0..=250.0).contains(&tries), "{tries}");
}

#[test]
fn one_endpoint_of_two_that_is_down_costs_nobody_an_answer() {
    let well = Origin::saying("well");
    let gone = Origin::saying("").address();
    let sidecar = forebay()
        .endpoint(&format!("http://{gone}"))
        .origin(&well)
        .start();
    for _ in 0..100 {
        assert_eq!(sidecar.get("/").text(), "well");
        assert_eq!(sidecar.ask(&Ask::post("/", "x")).text(), "well");
    }
}
