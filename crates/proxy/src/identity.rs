//! The keys that tokens are verified with, as they are now.
//!
//! **The last good keys stay** while a file is broken or a server does not answer: a fault of theirs
//! must not shut everybody out. Before there ever were any, no token proves anything.
//!
//! **What a key proved goes with it.** Tokens that were verified are remembered beside the keys that
//! verified them, and both are replaced together. A token of a key that was withdrawn is verified
//! anew, and fails.

mod fetch;
mod source;
mod watch;

use std::{pin::pin, sync::Arc};

use arc_swap::ArcSwapOption;
use engine::{
    identity::{self, Claims, KeySet, KeySetError, KeysRefreshed, Rejection},
    time::Now,
};
use policy::JwksSource;
use store::VerifiedTokens;
use tokio::sync::Notify;

pub(crate) use self::watch::watch;

/// What is needed to know who is asking.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) policy: policy::Identity,
    held: ArcSwapOption<Held>,
    /// Somebody came with a token of a key that is not held.
    missed: Notify,
}

/// Keys, and what they proved.
#[derive(Debug)]
struct Held {
    keys: KeySet,
    /// Of the text that they were read from.
    hash: u128,
    tokens: VerifiedTokens,
}

/// Keys that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read.
    #[error("identity.jwt.jwks_file {0}: {1}")]
    File(String, std::io::Error),
    /// What is in it is no set of keys.
    #[error("identity.jwt.jwks_file {0}: {1}")]
    Keys(String, KeySetError),
    /// The URL is none that keys can be asked of.
    #[error("identity.jwt.jwks_url {0}: {1}")]
    Url(String, fetch::UrlError),
}

// === impl Identity ===

impl Identity {
    /// Reads the keys of a file, which have to be there; those at a URL come later, so that the start
    /// does not depend on somebody else's server.
    pub(crate) fn load(policy: &policy::Identity) -> Result<Self, IdentityError> {
        let identity = Self {
            policy: policy.clone(),
            held: ArcSwapOption::empty(),
            missed: Notify::new(),
        };
        match &policy.jwks {
            JwksSource::File(path) => {
                let file = path.display().to_string();
                let bytes = match std::fs::read(path) {
                    Ok(bytes) => bytes,
                    Err(error) => return Err(IdentityError::File(file, error)),
                };
                if let Err(error) = identity.hold(&bytes) {
                    return Err(IdentityError::Keys(file, error));
                }
            }
            JwksSource::Url { url, .. } => {
                if let Err(error) = fetch::Place::of(url) {
                    return Err(IdentityError::Url(url.clone(), error));
                }
            }
        }
        Ok(identity)
    }

    /// Verifies a token, unless these keys have verified it before.
    pub(crate) fn verify(&self, token: &str, now: Now) -> Result<Arc<Claims>, Rejection> {
        let held = self.held.load();
        let Some(held) = &*held else {
            self.missed.notify_one();
            return Err(Rejection::NoKeys);
        };
        if let Some(claims) = held.tokens.get(token, now.wall) {
            return Ok(claims);
        }
        match identity::verify_token(&self.policy, &held.keys, token, now) {
            Ok(claims) => Ok(held.tokens.remember(token, claims)),
            Err(rejection) => {
                if rejection == Rejection::UnknownKey {
                    self.missed.notify_one();
                }
                tracing::debug!(reason = rejection.as_str(), "a token proves nothing");
                Err(rejection)
            }
        }
    }

    /// Whoever came with a token of an unknown key came before these keys.
    fn nobody_missed(&self) {
        let _taken_back = pin!(self.missed.notified()).as_mut().enable();
    }

    /// How many keys are held.
    pub(crate) fn usable(&self) -> usize {
        (self.held.load().as_ref()).map_or(0, |held| held.keys.usable())
    }

    /// Takes these keys instead of those that are held, if they are others.
    fn hold(&self, text: &[u8]) -> Result<KeysRefreshed, KeySetError> {
        let hash = store::hash(text);
        if (self.held.load().as_ref()).is_some_and(|held| held.hash == hash) {
            return Ok(KeysRefreshed::Unchanged);
        }
        let keys = KeySet::parse(&String::from_utf8_lossy(text))?;
        let (usable, skipped) = (keys.usable(), keys.skipped());
        if skipped > 0 {
            tracing::warn!(
                usable,
                skipped,
                "keys that cannot verify tokens are ignored"
            );
        }
        self.held.store(Some(Arc::new(Held {
            keys,
            hash,
            tokens: VerifiedTokens::default(),
        })));
        Ok(KeysRefreshed::Changed)
    }
}

#[cfg(test)]
mod tests;
