//! Who is refused for what others did is not shut out for it (trap 25).

use std::thread;

use harness::{Ask, Gate, Origin, Reply};

use super::{bans, boxing, get, login};
const PUSHING: &str = "[{name: pushing, when: {limited: any}, count: 1}]";

#[test]
fn a_quota_that_all_share_bans_nobody() {
    let origin = login();
    for key in ["everybody", "{header: X-Api-Key}"] {
        // Without the field of the second, all are strangers, and share.
        let limit = format!(
            "rate_limit: [{{name: l, rate: 1/h, burst: 1, key: {key}}}, {{name: own, rate: 1000/s}}]"
        );
        let sidecar = boxing(&origin, PUSHING).with_policies(&limit).start();
        assert_eq!(sidecar.ask(&get("203.0.113.7", "/")).status, 200);
        for _ in 0..2 {
            assert_eq!(sidecar.ask(&get("203.0.113.8", "/")).status, 429, "{key}");
        }
        assert_eq!(bans(&sidecar), serde_json::json!([]), "{key}");
    }
}

#[test]
fn places_that_all_share_ban_nobody() {
    for (key, status) in [("everybody", 429), ("client_ip", 403)] {
        let gate = Gate::new();
        let origin = Origin::http({
            let gate = gate.clone();
            move |_| {
                gate.wait();
                Reply::ok("x")
            }
        });
        let limit =
            format!("concurrency: [{{name: slots, max: 1, key: {key}}}, {{name: own, max: 1000}}]");
        let sidecar = boxing(&origin, PUSHING).with_policies(&limit).start();
        let address = sidecar.address();
        let first = thread::spawn(move || get("203.0.113.7", "/").send(address).status);
        origin.wait_for(1);
        // Of one's own places, or of everybody's.
        let who = if key == "everybody" {
            "203.0.113.8"
        } else {
            "203.0.113.7"
        };
        assert_eq!(sidecar.ask(&get(who, "/")).status, 429, "{key}");
        assert_eq!(sidecar.ask(&get(who, "/")).status, status, "{key}");
        gate.open();
        assert_eq!(first.join().unwrap(), 200);
    }
}

const BY_KEY: &str =
    "{name: l, rate: 1/h, burst: 1, key: {header: X-Api-Key}, on_unknown: client_ip}";

fn known(client: &str, key: &str) -> Ask {
    get(client, "/").header("X-Api-Key", key)
}

/// Its own quota, and nobody else's, still brings a caller into the box of its kind.
#[test]
fn a_quota_of_ones_own_still_bans() {
    let origin = login();
    let boxes = "[{name: keys, when: {limited: l}, count: 1, key: {header: X-Api-Key}}, \
                 {name: addresses, when: {limited: l}, count: 1}]";
    let sidecar = boxing(&origin, boxes)
        .with_policies(&format!("rate_limit: [{BY_KEY}]"))
        .start();
    let asked = |ask: Ask| sidecar.ask(&ask).status;
    // The key is shut out, from wherever it comes, and nobody else from there.
    assert_eq!(asked(known("203.0.113.7", "a")), 200);
    assert_eq!(asked(known("203.0.113.8", "a")), 429);
    assert_eq!(asked(known("203.0.113.9", "a")), 403);
    assert_eq!(asked(known("203.0.113.8", "b")), 200);
    // Without a key it is the address whose quota it is.
    let strange = |client| asked(get(client, "/"));
    assert_eq!([(); 3].map(|()| strange("203.0.113.8")), [200, 429, 403]);
    assert_eq!(strange("203.0.113.9"), 200);
}

/// Who shares a quota with an attacker, or is named by one, is not what the attacker's limit counts.
#[test]
fn a_quota_of_others_bans_no_bystander() {
    let origin = login();
    // A key that many use, and boxes for addresses.
    let sidecar = boxing(&origin, PUSHING)
        .with_policies(&format!(
            "rate_limit: [{BY_KEY}, {{name: own, rate: 1000/s}}]"
        ))
        .start();
    for attack in [200, 429, 429] {
        assert_eq!(sidecar.ask(&known("203.0.113.7", "a")).status, attack);
    }
    for _ in 0..2 {
        assert_eq!(sidecar.ask(&known("203.0.113.8", "a")).status, 429);
    }
    assert_eq!(sidecar.ask(&known("203.0.113.8", "b")).status, 200);
    assert_eq!(bans(&sidecar), serde_json::json!([]));
    // The attacker's address, and a box for the key that it says.
    let boxes = "[{name: pushing, when: {limited: any}, count: 1, key: {header: X-Api-Key}}]";
    let limits = "rate_limit: [{name: own, rate: 1/h, burst: 1}, \
                  {name: keys, rate: 1000/s, key: {header: X-Api-Key}}]";
    let sidecar = boxing(&origin, boxes).with_policies(limits).start();
    for attack in [200, 429, 429] {
        assert_eq!(sidecar.ask(&known("203.0.113.7", "victim")).status, attack);
    }
    assert_eq!(sidecar.ask(&known("203.0.113.8", "victim")).status, 200);
    assert_eq!(bans(&sidecar), serde_json::json!([]));
}

/// The same for places in flight.
#[test]
fn places_of_others_ban_no_bystander() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("x")
        }
    });
    let limits =
        "concurrency: [{name: keys, max: 1, key: {header: X-Api-Key}}, {name: own, max: 9}]";
    let sidecar = boxing(&origin, PUSHING).with_policies(limits).start();
    let address = sidecar.address();
    let first = thread::spawn(move || known("203.0.113.7", "a").send(address).status);
    origin.wait_for(1);
    for _ in 0..2 {
        assert_eq!(sidecar.ask(&known("203.0.113.8", "a")).status, 429);
    }
    gate.open();
    assert_eq!(first.join().unwrap(), 200);
    assert_eq!(bans(&sidecar), serde_json::json!([]));
}
