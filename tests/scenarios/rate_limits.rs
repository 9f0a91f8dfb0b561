//! Who asks too often is told so, and told when to come back.

mod costs;
mod fields;
mod keys;
mod reaching;
mod strangers;
mod waiting;

use std::thread;

use harness::{Ask, Origin, Sidecar};

use crate::forebay;

const DECISIONS: &str = "forebay_rate_limit_decisions_total";

fn limited(origin: &Origin, limits: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies(&format!("rate_limit: {limits}"))
        .start()
}

#[test]
fn a_request_over_the_limit_is_told_when_to_come_back() {
    let origin = Origin::saying("x");
    let sidecar = limited(&origin, "[{name: per_client, rate: 6/min, burst: 2}]");
    for left in [1, 0] {
        let response = sidecar.get("/");
        assert_eq!(response.status, 200);
        assert_eq!(
            response.header("ratelimit-policy"),
            Some("\"per_client\";q=2;w=20")
        );
        let told = response.header("ratelimit").unwrap();
        assert!(
            told.starts_with(&format!("\"per_client\";r={left};t=")),
            "{told}"
        );
    }
    let denied = sidecar.get("/");
    denied.assert_problem(429, "rate-limited");
    let wait: u32 = denied.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&wait), "{denied:?}");
    assert!(
        denied
            .header("ratelimit")
            .unwrap()
            .starts_with("\"per_client\";r=0;t="),
        "{denied:?}"
    );
    assert_eq!(denied.header("cache-control"), Some("no-store"));
    assert!(denied.headers.has("x-request-id"));
    assert_eq!(origin.count(), 2);
    let labels = |decision| {
        [
            ("route", "all"),
            ("limit", "per_client"),
            ("decision", decision),
            ("mode", "enforce"),
        ]
    };
    sidecar.wait_for_metric("forebay_rate_limit_decisions_total", &labels("allow"), 2.0);
    sidecar.wait_for_metric("forebay_rate_limit_decisions_total", &labels("deny"), 1.0);
}

#[test]
fn the_allowance_comes_back_with_time() {
    let origin = Origin::saying("x");
    let sidecar = limited(&origin, "[{name: fast, rate: 10/s, burst: 1}]");
    let mut allowed = 0;
    let mut denied = 0;
    harness::eventually("three more were allowed after denials", || {
        match sidecar.get("/").status {
            200 => allowed += 1,
            429 => denied += 1,
            other => panic!("{other}"),
        }
        (allowed >= 4 && denied > 0).then_some(())
    });
}

#[test]
fn callers_are_told_apart_by_a_header() {
    let origin = Origin::saying("x");
    let sidecar = limited(
        &origin,
        "[{name: per_key, rate: 1/h, burst: 1, key: {header: X-Api-Key}}]",
    );
    let ask = |key: &str| sidecar.ask(&Ask::get("/").header("X-Api-Key", key)).status;
    assert_eq!(
        [ask("a"), ask("a"), ask("b"), ask("b")],
        [200, 429, 200, 429]
    );
    // Those without the header share one allowance.
    assert_eq!(
        [sidecar.get("/").status, sidecar.get("/").status],
        [200, 429]
    );
}

#[test]
fn callers_are_told_apart_by_their_address() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .listener("trusted_proxies: [127.0.0.1]")
        .with_policies("rate_limit: [{name: per_client, rate: 1/h, burst: 1}]")
        .start();
    let ask = |from: &str| {
        sidecar
            .ask(&Ask::get("/").header("X-Forwarded-For", from))
            .status
    };
    assert_eq!(
        [ask("192.0.2.1"), ask("192.0.2.1"), ask("192.0.2.2")],
        [200, 429, 200]
    );
    // One household is one IPv6 network of 64 bits.
    assert_eq!(
        [
            ask("2001:db8:1:2::1"),
            ask("2001:db8:1:2:ffff::9"),
            ask("2001:db8:1:3::1")
        ],
        [200, 429, 200]
    );
    // IPv4 written as IPv6 is the same caller.
    assert_eq!(ask("::ffff:192.0.2.1"), 429);
}

#[test]
fn every_limit_of_a_route_must_allow() {
    let origin = Origin::saying("x");
    let sidecar = limited(
        &origin,
        "[{name: all, rate: 3/h, burst: 3}, {name: per_key, rate: 1/h, burst: 1, key: {header: K}}]",
    );
    let ask = |key: &str| sidecar.ask(&Ask::get("/").header("K", key)).status;
    assert_eq!(
        [ask("a"), ask("a"), ask("b"), ask("c")],
        [200, 429, 200, 429]
    );
    let denied = sidecar.ask(&Ask::get("/").header("K", "d"));
    let told = denied.header("ratelimit").unwrap();
    assert_eq!(told.matches(";r=0;").count(), 2, "{told}");
}

#[test]
fn a_hit_counts_as_well() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}\nrate_limit: [{name: l, rate: 2/h, burst: 2}]")
        .start();
    assert_eq!(sidecar.get("/").status, 200);
    let hit = sidecar.get("/");
    hit.assert_hit();
    assert!(hit.headers.has("ratelimit"));
    assert_eq!(sidecar.get("/").status, 429);
}

#[test]
fn limits_of_different_routes_do_not_share_callers() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .top("policies: {slow: {rate_limit: [{name: l, rate: 1/h, burst: 1}]}}")
        .routes(
            "  - {name: a, match: {path: /a}, upstream: origin, use: [slow]}\n  \
             - {name: b, match: {path: /b}, upstream: origin, use: [slow]}",
        )
        .start();
    let statuses = ["/a", "/b", "/a", "/b"].map(|path| sidecar.get(path).status);
    assert_eq!(statuses, [200, 200, 429, 429]);
}

#[test]
fn a_limited_connection_can_be_used_again() {
    let origin = Origin::saying("x");
    let sidecar = limited(&origin, "[{name: l, rate: 1/h, burst: 1}]");
    let mut client = sidecar.connect();
    let statuses: Vec<_> = (0..4).map(|_| client.ask(&Ask::get("/")).status).collect();
    assert_eq!(statuses, [200, 429, 429, 429]);
}

/// Many ask at once, on several workers: what is allowed is the quota, exactly.
#[test]
fn the_quota_is_exact_however_many_ask_at_once() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .threads(2)
        .routes(
            "  - {name: steady, match: {path: /steady}, upstream: origin, \
             rate_limit: [{name: l, rate: 40/d, burst: 40}]}\n  \
             - {name: window, match: {path: /window}, upstream: origin, \
             rate_limit: [{name: l, rate: 40/d, algorithm: sliding_window}]}",
        )
        .start();
    let address = sidecar.address();
    for path in ["/steady", "/window"] {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                thread::spawn(move || {
                    let statuses = (0..12).map(|_| Ask::get(path).send(address).status);
                    statuses.filter(|status| *status == 200).count()
                })
            })
            .collect();
        let allowed: usize = clients.into_iter().map(|it| it.join().unwrap()).sum();
        assert_eq!(allowed, 40, "{path}");
    }
}

#[test]
fn a_preset_is_what_such_an_endpoint_usually_has() {
    let origin = Origin::saying("x");
    let route = |name: &str| {
        format!(
            "  - {{name: {name}, match: {{path: /{name}}}, upstream: origin, \
             rate_limit: [{{name: l, preset: {name}}}]}}\n"
        )
    };
    let names = ["default", "login", "password_reset", "expensive"];
    let routes: String = names.map(route).concat();
    let sidecar = forebay().origin(&origin).routes(routes.trim_end()).start();
    for (name, allowed) in [("login", 5), ("password_reset", 3), ("expensive", 3)] {
        let statuses: Vec<_> = (0..=allowed)
            .map(|_| sidecar.get(&format!("/{name}")).status)
            .collect();
        let mut wanted = vec![200; allowed];
        wanted.push(429);
        assert_eq!(statuses, wanted, "{name}");
    }
    let policy = |name: &str| {
        let response = sidecar.get(&format!("/{name}"));
        response.header("ratelimit-policy").map(str::to_owned)
    };
    assert_eq!(policy("default").as_deref(), Some("\"l\";q=60;w=60"));
    assert_eq!(
        policy("password_reset").as_deref(),
        Some("\"l\";q=3;w=3600")
    );
}

#[test]
fn a_limit_in_shadow_counts_and_changes_nothing() {
    let origin = Origin::saying("x");
    let sidecar = limited(
        &origin,
        "[{name: trial, rate: 1/h, burst: 1, mode: shadow}, \
          {name: off, rate: 1/h, burst: 1, mode: off}, {name: real, rate: 3/h, burst: 3}]",
    );
    for _ in 0..3 {
        let response = sidecar.get("/");
        assert_eq!(response.status, 200);
        assert_eq!(
            response.headers.all("ratelimit-policy"),
            ["\"real\";q=3;w=3600"]
        );
    }
    sidecar.get("/").assert_problem(429, "rate-limited");
    let labels = |limit, decision, mode| {
        [
            ("route", "all"),
            ("limit", limit),
            ("decision", decision),
            ("mode", mode),
        ]
    };
    for (limit, decision, mode, count) in [
        ("trial", "allow", "shadow", 1.0),
        ("trial", "deny", "shadow", 3.0),
        ("real", "allow", "enforce", 3.0),
        ("real", "deny", "enforce", 1.0),
    ] {
        sidecar.wait_for_metric(DECISIONS, &labels(limit, decision, mode), count);
    }
    let event = sidecar.wait_for_security_event("rate_limited");
    assert_eq!(event["action"], "shadowed", "{event}");
    assert_eq!(event["policy"], "trial", "{event}");
}
