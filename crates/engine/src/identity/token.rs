//! A signed token in its compact form (RFC 7515, section 7.1) and its claims (RFC 7519, section 4.1).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use policy::TokenAlgorithm;
use serde_json::{Map, Value};

use super::{Claims, KeySet, MAX_TOKEN, Rejection, keys};

type Object = Map<String, Value>;

/// What is verified of a token's header.
struct Header<'a> {
    algorithm: TokenAlgorithm,
    key: Option<&'a str>,
}

/// Verifies a token from its signature to its claims.
pub(super) fn verify(
    identity: &policy::Identity,
    keys: &KeySet,
    token: &str,
    wall: SystemTime,
) -> Result<Claims, Rejection> {
    if token.len() > MAX_TOKEN {
        return Err(Rejection::Oversized);
    }
    let (signed, mark) = token.rsplit_once('.').ok_or(Rejection::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(Rejection::Malformed)?;
    if payload.contains('.') {
        return Err(Rejection::Malformed);
    }
    let header = object(header)?;
    let header = Header::read(&header, &identity.algorithms)?;
    let mark = keys::decoded(mark).ok_or(Rejection::Malformed)?;
    header.check(keys, signed.as_bytes(), &mark)?;
    // Nothing of what it claims was looked at before this.
    let claims = object(payload)?;
    let expires_at = check_time(&claims, identity.leeway, wall)?;
    check_parties(&claims, identity)?;
    Ok(Claims::new(&claims, expires_at))
}

// === impl Header ===

impl<'a> Header<'a> {
    fn read(header: &'a Object, allowed: &[TokenAlgorithm]) -> Result<Self, Rejection> {
        let name = match header.get("alg") {
            Some(Value::String(name)) => name,
            _ => return Err(Rejection::Malformed),
        };
        if name.eq_ignore_ascii_case("none") {
            return Err(Rejection::Unsigned);
        }
        let algorithm = keys::algorithm(name)
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or(Rejection::Algorithm)?;
        if header.contains_key("crit") {
            return Err(Rejection::Critical);
        }
        let key = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.as_str()),
            Some(_) => return Err(Rejection::Malformed),
        };
        Ok(Self { algorithm, key })
    }

    /// Whether one of the keys that the token may mean signed it.
    fn check(&self, keys: &KeySet, signed: &[u8], mark: &[u8]) -> Result<(), Rejection> {
        let mut found = Rejection::UnknownKey;
        for key in keys.named(self.key) {
            if !key.is_for(self.algorithm) {
                if found == Rejection::UnknownKey {
                    found = Rejection::KeyKind;
                }
                continue;
            }
            if key.signed(self.algorithm, signed, mark) {
                return Ok(());
            }
            found = Rejection::Signature;
        }
        Err(found)
    }
}

/// When the token ends, leeway included.
fn check_time(
    claims: &Object,
    leeway: Duration,
    wall: SystemTime,
) -> Result<Option<SystemTime>, Rejection> {
    // A time too far off to be told is never.
    let expires_at = match date(claims, "exp")? {
        Some(end) => UNIX_EPOCH.checked_add(end.saturating_add(leeway)),
        None => None,
    };
    if expires_at.is_some_and(|end| wall >= end) {
        return Err(Rejection::Expired);
    }
    if let Some(beginning) = date(claims, "nbf")? {
        let now = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        if now.saturating_add(leeway) < beginning {
            return Err(Rejection::NotYetValid);
        }
    }
    Ok(expires_at)
}

/// Seconds since 1970; times before it are its beginning.
fn date(claims: &Object, name: &str) -> Result<Option<Duration>, Rejection> {
    let seconds = match claims.get(name) {
        None => return Ok(None),
        Some(value) => value.as_f64().ok_or(Rejection::Malformed)?,
    };
    let date = Duration::try_from_secs_f64(seconds.max(0.0));
    Ok(Some(date.unwrap_or(Duration::MAX)))
}

fn check_parties(claims: &Object, identity: &policy::Identity) -> Result<(), Rejection> {
    let is = |value: &Value, wanted: &str| value.as_str() == Some(wanted);
    if let Some(issuer) = &identity.issuer
        && !claims.get("iss").is_some_and(|value| is(value, issuer))
    {
        return Err(Rejection::Issuer);
    }
    if let Some(audience) = &identity.audience {
        let meant = match claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(|value| is(value, audience)),
            Some(value) => is(value, audience),
            None => false,
        };
        if !meant {
            return Err(Rejection::Audience);
        }
    }
    Ok(())
}

fn object(part: &str) -> Result<Object, Rejection> {
    let bytes = keys::decoded(part).ok_or(Rejection::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Rejection::Malformed)
}
