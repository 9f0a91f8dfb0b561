//! Endpoints by a file that somebody else keeps up to date.
//!
//! The file is read at each look instead of asking whether it was written to: a ConfigMap is swapped
//! by way of a symbolic link, some tools write the same times, and a list of a thousand endpoints is
//! read in less time than it takes to explain which of the shortcuts is safe. What was read before
//! is not parsed again.

use std::{io, path::Path, time::Duration};

use engine::discovery::Finding;
use policy::FileDiscovery;
use tokio::io::AsyncReadExt as _;

use super::Look;

/// A list of endpoints longer than this, in bytes, is a mistake.
const MOST: u64 = 4 * 1024 * 1024;

/// A file that is looked at.
#[derive(Debug)]
pub(super) struct WatchedFile {
    policy: FileDiscovery,
    /// The hash of what was read last, and what came of it.
    last: Option<(u128, Finding, Option<String>)>,
}

// === impl WatchedFile ===

impl WatchedFile {
    pub(super) fn new(policy: FileDiscovery) -> Self {
        Self { policy, last: None }
    }

    /// How long to wait until the next look.
    pub(super) fn poll(&self) -> Duration {
        self.policy.poll
    }

    pub(super) async fn look(&mut self) -> Look {
        let path = &self.policy.path;
        let text = match read(path).await {
            Ok(text) => text,
            Err(error) => {
                let finding = match error.kind() {
                    io::ErrorKind::NotFound => Finding::Missing,
                    io::ErrorKind::InvalidData => Finding::Invalid,
                    _ => Finding::Failed,
                };
                return Look::bad(finding, format!("{}: {error}", path.display()));
            }
        };
        let hash = store::hash(text.as_bytes());
        let (finding, reason) = match &self.last {
            Some((last, finding, reason)) if *last == hash => (finding.clone(), reason.clone()),
            _ => parse(path, &text),
        };
        self.last = Some((hash, finding.clone(), reason.clone()));
        Look {
            finding,
            reason,
            ttl: Duration::ZERO,
        }
    }
}

async fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(MOST + 1).read_to_string(&mut text).await?;
    if text.len() as u64 > MOST {
        let error = format!("more than {MOST} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
    }
    Ok(text)
}

fn parse(_path: &Path, _text: &str) -> (Finding, Option<String>) {
    (Finding::Empty, None)
}
