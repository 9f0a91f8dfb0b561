//! What is asked for most, so that a new process can fetch it before it is asked.
//!
//! **A bounded sketch.** Space-saving counters (Metwally, Agrawal, El Abbadi, 2005): as many as were
//! paid for; a newcomer takes the place of the least asked-for and inherits its count, so that
//! whoever is asked for more often than `total / capacity` is certainly among them.
//!
//! **A hit pays nothing.** One request in [`SAMPLED`] is counted, chosen by bits that the caller has
//! drawn anyway, and one that would have to wait for the lock is not counted at all.
//!
//! **Yesterday fades.** [`Popularity::fade`] halves every count.

mod format;
mod sketch;

use std::sync::Arc;

use parking_lot::Mutex;
use policy::Scheme;

use self::sketch::Sketch;
use crate::hash;

pub use format::{FormatError, decode, encode};

/// One request in this many is counted.
const SAMPLED: u64 = 16;
/// Longer targets are not remembered, in bytes.
const LONGEST_TARGET: usize = 2048;

/// Something that can be asked for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How the client spoke to us.
    pub scheme: Scheme,
    /// The authority, with its port unless that is the scheme's own.
    pub host: Box<str>,
    /// Path and query as they were asked for.
    pub target: Box<str>,
}

/// Something that was asked for, and about how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popular {
    /// What.
    pub wanted: Wanted,
    /// How often it was counted, at most; samples, not requests.
    pub count: u64,
}

/// Counts what is asked for most, in bounded memory.
#[derive(Clone, Debug)]
pub struct Popularity {
    sketch: Arc<Mutex<Sketch>>,
}

// === impl Popularity ===

impl Popularity {
    /// Remembers the `capacity` most popular, at least one.
    pub fn new(capacity: usize) -> Self {
        Self {
            sketch: Arc::new(Mutex::new(Sketch::new(capacity))),
        }
    }

    /// Counts a request, if `draw`, evenly distributed bits of that request, says so.
    pub fn asked(&self, draw: u64, scheme: Scheme, host: &str, target: &str) {
        if !draw.is_multiple_of(SAMPLED) || target.len() > LONGEST_TARGET {
            return;
        }
        let Some(mut sketch) = self.sketch.try_lock() else {
            return;
        };
        let make = || Wanted {
            scheme,
            host: host.into(),
            target: target.into(),
        };
        sketch.count(hash_of(scheme, host, target), 1, make);
    }

    /// What is known, the most popular first.
    pub fn snapshot(&self) -> Vec<Popular> {
        let mut all = self.sketch.lock().all();
        all.sort_by(|one, other| {
            let text = |it: &Popular| (it.wanted.host.clone(), it.wanted.target.clone());
            other
                .count
                .cmp(&one.count)
                .then_with(|| text(one).cmp(&text(other)))
        });
        all
    }

    /// Adds what an earlier process knew.
    pub fn load(&self, known: impl IntoIterator<Item = Popular>) {
        let mut sketch = self.sketch.lock();
        for Popular { wanted, count } in known {
            let hash = hash_of(wanted.scheme, &wanted.host, &wanted.target);
            sketch.count(hash, count, || wanted);
        }
    }

    /// Halves every count, so that what was popular yesterday gives way.
    pub fn fade(&self) {
        self.sketch.lock().halve();
    }
}

fn hash_of(scheme: Scheme, host: &str, target: &str) -> u128 {
    let scheme: &[u8] = match scheme {
        Scheme::Http => b"h",
        Scheme::Https => b"s",
    };
    // No authority has a space in it.
    hash::hash_of(&[scheme, host.as_bytes(), b" ", target.as_bytes()])
}

#[cfg(test)]
mod tests;
