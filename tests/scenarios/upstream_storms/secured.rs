//! TLS that fails under load.

use harness::{Front, Mischief, Relay};

use super::{Fleet, GUARDS, RETRY, TIMEOUTS, server, started};
use crate::{
    forebay,
    upstream_tls::{Authority, Clients},
};

const CLIENTS: usize = 16;
const EACH: usize = 10;

/// Three servers with TLS, and what stands in front of each.
fn secured(authority: &Authority) -> (Fleet, Vec<Front>) {
    let origins: Vec<_> = (0..3).map(|_| server()).collect();
    let front = |origin: &harness::Origin| {
        let config = authority.server("localhost", &["http/1.1"], Clients::Anybody);
        Front::tls(origin.address(), config)
    };
    let fronts: Vec<_> = origins.iter().map(front).collect();
    let relay = |front: &Front| Relay::to(front.address(), Mischief::None);
    let relays: Vec<_> = fronts.iter().map(relay).collect();
    let builder = relays.iter().fold(forebay(), |builder, relay| {
        builder.endpoint(&format!("https://localhost:{}", relay.address().port()))
    });
    let builder = builder
        .upstream(&format!("{TIMEOUTS}\n{RETRY}\n{GUARDS}"))
        .upstream("tls: {ca_file: \"{directory}/ca.pem\"}")
        .file("ca.pem", &authority.pem());
    let fleet = Fleet {
        relays,
        sidecar: started(builder),
        origins,
    };
    (fleet, fronts)
}

/// Does this in the middle of a load, and then takes it back.
#[track_caller]
fn storm(what: &str, fleet: Fleet, begins: impl Fn(&Fleet), ends: impl Fn(&Fleet)) {
    let before = fleet.sent();
    let load = fleet.load(CLIENTS, EACH);
    load.wait_for(CLIENTS);
    begins(&fleet);
    let answers = load.answers();
    fleet.judge(what, before, &answers);
    let good = answers.iter().filter(|it| it.status == Some(200)).count();
    assert!(good < answers.len(), "{what}: nobody noticed");
    ends(&fleet);
    fleet.recovers(what);
}

#[test]
fn handshakes_fail_in_every_way() {
    let authority = Authority::new();
    for mischief in [
        Mischief::ResetAfter(0),
        Mischief::ResetAfter(100),
        Mischief::Blackhole,
        Mischief::StallAfter(100),
        Mischief::Say("HTTP/1.1 400 Bad Request\r\n\r\n"),
    ] {
        let (fleet, _fronts) = secured(&authority);
        let what = format!("TLS, {mischief:?}");
        let begins = |fleet: &Fleet| fleet.turn(mischief);
        storm(&what, fleet, begins, |fleet| fleet.turn(Mischief::None));
    }
}

#[test]
fn certificates_are_not_to_be_believed_for_a_while() {
    let authority = Authority::new();
    let (fleet, fronts) = secured(&authority);
    let (stranger, strange) = secured(&Authority::new());
    let lead = |to: &[Front], fleet: &Fleet| {
        for (relay, front) in fleet.relays.iter().zip(to) {
            relay.lead_to(front.address());
        }
        fleet.turn(Mischief::None);
    };
    let begins = |fleet: &Fleet| lead(&strange, fleet);
    storm("strangers", fleet, begins, |fleet| lead(&fronts, fleet));
    let asked = stranger.origins.iter().flat_map(harness::Origin::requests);
    let theirs = asked.filter(|request| request.target == super::PATH);
    assert_eq!(theirs.count(), 0, "nothing is said to strangers");
}
