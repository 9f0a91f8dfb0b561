//! The keys that tokens are verified with, read from their file.

use engine::identity::{KeySet, KeySetError};
use policy::JwksSource;

/// What is needed to know who is asking.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) policy: policy::Identity,
    pub(crate) keys: KeySet,
}

/// Keys that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read.
    #[error("identity.jwt.jwks_file {0}: {1}")]
    File(String, std::io::Error),
    /// Keys from elsewhere are not fetched yet.
    #[error("identity.jwt: keys are read from a file")]
    Url,
    /// What is in it is no set of keys.
    #[error("identity.jwt.jwks_file {0}: {1}")]
    Keys(String, KeySetError),
}

// === impl Identity ===

impl Identity {
    /// Reads the keys; they are read once, when the policies come into force.
    pub(crate) fn load(policy: &policy::Identity) -> Result<Self, IdentityError> {
        let JwksSource::File(path) = &policy.jwks else {
            return Err(IdentityError::Url);
        };
        let file = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return Err(IdentityError::File(file, error)),
        };
        let keys = match KeySet::parse(&text) {
            Ok(keys) => keys,
            Err(error) => return Err(IdentityError::Keys(file, error)),
        };
        if keys.skipped() > 0 {
            tracing::warn!(%file, skipped = keys.skipped(), "keys that cannot verify tokens are ignored");
        }
        Ok(Self {
            policy: policy.clone(),
            keys,
        })
    }
}
