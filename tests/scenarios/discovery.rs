//! Endpoints come and go: found in DNS or in a file, and nobody's request is cut when they leave.

mod dns;
mod files;
mod services;

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use harness::{NameServer, Origin, Reply, Sidecar, eventually};
use serde_json::Value;

/// The name that is asked for.
const NAME: &str = "api.example.test";

/// `discovery: {dns: ..}` that asks this server, and more of it.
fn dns(server: &NameServer, more: &str) -> String {
    let server = server.address();
    let asked = format!("name: {NAME}., server: \"{server}\", min_refresh: 50ms");
    format!("discovery: {{dns: {{{asked}, max_refresh: 1m, {more}}}}}")
}

/// An address of the loopback.
fn loopback(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

/// Origins on one port, at these addresses of the loopback, each of which says its own.
fn origins(addresses: &[IpAddr]) -> Vec<Origin> {
    let mut port = 0;
    let mut origins = Vec::new();
    for address in addresses {
        let text: &'static str = address.to_string().leak();
        let at = SocketAddr::new(*address, port);
        let origin = Origin::http_at(at, move |_| Reply::ok(text));
        port = origin.address().port();
        origins.push(origin);
    }
    origins
}

/// The upstreams as the operator sees them.
fn upstream(sidecar: &Sidecar) -> Value {
    let answer = sidecar.admin("/upstreams");
    let upstreams: Value = serde_json::from_str(&answer.text()).unwrap();
    upstreams[0].clone()
}

/// The URLs of its endpoints of this origin: `listed`, `found` or `draining`.
fn endpoints(sidecar: &Sidecar, origin: &str) -> BTreeSet<String> {
    let upstream = upstream(sidecar);
    let endpoints = upstream["endpoints"].as_array().unwrap().iter();
    endpoints
        .filter(|endpoint| endpoint["origin"] == origin)
        .map(|endpoint| endpoint["url"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until exactly these are found.
#[track_caller]
fn wait_for_found(sidecar: &Sidecar, expected: &[SocketAddr]) {
    let expected: BTreeSet<_> = expected.iter().map(|it| format!("http://{it}")).collect();
    eventually("these endpoints are found", || {
        (endpoints(sidecar, "found") == expected).then_some(())
    });
}

/// How many looks had this outcome.
fn looks(sidecar: &Sidecar, outcome: &str) -> f64 {
    let labels = [("upstream", "origin"), ("outcome", outcome)];
    sidecar.metric("forebay_discovery_refreshes_total", &labels)
}

/// Waits for another look with this outcome.
#[track_caller]
fn wait_for_look(sidecar: &Sidecar, outcome: &str) {
    let before = looks(sidecar, outcome);
    eventually(outcome, || (looks(sidecar, outcome) > before).then_some(()));
}
