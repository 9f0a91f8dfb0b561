//! One module per behaviour, each test a sentence. A number of a trap is the row of `docs/traps.md`,
//! bugs that systems of this kind have had; such a test must fail without the behaviour.

mod attacks;
mod bad_clients;
mod bad_origins;
mod balancing;
mod bans;
mod batching;
mod big_bodies;
mod breakers;
mod caching;
mod capacity;
mod compression;
mod concurrency;
mod connection_header;
mod content_length;
mod deadlines;
mod deduplication;
mod dictionaries;
mod discovery;
mod down_conversion;
mod draining;
mod early_answers;
mod encodings;
mod examples;
mod expect_continue;
mod explaining;
mod forwarding;
mod health;
mod hedging;
mod hosts;
mod http_caching;
mod identity;
mod keyed_bodies;
mod layering;
mod memory_promise;
mod mirroring;
mod no_vary_search;
mod not_for_others;
mod overtaking;
mod parts;
mod personalization;
mod proxy_protocol;
mod proxying;
mod purge_door;
mod purging;
mod rate_limits;
mod renewing;
mod retries;
mod security_events;
mod shadow;
mod shield;
mod smuggling;
mod starting;
mod strategies;
mod telemetry;
mod throttling;
mod tls;
mod transform;
mod upgrades;
mod upstream_connections;
mod upstream_faults;
mod upstream_storms;
mod upstream_tls;
mod warming;

use harness::{Builder, Origin, Reply, Sidecar};

/// The usual configuration, to be changed and started.
fn forebay() -> Builder {
    Builder::new(env!("CARGO_BIN_EXE_sidecar"))
}

/// The usual sidecar in front of this origin.
#[track_caller]
fn in_front_of(origin: &Origin) -> Sidecar {
    forebay().origin(origin).start()
}

/// Answers with a number that goes up, and with these lines.
fn numbered(lines: &'static [&'static str]) -> Origin {
    Origin::http(move |request| {
        let reply = Reply::ok(format!("answer {}", request.number));
        lines.iter().fold(reply, |reply, line| reply.line(line))
    })
}
