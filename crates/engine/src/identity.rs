//! Who is asking, proved by a signed token (RFC 7515, RFC 7519).
//!
//! What a token claims counts only when one of the operator's keys signed it, with an algorithm that
//! the operator allows, for here and for now. Everything else about it is refused, with the reason;
//! what follows from that is the caller's decision. A request without a token is nobody's, which is
//! not a mistake.
//!
//! **The key decides, not the token.** A token says which algorithm signed it, and attackers choose
//! what it says: `none`, or HMAC keyed with the text of a public key. Here the algorithm has to be
//! allowed by the operator and be one of the kind of key that is held, before anything is computed.
//!
//! **Cost.** A signature costs far more than anything else in a request. [`present`] finds the token
//! so that the caller may know it from before; [`verify`] does both. What is known from before ends
//! at [`Claims::expires_at`].

mod claims;
mod keys;
mod refreshed;
mod token;

use http::HeaderMap;
use policy::TokenSource;

pub use self::{
    claims::Claims,
    keys::{KeySet, KeySetError},
    refreshed::KeysRefreshed,
};
use crate::{cache::persona::cookies, time::Now};

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request carries no token.
    Nobody,
    /// It carries one that proves nothing.
    Rejected(Rejection),
    /// It carries one that proves this.
    Somebody(Claims),
}

/// Whether a request carries a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented<'a> {
    /// It does not.
    Nothing,
    /// It carries something that cannot be one.
    Rejected(Rejection),
    /// It carries this one, of which nothing is known yet.
    Token(&'a str),
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// Its algorithm is none of those that are allowed.
    Algorithm,
    /// It is meant for somebody else.
    Audience,
    /// It asks for something in `crit` that is not understood (RFC 7515, section 4.1.11).
    Critical,
    /// Its time is over.
    Expired,
    /// Somebody else issued it.
    Issuer,
    /// The key it names is not one for its algorithm.
    KeyKind,
    /// It cannot be read.
    Malformed,
    /// There is no key yet that it could be verified with.
    NoKeys,
    /// Its time has not come.
    NotYetValid,
    /// It is longer than 8 KiB.
    Oversized,
    /// The request carries several, and which one counts would be a guess.
    Repeated,
    /// Nobody whose key is held signed it.
    Signature,
    /// The key it names is not held.
    UnknownKey,
    /// It says that nobody signed it: `alg` is `none`.
    Unsigned,
}

/// The longest token, in bytes.
pub const MAX_TOKEN: usize = 8 << 10;

/// Finds a request's token and verifies it.
pub fn verify(
    identity: &policy::Identity,
    keys: &KeySet,
    headers: &HeaderMap,
    now: Now,
) -> Verdict {
    match present(&identity.source, headers) {
        Presented::Nothing => Verdict::Nobody,
        Presented::Rejected(reason) => Verdict::Rejected(reason),
        Presented::Token(token) => match verify_token(identity, keys, token, now) {
            Ok(claims) => Verdict::Somebody(claims),
            Err(reason) => Verdict::Rejected(reason),
        },
    }
}

/// Verifies a token that [`present`] found.
///
/// The answer is the same until [`Claims::expires_at`], as long as settings and keys are.
pub fn verify_token(
    identity: &policy::Identity,
    keys: &KeySet,
    token: &str,
    now: Now,
) -> Result<Claims, Rejection> {
    token::verify(identity, keys, token, now.wall)
}

/// Finds a request's token.
pub fn present<'a>(source: &TokenSource, headers: &'a HeaderMap) -> Presented<'a> {
    let found = match source {
        TokenSource::Bearer => {
            let lines = headers.get_all(http::header::AUTHORIZATION).iter();
            only(lines.map(http::HeaderValue::as_bytes)).map(|line| line.map(bearer))
        }
        TokenSource::Cookie(name) => only(cookies(headers, name.as_bytes())).map(|it| it.map(Some)),
        TokenSource::Header(name) => {
            let lines = headers.get_all(name).iter();
            only(lines.map(|line| line.as_bytes().trim_ascii())).map(|it| it.map(Some))
        }
    };
    match found {
        Err(reason) => Presented::Rejected(reason),
        // Credentials of another kind are nobody's business here.
        Ok(None | Some(None)) => Presented::Nothing,
        Ok(Some(Some(token))) if token.len() > MAX_TOKEN => {
            Presented::Rejected(Rejection::Oversized)
        }
        Ok(Some(Some(token))) => match std::str::from_utf8(token) {
            Ok(token) => Presented::Token(token),
            Err(_) => Presented::Rejected(Rejection::Malformed),
        },
    }
}

// === impl Rejection ===

impl Rejection {
    /// Its name in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::Audience => "audience",
            Self::Critical => "critical",
            Self::Expired => "expired",
            Self::Issuer => "issuer",
            Self::KeyKind => "key_kind",
            Self::Malformed => "malformed",
            Self::NoKeys => "no_keys",
            Self::NotYetValid => "not_yet_valid",
            Self::Oversized => "oversized",
            Self::Repeated => "repeated",
            Self::Signature => "signature",
            Self::UnknownKey => "unknown_key",
            Self::Unsigned => "unsigned",
        }
    }
}

/// The only value, `None` when there is none.
fn only<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<Option<&'a [u8]>, Rejection> {
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Rejection::Repeated),
        (value, None) => Ok(value),
    }
}

/// The token of `Authorization: Bearer` (RFC 6750, section 2.1), `None` for another scheme.
fn bearer(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let end = line
        .iter()
        .position(|byte| *byte == b' ')
        .unwrap_or(line.len());
    let (scheme, token) = line.split_at(end);
    scheme
        .eq_ignore_ascii_case(b"bearer")
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests;
