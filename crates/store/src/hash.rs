//! Hashes of keys, seeded per process, so that nobody outside can aim at collisions.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::OnceLock,
};

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

static SEED: OnceLock<u64> = OnceLock::new();

/// The 128-bit hash of a key, good for this process only.
pub fn hash(key: &[u8]) -> u128 {
    xxh3_128_with_seed(key, seed())
}

/// The 128-bit hash of several parts, as if they were one; good for this process only.
///
/// The caller sees to it that different parts make different bytes.
pub fn hash_of(parts: &[&[u8]]) -> u128 {
    let mut joined = [0; 256];
    let length: usize = parts.iter().map(|part| part.len()).sum();
    if length > joined.len() {
        return hash(&parts.concat());
    }
    let mut used = 0;
    for part in parts {
        joined[used..used + part.len()].copy_from_slice(part);
        used += part.len();
    }
    hash(&joined[..used])
}

fn seed() -> u64 {
    *SEED.get_or_init(|| RandomState::new().hash_one(0_u8))
}

/// Hashes whole byte strings at once; a streaming hasher would spend more on its own set-up.
#[derive(Clone, Debug)]
pub(crate) struct KeyHasher(u64);

/// Makes [`KeyHasher`]s.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyHashers;

// === impl KeyHashers ===

impl BuildHasher for KeyHashers {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher(seed())
    }
}

// === impl KeyHasher ===

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_usize(&mut self, length: usize) {
        // The length that precedes the bytes of a slice: the bytes are hashed with theirs anyway.
        self.0 = self.0.wrapping_add(length as u64);
    }
}
