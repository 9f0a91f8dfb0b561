//! What was written while something else was being read.
//!
//! A write makes what is stored obsolete, and takes it out; but a read that began before the write may
//! bring the old state after it, and would keep it for its whole lifetime. So a write leaves a mark, and
//! what was asked for before the mark is not stored. The marks are a fixed table, by hash: two keys that
//! share a slot cost each other a missed chance to store, never a wrong answer.

use std::sync::atomic::{AtomicU64, Ordering};

const SLOTS: usize = 4096;

/// The marks of every key.
#[derive(Debug)]
pub struct WriteMarks {
    writes: AtomicU64,
    slots: Box<[AtomicU64]>,
}

/// A moment among the writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// Whether a key was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Perhaps: it, or a key that shares its slot.
    Perhaps,
    /// Not since then.
    NotSince,
}

// === impl WriteMarks ===

impl Default for WriteMarks {
    fn default() -> Self {
        Self {
            writes: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl WriteMarks {
    /// The moment that is now; take it before the request is sent.
    pub fn now(&self) -> Moment {
        Moment(self.writes.load(Ordering::Acquire))
    }

    /// Marks the key with this hash as written to.
    pub fn mark(&self, key: u128) {
        let write = self.writes.fetch_add(1, Ordering::AcqRel) + 1;
        self.slot(key).fetch_max(write, Ordering::AcqRel);
    }

    /// Changes whenever the key with this hash is written to, and seldom else.
    pub fn stamp(&self, key: u128) -> u64 {
        self.slot(key).load(Ordering::Acquire)
    }

    /// Whether the key with this hash was written to after `then`.
    pub fn since(&self, key: u128, then: Moment) -> Written {
        if self.slot(key).load(Ordering::Acquire) > then.0 {
            Written::Perhaps
        } else {
            Written::NotSince
        }
    }

    fn slot(&self, key: u128) -> &AtomicU64 {
        &self.slots[key as usize % SLOTS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_before_a_write_is_doubtful() {
        let marks = WriteMarks::default();
        let before = marks.now();
        marks.mark(7);
        let after = marks.now();
        assert_eq!(marks.since(7, before), Written::Perhaps);
        assert_eq!(marks.since(7, after), Written::NotSince);
        assert_eq!(marks.since(8, before), Written::NotSince);
        marks.mark(8);
        assert_eq!(marks.since(7, after), Written::NotSince);
        assert_eq!(marks.since(8, after), Written::Perhaps);
    }
}
