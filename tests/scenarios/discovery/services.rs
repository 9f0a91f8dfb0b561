//! Endpoints by SRV (RFC 2782).

use harness::{NameServer, Origin, Service, eventually};

use super::{NAME, dns, loopback, upstream, wait_for_found};
use crate::forebay;

fn service(origin: &Origin, priority: u16, weight: u16, target: &'static str) -> Service<'static> {
    Service {
        priority,
        weight,
        port: origin.address().port(),
        target,
    }
}

#[test]
fn services_tell_ports_weights_and_priorities() {
    let origins = [
        Origin::saying("heavy"),
        Origin::saying("light"),
        Origin::saying("spare"),
    ];
    let server = NameServer::start();
    // The targets of the first two come along with the answer.
    server.addresses("one.example.test", 3600, &[loopback(1)]);
    server.services(
        NAME,
        3600,
        &[
            service(&origins[0], 10, 30, "one.example.test"),
            service(&origins[1], 10, 10, "one.example.test"),
            service(&origins[2], 20, 0, "one.example.test"),
        ],
    );
    let sidecar = forebay()
        .upstream("balance: weighted")
        .upstream(&dns(&server, "record: srv"))
        .start();
    let shown = upstream(&sidecar);
    let shown = shown["endpoints"].as_array().unwrap().iter();
    let mut standings: Vec<_> = shown
        .map(|it| {
            (
                it["priority"].clone(),
                it["weight"].clone(),
                it["url"].clone(),
            )
        })
        .collect();
    standings.sort_by_key(|it| format!("{it:?}"));
    let url = |origin: &Origin| format!("http://{}", origin.address()).into();
    assert_eq!(
        standings,
        [
            (0.into(), 1.into(), url(&origins[1])),
            (0.into(), 3.into(), url(&origins[0])),
            (1.into(), 1.into(), url(&origins[2])),
        ]
    );
    assert_eq!(server.questions(), 1);
}

#[test]
fn targets_that_do_not_come_along_are_asked_for() {
    let origins = [Origin::saying("a"), Origin::saying("b")];
    let server = NameServer::start();
    server.services(
        NAME,
        0,
        &[
            service(&origins[0], 0, 0, "late.example.test"),
            service(&origins[1], 0, 0, "gone.example.test"),
        ],
    );
    let sidecar = forebay().upstream(&dns(&server, "record: srv")).start();
    sidecar.get("/").assert_problem(503, "no-endpoint");
    server.addresses("late.example.test", 0, &[loopback(1)]);
    wait_for_found(&sidecar, &[origins[0].address()]);
    assert_eq!(sidecar.get("/").text(), "a");
}

#[test]
fn a_new_answer_brings_the_new_and_removes_the_old() {
    let origins = [Origin::saying("a"), Origin::saying("b")];
    let server = NameServer::start();
    server.addresses("one.example.test", 0, &[loopback(1)]);
    server.services(NAME, 0, &[service(&origins[0], 0, 1, "one.example.test")]);
    let sidecar = forebay().upstream(&dns(&server, "record: srv")).start();
    assert_eq!(sidecar.get("/").text(), "a");
    server.services(NAME, 0, &[service(&origins[1], 0, 1, "one.example.test")]);
    wait_for_found(&sidecar, &[origins[1].address()]);
    assert_eq!(sidecar.get("/").text(), "b");
    // `.` says that the service is not offered: the last good answer stays.
    server.services(NAME, 0, &[service(&origins[1], 0, 1, ".")]);
    eventually("it was asked", || {
        (super::looks(&sidecar, "empty") > 0.0).then_some(())
    });
    assert_eq!(sidecar.get("/").text(), "b");
}
