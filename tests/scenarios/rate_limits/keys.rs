//! Who counts as one caller.

use harness::{Ask, Origin, Sidecar, dates::seconds_since_epoch};
use serde_json::json;

use super::limited;
use crate::{
    forebay,
    identity::{Issuer, identified, unsigned},
};

/// One request a day for each caller by this key.
fn keyed(origin: &Origin, key: &str) -> Sidecar {
    limited(
        origin,
        &format!("[{{name: l, rate: 1/d, burst: 1, key: {key}}}]"),
    )
}

fn statuses(sidecar: &Sidecar, asks: &[Ask]) -> Vec<u16> {
    asks.iter().map(|ask| sidecar.ask(ask).status).collect()
}

#[test]
fn a_cookie_tells_callers_apart() {
    let origin = Origin::saying("x");
    let sidecar = keyed(&origin, "{cookie: session}");
    let with = |cookie| Ask::get("/").header("Cookie", cookie);
    let asks = [
        with("session=a"),
        with("other=1; session=a"),
        with("session=b"),
        with("session="),
        with("session="),
    ];
    assert_eq!(statuses(&sidecar, &asks), [200, 429, 200, 200, 429]);
}

#[test]
fn a_part_of_the_path_tells_callers_apart() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .routes(
            "  - {name: users, match: {path: \"/users/{id}/{*rest}\"}, upstream: origin, \
             rate_limit: [{name: l, rate: 1/d, burst: 1, key: {path: id}}]}",
        )
        .start();
    let asks = ["/users/7/a", "/users/7/b", "/users/%37/c", "/users/8/a"].map(Ask::get);
    // A digit is the same however it is spelled.
    assert_eq!(statuses(&sidecar, &asks), [200, 429, 429, 200]);
}

#[test]
fn everybody_together_is_one_caller() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .listener("trusted_proxies: [127.0.0.1]")
        .with_policies("rate_limit: [{name: l, rate: 1/d, burst: 1, key: everybody}]")
        .start();
    let from = |client| Ask::get("/").header("X-Forwarded-For", client);
    let asks = [from("192.0.2.1"), from("192.0.2.2")];
    assert_eq!(statuses(&sidecar, &asks), [200, 429]);
}

/// Trap 11: no value can pretend to be the end of one and the beginning of another.
#[test]
fn several_parts_together_are_one_key() {
    let origin = Origin::saying("x");
    let sidecar = keyed(&origin, "[{header: A}, {header: B}]");
    let with = |a, b| Ask::get("/").header("A", a).header("B", b);
    let asks = [
        with("a", "bc"),
        with("ab", "c"),
        with("abc", ""),
        with("", "abc"),
        with("a:b", "c"),
        with("a", "b:c"),
        with("a", "bc"),
    ];
    assert_eq!(
        statuses(&sidecar, &asks),
        [200, 200, 200, 200, 200, 200, 429]
    );
}

/// Trap 25: whoever may say anything about himself may say nothing about his address.
#[test]
fn a_forged_address_is_nobodys() {
    let origin = Origin::saying("x");
    let sidecar = keyed(&origin, "client_ip");
    let forged = |client| Ask::get("/").header("X-Forwarded-For", client);
    let asks = [
        forged("192.0.2.1"),
        forged("192.0.2.2"),
        forged("192.0.2.3").header("X-Forwarded-For", "192.0.2.4"),
        Ask::get("/").header("Forwarded", "for=192.0.2.5"),
        Ask::get("/").header("X-Real-IP", "192.0.2.6"),
    ];
    assert_eq!(statuses(&sidecar, &asks), [200, 429, 429, 429, 429]);
}

/// Trap 25: behind a trusted proxy, what stands before its own word is the client's invention.
#[test]
fn only_what_a_trusted_proxy_has_added_counts() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .listener("trusted_proxies: [127.0.0.1, 10.0.0.0/8]")
        .with_policies("rate_limit: [{name: l, rate: 1/d, burst: 1}]")
        .start();
    let through = |lines: &[&str]| {
        let ask = Ask::get("/");
        lines
            .iter()
            .fold(ask, |ask, line| ask.header("X-Forwarded-For", line))
    };
    let asks = [
        through(&["192.0.2.1"]),
        through(&["203.0.113.1, 192.0.2.1"]),
        through(&["203.0.113.2", "192.0.2.1"]),
        through(&["203.0.113.3, 192.0.2.1, 10.1.1.1"]),
        through(&["203.0.113.4", "192.0.2.1", "10.1.1.1, 10.2.2.2"]),
        // Somebody else, and not the one he names.
        through(&["192.0.2.1, 192.0.2.2"]),
    ];
    assert_eq!(statuses(&sidecar, &asks), [200, 429, 429, 429, 429, 200]);
}

#[test]
fn a_key_of_64_kib_is_a_key_like_any_other() {
    let origin = Origin::saying("x");
    let mut sidecar = forebay()
        .origin(&origin)
        .top("clients: {max_head: 256KiB}")
        .with_policies("rate_limit: [{name: l, rate: 1/d, burst: 1, key: {header: K}}]")
        .start();
    let long = |last: &str| Ask::get("/").header("K", &("k".repeat(64 << 10) + last));
    let asks = [long("a"), long("a"), long("b")];
    assert_eq!(statuses(&sidecar, &asks), [200, 429, 200]);
    sidecar.assert_alive();
}

#[test]
fn a_claim_of_a_verified_token_tells_callers_apart() {
    let (origin, issuer) = (Origin::saying("x"), Issuer::new());
    let sidecar = identified(&issuer.jwks(), "")
        .origin(&origin)
        .with_policies(
            "rate_limit: [{name: l, rate: 1/d, burst: 1, key: {claim: sub}, on_unknown: deny}]",
        )
        .start();
    let soon = seconds_since_epoch() + 3600;
    let bearing = |token: &str| Ask::get("/").header("Authorization", &format!("Bearer {token}"));
    let user = |name: &str, until| bearing(&issuer.token(&json!({"sub": name, "exp": until})));
    let asks = [user("ada", soon), user("ada", soon + 1), user("bob", soon)];
    assert_eq!(statuses(&sidecar, &asks), [200, 429, 200]);
    let claims = json!({"sub": "eve", "exp": soon});
    for (bad, why) in [
        (user("eve", soon - 7200), "expired"),
        (
            bearing(&unsigned(&json!({"alg": "none"}), &claims)),
            "malformed",
        ),
        (
            bearing(&format!("{}.", unsigned(&json!({"alg": "none"}), &claims))),
            "unsigned",
        ),
        (bearing(&Issuer::new().token(&claims)), "signature"),
    ] {
        let refused = sidecar.ask(&bad);
        refused.assert_problem(401, "caller-unproven");
        assert_eq!(
            refused.header("www-authenticate"),
            Some("Bearer error=\"invalid_token\"")
        );
        harness::eventually("the token is told of", || {
            let mut events = sidecar.security_events().into_iter();
            events.find(|event| event["event"] == "token_rejected" && event["evidence"] == why)
        });
    }
    let nobody = sidecar.get("/");
    nobody.assert_problem(401, "caller-unproven");
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
    assert_eq!(origin.count(), 2);
}

/// A token that proves nothing does not get its sender another allowance.
#[test]
fn rotating_bad_tokens_is_no_way_around_a_limit() {
    let (origin, issuer) = (Origin::saying("x"), Issuer::new());
    let sidecar = identified(&issuer.jwks(), "")
        .origin(&origin)
        .with_policies("rate_limit: [{name: l, rate: 1/d, burst: 1, key: {claim: sub}}]")
        .start();
    let ask = |name: &str| {
        let token = Issuer::new().token(&json!({"sub": name}));
        let ask = Ask::get("/").header("Authorization", &format!("Bearer {token}"));
        sidecar.ask(&ask).status
    };
    assert_eq!([ask("a"), ask("b"), ask("c")], [200, 429, 429]);
    assert_eq!(sidecar.get("/").status, 429);
}
