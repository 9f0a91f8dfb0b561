//! Whoever answers sooner gets more.

use std::thread;

use harness::{Ask, Gate, Origin, Reply};

use crate::forebay;

#[test]
fn an_endpoint_that_has_too_much_to_do_is_left_alone() {
    for status in [429, 503] {
        let busy = Origin::http(move |_| Reply::status(status).header("Retry-After", "30"));
        let idle = Origin::saying("idle");
        let sidecar = forebay()
            .origin(&busy)
            .origin(&idle)
            .upstream("balance: peak_ewma")
            .start();
        let mut asked = 0;
        while busy.count() == 0 {
            sidecar.get("/");
            asked += 1;
            assert!(asked < 10, "one that was never asked is tried soon");
        }
        for _ in 0..30 {
            assert_eq!(sidecar.get("/").text(), "idle");
        }
        assert_eq!(busy.count(), 1, "{status}");
    }
}

#[test]
fn one_that_does_not_answer_is_tried_and_not_flooded() {
    let gate = Gate::new();
    let stuck = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("at last")
        }
    });
    let idle = Origin::saying("idle");
    let sidecar = forebay()
        .origin(&stuck)
        .origin(&idle)
        .upstream("balance: peak_ewma")
        .start();
    let address = sidecar.address();
    let mut waiting = Vec::new();
    while stuck.count() == 0 {
        let before = stuck.count() + idle.count();
        waiting.push(thread::spawn(move || Ask::get("/").send(address)));
        harness::eventually("it arrived", || {
            (stuck.count() + idle.count() > before).then_some(())
        });
    }
    for _ in 0..30 {
        assert_eq!(sidecar.get("/").text(), "idle");
    }
    assert_eq!(stuck.count(), 1);
    gate.open();
    for waiting in waiting {
        assert_eq!(waiting.join().unwrap().status, 200);
    }
}

#[test]
fn one_that_fails_quickly_does_not_attract_requests() {
    let failing = Origin::http(|_| Reply::status(500));
    let well = Origin::saying("well");
    let sidecar = forebay()
        .origin(&failing)
        .origin(&well)
        .upstream("balance: peak_ewma")
        .start();
    for _ in 0..50 {
        sidecar.get("/");
    }
    // It rests for a second after each failure.
    assert!(failing.count() <= 10, "{}", failing.count());
    assert!(well.count() >= 40, "{}", well.count());
}
