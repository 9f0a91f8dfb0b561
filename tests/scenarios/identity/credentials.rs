//! A token is a credential wherever a request carries it (traps 14 and 16).

use std::thread;

use harness::{Ask, Gate, Origin, Reply};
use serde_json::json;

use super::{FRESH, Issuer, identified};
use crate::numbered;

const IN_A_FIELD: &str = ", token: {header: X-Token}";

fn with(token: &str) -> Ask {
    Ask::get("/account").header("X-Token", token)
}

#[test]
fn somebody_whom_the_claim_does_not_name_is_not_nobody() {
    let (issuer, origin) = (Issuer::new(), numbered(FRESH));
    let sidecar = identified(&issuer.jwks(), IN_A_FIELD)
        .origin(&origin)
        .with_policies("cache: {ttl: 60s, key: {per_user: sub}}")
        .start();
    let nameless = issuer.token(&json!({"role": "guest"}));
    let answer = sidecar.ask(&with(&nameless));
    assert!(
        answer.cache_status().contains("detail=unverified"),
        "{answer:?}"
    );
    assert_eq!(answer.text(), "answer 1");
    assert_eq!(sidecar.get("/account").text(), "answer 2");
}

#[test]
fn a_token_in_a_field_of_its_own_counts_as_authorization() {
    let issuer = Issuer::new();
    let origin =
        Origin::http(|request| Reply::ok(request.header("x-token").unwrap_or("nobody").to_owned()));
    let sidecar = identified(&issuer.jwks(), IN_A_FIELD)
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}")
        .start();
    for name in ["ada", "bob"] {
        let token = issuer.user(name);
        assert_eq!(sidecar.ask(&with(&token)).text(), token);
    }
    assert_eq!(sidecar.get("/account").text(), "nobody");
}

#[test]
fn two_tokens_never_share_a_fetch() {
    let issuer = Issuer::new();
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            gate.wait();
            Reply::ok(request.header("x-token").unwrap_or_default().to_owned())
        }
    });
    let sidecar = identified(&issuer.jwks(), IN_A_FIELD)
        .origin(&origin)
        .with_policies("deduplication: {}")
        .start();
    let address = sidecar.address();
    let asking: Vec<_> = ["ada", "bob"]
        .map(|name| issuer.user(name))
        .into_iter()
        .map(|token| thread::spawn(move || (with(&token).send(address).text(), token)))
        .collect();
    origin.wait_for(2);
    gate.open();
    for asked in asking {
        let (text, token) = asked.join().unwrap();
        assert_eq!(text, token);
    }
}

#[test]
fn the_answer_to_a_users_post_is_kept_for_nobody() {
    let (issuer, origin) = (
        Issuer::new(),
        numbered(&[
            "Cache-Control: max-age=60, public",
            "Content-Location: /account",
        ]),
    );
    let sidecar = issuer.known_to(&origin, super::PER_USER).start();
    let token = issuer.user("ada");
    let post = Ask::post("/account", "x").header("Authorization", &format!("Bearer {token}"));
    assert_eq!(sidecar.ask(&post).text(), "answer 1");
    assert_eq!(sidecar.get("/account").text(), "answer 2");
}
