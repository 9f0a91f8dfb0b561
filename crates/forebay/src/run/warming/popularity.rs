//! What was popular, across restarts: URLs and counts in a small file, never bodies.
//!
//! Written beside its place and moved there, so that a reader finds the old file or the new one and never
//! half of one. A file that is damaged, or not there, costs the warmth of one start and nothing else.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::Path,
    time::Duration,
};

use http::Uri;
use policy::{Popularity, Scheme, Warm};
use proxy::Sidecar;
use store::popularity::{Popular, decode, encode};
use tokio::time::{MissedTickBehavior, interval_at};

/// No more than this is read, in bytes.
const MOST_READ: u64 = 64 * 1024 * 1024;

/// After so long, what was popular counts half.
const HALF_LIFE: Duration = Duration::from_secs(3600);

/// Reads the file, goes on counting from there, and gives the URLs, most popular first.
pub(super) fn recall(sidecar: &Sidecar, warm: &Warm) -> Vec<Uri> {
    let (Some(Popularity { file, .. }), Some(counted)) = (&warm.popularity, sidecar.popularity())
    else {
        return Vec::new();
    };
    let mut known = match read(file) {
        Ok(known) => known,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let file = file.display().to_string();
            tracing::warn!(file, %error, "what was popular cannot be read");
            return Vec::new();
        }
    };
    known.sort_by_key(|popular| std::cmp::Reverse(popular.count));
    known.truncate(usize::try_from(warm.top.get()).unwrap_or(usize::MAX));
    let urls = known.iter().filter_map(url).collect();
    counted.load(known);
    urls
}

/// Writes the file now and then; never ends.
pub(super) async fn keep(sidecar: &Sidecar, warm: &Warm) {
    let (Some(Popularity { every, .. }), Some(counted)) = (&warm.popularity, sidecar.popularity())
    else {
        return std::future::pending().await;
    };
    let now = tokio::time::Instant::now();
    let mut writes = interval_at(now + *every, *every);
    let mut fades = interval_at(now + HALF_LIFE, HALF_LIFE);
    writes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = writes.tick() => write(sidecar, warm),
            _ = fades.tick() => counted.fade(),
        }
    }
}

/// Writes the file.
pub(super) fn write(sidecar: &Sidecar, warm: &Warm) {
    let (Some(Popularity { file, .. }), Some(counted)) = (&warm.popularity, sidecar.popularity())
    else {
        return;
    };
    let text = encode(&counted.snapshot());
    if let Err(error) = replace(file, text.as_bytes()) {
        let file = file.display().to_string();
        tracing::warn!(file, %error, "what is popular cannot be written");
    }
}

fn read(file: &Path) -> io::Result<Vec<Popular>> {
    let mut text = String::new();
    File::open(file)?
        .take(MOST_READ)
        .read_to_string(&mut text)?;
    decode(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = OsString::from(file);
    beside.push(".new");
    let mut new = File::create(&beside)?;
    new.write_all(bytes)?;
    new.sync_all()?;
    fs::rename(&beside, file)
}

fn url(popular: &Popular) -> Option<Uri> {
    let scheme = match popular.wanted.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let (host, target) = (&popular.wanted.host, &popular.wanted.target);
    format!("{scheme}://{host}{target}").parse().ok()
}
