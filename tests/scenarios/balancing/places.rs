//! Priorities and zones.

use harness::{Origin, Sidecar};

use super::{dead, url};
use crate::forebay;

const WAYS: [&str; 7] = [
    "least_requests",
    "maglev",
    "peak_ewma",
    "random",
    "ring_hash",
    "round_robin",
    "weighted",
];

fn placed(address: std::net::SocketAddr, place: &str) -> String {
    format!("{{url: \"{}\", {place}}}", url(address))
}

fn ask_often(sidecar: &Sidecar) {
    for _ in 0..20 {
        assert_eq!(sidecar.get("/").status, 200);
    }
}

#[test]
fn a_later_priority_gets_nothing_while_the_first_is_there() {
    for balance in WAYS {
        let (first, second) = (Origin::saying("first"), Origin::saying("second"));
        let sidecar = forebay()
            .endpoint(&placed(second.address(), "priority: 1"))
            .endpoint(&placed(first.address(), "priority: 0"))
            .upstream(&format!("balance: {balance}"))
            .start();
        ask_often(&sidecar);
        assert_eq!((first.count(), second.count()), (20, 0), "{balance}");
    }
}

#[test]
fn the_next_priority_takes_over_when_the_first_refuses() {
    for balance in WAYS {
        let (second, third) = (Origin::saying("second"), Origin::saying("third"));
        let sidecar = forebay()
            .endpoint(&placed(dead(), "priority: 0"))
            .endpoint(&placed(third.address(), "priority: 2"))
            .endpoint(&placed(second.address(), "priority: 1"))
            .upstream(&format!("balance: {balance}"))
            .start();
        ask_often(&sidecar);
        assert_eq!((second.count(), third.count()), (20, 0), "{balance}");
    }
}

#[test]
fn ones_own_zone_is_preferred() {
    for balance in WAYS {
        let (near, far) = (Origin::saying("near"), Origin::saying("far"));
        let sidecar = forebay()
            .endpoint(&placed(far.address(), "zone: b"))
            .endpoint(&placed(near.address(), "zone: a"))
            .upstream(&format!("balance: {balance}\nzone: a"))
            .start();
        ask_often(&sidecar);
        assert_eq!((near.count(), far.count()), (20, 0), "{balance}");
    }
}

#[test]
fn other_zones_answer_when_ones_own_refuses() {
    for balance in WAYS {
        let far = Origin::saying("far");
        let sidecar = forebay()
            .endpoint(&placed(dead(), "zone: a"))
            .endpoint(&placed(far.address(), "zone: b"))
            .upstream(&format!("balance: {balance}\nzone: a"))
            .start();
        ask_often(&sidecar);
        assert_eq!(far.count(), 20, "{balance}");
    }
}

#[test]
fn a_zone_in_shadow_is_not_preferred() {
    let (near, far) = (Origin::saying("near"), Origin::saying("far"));
    let sidecar = forebay()
        .endpoint(&placed(far.address(), "zone: b"))
        .endpoint(&placed(near.address(), "zone: a"))
        .upstream("balance: weighted\nbalance_mode: shadow\nzone: a")
        .start();
    ask_often(&sidecar);
    assert_eq!((near.count(), far.count()), (10, 10));
    let endpoint = near.address().to_string();
    let labels = [("upstream", "origin"), ("endpoint", endpoint.as_str())];
    sidecar.wait_for_metric("forebay_upstream_shadow_picks_total", &labels, 20.0);
}
