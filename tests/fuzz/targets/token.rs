//! Tokens and key sets: only what one of the keys signed is somebody, byte for byte.

use std::{path::PathBuf, sync::LazyLock, time::Duration};

use engine::identity::{KeySet, Verdict, verify, verify_token};
use policy::{Identity, JwksSource, TokenAlgorithm, TokenSource};

use super::Target;
use crate::{input::Input, oracle::at};

pub(crate) const TARGET: Target = Target {
    name: "token",
    words: &[
        "Bearer ",
        "authorization: Bearer ",
        ".",
        "eyJhbGciOiJub25lIn0",
        "eyJhbGciOiJFZERTQSJ9",
        "e30",
        "=",
        "-",
        "_",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"",
        "\"}]}",
        "\"alg\":\"HS256\"",
        "\n",
    ],
    run,
};

/// A secret and a public key that exist for this test only.
const KEYS: &str = r#"{"keys": [
    {"kty": "oct", "kid": "one", "k": "dcFZW7g1ogcs4Xwu6Nhqg2MitBWxeogGVmEx4bD6c5A"},
    {"kty": "OKP", "kid": "two", "crv": "Ed25519",
     "x": "_mRXN3HDX3wLrtdNtwP6PAQcvCa6w2qew_RDODUz1Xk"}
]}"#;

/// All that was ever signed with the secret.
const SIGNED: [&str; 2] = [
    "eyJhbGciOiJIUzI1NiIsImtpZCI6Im9uZSJ9.eyJzdWIiOiJhbm4iLCJleHAiOjQxMDI0NDQ4MDB9.\
     Az9o8P9aU18JvWbd86KOG3-NcJAuSbPpuiwh8QJh0cw",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IiLCJhdWQiOlsic2hvcCJdfQ.\
     VDHVqpFHdocFl7wpANSpYGokAhUsfQU1Q3NKh7er2yw",
];

static HELD: LazyLock<KeySet> = LazyLock::new(|| KeySet::parse(KEYS).unwrap());

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Identity {
    jwks: JwksSource::File(PathBuf::new()),
    refresh: Duration::from_secs(300),
    algorithms: TokenAlgorithm::ALL.to_vec(),
    issuer: None,
    audience: None,
    source: TokenSource::Bearer,
    leeway: Duration::ZERO,
});

fn run(data: &[u8]) {
    for signed in SIGNED {
        assert!(verify_token(&IDENTITY, &HELD, signed, at(0)).is_ok());
    }
    let token = String::from_utf8_lossy(data);
    if verify_token(&IDENTITY, &HELD, &token, at(0)).is_ok() {
        assert!(SIGNED.contains(&token.as_ref()), "another token verifies");
    }
    let fields = Input::of(data).fields();
    if let Verdict::Somebody(claims) = verify(&IDENTITY, &HELD, &fields, at(0)) {
        assert!(matches!(claims.get("sub"), Some("ann" | "bob")));
        let line = fields[http::header::AUTHORIZATION].to_str().unwrap();
        assert!(SIGNED.iter().any(|signed| line.contains(signed)));
    }
    if let Ok(keys) = KeySet::parse(&token) {
        assert!(keys.usable() > 0);
    }
}
