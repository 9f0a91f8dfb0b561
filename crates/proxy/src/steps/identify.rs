//! Who is asking, where the cache key has to know it.

use std::sync::Arc;

use engine::{
    identity::{self, Claims, Presented},
    outcome::BypassReason,
    time::Now,
};
use http::HeaderMap;
use policy::{CacheKey, Dimension};

use crate::{sidecar::Sidecar, snapshot::Snapshot};

/// Who is asking.
#[derive(Debug)]
pub(crate) enum Asker {
    /// Nobody in particular, or nobody wants to know.
    Anybody,
    /// Somebody whose token was verified.
    Known(Arc<Claims>),
}

/// Finds out who is asking, if `key` has to know it. A token that proves nothing keeps its request
/// away from the cache: it must not get what belongs to nobody, nor what belongs to somebody.
pub(crate) fn identify(
    sidecar: &Sidecar,
    snapshot: &Snapshot,
    key: &CacheKey,
    headers: &HeaderMap,
    now: Now,
) -> Result<Asker, BypassReason> {
    let is_claim = |dimension: &Dimension| matches!(dimension, Dimension::Claim(_));
    if key.per_user.is_none() && !key.dimensions.iter().any(is_claim) {
        return Ok(Asker::Anybody);
    }
    let Some(identity) = &snapshot.identity else {
        return Ok(Asker::Anybody);
    };
    let token = match identity::present(&identity.policy.source, headers) {
        Presented::Nothing => return Ok(Asker::Anybody),
        Presented::Rejected(_) => return Err(BypassReason::Unverified),
        Presented::Token(token) => token,
    };
    if let Some(claims) = sidecar.tokens.get(token, now.wall) {
        return Ok(Asker::Known(claims));
    }
    match identity::verify_token(&identity.policy, &identity.keys, token, now) {
        Ok(claims) => Ok(Asker::Known(sidecar.tokens.remember(token, claims))),
        Err(rejection) => {
            tracing::debug!(reason = rejection.as_str(), "a token proves nothing");
            Err(BypassReason::Unverified)
        }
    }
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
