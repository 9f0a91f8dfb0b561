//! One module per behaviour, each test a sentence. A number of a trap is the row of `docs/traps.md`,
//! bugs that systems of this kind have had; such a test must fail without the behaviour.

mod bad_clients;
mod balancing;
mod big_bodies;
mod caching;
mod compression;
mod connection_header;
mod content_length;
mod deduplication;
mod down_conversion;
mod draining;
mod early_answers;
mod examples;
mod expect_continue;
mod explaining;
mod forwarding;
mod hosts;
mod http_caching;
mod layering;
mod memory_promise;
mod proxying;
mod purge_door;
mod purging;
mod rate_limits;
mod shadow;
mod smuggling;
mod starting;
mod telemetry;
mod tls;
mod upgrades;
mod upstream_faults;
mod warming;

use harness::{Builder, Origin, Sidecar};

/// The usual configuration, to be changed and started.
fn forebay() -> Builder {
    Builder::new(env!("CARGO_BIN_EXE_sidecar"))
}

/// The usual sidecar in front of this origin.
#[track_caller]
fn in_front_of(origin: &Origin) -> Sidecar {
    forebay().origin(origin).start()
}
