//! Endpoints by a file that somebody else keeps up to date.
//!
//! The file is read at each look instead of asking whether it was written to: a ConfigMap is swapped
//! by way of a symbolic link, some tools write the same times, and a list of a thousand endpoints is
//! read in less time than it takes to explain which of the shortcuts is safe. What was read before
//! is not parsed again.

use std::{io, path::Path, time::Duration};

use engine::discovery::Finding;
use policy::{Balance, FileDiscovery, Source, parse_endpoints};
use tokio::io::AsyncReadExt as _;

use super::Look;

/// No more of a file is read, in bytes; what is too long is refused when it is parsed.
const MOST: u64 = 2 * 1024 * 1024;

/// A file that is looked at.
#[derive(Debug)]
pub(super) struct WatchedFile {
    policy: FileDiscovery,
    /// What weights are worth depends on it.
    balance: Balance,
    /// The hash of what was read last, and what came of it.
    last: Option<(u128, Finding, Option<String>)>,
}

// === impl WatchedFile ===

impl WatchedFile {
    pub(super) fn new(policy: FileDiscovery, balance: Balance) -> Self {
        Self {
            policy,
            balance,
            last: None,
        }
    }

    /// How long to wait until the next look.
    pub(super) fn poll(&self) -> Duration {
        self.policy.poll
    }

    pub(super) async fn look(&mut self) -> Look {
        let path = &self.policy.path;
        let bytes = match read(path).await {
            Ok(bytes) => bytes,
            Err(error) => {
                let finding = match error.kind() {
                    io::ErrorKind::NotFound => Finding::Missing,
                    _ => Finding::Failed,
                };
                return Look::bad(finding, format!("{}: {error}", path.display()));
            }
        };
        let hash = store::hash(&bytes);
        let (finding, reason) = match &self.last {
            Some((last, finding, reason)) if *last == hash => (finding.clone(), reason.clone()),
            _ => self.parse(&bytes),
        };
        self.last = Some((hash, finding.clone(), reason.clone()));
        Look {
            finding,
            reason,
            ttl: Duration::ZERO,
        }
    }
    fn parse(&self, bytes: &[u8]) -> (Finding, Option<String>) {
        let name = &self.policy.path.display().to_string();
        match parse_endpoints(Source { name, bytes }, self.balance) {
            Ok(endpoints) => (Finding::Found(endpoints), None),
            Err(mistakes) => (Finding::Invalid, Some(mistakes.render(false))),
        }
    }
}

async fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(MOST).read_to_end(&mut bytes).await?;
    Ok(bytes)
}
