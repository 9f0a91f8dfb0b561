//! Endpoints by A and AAAA.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    thread,
};

use harness::{Ask, Front, Gate, Mood, NameServer, Origin, Reply, eventually};

use super::{NAME, dns, endpoints, looks, loopback, origins, wait_for_found, wait_for_look};
use crate::{
    forebay,
    upstream_tls::{Authority, Clients},
};

/// Longer than any test.
const LONG: u32 = 3600;

#[test]
fn endpoints_are_found_by_their_addresses_of_both_families() {
    let addresses = [loopback(1), loopback(2), Ipv6Addr::LOCALHOST.into()];
    let origins = origins(&addresses);
    let port = origins[0].address().port();
    let server = NameServer::start();
    server.addresses(NAME, LONG, &addresses);
    let sidecar = forebay()
        .upstream(&dns(&server, &format!("port: {port}")))
        .start();
    for _ in 0..30 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    let counts: Vec<_> = origins.iter().map(Origin::count).collect();
    assert_eq!(counts, [10, 10, 10]);
    let known = sidecar.metric("forebay_upstream_endpoints", &[("upstream", "origin")]);
    assert_eq!(known, 3.0);
    let endpoint = format!("127.0.0.2:{port}");
    let labels = [("endpoint", endpoint.as_str()), ("outcome", "2xx")];
    assert_eq!(
        sidecar.metric("forebay_upstream_requests_total", &labels),
        10.0
    );
    // One question for each family, for an hour.
    assert_eq!(server.questions(), 2);
}

/// What leads to an address is also who answers there.
#[test]
fn an_endpoint_that_is_found_goes_by_the_name_that_was_asked_for() {
    let origins = origins(&[loopback(1)]);
    let port = origins[0].address().port();
    let server = NameServer::start();
    server.addresses(NAME, LONG, &[loopback(1)]);
    let sidecar = forebay()
        .upstream("host_header: endpoint")
        .upstream(&dns(&server, &format!("port: {port}")))
        .start();
    assert_eq!(sidecar.get("/").status, 200);
    let host = format!("{NAME}:{port}");
    assert_eq!(origins[0].last().header("host"), Some(host.as_str()));
}

/// No certificate names an address: it is the name that led there which has to be proven.
#[test]
fn the_name_that_was_asked_for_is_the_one_that_is_verified() {
    let authority = Authority::new();
    let origin = Origin::saying("secret");
    let ask = |certified: &str| {
        let config = authority.server(certified, &["http/1.1"], Clients::Anybody);
        let front = Front::tls(origin.address(), config);
        let server = NameServer::start();
        server.addresses(NAME, LONG, &[loopback(1)]);
        let port = front.address().port();
        let sidecar = forebay()
            .upstream(&dns(&server, &format!("scheme: https, port: {port}")))
            .upstream("tls: {ca_file: \"{directory}/ca.pem\"}")
            .file("ca.pem", &authority.pem())
            .start();
        let answer = sidecar.get("/");
        let asked = front.handshakes().pop().and_then(|it| it.server_name);
        (answer, asked)
    };
    let (answer, asked) = ask(NAME);
    assert_eq!(
        (answer.text(), asked.as_deref()),
        ("secret".into(), Some(NAME))
    );
    let (answer, _) = ask("somebody.else.test");
    answer.assert_problem(502, "tls-failed");
}

/// As the pods of a headless service: one name, more addresses than a packet holds.
#[test]
fn many_addresses_are_spread_over() {
    let everywhere = Origin::http_at((Ipv4Addr::UNSPECIFIED, 0), |_| Reply::ok("x"));
    let port = everywhere.address().port();
    let server = NameServer::start();
    let addresses: Vec<_> = (10..110).map(loopback).collect();
    server.addresses(NAME, LONG, &addresses);
    let sidecar = forebay()
        .upstream(&dns(&server, &format!("port: {port}")))
        .start();
    for _ in 0..200 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    let metrics = sidecar.metrics();
    for address in addresses {
        let endpoint = format!("{address}:{port}");
        let labels = [("endpoint", endpoint.as_str()), ("outcome", "2xx")];
        let count = metrics.sum("forebay_upstream_requests_total", &labels);
        assert_eq!(count, 2.0, "{endpoint}");
    }
}

#[test]
fn a_new_answer_brings_the_new_removes_the_old_and_cuts_nobody() {
    let (gate, closed) = (Gate::new(), Gate::new());
    let old = Origin::scripted({
        let (gate, closed) = (gate.clone(), closed.clone());
        move |mut conversation| {
            while let Some(request) = conversation.request() {
                match request.target.as_str() {
                    "/slow" => {
                        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun");
                        gate.wait();
                        conversation.say(" end");
                    }
                    _ => conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold"),
                }
            }
            closed.open();
        }
    });
    let port = old.address().port();
    let new = Origin::http_at((Ipv4Addr::new(127, 0, 0, 2), port), |_| Reply::ok("new"));
    let server = NameServer::start();
    server.addresses(NAME, 0, &[loopback(1)]);
    let sidecar = forebay()
        .upstream(&dns(&server, &format!("port: {port}")))
        .start();
    assert_eq!(sidecar.get("/").text(), "old");
    let address = sidecar.address();
    let slow = thread::spawn(move || Ask::get("/slow").send(address));
    old.wait_for(2);

    server.addresses(NAME, 0, &[loopback(2)]);
    wait_for_found(&sidecar, &[new.address()]);
    let leaving = [format!("http://{}", old.address())];
    assert_eq!(endpoints(&sidecar, "draining"), leaving.into());
    for _ in 0..10 {
        assert_eq!(sidecar.get("/").text(), "new");
    }
    assert_eq!(old.count(), 2);

    gate.open();
    assert_eq!(slow.join().unwrap().text(), "begun end");
    // Its connection is closed long before `keep_alive` is over.
    closed.wait();
    eventually("nobody is leaving any more", || {
        endpoints(&sidecar, "draining").is_empty().then_some(())
    });
    let known = sidecar.metric("forebay_upstream_endpoints", &[("upstream", "origin")]);
    assert_eq!(known, 1.0);
}

/// With a stock of connections per worker, and with one for all under a cap.
#[test]
fn idle_connections_to_what_has_left_are_closed() {
    for more in ["", "connections: {max_open: 3}"] {
        let closed = Gate::new();
        let old = Origin::scripted({
            let closed = closed.clone();
            move |mut conversation| {
                while conversation.request().is_some() {
                    conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold");
                }
                closed.open();
            }
        });
        let port = old.address().port();
        let server = NameServer::start();
        server.addresses(NAME, 0, &[loopback(1)]);
        let sidecar = forebay()
            .upstream(&dns(&server, &format!("port: {port}")))
            .upstream(more)
            .start();
        assert_eq!(sidecar.get("/").text(), "old");
        server.addresses(NAME, 0, &[loopback(2)]);
        closed.wait();
        let labels = [("reason", "removed")];
        sidecar.wait_for_metric("forebay_upstream_connection_closes_total", &labels, 1.0);
    }
}

#[test]
fn when_dns_is_gone_the_last_good_answer_stays_and_it_recovers_without_help() {
    let addresses = [loopback(1), loopback(2)];
    let origins = origins(&addresses);
    let port = origins[0].address().port();
    let server = NameServer::start();
    server.addresses(NAME, 0, &addresses[..1]);
    let sidecar = forebay()
        .upstream(&dns(&server, &format!("port: {port}")))
        .start();
    for (mood, outcome) in [
        (Mood::Failing, "failed"),
        (Mood::Ignorant, "missing"),
        (Mood::Forgetful, "empty"),
        (Mood::Silent, "failed"),
    ] {
        server.now(mood);
        wait_for_look(&sidecar, outcome);
        assert_eq!(sidecar.get("/").text(), "127.0.0.1", "{mood:?}");
    }
    let said = sidecar.stderr();
    assert!(said.contains("endpoints stay as they were"), "{said}");
    server.addresses(NAME, 0, &addresses[1..]);
    server.now(Mood::Well);
    wait_for_found(&sidecar, &[origins[1].address()]);
    assert_eq!(sidecar.get("/").text(), "127.0.0.2");
}

#[test]
fn without_a_first_answer_it_serves_503_until_there_is_one() {
    let origins = origins(&[loopback(1)]);
    let port = origins[0].address().port();
    let server = NameServer::start();
    server.now(Mood::Failing);
    let sidecar = forebay()
        .upstream(&dns(&server, &format!("port: {port}")))
        .start();
    let response = sidecar.get("/");
    response.assert_problem(503, "no-endpoint");
    assert!(response.headers.has("retry-after"));
    server.addresses(NAME, 0, &[loopback(1)]);
    server.now(Mood::Well);
    wait_for_found(&sidecar, &[origins[0].address()]);
    assert_eq!(sidecar.get("/").text(), "127.0.0.1");
}

#[test]
fn a_name_server_that_says_nothing_does_not_hold_up_readiness() {
    let server = NameServer::start();
    server.now(Mood::Silent);
    let listed = Origin::saying("listed");
    let sidecar = forebay()
        .origin(&listed)
        .upstream(&dns(&server, ""))
        .start();
    assert_eq!(sidecar.get("/").text(), "listed");
    assert_eq!(looks(&sidecar, "changed"), 0.0);
}

#[test]
fn what_is_found_joins_what_is_listed() {
    let listed = Origin::saying("listed");
    let port = listed.address().port();
    let found = Origin::http_at((Ipv4Addr::new(127, 0, 0, 2), port), |_| Reply::ok("found"));
    let server = NameServer::start();
    server.addresses(NAME, 0, &[loopback(1), loopback(2)]);
    let sidecar = forebay()
        .origin(&listed)
        .upstream(&dns(&server, &format!("port: {port}")))
        .start();
    wait_for_found(&sidecar, &[found.address()]);
    for _ in 0..10 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!((listed.count(), found.count()), (5, 5));
    // The answer loses both; what is listed stays.
    server.addresses(NAME, 0, &[loopback(3)]);
    wait_for_found(&sidecar, &[SocketAddr::new(loopback(3), port)]);
    let listed = [format!("http://{}", listed.address())];
    assert_eq!(endpoints(&sidecar, "listed"), listed.into());
}
