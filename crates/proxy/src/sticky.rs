//! The cookies that bind clients to endpoints, at both ends of a request.
//!
//! They are a matter between the client and us. They are taken out of a request before the cache
//! sees it, so that they do not make it look like one user's; and they are put on the answer after
//! the cache has seen that, for the client that asked and for nobody else.

use std::sync::{Arc, OnceLock};

use engine::balance::sticky::{self, ShortKey, StickyKey};
use http::request;
use policy::{Mode, Policies, Sticky};
use tokio_rustls::rustls::crypto::ring::default_provider;

use crate::exchange::Exchange;

/// The names of all sticky cookies.
#[derive(Debug)]
pub(crate) struct StickyNames(Box<[Arc<str>]>);

/// A key for sticky cookies that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StickyKeyError {
    /// There is no chance to be had from the system.
    #[error("upstreams.sticky: the system gives no random numbers to make a key of")]
    Chance,
    /// The file cannot be read.
    #[error("upstreams.sticky.key_file {0}: {1}")]
    File(String, std::io::Error),
    /// What is in it is too short.
    #[error("upstreams.sticky.key_file {0}: {1}")]
    Short(String, ShortKey),
}

// === impl StickyNames ===

impl StickyNames {
    /// Those of all upstreams whose balancing is in force.
    pub(crate) fn new(policies: &Policies) -> Self {
        let mut names: Vec<Arc<str>> = policies
            .upstreams
            .iter()
            .filter(|upstream| upstream.balancing.mode == Mode::Enforce)
            .filter_map(|upstream| upstream.balancing.sticky.as_ref())
            .map(|sticky| Arc::from(sticky.cookie.as_str()))
            .collect();
        names.sort_unstable();
        names.dedup();
        Self(names.into())
    }
}

/// Takes the sticky cookies out of a request.
pub(crate) fn take(exchange: &mut Exchange, head: &mut request::Parts) {
    let names = &exchange.recording.snapshot.stickies.0;
    if !names.is_empty() {
        exchange.crumbs = sticky::take(&mut head.headers, names);
    }
}

/// The key that signs them: what is in the file without the white space around it, or one that is
/// forgotten with the process.
pub(crate) fn load_key(sticky: &Sticky) -> Result<StickyKey, StickyKeyError> {
    let Some(path) = &sticky.key_file else {
        return of_this_process();
    };
    let file = path.display().to_string();
    let secret = match std::fs::read(path) {
        Ok(secret) => secret,
        Err(error) => return Err(StickyKeyError::File(file, error)),
    };
    StickyKey::new(secret.trim_ascii()).map_err(|short| StickyKeyError::Short(file, short))
}

fn of_this_process() -> Result<StickyKey, StickyKeyError> {
    static KEY: OnceLock<StickyKey> = OnceLock::new();
    if let Some(key) = KEY.get() {
        return Ok(key.clone());
    }
    let mut secret = [0; 32];
    let random = default_provider().secure_random;
    if random.fill(&mut secret).is_err() {
        return Err(StickyKeyError::Chance);
    }
    let key = StickyKey::new(&secret).map_err(|_| StickyKeyError::Chance)?;
    Ok(KEY.get_or_init(|| key).clone())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn load(path: &Path) -> Result<StickyKey, StickyKeyError> {
        load_key(&Sticky {
            cookie: "at".to_owned(),
            key_file: Some(path.to_owned()),
            ttl: None,
        })
    }

    #[test]
    fn what_is_wrong_with_a_key_is_said() {
        let missing = load(Path::new("/nowhere/key")).unwrap_err().to_string();
        assert!(missing.contains("/nowhere/key"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "fifteen bytes!!\n").unwrap();
        let short = load(file.path()).unwrap_err().to_string();
        assert!(short.contains("has 15 bytes"), "{short}");
        std::fs::write(file.path(), "sixteen bytes!!!\n").unwrap();
        assert!(load(file.path()).is_ok());
    }
}
