//! How many requests each caller has in flight.
//!
//! A place is a value, [`InFlightPermit`], and is given back when the value is dropped: so there is no
//! way in which a request can end, a panic and a client that goes away included, that keeps its place.
//! A caller without requests takes no memory; there are never more callers than requests in flight.
//!
//! Who waits for a place stands in line behind those of the same caller who came before. A place that
//! is given back goes to the first of them, and is never free in between, so that no newcomer can
//! overtake.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    future::Future,
    hash::{BuildHasherDefault, Hasher},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

const SHARDS: usize = 16;
/// Of one caller, so many can wait, whatever the policy says: more would only wait in vain.
const MOST_WAITING: usize = 1024;
/// Maps that were once larger than this, and are empty, give their memory back.
const KEPT_CAPACITY: usize = 1024;

/// The requests in flight of every caller of every limit.
#[derive(Debug, Default)]
pub struct InFlightCells {
    shards: [Mutex<Counts>; SHARDS],
}

type Counts = HashMap<u128, Count, BuildHasherDefault<AlreadyHashed>>;

/// The keys are hashes already.
#[derive(Debug, Default)]
struct AlreadyHashed(u64);

/// A place of one request; dropping it gives the place back.
#[derive(Debug)]
#[must_use = "a place is given back as soon as its permit is dropped"]
pub struct InFlightPermit {
    cells: Arc<InFlightCells>,
    key: u128,
    state: State,
}

/// The turn of one who waits for a place: resolves to the place. Dropping it leaves the line.
#[derive(Debug)]
pub struct InFlightTurn(oneshot::Receiver<InFlightPermit>);

/// What a request gets that asks for a place.
#[derive(Debug)]
pub enum InFlight {
    /// All places are taken.
    Full,
    /// A place.
    Permit(InFlightPermit),
}

/// What a request gets that would wait for a place.
#[derive(Debug)]
pub enum InFlightLine {
    /// Too many wait already.
    Full,
    /// A place, at once.
    Permit(InFlightPermit),
    /// A turn to wait for.
    Turn(InFlightTurn),
}

#[derive(Debug, Default)]
struct Count {
    /// Places that are taken.
    taken: u32,
    line: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// As many places as there were when it came.
    max: u32,
    turn: oneshot::Sender<InFlightPermit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its place was given to somebody else, or back.
    Empty,
    /// It has a place.
    Held,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    No,
    Yes,
}

// === impl InFlightCells ===

impl InFlightCells {
    /// A place among `max` of this caller, if one is free and nobody waits for it; `key` is a
    /// [hash](crate::hash) of limit and caller.
    pub fn acquire(self: &Arc<Self>, key: u128, max: u32) -> InFlight {
        let mut shard = self.shard(key).lock();
        match shard.entry(key).or_default().take(max) {
            Taken::Yes => InFlight::Permit(InFlightPermit::held(self, key)),
            Taken::No => InFlight::Full,
        }
    }

    /// A place among `max` of this caller, or a turn to wait for. How long it waits is up to the
    /// caller of this.
    pub fn line_up(self: &Arc<Self>, key: u128, max: u32) -> InFlightLine {
        let mut shard = self.shard(key).lock();
        let count = shard.entry(key).or_default();
        if count.take(max) == Taken::Yes {
            return InFlightLine::Permit(InFlightPermit::held(self, key));
        }
        if count.line.len() >= MOST_WAITING {
            count.line.retain(|waiting| !waiting.turn.is_closed());
            if count.line.len() >= MOST_WAITING {
                return InFlightLine::Full;
            }
        }
        let (turn, wanted) = oneshot::channel();
        count.line.push_back(Waiting { max, turn });
        InFlightLine::Turn(InFlightTurn(wanted))
    }

    /// How many requests this caller has in flight.
    pub fn in_flight(&self, key: u128) -> u32 {
        self.shard(key)
            .lock()
            .get(&key)
            .map_or(0, |count| count.taken)
    }

    /// How many callers have requests in flight.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Whether nobody has a request in flight.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: u128) -> &Mutex<Counts> {
        &self.shards[(key >> 124) as usize % SHARDS]
    }

    /// Gives a place to the first in line, or back; `Some` is one whose place nobody has taken.
    fn give_back(self: &Arc<Self>, key: u128) {
        loop {
            let Some(waiting) = self.next_in_line(key) else {
                return;
            };
            // Outside of the lock: who has left drops the permit here.
            match waiting.turn.send(InFlightPermit::held(self, key)) {
                Ok(()) => return,
                Err(mut refused) => refused.state = State::Empty,
            }
        }
    }

    /// Who is to have the place that was given back; it is free when there is nobody.
    fn next_in_line(&self, key: u128) -> Option<Waiting> {
        let mut shard = self.shard(key).lock();
        let Entry::Occupied(mut entry) = shard.entry(key) else {
            return None;
        };
        let count = entry.get_mut();
        let taken = count.taken;
        if count.line.front().is_some_and(|first| taken <= first.max) {
            return count.line.pop_front();
        }
        count.taken -= 1;
        if count.taken == 0 {
            entry.remove();
            if shard.is_empty() && shard.capacity() > KEPT_CAPACITY {
                shard.shrink_to(KEPT_CAPACITY);
            }
        }
        None
    }
}

// === impl InFlightPermit ===

impl InFlightPermit {
    fn held(cells: &Arc<InFlightCells>, key: u128) -> Self {
        Self {
            cells: Arc::clone(cells),
            key,
            state: State::Held,
        }
    }
}

impl Drop for InFlightPermit {
    fn drop(&mut self) {
        if self.state == State::Held {
            self.cells.give_back(self.key);
        }
    }
}

// === impl InFlightTurn ===

impl Future for InFlightTurn {
    /// `None` when the cells are gone.
    type Output = Option<InFlightPermit>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(Result::ok)
    }
}

// === impl AlreadyHashed ===

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}

// === impl Count ===

impl Count {
    fn take(&mut self, max: u32) -> Taken {
        if self.taken >= max.max(1) || !self.line.is_empty() {
            return Taken::No;
        }
        self.taken += 1;
        Taken::Yes
    }
}

#[cfg(test)]
mod tests;
