//! Where the keys are.

use std::{io, path::PathBuf, time::Duration};

use engine::identity::KeysRefreshed;
use policy::JwksSource;
use tokio::{io::AsyncReadExt as _, time::timeout};

use super::fetch::{self, Place};
use crate::upstream::TlsClient;

/// The longest set of keys that is read, in bytes; it has room for some hundred keys.
pub(super) const LONGEST: usize = 256 << 10;

/// Where to look.
#[derive(Debug)]
pub(super) enum Source {
    File(PathBuf),
    Url { place: Place, timeout: Duration },
}

/// A look that found nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Setback {
    pub(super) outcome: KeysRefreshed,
    /// For the operator.
    pub(super) reason: String,
}

// === impl Source ===

impl Source {
    pub(super) fn of(policy: &JwksSource) -> Result<Self, fetch::UrlError> {
        Ok(match policy {
            JwksSource::File(path) => Self::File(path.clone()),
            JwksSource::Url { url, timeout } => Self::Url {
                place: Place::of(url)?,
                timeout: *timeout,
            },
        })
    }

    /// The text of the keys, at most [`LONGEST`] bytes of it.
    pub(super) async fn look(&self, tls: &TlsClient) -> Result<Vec<u8>, Setback> {
        match self {
            Self::File(path) => match read(path).await {
                Ok(text) if text.len() > LONGEST => Err(Setback::oversized()),
                Ok(text) => Ok(text),
                Err(error) => Err(Setback::new(
                    KeysRefreshed::Unreachable,
                    format!("{}: {error}", path.display()),
                )),
            },
            Self::Url {
                place,
                timeout: most,
            } => match timeout(*most, fetch::fetch(place, tls)).await {
                Ok(fetched) => fetched,
                Err(_) => Err(Setback::new(
                    KeysRefreshed::TimedOut,
                    format!("no keys within {} ms", most.as_millis()),
                )),
            },
        }
    }
}

async fn read(path: &PathBuf) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut text).await?;
    Ok(text)
}

// === impl Setback ===

impl Setback {
    pub(super) fn new(outcome: KeysRefreshed, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { outcome, reason }
    }

    pub(super) fn oversized() -> Self {
        let reason = format!("more than {LONGEST} bytes");
        Self::new(KeysRefreshed::Oversized, reason)
    }
}
