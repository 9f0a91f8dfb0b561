//! Trap 9: one host, in one spelling, for routing, for the key and for the origin.

use harness::{Ask, Origin, Reply};

use crate::{forebay, in_front_of};

const TWO_HOSTS: &str = "  - {name: a, match: {host: a.test}, upstream: origin, cache: {ttl: 60s}}\n  \
                         - {name: b, match: {host: \"*.b.test\"}, upstream: origin, cache: {ttl: 60s}}";

fn names_its_host() -> Origin {
    Origin::http(|request| Reply::ok(request.header("host").unwrap_or("none")))
}

/// Trap 9.
#[test]
fn several_hosts_or_none_are_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let heads = [
        "Host: a.test\r\nHost: b.test\r\n",
        "Host: a.test\r\nHost: a.test\r\n",
        "",
        "Host: \r\n",
        "Host: a.test, b.test\r\n",
        "Host: a.test/x\r\n",
        "Host: user@a.test\r\n",
        "Host: a.test:port\r\n",
        "Host: a.test:70000\r\n",
        "Host: a b\r\n",
        "Host: a..test\r\n",
        "Host: [::1\r\n",
        "Host: a%2etest\r\n",
    ];
    for head in heads {
        let response = sidecar.raw(format!("GET / HTTP/1.1\r\n{head}\r\n"));
        assert_eq!(response.status, 400, "{head:?}: {response:?}");
    }
    assert_eq!(origin.count(), 0);
}

/// Trap 9.
#[test]
fn an_absolute_target_overrides_the_host() {
    let origin = names_its_host();
    let sidecar = in_front_of(&origin);
    let response = sidecar.ask(&Ask::get("http://real.test/x?y=z").header("Host", "other.test"));
    assert_eq!(response.text(), "real.test");
    assert_eq!(origin.last().target, "/x?y=z");
    assert_eq!(origin.last().header("x-forwarded-host"), Some("real.test"));
}

/// Trap 9.
#[test]
fn every_spelling_of_a_host_is_the_same_host() {
    let origin = names_its_host();
    let sidecar = forebay().origin(&origin).routes(TWO_HOSTS).start();
    let ask = |host: &str| sidecar.ask(&Ask::get("/").header("Host", host));
    assert_eq!(ask("a.test").text(), "a.test");
    for spelling in ["A.TEST", "a.test:80", "a.test.", "A.test.:80"] {
        let response = ask(spelling);
        response.assert_hit();
        assert_eq!(response.text(), "a.test", "{spelling}");
    }
    let absolute = sidecar.ask(&Ask::get("http://A.test:80/").header("Host", "x.b.test"));
    absolute.assert_hit();
    assert_eq!(origin.count(), 1);
}

/// Trap 9.
#[test]
fn another_port_is_another_host() {
    let origin = names_its_host();
    let sidecar = forebay().origin(&origin).routes(TWO_HOSTS).start();
    for host in ["a.test", "a.test:8080", "a.test:443"] {
        let response = sidecar.ask(&Ask::get("/").header("Host", host));
        assert_eq!(response.text(), host);
        response.assert_forwarded();
    }
}

/// Trap 9.
#[test]
fn an_unknown_host_is_misdirected_and_never_cached() {
    let origin = names_its_host();
    let sidecar = forebay().origin(&origin).routes(TWO_HOSTS).start();
    for host in [
        "c.test",
        "b.test",
        "a.test.evil.test",
        "xa.test",
        "127.0.0.1",
        "[::1]",
    ] {
        for _ in 0..2 {
            let response = sidecar.ask(&Ask::get("/").header("Host", host));
            response.assert_problem(421, "unknown-host");
        }
    }
    assert_eq!(origin.count(), 0);
}

#[test]
fn a_wildcard_takes_every_name_below_it() {
    let origin = names_its_host();
    let sidecar = forebay().origin(&origin).routes(TWO_HOSTS).start();
    for host in ["x.b.test", "y.x.b.test"] {
        let response = sidecar.ask(&Ask::get("/").header("Host", host));
        assert_eq!(response.text(), host);
    }
}

/// Trap 9: HTTP/1.0 may leave the host out.
#[test]
fn a_request_of_http_1_0_without_a_host_is_served() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    let response = client.response("GET");
    assert_eq!(response.text(), "ok");
    client.assert_closed();
}

/// Trap 9: the origin may be asked by its own name instead.
#[test]
fn the_endpoints_own_name_is_used_when_asked_for() {
    let origin = names_its_host();
    let sidecar = forebay()
        .origin(&origin)
        .upstream("host_header: endpoint")
        .start();
    let response = sidecar.ask(&Ask::get("/").header("Host", "shop.test"));
    assert_eq!(response.text(), origin.address().to_string());
    assert_eq!(origin.last().header("x-forwarded-host"), Some("shop.test"));
}
