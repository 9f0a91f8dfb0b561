use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use http::HeaderName;
use policy::{Identity, JwksSource, TokenAlgorithm};
use proptest::prelude::*;
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::*;
use crate::cache::testing::{EPOCH, at, headers};

const SECRET: [u8; 64] = [7; 64];
const SEED: [u8; 32] = [9; 32];

/// A modulus, and tokens that its private part, which is nowhere any more, signed for Ada until 2033.
const MODULUS: &str = "32h2lpI9q8MGIWTb3vx6aFOv8cm5pYYn7em-iWJAP8VLSsD1qcD3JhcokyKhq1-C5GyKVqS9jRAaPabRJCDY7CFMDLGR-V5z5de7_--tdIIJe_hojNiLIq27ZQtwvYzENsduyzXpIh3siceIbtNyVNpGXIe2C1a9rP6p6biEBZO1E39K3bmpqZAXodMvl1-5PC_pRQF6zcxT9Bc9ziZEKzWk2A_xrpk8QM67R7IYseFm4OWRRppH45fLTf__HRbv0No8zwzfM9SSc7g9Br2x1VwNVbScj3Fw75byWDrEhl7A6rNAlWO0KlOw62rXObmlulyI6OF0Hq4cFuu5bR-iEw";
const RSA_TOKENS: [(TokenAlgorithm, &str); 4] = [
    (
        TokenAlgorithm::Rs256,
        "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhZGEiLCJleHAiOjIwMDAwMDAwMDB9.o7cKsftzqhoO4J3Ljs8l_zUT0QD10VJo7G3p6gVfsYFalZ9v8bHEsHRAuLE1CU5YLsN_7W4EDkL51BZQixb7NCfbu-3ohXTl3jtZ88V7JQrY400kdtqr6c1VpZFKetKgYYs5lRTXaBOIxqhrovVm_kX69j_ZSgbirgJVOuPHr0IYG6lXJA-rqG3bD_fGJvZMldAoRUtN63RrdUUMagReLZCeaiepyl_SegYZ8VNPZ51PU0K8z_a0uRIxkRV_jGsEdWLwN8qR5eqlluYJ8jfnt1HasIw-WecZ-hcrHNNCGxtttPR7y2q_uSQK7fORxJJqyr0HyoO2_JSwdpjGIGGb3w",
    ),
    (
        TokenAlgorithm::Rs384,
        "eyJhbGciOiJSUzM4NCIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhZGEiLCJleHAiOjIwMDAwMDAwMDB9.HmNjFoPGdCrOWzDkMLKuwqlHc_HxYBwvIEg2H0IRtjhg9C6Of4-PKhJq0lTm1phl7B5HUV7cIhs7zU7bxL_B0kf0HoIEk1l7JMD2GKfnG7DC1qvwrXNh0YHrO4RRbLwlaG1sWsyrJD5-eVWsnGQPo1grIKxGRPoYYEhqWC7MJAEnutPt1w1CsJ6j3NO9Og_Lu72C1gLPnxNxatbDU2fZi4cLZu1fZKV3LqLii-JTq6KUxFvGQ51mz9iW4iZBPoj4PR5esGqatSjDbX9Gn2qs--_TVC4jm0JynmgtpJGfvI9bzPhQ0QSO8R7fXlCEugMIQX83H9uJQi8Pk3fRNlx_Yw",
    ),
    (
        TokenAlgorithm::Rs512,
        "eyJhbGciOiJSUzUxMiIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhZGEiLCJleHAiOjIwMDAwMDAwMDB9.BbTT3KadaqY1T6Ap8Lb5CIWOnDkZIN0HMShFoPukhvtaWsOyY43EDC1IhGQ9cD-b2MoGHEzxaOlXuvGEbkyBcE9PoxWVJD-cCcGqQBMZ2xUcmp8avcKm4ft7Yj1dZW06FglCzuXsAcbFlFGK_oDVs6XpMpevSG120D8Cpx01dwK7nihDVegchN2yQo6OEgYP0BsN62FWsN82aavRVUIBLARjMy1VyWa89vvUkK4YrC5qW0n8IeaTXg4dzI7n-bB0xVAbF9EP7fULNr60TcqBb0sm-n1JG9o7pg-hgJ9Y-WnziUjM7LhO4le4MCKd-mPKzX3TBEiQuwWj_DVL9zGn2g",
    ),
    (
        TokenAlgorithm::Ps256,
        "eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhZGEiLCJleHAiOjIwMDAwMDAwMDB9.DhXJPlnSCbYZCqZXxn-PzqvdZSmGM_U1_FgXjo120Ko9Eb2EQcDuzLH5DpM1yVTiZ-WWkceIbeFTfMubHYjNoYdtBMhcdo5uUi9zDjDwCoqzhTgKmgk3BmBo-BJHOcnsTTUXW17gRibTiBJk642Ib0ABE45J9rnEilTdud1tTNC7bQhdOnssG4IEFBX81b3Ek9TaKl0K9VWG-Z14xXtxlej9fcMRA9D1z7755lDePMcLMYD0WsLR8oA5DR30FxXcuMhDytwrWF8VS_F04neJiQSQ8C5IdEbEgovD0X4c0lnWeJzsQmIW7coRoyVBtMrUvLgINeen0PAPjhu_R_Jf9Q",
    ),
];

fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap()
}

fn keys() -> KeySet {
    let edwards = ed25519();
    let set = json!({"keys": [
        {"kty": "RSA", "kid": "rsa", "n": MODULUS, "e": "AQAB", "use": "sig"},
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519",
            "x": BASE64.encode(edwards.public_key()), "alg": "EdDSA"},
        {"kty": "oct", "kid": "secret", "k": BASE64.encode(SECRET)},
    ]});
    KeySet::parse(&set.to_string()).unwrap()
}

fn settings() -> Identity {
    Identity {
        jwks: JwksSource::File("keys.json".into()),
        refresh: Duration::from_secs(300),
        algorithms: TokenAlgorithm::ALL.to_vec(),
        issuer: None,
        audience: None,
        source: TokenSource::Bearer,
        leeway: Duration::from_secs(10),
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn signed(header: &Value, claims: &Value) -> String {
    let text = unsigned(header, claims);
    let mark = ed25519().sign(text.as_bytes());
    format!("{text}.{}", BASE64.encode(mark))
}

fn token(claims: &Value) -> String {
    signed(&json!({"alg": "EdDSA", "kid": "ed"}), claims)
}

fn check(identity: &Identity, token: &str) -> Result<Claims, Rejection> {
    verify_token(identity, &keys(), token, at(0))
}

fn reason(token: &str) -> Option<Rejection> {
    check(&settings(), token).err()
}

#[test]
fn every_algorithm_of_every_kind_of_key() {
    for (algorithm, token) in RSA_TOKENS {
        let claims = check(&settings(), token).unwrap();
        assert_eq!(claims.get("sub"), Some("ada"), "{algorithm:?}");
        let mut other = settings();
        other.algorithms.retain(|it| *it != algorithm);
        assert_eq!(check(&other, token), Err(Rejection::Algorithm));
    }
    for (name, with) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ] {
        let text = unsigned(
            &json!({"alg": name, "kid": "secret"}),
            &json!({"sub": "ada"}),
        );
        let mark = hmac::sign(&hmac::Key::new(with, &SECRET), text.as_bytes());
        assert_eq!(
            reason(&format!("{text}.{}", BASE64.encode(mark))),
            None,
            "{name}"
        );
    }
    assert_eq!(reason(&token(&json!({}))), None);
    // Without a key's name every key of the kind may be the one.
    assert_eq!(reason(&signed(&json!({"alg": "EdDSA"}), &json!({}))), None);
}

#[test]
fn curves() {
    let random = SystemRandom::new();
    for (name, curve, with) in [
        (
            "ES256",
            "P-256",
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        ),
        (
            "ES384",
            "P-384",
            &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        ),
    ] {
        let private = EcdsaKeyPair::generate_pkcs8(with, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(with, private.as_ref(), &random).unwrap();
        let public = &pair.public_key().as_ref()[1..];
        let (x, y) = public.split_at(public.len() / 2);
        let (x, y) = (BASE64.encode(x), BASE64.encode(y));
        let set = json!({"keys": [{"kty": "EC", "crv": curve, "x": x, "y": y}]});
        let keys = KeySet::parse(&set.to_string()).unwrap();
        let text = unsigned(&json!({"alg": name}), &json!({"sub": "ada"}));
        let mark = pair.sign(&random, text.as_bytes()).unwrap();
        let token = format!("{text}.{}", BASE64.encode(mark));
        assert!(
            verify_token(&settings(), &keys, &token, at(0)).is_ok(),
            "{name}"
        );
        let stranger = format!("{text}.{}", BASE64.encode([1; 64]));
        let refused = verify_token(&settings(), &keys, &stranger, at(0));
        assert_eq!(refused, Err(Rejection::Signature));
    }
}

/// A token chooses neither to go unsigned nor what a key is used for.
#[test]
fn the_key_decides_and_not_the_token() {
    let claims = json!({"sub": "ada"});
    for none in ["none", "None", "NONE"] {
        let text = unsigned(&json!({"alg": none}), &claims);
        assert_eq!(reason(&format!("{text}.")), Some(Rejection::Unsigned));
    }
    for (header, wanted) in [
        (json!({"alg": "HS256", "kid": "rsa"}), Rejection::KeyKind),
        (json!({"alg": "HS256", "kid": "ed"}), Rejection::KeyKind),
        (json!({"alg": "RS256", "kid": "secret"}), Rejection::KeyKind),
        (json!({"alg": "ES256", "kid": "ed"}), Rejection::KeyKind),
        (json!({"alg": "ES384"}), Rejection::KeyKind),
        (json!({"alg": "HS256"}), Rejection::Signature),
        (
            json!({"alg": "HS256", "kid": "secret"}),
            Rejection::Signature,
        ),
        (
            json!({"alg": "EdDSA", "kid": "other"}),
            Rejection::UnknownKey,
        ),
        (json!({"alg": "EdDSA", "kid": ""}), Rejection::UnknownKey),
        (json!({"alg": "EdDSA", "kid": 1}), Rejection::Malformed),
        (json!({"alg": "ES512"}), Rejection::Algorithm),
        (json!({"alg": "eddsa"}), Rejection::Algorithm),
        (json!({"alg": ["EdDSA"]}), Rejection::Malformed),
        (json!({"kid": "ed"}), Rejection::Malformed),
        (
            json!({"alg": "EdDSA", "crit": ["exp"]}),
            Rejection::Critical,
        ),
    ] {
        // The classic: the public key's text as the secret of an HMAC.
        let text = unsigned(&header, &claims);
        let confused = hmac::Key::new(hmac::HMAC_SHA256, MODULUS.as_bytes());
        let mark = hmac::sign(&confused, text.as_bytes());
        let token = format!("{text}.{}", BASE64.encode(mark));
        assert_eq!(reason(&token), Some(wanted), "{header}");
        let wanted = match wanted {
            Rejection::Signature => continue,
            other => other,
        };
        assert_eq!(reason(&signed(&header, &claims)), Some(wanted), "{header}");
    }
}

#[test]
fn tokens_have_their_time() {
    let second = |by: i64| i64::try_from(EPOCH).unwrap() + by;
    for (claims, wanted) in [
        (json!({"exp": second(1)}), None),
        (json!({"exp": second(-9)}), None),
        (json!({"exp": second(-10)}), Some(Rejection::Expired)),
        (json!({"exp": 0}), Some(Rejection::Expired)),
        (json!({"exp": -1}), Some(Rejection::Expired)),
        (json!({"exp": 1e300}), None),
        (json!({"exp": u64::MAX}), None),
        (json!({"exp": "never"}), Some(Rejection::Malformed)),
        (json!({"exp": null}), Some(Rejection::Malformed)),
        (json!({"nbf": second(10)}), None),
        (json!({"nbf": second(11)}), Some(Rejection::NotYetValid)),
        (json!({"nbf": 1e300}), Some(Rejection::NotYetValid)),
        (json!({"nbf": -5}), None),
        (json!({"nbf": []}), Some(Rejection::Malformed)),
    ] {
        assert_eq!(reason(&token(&claims)), wanted, "{claims}");
    }
    let end = |claims| check(&settings(), &token(&claims)).unwrap().expires_at();
    assert_eq!(end(json!({})), None);
    assert_eq!(end(json!({"exp": second(5)})), Some(at(15).wall));
}

#[test]
fn tokens_are_from_somebody_for_somebody() {
    let strict = Identity {
        issuer: Some("https://id.example".to_owned()),
        audience: Some("shop".to_owned()),
        ..settings()
    };
    let iss = "https://id.example";
    for (claims, wanted) in [
        (json!({"iss": iss, "aud": "shop"}), None),
        (json!({"iss": iss, "aud": ["other", "shop"]}), None),
        (
            json!({"iss": iss, "aud": "shop "}),
            Some(Rejection::Audience),
        ),
        (json!({"iss": iss, "aud": []}), Some(Rejection::Audience)),
        (json!({"iss": iss}), Some(Rejection::Audience)),
        (json!({"aud": "shop"}), Some(Rejection::Issuer)),
        (
            json!({"iss": [iss], "aud": "shop"}),
            Some(Rejection::Issuer),
        ),
        (
            json!({"iss": "HTTPS://id.example", "aud": "shop"}),
            Some(Rejection::Issuer),
        ),
    ] {
        assert_eq!(check(&strict, &token(&claims)).err(), wanted, "{claims}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let good = token(&json!({"sub": "ada"}));
    let (front, mark) = good.rsplit_once('.').unwrap();
    for (text, wanted) in [
        (String::new(), Rejection::Malformed),
        (front.to_owned(), Rejection::Malformed),
        (format!("{front}."), Rejection::Signature),
        (format!("{good}."), Rejection::Malformed),
        (format!("{good}=="), Rejection::Malformed),
        (format!(" {good}"), Rejection::Malformed),
        (format!("{front}.{mark}.{mark}"), Rejection::Malformed),
        (format!(".{good}"), Rejection::Malformed),
        (format!("e30.e30.{mark}"), Rejection::Malformed),
        (format!("W10.e30.{mark}"), Rejection::Malformed),
        ("x".repeat(MAX_TOKEN), Rejection::Malformed),
        ("x".repeat(MAX_TOKEN + 1), Rejection::Oversized),
        (
            signed(&json!({"alg": "EdDSA"}), &json!([])),
            Rejection::Malformed,
        ),
    ] {
        assert_eq!(reason(&text), Some(wanted), "{text}");
    }
}

#[test]
fn requests_carry_one_token_or_none() {
    let good = token(&json!({"sub": "ada"}));
    let bearer = format!("Bearer {good}");
    let crumb = format!("a=1; session={good}; b=2");
    let long = format!("Bearer {}", "x".repeat(MAX_TOKEN + 1));
    let cookie = TokenSource::Cookie("session".to_owned());
    let field = TokenSource::Header(HeaderName::from_static("x-token"));
    let twice = format!("session={good}; session={good}");
    let rejected = |reason| Presented::Rejected(reason);
    for (source, lines, wanted) in [
        (&TokenSource::Bearer, vec![], Presented::Nothing),
        (
            &TokenSource::Bearer,
            vec![("authorization", "Basic eA==")],
            Presented::Nothing,
        ),
        (
            &TokenSource::Bearer,
            vec![("authorization", &bearer)],
            Presented::Token(&good),
        ),
        (
            &TokenSource::Bearer,
            vec![("authorization", &bearer), ("authorization", "Basic eA==")],
            rejected(Rejection::Repeated),
        ),
        (
            &TokenSource::Bearer,
            vec![("authorization", "bearer  x ")],
            Presented::Token("x"),
        ),
        (
            &TokenSource::Bearer,
            vec![("authorization", "Bearer")],
            Presented::Token(""),
        ),
        (
            &TokenSource::Bearer,
            vec![("authorization", "BearerX x")],
            Presented::Nothing,
        ),
        (
            &TokenSource::Bearer,
            vec![("authorization", "Bearer \u{e9}")],
            Presented::Token("\u{e9}"),
        ),
        (
            &TokenSource::Bearer,
            vec![("authorization", &long)],
            rejected(Rejection::Oversized),
        ),
        (&cookie, vec![("cookie", &crumb)], Presented::Token(&good)),
        (&cookie, vec![("cookie", "a=1")], Presented::Nothing),
        (
            &cookie,
            vec![("cookie", &twice)],
            rejected(Rejection::Repeated),
        ),
        (
            &cookie,
            vec![("cookie", &crumb), ("cookie", &crumb)],
            rejected(Rejection::Repeated),
        ),
        (&field, vec![("x-token", &good)], Presented::Token(&good)),
        (
            &field,
            vec![("x-token", "a"), ("x-token", "a")],
            rejected(Rejection::Repeated),
        ),
        (&field, vec![("authorization", &bearer)], Presented::Nothing),
    ] {
        assert_eq!(present(source, &headers(&lines)), wanted, "{lines:?}");
    }
    let mut raw = HeaderMap::new();
    raw.insert("x-token", http::HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(present(&field, &raw), rejected(Rejection::Malformed));
}

#[test]
fn verdicts() {
    let ask = |lines: &[(&str, &str)]| verify(&settings(), &keys(), &headers(lines), at(0));
    assert_eq!(ask(&[]), Verdict::Nobody);
    let bad = ask(&[("authorization", "Bearer x")]);
    assert_eq!(bad, Verdict::Rejected(Rejection::Malformed));
    let good = format!("Bearer {}", token(&json!({"sub": "ada"})));
    match ask(&[("authorization", &good)]) {
        Verdict::Somebody(claims) => assert_eq!(claims.get("sub"), Some("ada")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn claims_are_text() {
    let claims = token(&json!({
        "s": "x", "n": 7, "f": 1.5, "b": true, "null": null, "list": [1], "empty": "",
        "a": {"b": {"c": "deep"}, "d": "inside"}, "a.d": "outside",
        "https://shop.example/tier": "gold",
    }));
    let claims = check(&settings(), &claims).unwrap();
    for (name, wanted) in [
        ("s", Some("x")),
        ("n", Some("7")),
        ("f", Some("1.5")),
        ("b", Some("true")),
        ("null", None),
        ("list", None),
        ("empty", Some("")),
        ("a", None),
        ("a.b", None),
        ("a.b.c", Some("deep")),
        ("a.d", Some("outside")),
        ("https://shop.example/tier", Some("gold")),
        ("missing", None),
    ] {
        assert_eq!(claims.get(name), wanted, "{name}");
    }
    assert!(claims.weight() > 0);
}

#[test]
fn unusable_keys_are_counted() {
    let x = BASE64.encode(ed25519().public_key());
    let small = BASE64.encode([0xff; 128]);
    let good = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let mut listed = vec![good.clone()];
    for (name, value) in [
        ("alg", json!("ES512")),
        ("alg", json!("RS256")),
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("kid", json!(7)),
        ("kty", json!("EC")),
        ("crv", json!("X25519")),
        ("x", json!("AAAA")),
        ("x", json!("%")),
    ] {
        let mut key = good.clone();
        key[name] = value;
        listed.push(key);
    }
    listed.push(json!({"kty": "RSA", "n": small, "e": "AQAB"}));
    listed.push(json!({"kty": "oct", "k": BASE64.encode([7; 31])}));
    listed.push(json!("key"));
    let set = KeySet::parse(&json!({"keys": listed}).to_string()).unwrap();
    assert_eq!((set.usable(), set.skipped()), (1, listed.len() - 1));
    let none = json!({"keys": listed[1..]}).to_string();
    assert_eq!(
        KeySet::parse(&none).unwrap_err(),
        KeySetError::NoUsableKey(listed.len() - 1)
    );
    let many = json!({"keys": vec![good; 65]}).to_string();
    assert_eq!(KeySet::parse(&many).unwrap_err(), KeySetError::TooMany(65));
    assert!(matches!(KeySet::parse("{"), Err(KeySetError::Json(_))));
    for text in ["[]", "{}", "{\"keys\": {}}", "7"] {
        assert_eq!(KeySet::parse(text).unwrap_err(), KeySetError::NotASet);
    }
}

/// A secret is not told by accident.
#[test]
fn keys_are_not_shown() {
    let shown = format!("{:?}", keys());
    assert!(shown.contains("rsa") && !shown.contains("7, 7"));
}

/// A secret that is long enough for one hash is not for a longer one.
#[test]
fn short_secrets_are_for_short_hashes() {
    let set = json!({"keys": [{"kty": "oct", "k": BASE64.encode([7; 32])}]});
    let keys = KeySet::parse(&set.to_string()).unwrap();
    let text = unsigned(&json!({"alg": "HS512"}), &json!({}));
    let mark = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA512, &[7; 32]),
        text.as_bytes(),
    );
    let token = format!("{text}.{}", BASE64.encode(mark));
    let refused = verify_token(&settings(), &keys, &token, at(0));
    assert_eq!(refused, Err(Rejection::KeyKind));
}

proptest! {
    /// No other token than the one that was signed verifies.
    #[test]
    fn a_changed_byte_is_seen(at in any::<prop::sample::Index>(), flip in 1u8..=127) {
        for good in [token(&json!({"sub": "ada", "tier": "gold"})), RSA_TOKENS[0].1.to_owned()] {
            let mut bytes = good.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            // ASCII stays ASCII.
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert!(check(&settings(), &changed).is_err());
        }
    }

    #[test]
    fn no_token_makes_trouble(text in "[a-zA-Z0-9_.\\-]{0,200}|\\PC{0,50}", set in "\\PC{0,50}") {
        prop_assert!(check(&settings(), &text).is_err());
        prop_assert!(KeySet::parse(&set).is_err());
    }
}
