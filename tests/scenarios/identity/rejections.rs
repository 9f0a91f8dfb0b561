//! Tokens that prove nothing are told with the reason, once for each request that brings one.

use harness::{Ask, dates::seconds_since_epoch, eventually};
use serde_json::{Value, json};

use super::{FRESH, Issuer, base64url, bearing, identified, unsigned};
use crate::numbered;

#[test]
fn each_token_that_proves_nothing_is_told_with_the_reason() {
    let (issuer, origin) = (Issuer::new(), numbered(FRESH));
    // An RSA key as well, whose public half everybody knows.
    let mut keys: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let modulus = base64url(&[0xc5; 256]);
    let rsa = json!({"kty": "RSA", "kid": "rsa", "n": modulus, "e": "AQAB"});
    keys["keys"].as_array_mut().unwrap().push(rsa);
    let mut sidecar = identified(&keys.to_string(), "")
        .origin(&origin)
        .with_policies(
            "cache: {key: {per_user: sub}}\n\
             rate_limit: [{name: by_user, rate: 1000/s, key: {claim: sub}, on_unknown: allow}]",
        )
        .start();
    let now = seconds_since_epoch();
    let claims = json!({"sub": "ada", "exp": now + 3600});
    let good = issuer.token(&claims);
    let (text, mark) = good.rsplit_once('.').unwrap();
    let confused = json!({"alg": "HS256", "kid": "rsa"});
    let useless = [
        (
            "expired",
            issuer.token(&json!({"sub": "ada", "exp": now - 3600})),
        ),
        (
            "not_yet_valid",
            issuer.token(&json!({"sub": "ada", "nbf": now + 3600})),
        ),
        (
            "unsigned",
            format!("{}.", unsigned(&json!({"alg": "none"}), &claims)),
        ),
        ("signature", format!("{text}.")),
        ("signature", Issuer::new().token(&claims)),
        ("unknown_key", Issuer::named("other").token(&claims)),
        (
            "algorithm",
            format!("{}.{mark}", unsigned(&confused, &claims)),
        ),
        ("malformed", "x".to_owned()),
        ("malformed", "\u{e9}.\u{e9}.\u{e9}".to_owned()),
        ("oversized", "a.".repeat(5000)),
    ];
    for (number, (reason, token)) in useless.iter().enumerate() {
        let ask = bearing(token).header("X-Request-Id", &format!("r{number}"));
        assert_eq!(sidecar.ask(&ask).status, 200, "{reason}");
        let events = eventually("it is told", || {
            let events = sidecar.security_events();
            (events.len() > number).then_some(events)
        });
        // Once, although the limit and the cache both wanted to know.
        assert_eq!(events.len(), number + 1, "{reason}: {events:?}");
        let event = &events[number];
        assert_eq!(event["event"], "token_rejected", "{event}");
        assert_eq!(event["action"], "noted", "{event}");
        assert_eq!(event["evidence"], *reason, "{event}");
        assert_eq!(event["request_id"], format!("r{number}"), "{event}");
        assert_eq!(event["client.address"], "127.0.0.1", "{event}");
    }
    // A good one and none at all are nobody's business, and no token is written down.
    sidecar.ask(&bearing(&good));
    sidecar.ask(&Ask::get("/account"));
    assert_eq!(sidecar.security_events().len(), useless.len());
    assert!(!sidecar.stdout().contains(mark));
    sidecar.assert_alive();
}
