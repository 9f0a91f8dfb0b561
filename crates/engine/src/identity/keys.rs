//! The keys that sign tokens (RFC 7517), and what they can verify (RFC 7518, section 3; RFC 8037).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use policy::TokenAlgorithm;
use ring::{hmac, signature};
use serde_json::{Map, Value};
use thiserror::Error;

/// The operator's keys.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
    skipped: usize,
}

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeySetError {
    /// The text is not JSON.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// It is not an object with a list of `keys`.
    #[error("it has no list of `keys`, so it is not a JSON Web Key Set")]
    NotASet,
    /// None of its keys can verify a signature.
    #[error("none of its {0} keys can verify a signature with an algorithm that is known here")]
    NoUsableKey(usize),
    /// There are more than a token should ever be tried with.
    #[error("it has {0} keys, and at most {MAX_KEYS} are held")]
    TooMany(usize),
}

/// One key.
#[derive(Clone)]
pub(super) struct Key {
    /// Its name in the headers of tokens.
    pub(super) id: Option<String>,
    /// The only algorithm it may be used with, when it says so.
    algorithm: Option<TokenAlgorithm>,
    material: Material,
}

/// What a key is made of.
#[derive(Clone)]
enum Material {
    Ed25519(Vec<u8>),
    /// A point, uncompressed.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Secret(Vec<u8>),
}

/// More keys than this make each token without a key's name expensive.
const MAX_KEYS: usize = 64;

// === impl KeySet ===

impl KeySet {
    /// Reads a JSON Web Key Set. Keys that are not for verifying, of a kind or an algorithm that is
    /// not known here, or too weak for any, are left out and counted.
    pub fn parse(text: &str) -> Result<Self, KeySetError> {
        let set: Value =
            serde_json::from_str(text).map_err(|error| KeySetError::Json(error.to_string()))?;
        let Some(Value::Array(listed)) = set.get("keys") else {
            return Err(KeySetError::NotASet);
        };
        if listed.len() > MAX_KEYS {
            return Err(KeySetError::TooMany(listed.len()));
        }
        let keys: Vec<_> = listed
            .iter()
            .filter_map(|key| Key::read(key.as_object()?))
            .collect();
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey(listed.len()));
        }
        let skipped = listed.len() - keys.len();
        Ok(Self { keys, skipped })
    }

    /// How many keys can be used.
    pub fn usable(&self) -> usize {
        self.keys.len()
    }

    /// How many keys were left out.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The keys that a token with this key's name may be signed by.
    pub(super) fn named(&self, id: Option<&str>) -> impl Iterator<Item = &Key> {
        self.keys
            .iter()
            .filter(move |key| id.is_none_or(|id| key.id.as_deref() == Some(id)))
    }
}

// === impl Key ===

impl std::fmt::Debug for Key {
    /// Without the key itself, which may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl Key {
    fn read(key: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| key.get(name).map(Value::as_str);
        if !matches!(text("use"), None | Some(Some("sig"))) {
            return None;
        }
        if let Some(operations) = key.get("key_ops") {
            let operations = operations.as_array()?;
            operations.iter().find(|it| **it == "verify")?;
        }
        let algorithm = match text("alg") {
            None => None,
            Some(name) => Some(algorithm(name?)?),
        };
        let id = match text("kid") {
            None => None,
            Some(id) => Some(id?.to_owned()),
        };
        let read = Self {
            id,
            algorithm,
            material: Material::read(key)?,
        };
        let usable = |algorithm: &TokenAlgorithm| read.is_for(*algorithm);
        TokenAlgorithm::ALL.iter().any(usable).then_some(read)
    }

    /// Whether this key may verify what this algorithm signed.
    pub(super) fn is_for(&self, algorithm: TokenAlgorithm) -> bool {
        use TokenAlgorithm as A;
        if self.algorithm.is_some_and(|only| only != algorithm) {
            return false;
        }
        match (&self.material, algorithm) {
            (Material::Ed25519(_), A::EdDsa)
            | (Material::P256(_), A::Es256)
            | (Material::P384(_), A::Es384)
            | (Material::Rsa { .. }, A::Ps256 | A::Rs256 | A::Rs384 | A::Rs512) => true,
            // A secret is as long as the hash at least (RFC 7518, section 3.2).
            (Material::Secret(secret), A::Hs256) => secret.len() >= 32,
            (Material::Secret(secret), A::Hs384) => secret.len() >= 48,
            (Material::Secret(secret), A::Hs512) => secret.len() >= 64,
            _ => false,
        }
    }

    /// Whether this key signed `message`; with an algorithm that it is not for it did not.
    pub(super) fn signed(&self, algorithm: TokenAlgorithm, message: &[u8], mark: &[u8]) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        let verified = match &self.material {
            Material::Ed25519(key) => {
                signature::UnparsedPublicKey::new(&signature::ED25519, key).verify(message, mark)
            }
            Material::P256(key) => {
                let with = &signature::ECDSA_P256_SHA256_FIXED;
                signature::UnparsedPublicKey::new(with, key).verify(message, mark)
            }
            Material::P384(key) => {
                let with = &signature::ECDSA_P384_SHA384_FIXED;
                signature::UnparsedPublicKey::new(with, key).verify(message, mark)
            }
            Material::Rsa { modulus, exponent } => {
                let key = signature::RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                };
                let with = match algorithm {
                    TokenAlgorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
                    TokenAlgorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    TokenAlgorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                };
                key.verify(with, message, mark)
            }
            Material::Secret(secret) => {
                let with = match algorithm {
                    TokenAlgorithm::Hs384 => hmac::HMAC_SHA384,
                    TokenAlgorithm::Hs512 => hmac::HMAC_SHA512,
                    _ => hmac::HMAC_SHA256,
                };
                hmac::verify(&hmac::Key::new(with, secret), message, mark)
            }
        };
        verified.is_ok()
    }
}

// === impl Material ===

impl Material {
    fn read(key: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let bytes = |name: &str| decoded(text(name)?);
        match (text("kty")?, text("crv")) {
            ("EC", Some("P-256")) => point(&bytes("x")?, &bytes("y")?, 32).map(Self::P256),
            ("EC", Some("P-384")) => point(&bytes("x")?, &bytes("y")?, 48).map(Self::P384),
            ("OKP", Some("Ed25519")) => bytes("x").filter(|key| key.len() == 32).map(Self::Ed25519),
            ("RSA", _) => {
                let (modulus, exponent) = (number(bytes("n")?), number(bytes("e")?));
                // 2,048 to 8,192 bits; smaller ones can be broken.
                let usable =
                    (256..=1_024).contains(&modulus.len()) && (1..=5).contains(&exponent.len());
                usable.then_some(Self::Rsa { modulus, exponent })
            }
            ("oct", _) => bytes("k").map(Self::Secret),
            _ => None,
        }
    }
}

/// The algorithm of this name, `None` when it is not one that is known here.
pub(super) fn algorithm(name: &str) -> Option<TokenAlgorithm> {
    TokenAlgorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm.as_str() == name)
}

/// The bytes of base64url without padding, in its one spelling (RFC 7515, section 2).
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

fn point(x: &[u8], y: &[u8], length: usize) -> Option<Vec<u8>> {
    let fits = x.len() == length && y.len() == length;
    // 4: both coordinates follow (SEC 1, section 2.3.3).
    fits.then(|| [&[4], x, y].concat())
}

/// A number without zeros in front, which some put there.
fn number(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}
