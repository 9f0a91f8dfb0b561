//! How an open breaker finds out that the upstream is back.

use harness::{Gate, Origin, Reply, Sidecar, eventually, raw_h2::RawH2};

use super::{
    Ordering, assert_counts, assert_position, assert_stopped, guarding, origin_with, statuses,
};

/// Waits until a request was let through beyond the `before` ones.
#[track_caller]
fn tried(sidecar: &Sidecar, origin: &Origin, before: usize) -> u16 {
    eventually("a trial", || {
        let status = sidecar.get("/").status;
        (origin.count() > before).then_some(status)
    })
}

/// Sends a request that the origin is not to answer. Over HTTP/2, where leaving is said aloud.
fn hanging(sidecar: &Sidecar) -> RawH2 {
    let mut client = RawH2::connect(sidecar.address());
    client.headers(1, &RawH2::request("GET", &[("x-hangs", "yes")]), true);
    client
}

/// Says that nobody waits any more (RST_STREAM with CANCEL).
fn leave(mut client: RawH2) {
    client.frame(3, 0, 1, &8_u32.to_be_bytes());
}

#[test]
fn a_trial_that_goes_well_closes_it() {
    let (origin, health) = origin_with(500);
    let sidecar = guarding(
        &origin,
        "consecutive_failures: 2, failure_rate: off, open_for: 100ms",
    )
    .start();
    statuses(&sidecar, "/", 2);
    health.set(200);
    assert_eq!(tried(&sidecar, &origin, 2), 200);
    assert_eq!(statuses(&sidecar, "/", 20), [200; 20]);
    assert_position(&sidecar, "upstream", "origin", "closed");
    // It takes as many failures as before to open it once more.
    health.set(500);
    assert_eq!(statuses(&sidecar, "/", 2), [500; 2]);
    let opened = [("scope", "upstream")];
    sidecar.wait_for_metric("forebay_breaker_openings_total", &opened, 2.0);
}

#[test]
fn a_trial_that_fails_opens_it_for_longer() {
    let (origin, health) = origin_with(500);
    let breaker = "consecutive_failures: 2, failure_rate: off, open_for: 2s, max_open: 1h";
    let sidecar = guarding(&origin, breaker).start();
    statuses(&sidecar, "/", 2);
    let wait = || {
        let stopped = sidecar.get("/");
        assert_stopped(&stopped);
        stopped
            .header("retry-after")
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    assert!(wait() <= 2);
    assert_eq!(tried(&sidecar, &origin, 2), 500);
    assert!((3..=4).contains(&wait()), "twice as long");
    health.set(200);
    assert_eq!(origin.count(), 3);
}

#[test]
fn so_many_trials_as_the_policy_says_and_no_more() {
    let (origin, health) = origin_with(500);
    let breaker = "consecutive_failures: 2, failure_rate: off, open_for: 50ms, trials: 3";
    let sidecar = guarding(&origin, breaker).start();
    statuses(&sidecar, "/", 2);
    health.set(200);
    assert_eq!(tried(&sidecar, &origin, 2), 200);
    assert_position(&sidecar, "upstream", "origin", "half-open");
    assert_eq!(statuses(&sidecar, "/", 1), [200]);
    assert_position(&sidecar, "upstream", "origin", "half-open");
    assert_eq!(statuses(&sidecar, "/", 1), [200]);
    assert_position(&sidecar, "upstream", "origin", "closed");
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_trial_gives_its_place_back() {
    let gate = Gate::new();
    let fallen = std::sync::atomic::AtomicUsize::new(0);
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| match request.header("x-hangs") {
            Some(_) => {
                gate.wait();
                Reply::ok("late")
            }
            None if fallen.fetch_add(1, Ordering::SeqCst) < 2 => Reply::status(500),
            None => Reply::ok("well"),
        }
    });
    let breaker = "consecutive_failures: 2, failure_rate: off, open_for: 50ms, max_open: 50ms";
    let sidecar = guarding(&origin, breaker)
        .upstream("endpoint_breaker: {consecutive_failures: 2, failure_rate: off, open_for: 50ms, max_open: 50ms}")
        .start();
    for again in 0..3 {
        if again == 0 {
            statuses(&sidecar, "/", 2);
        }
        let leaving = eventually("a trial that hangs", || {
            let client = hanging(&sidecar);
            let before = 2 + again;
            eventually("it is stopped, or at the origin", || {
                let stopped = sidecar.metric("forebay_http_requests_in_flight", &[]) == 0.0;
                (stopped || origin.count() > before).then_some(())
            });
            (origin.count() > before).then_some(client)
        });
        // Its place is taken.
        assert_stopped(&sidecar.get("/"));
        leave(leaving);
        sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 0.0);
    }
    // And now somebody stays.
    assert_eq!(tried(&sidecar, &origin, 5), 200);
    assert_eq!(statuses(&sidecar, "/", 5), [200; 5]);
    gate.open();
    assert_position(&sidecar, "upstream", "origin", "closed");
    let labels = [("scope", "upstream")];
    assert_eq!(
        sidecar.metric("forebay_breaker_openings_total", &labels),
        1.0
    );
}

#[test]
fn the_breaker_of_an_endpoint_lets_it_back_in() {
    let ((weak, health), well) = (origin_with(500), Origin::saying("well"));
    let sidecar = crate::forebay()
        .origin(&weak)
        .origin(&well)
        .upstream("endpoint_breaker: {consecutive_failures: 2, failure_rate: off, open_for: 50ms}")
        .start();
    eventually("the weak one is left alone", || {
        sidecar.get("/");
        let open = [("scope", "endpoint"), ("position", "open")];
        (sidecar.metric("forebay_breakers", &open) == 1.0).then_some(())
    });
    health.set(200);
    let before = weak.count();
    eventually("it is asked again", || {
        sidecar.get("/");
        (weak.count() > before + 5).then_some(())
    });
    let closed = [("scope", "endpoint"), ("position", "closed")];
    assert_eq!(sidecar.metric("forebay_breakers", &closed), 2.0);
}

#[test]
fn an_abandoned_request_is_neither_a_failure_nor_a_success() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            if request.headers.has("x-hangs") {
                gate.wait();
            }
            Reply::status(500)
        }
    });
    let breaker = "consecutive_failures: 2, failure_rate: off, open_for: 10m, max_open: 1h";
    let sidecar = guarding(&origin, breaker).start();
    statuses(&sidecar, "/", 1);
    for arrived in 2..7 {
        let client = hanging(&sidecar);
        origin.wait_for(arrived);
        leave(client);
        sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 0.0);
    }
    assert_position(&sidecar, "upstream", "origin", "closed");
    statuses(&sidecar, "/", 1);
    assert_counts(&sidecar, "upstream", "enforce", (1.0, 0.0));
    gate.open();
}
