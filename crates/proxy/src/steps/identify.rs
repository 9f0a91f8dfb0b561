//! Who is asking, where the cache key has to know it.

use std::sync::Arc;

use engine::{
    cache::{
        persona,
        request::{Lookup, Partition},
    },
    identity::{self, Claims, Presented, Rejection},
    outcome::BypassReason,
    time::Now,
};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use policy::{CacheKey, Dimension, TokenSource};

use crate::snapshot::Snapshot;

/// Who is asking.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// Nobody in particular, or nobody wants to know.
    Anybody,
    /// Somebody whose token was verified.
    Known(Arc<Claims>),
}

/// Finds out who is asking, if `key` has to know it: `prove` says what the request's token proves. A
/// token that proves nothing keeps its request away from the cache: it must not get what belongs to
/// nobody, nor what belongs to somebody.
pub(crate) fn identify(
    key: &CacheKey,
    prove: impl FnOnce() -> Result<Asker, Rejection>,
) -> Result<Asker, BypassReason> {
    let is_claim = |dimension: &Dimension| matches!(dimension, Dimension::Claim(_));
    if key.per_user.is_none() && !key.dimensions.iter().any(is_claim) {
        return Ok(Asker::Anybody);
    }
    let asker = prove().map_err(|_| BypassReason::Unverified)?;
    // Somebody whom the claim does not name is not nobody: nobody's answers are for everybody.
    match (&key.per_user, asker.claims()) {
        (Some(claim), Some(claims)) if claims.get(claim).is_none() => Err(BypassReason::Unverified),
        _ => Ok(asker),
    }
}

/// Finds out who is asking, whoever wants to know, and why their token proves nothing.
pub(crate) fn prove(
    snapshot: &Snapshot,
    headers: &HeaderMap,
    now: Now,
) -> Result<Asker, Rejection> {
    let Some(identity) = &snapshot.identity else {
        return Ok(Asker::Anybody);
    };
    match identity::present(&identity.policy.source, headers) {
        Presented::Nothing => Ok(Asker::Anybody),
        Presented::Rejected(rejection) => Err(rejection),
        Presented::Token(token) => identity.verify(token, now).map(Asker::Known),
    }
}

/// A token is a credential wherever it stands, so that RFC 9111, section 3.5 is about it, too.
pub(crate) fn note_credentials(snapshot: &Snapshot, headers: &HeaderMap, known: &mut Lookup) {
    if let Some(identity) = &snapshot.identity
        && known.partition == Partition::Shared
        && tokens(&identity.policy.source, headers).next().is_some()
    {
        known.authorization = true;
    }
}

/// What a request carries where tokens are, verified or not.
pub(crate) fn tokens<'a>(
    source: &'a TokenSource,
    headers: &'a HeaderMap,
) -> impl Iterator<Item = &'a [u8]> {
    let lines = match source {
        TokenSource::Bearer => Some(headers.get_all(AUTHORIZATION)),
        TokenSource::Header(name) => Some(headers.get_all(name)),
        TokenSource::Cookie(_) => None,
    };
    let cookie = match source {
        TokenSource::Cookie(name) => persona::cookie(headers, name.as_bytes()),
        TokenSource::Bearer | TokenSource::Header(_) => None,
    };
    let lines = lines.into_iter().flatten().map(HeaderValue::as_bytes);
    lines.chain(cookie)
}

// === impl Asker ===

impl Asker {
    /// What their token claims.
    pub(crate) fn claims(&self) -> Option<&Claims> {
        match self {
            Self::Anybody => None,
            Self::Known(claims) => Some(claims),
        }
    }

    /// The user whose partition the request is for.
    pub(crate) fn user(&self, key: &CacheKey) -> Option<&str> {
        self.claims()?.get(key.per_user.as_deref()?)
    }
}
