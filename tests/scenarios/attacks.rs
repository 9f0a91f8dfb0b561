//! Attacks on connections: each is bounded by a limit that the operator can set, told as a security
//! event, and noticed by nobody else.
//!
//! What a single bad client gets stands in `bad_clients.rs`, what is smuggled in `smuggling.rs`; here
//! somebody tries to cost as much as possible.

mod behind_proxies;
mod floods;
mod heads;
mod http2;
mod slow;

use harness::{Ask, Builder, Origin, Sidecar};

use crate::forebay;

const EVENTS: &str = "forebay_security_events_total";
const ENDED: &str = "forebay_client_connections_total";
const MIB: u64 = 1024 * 1024;

/// The usual sidecar with these limits on clients.
fn limited(origin: &Origin, clients: &str) -> Builder {
    forebay()
        .origin(origin)
        .top(&format!("clients: {{{clients}}}"))
}

/// Somebody innocent asks, on a connection of their own.
#[track_caller]
fn assert_others_are_served(sidecar: &Sidecar) {
    for _ in 0..3 {
        assert_eq!(sidecar.ask(&Ask::get("/innocent")).status, 200);
    }
}

/// The event is counted and told, with the address of the attacker.
#[track_caller]
fn assert_told(sidecar: &Sidecar, kind: &str) {
    let event = sidecar.wait_for_security_event(kind);
    assert_eq!(event["action"], "blocked", "{event}");
    assert_eq!(event["client.address"], "127.0.0.1", "{event}");
    let counted = sidecar.metric(EVENTS, &[("kind", kind), ("action", "blocked")]);
    assert!(counted >= 1.0, "{counted} of {kind}");
}

/// The memory that the sidecar has gained since is no more than so many MiB.
#[track_caller]
fn assert_grew_by_less_than(sidecar: &Sidecar, before: u64, most: u64) {
    let grown = sidecar.resident_memory().saturating_sub(before) / MIB;
    assert!(grown < most, "it grew by {grown} MiB");
}
