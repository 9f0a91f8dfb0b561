//! What responses said in `No-Vary-Search`, by the path they were for.
//!
//! The key of a request depends on what an earlier response for the same path said; so that is
//! remembered here, in bounded memory, apart from the responses.

use std::sync::Arc;

use engine::cache::{key::KeyParts, search::SearchVariance};
use moka::sync::Cache;
use policy::{QueryKey, Scheme};

/// The bytes that are remembered at most.
const CAPACITY: u64 = 1 << 20;
/// What an entry costs beyond its key and its rule.
const ENTRY_OVERHEAD: usize = 320;

/// The rules, by path.
#[derive(Clone, Debug)]
pub struct SearchVariances {
    rules: Cache<Box<[u8]>, Arc<SearchVariance>>,
}

// === impl SearchVariances ===

impl Default for SearchVariances {
    fn default() -> Self {
        Self {
            rules: Cache::<Box<[u8]>, Arc<SearchVariance>>::builder()
                .max_capacity(CAPACITY)
                .weigher(|path, rule| {
                    let weight = path.len() + rule.weight() + ENTRY_OVERHEAD;
                    u32::try_from(weight).unwrap_or(u32::MAX)
                })
                .build(),
        }
    }
}

impl SearchVariances {
    /// What was last said for the path of these parts.
    pub fn get(&self, parts: &KeyParts<'_>) -> Option<Arc<SearchVariance>> {
        self.rules.get(path_of(parts).as_slice())
    }

    /// Remembers what a response for the path of these parts said.
    pub fn remember(&self, parts: &KeyParts<'_>, said: Option<SearchVariance>) {
        let path = path_of(parts);
        match said {
            Some(rule) => self.rules.insert(path.into(), Arc::new(rule)),
            None => self.rules.invalidate(path.as_slice()),
        }
    }
}

fn path_of(parts: &KeyParts<'_>) -> Vec<u8> {
    let path = KeyParts {
        // One rule for all ways to the same path, so that a purge of its URL finds it.
        scheme: Scheme::Http,
        port: 0,
        query: None,
        user: None,
        body: None,
        ..*parts
    };
    let mut bytes = Vec::new();
    path.encode(&QueryKey::default(), None, &mut bytes);
    bytes
}
