//! Who goes first, and who goes without.

use harness::{Ask, Gate, Origin, Reply, dates::seconds_since_epoch};
use serde_json::json;

use super::{Busy, asking, assert_comes_again, limited, shed, wait_for};
use crate::{forebay, identity::Issuer};

const ONE: &str = "min: 1, max: 1, initial: 1, queue: 1, queue_timeout: 15s";

fn of_class(target: &str, class: &str) -> Ask {
    Ask::get(target).header("X-Class", class)
}

#[test]
fn the_urgent_take_the_places_of_those_who_are_not() {
    let busy = Busy::new();
    let classes = "classes: {header: X-Class, values: {batch: low, checkout: critical}}";
    let sidecar = busy.behind(&format!("{ONE}, {classes}")).start();
    let address = sidecar.address();
    let held = asking(address, Ask::get("/first"));
    busy.origin.wait_for(1);
    let low = asking(address, of_class("/low", "batch"));
    wait_for(&sidecar, "queued", 1.0);
    // A value that nobody named is like most.
    let normal = asking(address, of_class("/normal", "whatever"));
    assert_comes_again(&low.join().unwrap(), "shed");
    let critical = asking(address, of_class("/critical", "checkout"));
    assert_comes_again(&normal.join().unwrap(), "shed");
    assert_comes_again(&sidecar.ask(&of_class("/low", "batch")), "shed");
    busy.gate.open();
    assert_eq!(held.join().unwrap().status, 200);
    assert_eq!(critical.join().unwrap().status, 200);
    assert_eq!(busy.origin.last().target, "/critical");
    assert_eq!(busy.origin.count(), 2);
    for (class, reason) in [
        ("low", "displaced"),
        ("normal", "displaced"),
        ("low", "full"),
    ] {
        let labels = [("class", class), ("reason", reason), ("mode", "enforce")];
        assert_eq!(shed(&sidecar, &labels), 1.0, "{class} {reason}");
    }
}

/// Whoever pays for it says so with a token that proves it; one that proves nothing is like none.
#[test]
fn a_verified_claim_says_how_urgent_a_request_is() {
    let (issuer, stranger) = (Issuer::new(), Issuer::new());
    let busy = Busy::new();
    let classes = "classes: {claim: plan, values: {gold: critical, free: low}}";
    let sidecar = busy
        .behind(&format!("{ONE}, {classes}"))
        .file("jwks.json", &issuer.jwks())
        .top("identity: {jwt: {jwks_file: \"{directory}/jwks.json\"}}")
        .start();
    let address = sidecar.address();
    let of_plan = |issuer: &Issuer, target: &str, plan: &str| {
        let claims = json!({"sub": "a", "plan": plan, "exp": seconds_since_epoch() + 3600});
        let token = format!("Bearer {}", issuer.token(&claims));
        Ask::get(target).header("Authorization", &token)
    };
    let held = asking(address, Ask::get("/first"));
    busy.origin.wait_for(1);
    let free = asking(address, of_plan(&issuer, "/free", "free"));
    wait_for(&sidecar, "queued", 1.0);
    let forged = asking(address, of_plan(&stranger, "/forged", "gold"));
    assert_comes_again(&free.join().unwrap(), "shed");
    let gold = asking(address, of_plan(&issuer, "/gold", "gold"));
    assert_comes_again(&forged.join().unwrap(), "shed");
    busy.gate.open();
    assert_eq!(held.join().unwrap().status, 200);
    assert_eq!(gold.join().unwrap().status, 200);
    for class in ["low", "normal"] {
        let labels = [("class", class), ("reason", "displaced")];
        assert_eq!(shed(&sidecar, &labels), 1.0, "{class}");
    }
}

/// The signal is one: where requests wait for room, nothing is sent twice.
#[test]
fn nothing_is_tried_again_while_others_wait_for_room() {
    let (ends, others) = (Gate::new(), Gate::new());
    let origin = Origin::http({
        let (ends, others) = (ends.clone(), others.clone());
        move |request| {
            if request.target == "/fails" {
                ends.wait();
                return Reply::status(502);
            }
            others.wait();
            Reply::ok("x")
        }
    });
    let sidecar = limited(
        &origin,
        "min: 1, max: 1, initial: 1, queue: 9, queue_timeout: 15s",
    )
    .upstream("retry: {on: [502], attempts: 2, min_retries: 10, base_delay: 1ms}")
    .start();
    let address = sidecar.address();
    let failing = asking(address, Ask::get("/fails"));
    origin.wait_for(1);
    let waiting = [(); 2].map(|()| asking(address, Ask::get("/waits")));
    wait_for(&sidecar, "queued", 2.0);
    ends.open();
    assert_eq!(failing.join().unwrap().status, 502);
    others.open();
    for client in waiting {
        assert_eq!(client.join().unwrap().status, 200);
    }
    assert_eq!(origin.count(), 3);
    let stopped = [("reason", "budget")];
    let stopped = sidecar.metric("forebay_upstream_retries_stopped_total", &stopped);
    assert_eq!(stopped, 1.0);
    // With room for all, it is tried again.
    assert_eq!(sidecar.get("/fails").status, 502);
    assert_eq!(origin.count(), 5);
}

#[test]
fn a_route_says_how_urgent_it_is_whatever_the_request_says() {
    let busy = Busy::new();
    let classes = "classes: {header: X-Class, values: {urgent: critical}}";
    let sidecar = busy
        .behind(&format!("{ONE}, {classes}"))
        .routes(
            "- {name: reports, match: {path: \"/reports/{*rest}\"}, upstream: origin, priority: low}\n\
             - {name: all, match: {path: \"/{*rest}\"}, upstream: origin}",
        )
        .start();
    let address = sidecar.address();
    let held = asking(address, Ask::get("/first"));
    busy.origin.wait_for(1);
    let report = asking(address, of_class("/reports/1", "urgent"));
    wait_for(&sidecar, "queued", 1.0);
    let normal = asking(address, Ask::get("/normal"));
    assert_comes_again(&report.join().unwrap(), "shed");
    busy.gate.open();
    assert_eq!(held.join().unwrap().status, 200);
    assert_eq!(normal.join().unwrap().status, 200);
}

/// What is renewed behind a client's back is the first to go without, and the client has its answer.
#[test]
fn what_nobody_waits_for_is_shed_first() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            if request.target == "/slow" {
                gate.wait();
            }
            Reply::ok("x").header("Cache-Control", "max-age=0, stale-while-revalidate=60")
        }
    });
    let sidecar = limited(
        &origin,
        "min: 2, max: 2, initial: 2, queue: 9, queue_timeout: 15s",
    )
    .with_policies("cache: {}")
    .start();
    sidecar.get("/page").assert_forwarded();
    let slow = [(); 2].map(|()| {
        asking(
            sidecar.address(),
            Ask::get("/slow").header("Cache-Control", "no-store"),
        )
    });
    origin.wait_for(3);
    sidecar.get("/page").assert_hit();
    let labels = [("class", "low"), ("reason", "full")];
    sidecar.wait_for_metric("forebay_capacity_shed_total", &labels, 1.0);
    assert_eq!(origin.count(), 3);
    gate.open();
    for client in slow {
        assert_eq!(client.join().unwrap().status, 200);
    }
}

#[test]
fn without_the_policy_nothing_is_limited() {
    let busy = Busy::new();
    let sidecar = forebay().origin(&busy.origin).start();
    let clients: Vec<_> = (0..40)
        .map(|_| asking(sidecar.address(), Ask::get("/")))
        .collect();
    busy.origin.wait_for(40);
    busy.gate.open();
    for client in clients {
        assert_eq!(client.join().unwrap().status, 200);
    }
    assert!(!sidecar.metrics().text.contains("forebay_capacity_"));
}
