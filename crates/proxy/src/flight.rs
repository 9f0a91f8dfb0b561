//! Which fetches are under way, so that the next request for the same thing can wait for one.
//!
//! A flight is named by its key: the cache key and whatever else makes two requests differ. The
//! first to ask leads; the others follow and learn how the flight landed. What the landing means
//! for them is decided in `steps::join`.

use std::{collections::HashMap, sync::Arc};

use engine::failure::Failure;
use parking_lot::Mutex;
use store::StoredResponse;
use tokio::sync::watch;

use crate::fill::Fill;

const SHARDS: usize = 16;

type Shard = Mutex<HashMap<Box<[u8]>, watch::Receiver<Landing>>>;

/// Every flight of this process.
#[derive(Debug)]
pub(crate) struct Flights {
    shards: [Shard; SHARDS],
}

/// A request's part in a flight.
#[derive(Debug)]
pub(crate) enum Boarding {
    /// Somebody is fetching it; wait here.
    Follow(watch::Receiver<Landing>),
    /// Nobody is; fetch it and say how it went.
    Lead(Lead),
}

/// The duty to say how a flight landed. Dropping it silently lets the followers find out for
/// themselves.
#[derive(Debug)]
pub(crate) struct Lead {
    flights: Arc<Flights>,
    key: Box<[u8]>,
    landing: watch::Sender<Landing>,
}

/// How a flight went.
#[derive(Clone, Debug, Default)]
pub(crate) enum Landing {
    /// The response is not for sharing: go alone.
    Alone,
    /// There was no response.
    Failed(Failure),
    /// The response may be shared; its body is arriving.
    Filling(Filling),
    /// The response is in the cache, fresh again.
    Stored(Arc<StoredResponse>),
    /// Not landed yet.
    #[default]
    Waiting,
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
    pub(crate) fn board(self: &Arc<Self>, key: &[u8], hash: u128) -> Boarding {
        let mut shard = self.shard(hash).lock();
        if let Some(landing) = shard.get(key) {
            return Boarding::Follow(landing.clone());
        }
        let (landing, watching) = watch::channel(Landing::Waiting);
        shard.insert(key.into(), watching);
        Boarding::Lead(Lead {
            flights: Arc::clone(self),
            key: key.into(),
            landing,
        })
    }

    fn shard(&self, hash: u128) -> &Shard {
        &self.shards[hash as usize % SHARDS]
    }
}

// === impl Lead ===

impl Lead {
    /// Tells the followers. Those who come later join a flight that has something to share until
    /// this is dropped; one that has nothing is taken off first, so that nobody boards it any more.
    pub(crate) fn land(&self, landing: Landing) {
        if matches!(landing, Landing::Alone | Landing::Failed(_)) {
            self.take_off();
        }
        self.landing.send_replace(landing);
    }

    /// Takes this flight off the table, unless another has the key by now.
    fn take_off(&self) {
        let mut shard = self.flights.shard(store::hash(&self.key)).lock();
        if let Some(boarded) = shard.get(&self.key)
            && boarded.same_channel(&self.landing.subscribe())
        {
            shard.remove(&self.key);
        }
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.take_off();
    }
}

#[cfg(test)]
mod tests;
