//! Which stored responses are being renewed in the background, and which had better not be yet.
//!
//! One renewal per key at a time, and a growing wait after each failure; both are decided in
//! [`engine::renewal`] (TRAPS row 21). **Memory is bounded**: when a shard is full, the failure whose
//! wait ends first is forgotten, which costs the origin one request too many. Renewals under way are
//! never forgotten; when there are only those, no new one begins.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use engine::renewal::{Renewal, Setbacks};
use parking_lot::Mutex;

const SHARDS: usize = 16;
/// How many keys one shard remembers.
const KEYS_PER_SHARD: usize = 512;

type Shard = HashMap<u128, Standing>;

/// Every renewal of this process.
#[derive(Debug)]
pub(crate) struct Renewals {
    shards: [Mutex<Shard>; SHARDS],
    failed: AtomicU64,
    succeeded: AtomicU64,
}

/// The right to renew one key. Dropping it without a word counts as a failure.
#[derive(Debug)]
pub(crate) struct Ticket {
    renewals: Arc<Renewals>,
    key: u128,
    setbacks: Setbacks,
    end: End,
}

/// How things stand with one key.
#[derive(Clone, Copy, Debug)]
enum Standing {
    /// The last renewal ended without a word. Nobody knows when, so its wait begins when the next
    /// one asks.
    Dropped(Setbacks),
    /// The last renewal failed.
    Resting(Setbacks),
    /// It is being renewed.
    Underway,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Said,
    Unsaid,
}

// === impl Renewals ===

impl Default for Renewals {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            failed: AtomicU64::new(0),
            succeeded: AtomicU64::new(0),
        }
    }
}

impl Renewals {
    /// The right to renew the key of this hash, unless it is being renewed, or failed a short while
    /// before `now` (monotonic).
    pub(crate) fn begin(self: &Arc<Self>, key: u128, now: Duration) -> Option<Ticket> {
        let mut shard = self.shard(key).lock();
        let setbacks = match shard.get(&key) {
            None => {
                make_room(&mut shard)?;
                Setbacks::default()
            }
            Some(Standing::Dropped(setbacks)) => {
                let failed = setbacks.failed(now, fastrand::u32(..));
                shard.insert(key, Standing::Resting(failed));
                return None;
            }
            Some(Standing::Resting(setbacks)) => match setbacks.decide(now) {
                Renewal::BackingOff(_) => return None,
                Renewal::Begin => setbacks.at(now),
            },
            Some(Standing::Underway) => return None,
        };
        shard.insert(key, Standing::Underway);
        Some(Ticket {
            renewals: Arc::clone(self),
            key,
            setbacks,
            end: End::Unsaid,
        })
    }

    /// How many have failed since the process began.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// How many have brought something fresh since the process began.
    pub(crate) fn succeeded(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// Whether the key of this hash failed so short a while before `now` that it is left alone.
    pub(crate) fn is_resting(&self, key: u128, now: Duration) -> bool {
        match self.shard(key).lock().get(&key) {
            Some(Standing::Resting(setbacks)) => {
                matches!(setbacks.decide(now), Renewal::BackingOff(_))
            }
            Some(Standing::Dropped(_) | Standing::Underway) | None => false,
        }
    }

    /// Forgets the failures of a key that has been fetched again.
    pub(crate) fn forgive(&self, key: u128) {
        let mut shard = self.shard(key).lock();
        if let Some(Standing::Dropped(_) | Standing::Resting(_)) = shard.get(&key) {
            shard.remove(&key);
        }
    }

    fn shard(&self, key: u128) -> &Mutex<Shard> {
        &self.shards[key as usize % SHARDS]
    }

    fn leave(&self, key: u128, standing: Option<Standing>) {
        let mut shard = self.shard(key).lock();
        match (shard.entry(key), standing) {
            (Entry::Occupied(mut entry), Some(standing)) => {
                entry.insert(standing);
            }
            (Entry::Occupied(entry), None) => {
                entry.remove();
            }
            // It is there for as long as it is under way.
            (Entry::Vacant(_), _) => {}
        }
    }
}

/// Makes room for one more key; `None` when all of them are being renewed.
fn make_room(shard: &mut Shard) -> Option<()> {
    if shard.len() < KEYS_PER_SHARD {
        return Some(());
    }
    let resting = shard.iter().filter_map(|(key, standing)| match standing {
        Standing::Dropped(setbacks) | Standing::Resting(setbacks) => {
            Some((*key, setbacks.not_before()))
        }
        Standing::Underway => None,
    });
    let (first, _) = resting.min_by_key(|(_, not_before)| *not_before)?;
    shard.remove(&first);
    Some(())
}

// === impl Ticket ===

impl Ticket {
    /// The key is fresh again.
    pub(crate) fn succeeded(mut self) {
        self.end = End::Said;
        self.renewals.succeeded.fetch_add(1, Ordering::Relaxed);
        self.renewals.leave(self.key, None);
    }

    /// It failed at `now` (monotonic).
    pub(crate) fn failed(mut self, now: Duration) {
        self.end = End::Said;
        let failed = self.setbacks.failed(now, fastrand::u32(..));
        self.renewals.failed.fetch_add(1, Ordering::Relaxed);
        self.renewals
            .leave(self.key, Some(Standing::Resting(failed)));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.end == End::Unsaid {
            let dropped = Standing::Dropped(self.setbacks);
            self.renewals.leave(self.key, Some(dropped));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn renewals() -> Arc<Renewals> {
        Arc::default()
    }

    /// TRAPS 21.
    #[test]
    fn one_renewal_per_key_at_a_time() {
        let renewals = renewals();
        let ticket = renewals.begin(1, SECOND).unwrap();
        assert!(renewals.begin(1, SECOND).is_none());
        let _other = renewals.begin(2, SECOND).unwrap();
        ticket.succeeded();
        assert!(renewals.begin(1, SECOND).is_some());
    }

    /// TRAPS 21.
    #[test]
    fn a_key_that_keeps_failing_is_tried_less_and_less_often() {
        let renewals = renewals();
        let mut tries = 0;
        for now in 0..600 {
            if let Some(ticket) = renewals.begin(1, now * SECOND) {
                tries += 1;
                ticket.failed(now * SECOND);
            }
        }
        // 1 + 2 + 4 + .. + 32 s, and then one a minute, or up to twice as many by chance.
        assert!((14..=28).contains(&tries), "{tries} tries in ten minutes");
    }

    #[test]
    fn success_forgives_all_failures() {
        let renewals = renewals();
        let mut now = Duration::ZERO;
        for _ in 0..5 {
            renewals.begin(1, now).unwrap().failed(now);
            assert!(renewals.begin(1, now).is_none());
            now += 100 * SECOND;
        }
        renewals.begin(1, now).unwrap().succeeded();
        renewals.begin(1, now).unwrap().failed(now);
        assert!(renewals.begin(1, now + SECOND).is_some());
    }

    #[test]
    fn a_dropped_ticket_is_a_failure_whose_wait_begins_with_the_next_who_asks() {
        let renewals = renewals();
        drop(renewals.begin(1, Duration::ZERO).unwrap());
        let asked = 100 * SECOND;
        assert!(renewals.begin(1, asked).is_none());
        assert!(renewals.begin(1, asked + SECOND / 3).is_none());
        assert!(renewals.begin(1, asked + SECOND).is_some());
    }

    #[test]
    fn memory_is_bounded_and_what_is_under_way_is_never_forgotten() {
        let renewals = renewals();
        let all = (KEYS_PER_SHARD * SHARDS) as u128;
        let running = renewals.begin(all + 16, SECOND).unwrap();
        for key in 0..3 * all {
            if let Some(ticket) = renewals.begin(key, SECOND) {
                ticket.failed(SECOND);
            }
        }
        let keys: usize = renewals.shards.iter().map(|it| it.lock().len()).sum();
        assert_eq!(keys, KEYS_PER_SHARD * SHARDS);
        assert!(renewals.begin(all + 16, SECOND).is_none());
        drop(running);
    }

    #[test]
    fn no_renewal_begins_while_too_many_are_under_way() {
        let renewals = renewals();
        let same_shard = |n: usize| (n * SHARDS) as u128;
        let mut running: Vec<_> = (0..KEYS_PER_SHARD)
            .map(|n| renewals.begin(same_shard(n), SECOND).unwrap())
            .collect();
        let one_more = same_shard(KEYS_PER_SHARD);
        assert!(renewals.begin(one_more, SECOND).is_none());
        running.pop().unwrap().succeeded();
        assert!(renewals.begin(one_more, SECOND).is_some());
    }
}
