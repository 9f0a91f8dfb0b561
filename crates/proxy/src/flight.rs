//! Which fetches are under way, so that the next request for the same thing can wait for one.
//!
//! A flight is named by its key: the cache key and whatever else makes two requests differ. The
//! first to ask leads; the others follow and learn how the flight landed. What each of them does is
//! decided in [`engine::collapse`]; this is the table, and the waiting.
//!
//! **One lock per flight** orders everything that happens to it: who boards, how it lands, who leaves,
//! who takes it over. Whoever boards before the landing is therefore counted in it, and has a place
//! in the body however quickly that passes.
//!
//! **Nobody waits for ever.** A leader that ends without a word has failed, and a flight that nobody
//! leads belongs to the first follower that looks, or to the next request that comes.

mod follower;

use std::{collections::HashMap, sync::Arc, time::Duration};

use engine::{
    collapse::{self, Flying, Manner, Part, Succession},
    failure::Failure,
};
use parking_lot::Mutex;
use store::StoredResponse;
use tokio::sync::watch;

pub(crate) use self::follower::{Followed, Follower, Will};
use crate::fill::{Fill, Joinable};

const SHARDS: usize = 16;

type Shard = Mutex<HashMap<Arc<[u8]>, Arc<Flight>>>;

/// Every flight of this process.
#[derive(Debug)]
pub(crate) struct Flights {
    shards: [Shard; SHARDS],
}

/// A request's part in a flight.
#[derive(Debug)]
pub(crate) enum Boarding {
    /// What is under way is not for it.
    Alone,
    /// Somebody is fetching it; wait here.
    Follow(Follower),
    /// Nobody is; fetch it and say how it went.
    Lead(Lead),
}

/// The duty to say how a flight landed. Dropping it without a word is a failure.
#[derive(Debug)]
pub(crate) struct Lead {
    flight: Arc<Flight>,
    duty: Duty,
}

/// How a flight went.
#[derive(Clone, Debug)]
pub(crate) enum Landing {
    /// The response is not for sharing: go alone.
    Alone,
    /// Its leader may not ask, which is nobody else's fault: look for another flight.
    Cancelled,
    /// There was no response.
    Failed(Unanswered),
    /// The response may be shared; its body is arriving.
    Filling(Filling),
    /// The response is in the cache, fresh again.
    Stored(Arc<StoredResponse>),
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unanswered {
    pub(crate) failure: Failure,
    /// When asking again makes sense, if that is known: followers must not come back sooner than
    /// who led them.
    pub(crate) retry_after: Option<Duration>,
}

/// A shareable response whose body is arriving.
#[derive(Clone, Debug)]
pub(crate) struct Filling {
    /// Its head, as it would be stored; the body is empty here.
    pub(crate) head: Arc<StoredResponse>,
    /// Its body.
    pub(crate) fill: Arc<Fill>,
    /// The declared length of the body.
    pub(crate) length: Option<u64>,
}

#[derive(Debug)]
struct Flight {
    flights: Arc<Flights>,
    key: Arc<[u8]>,
    hash: u128,
    crew: Mutex<Crew>,
    signal: watch::Sender<Signal>,
}

/// What the lock of a flight guards.
#[derive(Debug, Default)]
struct Crew {
    stage: Stage,
    /// The body, once there is one.
    fill: Option<Arc<Fill>>,
    /// Followers on board.
    followers: usize,
    /// Followers that have ever boarded.
    boarded: u32,
    /// Leaders that have failed.
    failures: u32,
}

#[derive(Debug, Default)]
enum Stage {
    /// The leader is fetching.
    #[default]
    Flying,
    /// There is something to share.
    Landed,
    /// Nobody may board any more.
    Over,
    /// The leader has failed, and nobody has taken over.
    Vacant,
}

/// What followers are told.
#[derive(Clone, Debug, Default)]
enum Signal {
    Landed(Landing),
    Vacant(Unanswered),
    #[default]
    Waiting,
}

/// What a leader still owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duty {
    /// To say how it went.
    Land,
    /// Nothing.
    Nothing,
    /// To take the flight off the table when there is nothing more to join.
    TakeOff,
}

// === impl Flights ===

impl Default for Flights {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl Flights {
    /// Joins the flight of `key`, or begins it; `hash` is the key's.
    pub(crate) fn board(self: &Arc<Self>, key: &[u8], hash: u128, manner: Manner) -> Boarding {
        let mut shard = self.shard(hash).lock();
        if let Some(boarded) = shard.get(key).and_then(|flight| flight.board(manner)) {
            return boarded;
        }
        let key: Arc<[u8]> = key.into();
        let (signal, _) = watch::channel(Signal::Waiting);
        let flight = Arc::new(Flight {
            flights: Arc::clone(self),
            key: Arc::clone(&key),
            hash,
            crew: Mutex::default(),
            signal,
        });
        shard.insert(key, Arc::clone(&flight));
        Boarding::Lead(Lead::of(flight))
    }

    fn shard(&self, hash: u128) -> &Shard {
        &self.shards[hash as usize % SHARDS]
    }

    /// Takes a flight off the table, unless another has the key by now.
    fn take_off(&self, flight: &Arc<Flight>) {
        let mut shard = self.shard(flight.hash).lock();
        if shard
            .get(&flight.key)
            .is_some_and(|boarded| Arc::ptr_eq(boarded, flight))
        {
            shard.remove(&flight.key);
        }
    }

    /// How many flights there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}

// === impl Flight ===

impl Flight {
    /// A part in this flight, or `None` when it is too late for it.
    fn board(self: &Arc<Self>, manner: Manner) -> Option<Boarding> {
        let mut crew = self.crew.lock();
        let flying = crew.flying();
        match (collapse::part(flying, manner), flying) {
            (Part::Alone, _) => Some(Boarding::Alone),
            (Part::Follow, _) => Some(Boarding::Follow(Follower::board(self, &mut crew))),
            (Part::Lead, Flying::Vacant) => {
                self.take_over(&mut crew);
                Some(Boarding::Lead(Lead::of(Arc::clone(self))))
            }
            (Part::Lead, _) => None,
        }
    }

    fn take_over(&self, crew: &mut Crew) {
        crew.stage = Stage::Flying;
        self.signal.send_replace(Signal::Waiting);
    }

    /// Its leader has failed.
    fn fail(self: &Arc<Self>, why: Unanswered) {
        let mut crew = self.crew.lock();
        crew.failures += 1;
        match collapse::succession(crew.failures) {
            Succession::Promote if crew.followers > 0 => {
                crew.stage = Stage::Vacant;
                self.signal.send_replace(Signal::Vacant(why));
            }
            Succession::Over | Succession::Promote => {
                crew.stage = Stage::Over;
                let failed = Signal::Landed(Landing::Failed(why));
                self.signal.send_replace(failed);
                drop(crew);
                self.flights.take_off(self);
            }
        }
    }

    /// Nobody boards it any more.
    fn close(self: &Arc<Self>) {
        self.crew.lock().stage = Stage::Over;
        self.flights.take_off(self);
    }
}

// === impl Unanswered ===

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            retry_after: None,
        }
    }
}

// === impl Crew ===

impl Crew {
    fn flying(&self) -> Flying {
        let joinable = self.fill.as_ref().map(|fill| fill.joinable());
        match self.stage {
            Stage::Flying => Flying::Waiting,
            Stage::Landed if joinable == Some(Joinable::TooLate) => Flying::Departed,
            Stage::Landed => Flying::Landed,
            Stage::Over => Flying::Departed,
            Stage::Vacant => Flying::Vacant,
        }
    }
}

// === impl Lead ===

impl Lead {
    const fn of(flight: Arc<Flight>) -> Self {
        Self {
            flight,
            duty: Duty::Land,
        }
    }

    /// Tells the followers, each of whom has a place in the body from now on. Those who come later
    /// join a flight that has something to share until this is dropped; one that has nothing is
    /// taken off first, so that nobody boards it any more.
    pub(crate) fn land(&mut self, landing: Landing) {
        let flight = &self.flight;
        let fill = match &landing {
            Landing::Alone | Landing::Cancelled => {
                self.duty = Duty::Nothing;
                flight.close();
                flight.signal.send_replace(Signal::Landed(landing));
                return;
            }
            Landing::Failed(why) => {
                self.duty = Duty::Nothing;
                return flight.fail(*why);
            }
            Landing::Filling(filling) => Some(Arc::clone(&filling.fill)),
            Landing::Stored(_) => None,
        };
        self.duty = Duty::TakeOff;
        let mut crew = flight.crew.lock();
        if let Some(fill) = &fill {
            fill.promise(crew.followers);
        }
        crew.fill = fill;
        crew.stage = Stage::Landed;
        flight.signal.send_replace(Signal::Landed(landing));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        match self.duty {
            Duty::Land => self.flight.fail(Failure::Internal.into()),
            Duty::Nothing => {}
            Duty::TakeOff => self.flight.close(),
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
