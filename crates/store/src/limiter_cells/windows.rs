//! A history for each caller of a sliding window, as long as there is memory for it.

use std::time::Duration;

use engine::rate_limit::{History, MARK_BYTES, SlidingWindow};

use super::places::{Key, WAYS};
use crate::allocated::allocated;

/// Four tags, whose histories stand at the same places.
type Tags = [u64; WAYS];

/// The histories of callers that have one of their own.
#[derive(Debug)]
pub(super) struct Windows {
    /// Empty until they are needed.
    tags: Vec<Tags>,
    histories: Vec<Option<Box<History>>>,
    budget: usize,
    /// What the histories take.
    used: usize,
    /// No sweep before this: a table that stays full must not be swept for every newcomer.
    next_sweep: Duration,
}

/// The least time between two sweeps.
const SWEEP_PAUSE: Duration = Duration::from_millis(100);
const SLOT_BYTES: usize = size_of::<u64>() + size_of::<Option<Box<History>>>();
/// A history with its first marks.
const LEAST_HISTORY: usize = allocated(size_of::<History>()) + allocated(2 * MARK_BYTES);
const LEAST_BUCKETS: usize = 2;

// === impl Windows ===

impl Windows {
    pub(super) fn new(budget: usize) -> Self {
        let least = LEAST_BUCKETS * WAYS * (SLOT_BYTES + LEAST_HISTORY);
        Self {
            tags: Vec::new(),
            histories: Vec::new(),
            budget: budget.max(least),
            used: 0,
            next_sweep: Duration::ZERO,
        }
    }

    /// Lets `change` see a caller's history, and how many marks it may have; a newcomer's history is
    /// made by `begin`, unless it is to have no place. `None` when a newcomer gets none, or finds none.
    pub(super) fn update<T>(
        &mut self,
        key: Key,
        limit: &SlidingWindow,
        now: Duration,
        begin: impl FnOnce() -> Option<History>,
        change: impl FnOnce(&mut History, usize) -> T,
    ) -> Option<T> {
        if self.tags.is_empty() {
            let places = self.budget / (SLOT_BYTES + LEAST_HISTORY);
            let buckets = (places / WAYS).max(LEAST_BUCKETS);
            self.tags = vec![[0; WAYS]; buckets];
            self.histories = vec![None; buckets * WAYS];
            self.used = buckets * WAYS * SLOT_BYTES;
        }
        let place = match self.find(key) {
            Some(place) => place,
            None => self.claim(key, now, begin)?,
        };
        let left = self.budget.saturating_sub(self.used);
        let history = self.histories[place].as_deref_mut()?;
        let before = allocated(history.room() * MARK_BYTES);
        let full = allocated(limit.marks() * MARK_BYTES);
        let most = match full.saturating_sub(before) <= left {
            true => limit.marks(),
            false => history.room().max(1),
        };
        let changed = change(history, most);
        self.used = self.used - before + allocated(history.room() * MARK_BYTES);
        Some(changed)
    }

    /// The history of a caller that has one.
    pub(super) fn history(&self, key: Key) -> Option<&History> {
        if self.tags.is_empty() {
            return None;
        }
        self.histories[self.find(key)?].as_deref()
    }

    pub(super) fn len(&self) -> usize {
        self.tags
            .as_flattened()
            .iter()
            .filter(|tag| **tag != 0)
            .count()
    }

    /// What the histories take, or may take.
    pub(super) fn bytes(&self) -> usize {
        self.budget.max(self.used)
    }

    fn find(&self, key: Key) -> Option<usize> {
        key.buckets(self.tags.len()).into_iter().find_map(|bucket| {
            let way = self.tags[bucket].iter().position(|tag| *tag == key.tag)?;
            Some(bucket * WAYS + way)
        })
    }

    /// A place for a newcomer.
    fn claim(
        &mut self,
        key: Key,
        now: Duration,
        begin: impl FnOnce() -> Option<History>,
    ) -> Option<usize> {
        if self.budget.saturating_sub(self.used) < LEAST_HISTORY {
            self.sweep(now);
        }
        let buckets = key.buckets(self.tags.len());
        let [one, other] = buckets.map(|bucket| self.free(bucket, now));
        let (_, place) = if other.0 > one.0 { other } else { one };
        let place = place?;
        self.empty(place);
        if self.budget.saturating_sub(self.used) < LEAST_HISTORY {
            return None;
        }
        let history = Box::new(begin()?);
        self.used += bytes(&history);
        self.tags.as_flattened_mut()[place] = key.tag;
        self.histories[place] = Some(history);
        Some(place)
    }

    /// How many places of a bucket are free, and one of them.
    fn free(&self, bucket: usize, now: Duration) -> (usize, Option<usize>) {
        let mut free = (0, None);
        for place in bucket * WAYS..(bucket + 1) * WAYS {
            let history = self.histories[place].as_deref();
            if history.is_none_or(|history| history.is_spent(now)) {
                free = (free.0 + 1, Some(place));
            }
        }
        free
    }

    fn empty(&mut self, place: usize) {
        self.tags.as_flattened_mut()[place] = 0;
        if let Some(history) = self.histories[place].take() {
            self.used -= bytes(&history);
        }
    }

    fn sweep(&mut self, now: Duration) {
        // One that lies further ahead was set by a clock that was wrong.
        if self
            .next_sweep
            .checked_sub(now)
            .is_some_and(|ahead| ahead <= SWEEP_PAUSE)
        {
            return;
        }
        self.next_sweep = now + SWEEP_PAUSE;
        for place in 0..self.histories.len() {
            let history = self.histories[place].as_deref();
            if history.is_some_and(|history| history.is_spent(now)) {
                self.empty(place);
            }
        }
    }
}

fn bytes(history: &History) -> usize {
    allocated(size_of::<History>()) + allocated(history.room() * MARK_BYTES)
}
