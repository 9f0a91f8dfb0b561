//! Seeded traces, and two caches of the same capacity in front of them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, SystemTime},
};

use engine::{
    cache::{
        freshness::{Lifetime, LifetimeSource, Terms},
        response::{Framing, ResponseFacts, ResponseHead},
        stored::StoredMeta,
        vary::AcceptEncoding,
    },
    time::Now,
};
use http::{HeaderMap, StatusCode};
use store::{ResponseStore, StoredResponse};

/// Objects that are asked for again and again.
pub(crate) const OBJECTS: usize = 20_000;
/// Every body is as large as this, in bytes.
const BODY: usize = 1024;

/// What is asked for, in order.
pub(crate) type Trace = Vec<u64>;

/// The shares of requests that were hits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratios {
    /// Of a cache that evicts what was least recently used.
    pub(crate) lru: f64,
    /// Of the response store.
    pub(crate) store: f64,
}

/// Evicts what was least recently used.
struct Lru {
    capacity: usize,
    tick: u64,
    used: HashMap<u64, u64>,
    order: BTreeMap<u64, u64>,
}

/// Numbers that are the same in every run (SplitMix64).
struct Numbers(u64);

// === impl Lru ===

impl Lru {
    fn ask(&mut self, object: u64) -> bool {
        self.tick += 1;
        let before = self.used.insert(object, self.tick);
        if let Some(before) = before {
            self.order.remove(&before);
        }
        self.order.insert(self.tick, object);
        if self.used.len() > self.capacity
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.used.remove(&oldest);
        }
        before.is_some()
    }
}

// === impl Numbers ===

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Requests whose objects are as popular as Zipf says: the n-th in proportion to `1 / n^s`.
pub(crate) fn zipf(s: f64, requests: usize, seed: u64) -> Trace {
    let mut sum = 0.0;
    let ranks = (1..=OBJECTS).map(|rank| {
        sum += (rank as f64).powf(-s);
        sum
    });
    let ranks: Vec<f64> = ranks.collect();
    let mut numbers = Numbers(seed);
    let draws = (0..requests).map(|_| {
        let point = numbers.fraction() * sum;
        ranks.partition_point(|rank| *rank < point) as u64
    });
    draws.collect()
}

/// The same with a crawler in it: of every five requests two are for objects that nobody asks for
/// again.
pub(crate) fn scanned(s: f64, requests: usize, seed: u64) -> Trace {
    let mut fresh = OBJECTS as u64;
    let mut trace = zipf(s, requests, seed);
    for (position, object) in trace.iter_mut().enumerate() {
        if position % 5 < 2 {
            fresh += 1;
            *object = fresh;
        }
    }
    trace
}

/// Replays a trace through both, each with room for `share` of all objects.
pub(crate) fn replay(trace: &[u64], share: f64) -> Ratios {
    let response = response();
    let capacity = (OBJECTS as f64 * share) as usize;
    let limit = entry_bytes(&response) * capacity as u64;
    let store = ResponseStore::new(limit);
    let mut lru = Lru {
        capacity,
        tick: 0,
        used: HashMap::new(),
        order: BTreeMap::new(),
    };
    let (mut lru_hits, mut store_hits) = (0, 0);
    for object in trace {
        lru_hits += usize::from(lru.ask(*object));
        let key = object.to_be_bytes();
        match store.get(&key) {
            Some(_) => store_hits += 1,
            None => store.put(&key, Arc::clone(&response), 1),
        }
    }
    let ratio = |hits: usize| hits as f64 / trace.len() as f64;
    Ratios {
        lru: ratio(lru_hits),
        store: ratio(store_hits),
    }
}

/// What one entry weighs in the store.
fn entry_bytes(response: &Arc<StoredResponse>) -> u64 {
    let store = ResponseStore::new(1 << 30);
    store.put(&[0; 8], Arc::clone(response), 1);
    store.tidy();
    store.stats().bytes
}

fn response() -> Arc<StoredResponse> {
    let none = HeaderMap::new();
    let at = Now {
        monotonic: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let facts = ResponseFacts::read(ResponseHead {
        status: StatusCode::OK,
        headers: &none,
        framing: Framing::Delimited,
        sent_at: at,
        received_at: at,
    });
    let terms = Terms {
        lifetime: Lifetime {
            length: Duration::from_secs(60),
            source: LifetimeSource::MaxAge,
        },
        ..Terms::NONE
    };
    let meta = StoredMeta::new(&facts, &none, terms, AcceptEncoding::Verbatim);
    Arc::new(StoredResponse::new(meta, vec![0; BODY].into()))
}
