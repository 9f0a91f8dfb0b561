//! Who is refused for what others did is not shut out for it (trap 25).

use std::thread;

use harness::{Ask, Gate, Origin, Reply};

use super::{bans, boxing, get, login};
use crate::forebay;

const PUSHING: &str = "[{name: pushing, when: {limited: any}, count: 1}]";

#[test]
fn a_quota_that_all_share_bans_nobody() {
    let origin = login();
    for key in ["everybody", "{header: X-Api-Key}"] {
        // Without the field of the second, all are strangers, and share.
        let limit = format!("rate_limit: [{{name: l, rate: 1/h, burst: 1, key: {key}}}]");
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
        let limit = format!("concurrency: [{{name: slots, max: 1, key: {key}}}]");
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

/// Its own quota, and nobody else's, still brings a caller into the box.
#[test]
fn a_quota_of_ones_own_still_bans() {
    let origin = login();
    let sidecar = forebay()
        .origin(&origin)
        .listener("trusted_proxies: [127.0.0.0/8]")
        .with_policies(&format!(
            "bans: {PUSHING}\n\
             rate_limit: [{{name: l, rate: 1/h, burst: 1, key: {{header: X-Api-Key}}, on_unknown: client_ip}}]"
        ))
        .start();
    let known = |client| get(client, "/").header("X-Api-Key", "a");
    let strange = |client| get(client, "/");
    let asked = |ask: Ask| sidecar.ask(&ask).status;
    assert_eq!(
        [(); 3].map(|()| asked(known("203.0.113.7"))),
        [200, 429, 403]
    );
    assert_eq!(
        [(); 3].map(|()| asked(strange("203.0.113.8"))),
        [200, 429, 403]
    );
}
