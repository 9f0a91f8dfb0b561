//! What a route's requests may look like (traps 13 and 25): what does not is refused, and told.

mod bodies;
mod disguises;
mod heads;
mod trial;

use harness::{Ask, Builder, Origin, Response, Sidecar};

use crate::forebay;

/// The usual sidecar with this shield; clients are named by their proxies.
fn shielding(origin: &Origin, shield: &str) -> Builder {
    forebay()
        .origin(origin)
        .listener("trusted_proxies: [127.0.0.0/8]")
        .with_policies(&format!("shield: {{{shield}}}"))
}

fn from(client: &str, ask: Ask) -> Ask {
    ask.header("X-Forwarded-For", client)
}

/// Whether it was refused so, and nothing of it came to the origin after these.
#[track_caller]
fn assert_refused(response: &Response, status: u16, kind: &str, origin: &Origin, before: usize) {
    response.assert_problem(status, kind);
    assert_eq!(origin.count(), before, "{response:?}");
}

#[track_caller]
fn decided(sidecar: &Sidecar, decision: &str, mode: &str, count: f64) {
    let labels = [("route", "all"), ("decision", decision), ("mode", mode)];
    sidecar.wait_for_metric("forebay_shield_decisions_total", &labels, count);
}
