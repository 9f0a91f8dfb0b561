//! Tokens that prove who is asking: each user gets a cache of their own, and whoever proves nothing
//! gets nothing from it (RFC 7519; RFC 9111, section 3.5).

mod credentials;
mod rejections;
mod rotation;

use harness::{Ask, Builder, Gate, Origin, Reply, Sidecar, dates::seconds_since_epoch};
use rcgen::{KeyPair, PKCS_ED25519, SigningKey};
use serde_json::{Value, json};

use crate::{forebay, numbered};

/// Who signs the tokens of a test.
pub(crate) struct Issuer {
    keys: KeyPair,
    /// The name of its key.
    kid: &'static str,
}

// === impl Issuer ===

impl Issuer {
    pub(crate) fn new() -> Self {
        Self::named("k")
    }

    fn named(kid: &'static str) -> Self {
        Self {
            keys: KeyPair::generate_for(&PKCS_ED25519).unwrap(),
            kid,
        }
    }

    /// The keys by which its tokens are known.
    pub(crate) fn jwks(&self) -> String {
        let x = base64url(self.keys.public_key_raw());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x}]}).to_string()
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        let text = unsigned(&json!({"alg": "EdDSA", "kid": self.kid}), claims);
        let mark = self.keys.sign(text.as_bytes()).unwrap();
        format!("{text}.{}", base64url(&mark))
    }

    fn user(&self, name: &str) -> String {
        self.token(&json!({"sub": name, "exp": seconds_since_epoch() + 3600}))
    }

    /// A sidecar that knows its users and has this in its cache key.
    fn known_to(&self, origin: &Origin, key: &str) -> Builder {
        identified(&self.jwks(), "")
            .origin(origin)
            .with_policies(&format!("cache: {{key: {{{key}}}}}"))
    }
}

pub(crate) fn identified(jwks: &str, more: &str) -> Builder {
    forebay().file("jwks.json", jwks).top(&format!(
        "identity: {{jwt: {{jwks_file: \"{{directory}}/jwks.json\"{more}}}}}"
    ))
}

pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let group = (0..3).fold(0, |group, at| {
            group << 8 | usize::from(chunk.get(at).copied().unwrap_or(0))
        });
        (0..=chunk.len()).map(move |at| char::from(DIGITS[group >> (18 - 6 * at) & 63]))
    });
    digits.collect()
}

fn bearing(token: &str) -> Ask {
    Ask::get("/account").header("Authorization", &format!("Bearer {token}"))
}

const PER_USER: &str = "per_user: sub";
const FRESH: &[&str] = &["Cache-Control: max-age=60"];

fn entries(sidecar: &Sidecar) -> f64 {
    sidecar.metric("forebay_cache_entries", &[])
}

#[test]
fn two_users_never_share_and_each_hits() {
    let (issuer, origin) = (Issuer::new(), numbered(FRESH));
    let sidecar = issuer.known_to(&origin, PER_USER).start();
    let (ada, bob) = (
        bearing(&issuer.user("ada")),
        bearing(&issuer.user("bob")).header("Cookie", "id=1"),
    );
    assert_eq!(sidecar.ask(&ada).text(), "answer 1");
    assert_eq!(sidecar.ask(&bob).text(), "answer 2");
    for (ask, text) in [(&ada, "answer 1"), (&bob, "answer 2")] {
        let again = sidecar.ask(ask);
        again.assert_hit();
        assert_eq!(again.text(), text);
    }
    // Another token of the same user is as good, and nobody in particular is somebody else.
    let renewed = issuer.token(&json!({"sub": "ada", "exp": seconds_since_epoch() + 7200}));
    sidecar.ask(&bearing(&renewed)).assert_hit();
    assert_eq!(sidecar.get("/account").text(), "answer 3");
    sidecar.get("/account").assert_hit();
}

#[test]
fn what_is_kept_for_everybody_is_not_what_a_user_gets() {
    let (issuer, origin) = (Issuer::new(), numbered(FRESH));
    let sidecar = issuer.known_to(&origin, PER_USER).start();
    sidecar.get("/account");
    sidecar.get("/account").assert_hit();
    let nobody = issuer.token(&json!({"exp": seconds_since_epoch() + 3600}));
    // Credentials without a user are still credentials: their answer is not for everybody.
    for _ in 0..2 {
        let response = sidecar.ask(&bearing(&nobody));
        assert!(!response.cache_status().contains("stored"), "{response:?}");
    }
    sidecar
        .ask(&bearing(&issuer.user("ada")))
        .assert_forwarded();
}

#[test]
fn the_operators_ttl_holds_for_a_user_too_and_private_is_never_kept() {
    let issuer = Issuer::new();
    let ada = bearing(&issuer.user("ada"));
    let policies = "cache: {ttl: 60s, key: {per_user: sub}}";
    let silent = numbered(&[]);
    let start = |origin: &Origin| {
        let builder = identified(&issuer.jwks(), "").origin(origin);
        builder.with_policies(policies).start()
    };
    let sidecar = start(&silent);
    sidecar.ask(&ada);
    sidecar.ask(&ada).assert_hit();
    for line in [
        "Cache-Control: private, max-age=60",
        "Cache-Control: no-store",
    ] {
        let origin = Origin::http(move |_| Reply::ok("x").line(line));
        let sidecar = start(&origin);
        for _ in 0..2 {
            sidecar.ask(&ada).assert_forwarded();
        }
        assert_eq!((origin.count(), entries(&sidecar)), (2, 0.0), "{line}");
    }
}

#[test]
fn a_token_that_proves_nothing_passes_the_cache_by_and_is_answered_all_the_same() {
    let (issuer, origin) = (Issuer::new(), numbered(FRESH));
    let sidecar = issuer.known_to(&origin, PER_USER).start();
    let good = issuer.user("ada");
    sidecar.ask(&bearing(&good));
    sidecar.get("/account");
    let claims = json!({"sub": "ada", "exp": seconds_since_epoch() + 3600});
    let (text, mark) = good.rsplit_once('.').unwrap();
    let bob = unsigned(
        &json!({"alg": "EdDSA", "kid": "k"}),
        &json!({"sub": "bob", "exp": seconds_since_epoch() + 3600}),
    );
    let past = json!({"sub": "ada", "exp": seconds_since_epoch() - 3600});
    let later = json!({"sub": "ada", "nbf": seconds_since_epoch() + 3600});
    let useless = [
        ("expired", issuer.token(&past)),
        ("not yet valid", issuer.token(&later)),
        (
            "none",
            format!("{}.", unsigned(&json!({"alg": "none"}), &claims)),
        ),
        (
            "None",
            format!(
                "{}.",
                unsigned(&json!({"alg": "None", "kid": "k"}), &claims)
            ),
        ),
        ("unsigned", format!("{text}.")),
        ("tampered", format!("{bob}.{mark}")),
        ("somebody else's", Issuer::new().user("ada")),
        (
            "another algorithm",
            format!("{}.{mark}", unsigned(&json!({"alg": "HS256"}), &claims)),
        ),
        ("two parts", text.to_owned()),
        ("not a token", "secret".to_owned()),
        ("nothing", String::new()),
        ("endless", "a.".repeat(3000)),
    ];
    for (kind, token) in useless {
        let before = origin.count();
        for number in 1..=2 {
            let response = sidecar.ask(&bearing(&token));
            assert_eq!(response.text(), format!("answer {}", before + number));
            let told = response.cache_status();
            assert!(told.contains("fwd=bypass"), "{kind}: {told}");
            assert!(told.contains("detail=unverified"), "{kind}: {told}");
        }
        // The origin decides what becomes of it.
        let forwarded = origin.last();
        let shown = forwarded.header("authorization").unwrap().trim().to_owned();
        assert_eq!(shown, format!("Bearer {token}").trim(), "{kind}");
    }
    sidecar.ask(&bearing(&good)).assert_hit();
}

#[test]
fn two_tokens_at_once_prove_nothing() {
    let (issuer, origin) = (Issuer::new(), numbered(FRESH));
    let sidecar = issuer.known_to(&origin, PER_USER).start();
    let (ada, bob) = (issuer.user("ada"), issuer.user("bob"));
    let both = bearing(&ada).header("Authorization", &format!("Bearer {bob}"));
    for _ in 0..2 {
        let response = sidecar.ask(&both);
        assert!(!response.cache_status().contains("; hit"), "{response:?}");
    }
    assert_eq!(entries(&sidecar), 0.0);
}

#[test]
fn claims_keep_responses_apart_without_a_cache_for_each_user() {
    let (issuer, origin) = (
        Issuer::new(),
        numbered(&["Cache-Control: public, max-age=60"]),
    );
    let sidecar = issuer.known_to(&origin, "claims: [plan]").start();
    let exp = seconds_since_epoch() + 3600;
    let token = |sub: &str, plan: &str| {
        bearing(&issuer.token(&json!({"sub": sub, "plan": plan, "exp": exp})))
    };
    assert_eq!(sidecar.ask(&token("ada", "free")).text(), "answer 1");
    assert_eq!(sidecar.ask(&token("bob", "free")).text(), "answer 1");
    assert_eq!(sidecar.ask(&token("ada", "paid")).text(), "answer 2");
    assert_eq!(sidecar.get("/account").text(), "answer 3");
    sidecar.ask(&token("eve", "paid")).assert_hit();
}

#[test]
fn a_token_may_be_in_a_cookie_or_a_field_of_its_own() {
    let issuer = Issuer::new();
    for (place, name, before) in [
        ("{cookie: session}", "Cookie", "a=b; session="),
        ("{header: X-Token}", "X-Token", ""),
    ] {
        let origin = numbered(FRESH);
        let sidecar = identified(&issuer.jwks(), &format!(", token: {place}"))
            .origin(&origin)
            .with_policies("cache: {key: {per_user: sub}}")
            .start();
        let ask = |token: &str| Ask::get("/").header(name, &format!("{before}{token}"));
        let ada = ask(&issuer.user("ada"));
        sidecar.ask(&ada);
        sidecar.ask(&ada).assert_hit();
        let bob = sidecar.ask(&ask(&issuer.user("bob")));
        assert_eq!(bob.text(), "answer 2", "{place}");
        let told = sidecar.ask(&ask("forged"));
        assert!(
            told.cache_status().contains("detail=unverified"),
            "{told:?}"
        );
    }
}

#[test]
fn who_issued_a_token_and_for_whom_can_be_demanded() {
    let (issuer, origin) = (Issuer::new(), numbered(FRESH));
    let sidecar = identified(&issuer.jwks(), ", issuer: \"https://id\", audience: shop")
        .origin(&origin)
        .with_policies("cache: {key: {per_user: sub}}")
        .start();
    let exp = seconds_since_epoch() + 3600;
    let told = |more: Value| {
        let mut claims = json!({"sub": "ada", "exp": exp});
        let (claims_map, more) = (claims.as_object_mut().unwrap(), more.as_object().unwrap());
        claims_map.extend(more.clone());
        let response = sidecar.ask(&bearing(&issuer.token(&claims)));
        response.cache_status().to_owned()
    };
    let right = told(json!({"iss": "https://id", "aud": ["other", "shop"]}));
    assert!(right.contains("stored"), "{right}");
    for wrong in [
        json!({}),
        json!({"iss": "https://id"}),
        json!({"iss": "https://id", "aud": "other"}),
        json!({"iss": "https://evil", "aud": "shop"}),
    ] {
        let told = told(wrong.clone());
        assert!(told.contains("detail=unverified"), "{wrong}: {told}");
    }
}

#[test]
fn a_write_makes_what_every_user_has_obsolete() {
    let (issuer, origin) = (Issuer::new(), numbered(FRESH));
    let sidecar = issuer.known_to(&origin, PER_USER).start();
    let asks = [
        bearing(&issuer.user("ada")),
        bearing(&issuer.user("bob")),
        Ask::get("/account"),
    ];
    for ask in &asks {
        sidecar.ask(ask);
        sidecar.ask(ask).assert_hit();
    }
    sidecar.ask(&Ask::post("/account", "x").header("Authorization", "Basic YTpi"));
    for ask in &asks {
        sidecar.ask(ask).assert_forwarded();
    }
}

#[test]
fn a_purge_of_a_url_hits_what_every_user_has() {
    let (issuer, origin) = (Issuer::new(), numbered(FRESH));
    let sidecar = issuer.known_to(&origin, PER_USER).start();
    let asks = [
        bearing(&issuer.user("ada")),
        bearing(&issuer.user("bob")),
        Ask::get("/account"),
    ];
    for what in [
        r#"{"url": "http://shop.test/account", "hard": true}"#,
        r#"{"prefix": "/acc"}"#,
    ] {
        for ask in &asks {
            sidecar.ask(ask);
            sidecar.ask(ask).assert_hit();
        }
        let purged = Ask::post("/cache/purge", what)
            .header("Host", "localhost")
            .header("Content-Type", "application/json")
            .send(sidecar.admin_address());
        assert_eq!(purged.status, 200);
        for ask in &asks {
            sidecar.ask(ask).assert_forwarded();
        }
    }
}

#[test]
fn what_a_write_overtook_is_kept_for_no_user_either() {
    let issuer = Issuer::new();
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| match request.method.as_str() {
            "GET" => {
                gate.wait();
                Reply::ok("x").header("Cache-Control", "max-age=60")
            }
            _ => Reply::status(204),
        }
    });
    let sidecar = issuer.known_to(&origin, PER_USER).start();
    let ada = bearing(&issuer.user("ada"));
    let address = sidecar.address();
    let reading = std::thread::spawn({
        let ada = ada.clone();
        move || ada.send(address)
    });
    origin.wait_for(1);
    sidecar.ask(&Ask::post("/account", "x"));
    gate.open();
    reading.join().unwrap();
    sidecar.ask(&ada).assert_forwarded();
    sidecar.ask(&ada).assert_hit();
}

/// What starting says when the keys are like this.
#[track_caller]
fn refused(jwks: Option<&str>) -> String {
    let origin = Origin::saying("x");
    let mut builder = forebay()
        .origin(&origin)
        .top("identity: {jwt: {jwks_file: \"{directory}/jwks.json\"}}")
        .with_policies("cache: {key: {per_user: sub}}");
    if let Some(jwks) = jwks {
        builder = builder.file("jwks.json", jwks);
    }
    let ran = builder.run("run", &[]);
    assert!(ran.code.is_some_and(|code| code != 0), "it started");
    ran.stderr
}

#[test]
fn keys_that_are_missing_or_broken_stop_the_start_with_their_file_and_field() {
    for (jwks, why) in [
        (None, "No such file"),
        (Some("{not json"), "not JSON"),
        (Some("{}"), "no list of `keys`"),
        (Some(r#"{"keys": []}"#), "none of its 0 keys"),
        (
            Some(r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}"#),
            "none of its 1 keys",
        ),
    ] {
        let said = refused(jwks);
        assert!(said.contains("identity.jwt.jwks_file"), "{said}");
        assert!(said.contains("/jwks.json"), "{said}");
        assert!(said.contains(why), "not {why}: {said}");
    }
}
