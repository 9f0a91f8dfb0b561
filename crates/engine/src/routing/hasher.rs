//! A fast, fixed hash for the names in a configuration.
//!
//! The tables are filled from the operator's file only, so a client cannot choose what collides, and
//! the randomly keyed default hash would buy nothing.

use std::hash::{BuildHasher, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Makes [`FieldHasher`]s.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BuildFieldHasher;

/// Hashes one text.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldHasher(u64);

impl BuildHasher for BuildFieldHasher {
    type Hasher = FieldHasher;

    fn build_hasher(&self) -> FieldHasher {
        FieldHasher(0)
    }
}

impl Hasher for FieldHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    /// The end mark of a text, which says nothing when there is only one text.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
