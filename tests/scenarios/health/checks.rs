//! Active checks over HTTP and TCP.

use std::net::SocketAddr;

use harness::{Origin, Reply};

use super::{Server, told, wait_for_check, wait_for_health};
use crate::forebay;

/// An address where nobody listens.
fn dead() -> SocketAddr {
    Origin::saying("").address()
}

/// Often, and decided at once.
const EAGER: &str =
    "interval: 20ms, jitter: 10%, timeout: 5s, healthy_after: 1, unhealthy_after: 1";

#[test]
fn an_endpoint_that_fails_its_checks_gets_no_requests_until_it_is_well_again() {
    let (one, other) = (Server::new(), Server::new());
    let sidecar = forebay()
        .origin(&one.origin)
        .origin(&other.origin)
        .upstream(
            "health_check: {path: /healthz, interval: 20ms, timeout: 5s, healthy_after: 2, \
             unhealthy_after: 2}",
        )
        .start();
    wait_for_check(&sidecar, one.origin.address(), "passed");
    one.page_says(503);
    wait_for_health(&sidecar, &one.name(), 0.0);
    let before = one.asked();
    for _ in 0..20 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!((one.asked(), other.asked()), (before, 20));
    one.page_says(200);
    wait_for_health(&sidecar, &one.name(), 1.0);
    for _ in 0..20 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!((one.asked(), other.asked()), (before + 10, 30));
    let log = sidecar.stderr();
    assert!(log.contains("endpoint is not well"), "{log}");
    assert!(log.contains("endpoint is well again"), "{log}");
}

#[test]
fn a_check_says_who_it_is_and_whom_it_asks() {
    let server = Server::new();
    let sidecar = forebay()
        .origin(&server.origin)
        .upstream(&format!(
            "health_check: {{path: \"/healthz?deep=1\", {EAGER}}}"
        ))
        .start();
    wait_for_check(&sidecar, server.origin.address(), "passed");
    let check = server.origin.last();
    assert_eq!(check.method, "GET");
    assert_eq!(check.target, "/healthz?deep=1");
    assert_eq!(check.header("host"), Some(server.name().as_str()));
    let agent = check.header("user-agent").unwrap();
    assert!(agent.starts_with("forebay-health/"), "{agent}");
}

#[test]
fn method_and_host_are_chosen_by_the_file() {
    let server = Server::new();
    let sidecar = forebay()
        .origin(&server.origin)
        .upstream(&format!(
            "health_check: {{path: /healthz, method: HEAD, host: shop.test, {EAGER}}}"
        ))
        .start();
    wait_for_check(&sidecar, server.origin.address(), "passed");
    let check = server.origin.last();
    assert_eq!(check.method, "HEAD");
    assert_eq!(check.header("host"), Some("shop.test"));
}

#[test]
fn the_file_says_which_statuses_are_good() {
    let (moved, empty, broken) = (Server::new(), Server::new(), Server::new());
    moved.page_says(302);
    empty.page_says(204);
    broken.page_says(500);
    let sidecar = forebay()
        .origin(&moved.origin)
        .origin(&empty.origin)
        .origin(&broken.origin)
        .upstream(&format!(
            "health_check: {{path: /healthz, statuses: [204, \"300-399\"], {EAGER}}}"
        ))
        .start();
    wait_for_check(&sidecar, moved.origin.address(), "passed");
    wait_for_check(&sidecar, empty.origin.address(), "passed");
    wait_for_check(&sidecar, broken.origin.address(), "status-mismatch");
    wait_for_health(&sidecar, &broken.name(), 0.0);
    wait_for_health(&sidecar, &moved.name(), 1.0);
}

#[test]
fn a_body_must_contain_the_text_in_its_first_64_kib() {
    let ready = Origin::http(|_| Reply::chunked(["state: re", "ady"]));
    let starting = Origin::saying("state: starting");
    let late = Origin::http(|_| Reply::ok(format!("{}ready", ".".repeat(64 * 1024))));
    let sidecar = forebay()
        .origin(&ready)
        .origin(&starting)
        .origin(&late)
        .upstream(&format!("health_check: {{body_contains: ready, {EAGER}}}"))
        .start();
    wait_for_check(&sidecar, ready.address(), "passed");
    wait_for_check(&sidecar, starting.address(), "body-mismatch");
    wait_for_check(&sidecar, late.address(), "body-mismatch");
    wait_for_health(&sidecar, &ready.address().to_string(), 1.0);
    wait_for_health(&sidecar, &starting.address().to_string(), 0.0);
}

#[test]
fn a_dead_port_is_found_by_connecting_and_nothing_is_said_to_a_living_one() {
    let (alive, dead) = (Origin::saying("alive"), dead());
    let sidecar = forebay()
        .origin(&alive)
        .endpoint(&format!("http://{dead}"))
        .upstream(&format!("health_check: {{kind: tcp, {EAGER}}}"))
        .start();
    wait_for_check(&sidecar, alive.address(), "passed");
    wait_for_health(&sidecar, &dead.to_string(), 0.0);
    assert_eq!(alive.count(), 0);
    for _ in 0..10 {
        assert_eq!(sidecar.get("/").text(), "alive");
    }
    let dead = dead.to_string();
    let tried = sidecar.metric("forebay_upstream_connects_total", &[("endpoint", &dead)]);
    assert_eq!(tried, 0.0);
}

#[test]
fn a_server_that_does_not_speak_tls_fails_the_check_of_an_https_endpoint() {
    let plain = Origin::scripted(|mut conversation| {
        conversation.hear();
        conversation.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let sidecar = forebay()
        .endpoint(&format!("https://{}", plain.address()))
        .upstream(&format!("health_check: {{kind: tcp, {EAGER}}}"))
        .start();
    wait_for_check(&sidecar, plain.address(), "tls-failed");
}

#[test]
fn a_check_that_hangs_anywhere_fails_in_time() {
    let silent = Origin::scripted(|mut conversation| {
        let _heard = conversation.hear_to_end();
    });
    let endless = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nrea");
        let _heard = conversation.hear_to_end();
    });
    let garbage = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.say("SSH-2.0-OpenSSH\r\n");
    });
    let sidecar = forebay()
        .origin(&silent)
        .origin(&endless)
        .origin(&garbage)
        .upstream(
            "health_check: {body_contains: ready, interval: 20ms, timeout: 100ms, \
             unhealthy_after: 1}",
        )
        .start();
    wait_for_check(&sidecar, silent.address(), "timed-out");
    wait_for_check(&sidecar, endless.address(), "timed-out");
    wait_for_check(&sidecar, garbage.address(), "garbage");
    let told = told(&sidecar, 0);
    assert_eq!(told["standing"], "ill");
    assert_eq!(told["because"], "timed-out");
    let took = told["last_check"]["took_seconds"].as_f64().unwrap();
    assert!((0.1..5.0).contains(&took), "{took}");
}

#[test]
fn when_all_are_ill_they_are_asked_all_the_same_and_forebay_stays_ready() {
    let (one, other) = (Server::new(), Server::new());
    for server in [&one, &other] {
        server.page_says(500);
    }
    let sidecar = forebay()
        .origin(&one.origin)
        .origin(&other.origin)
        .upstream(&format!("health_check: {{path: /healthz, {EAGER}}}"))
        .start();
    wait_for_health(&sidecar, &one.name(), 0.0);
    wait_for_health(&sidecar, &other.name(), 0.0);
    for _ in 0..10 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!((one.asked(), other.asked()), (5, 5));
    assert_eq!(sidecar.telemetry("/readyz").status, 200);
}

#[test]
fn the_operator_is_told_how_each_endpoint_is() {
    let (one, other) = (Server::new(), Server::new());
    other.page_says(404);
    let sidecar = forebay()
        .origin(&one.origin)
        .origin(&other.origin)
        .upstream(&format!("health_check: {{path: /healthz, {EAGER}}}"))
        .start();
    wait_for_check(&sidecar, one.origin.address(), "passed");
    wait_for_health(&sidecar, &other.name(), 0.0);
    let (one, other) = (told(&sidecar, 0), told(&sidecar, 1));
    assert_eq!(one["standing"], "well");
    assert!(one["because"].is_null());
    assert_eq!(one["last_check"]["outcome"], "passed");
    assert_eq!(other["standing"], "ill");
    assert_eq!(other["because"], "status-mismatch");
    assert_eq!(other["last_check"]["outcome"], "status-mismatch");
    assert!(other["since_seconds_ago"].is_u64());
    assert!(other["ejection"].is_null());
}

#[test]
fn without_a_policy_nobody_is_asked_and_nothing_is_told() {
    let origin = Origin::saying("x");
    let sidecar = forebay().origin(&origin).start();
    assert_eq!(sidecar.get("/").status, 200);
    assert_eq!(origin.count(), 1);
    assert!(told(&sidecar, 0).is_null());
    assert!(!sidecar.metrics().text.contains("endpoint_healthy{"));
}
