//! What the actors of one run share, and the rules that must hold in it.

use std::{
    cell::{Cell, RefCell},
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use engine::{
    cache::{
        freshness::Terms,
        response::{Framing, ResponseFacts, ResponseHead},
        stored::StoredMeta,
        vary::AcceptEncoding,
    },
    collapse::memory::{Recollection, Remembered},
    time::Now,
};
use fastrand::Rng;
use http::{HeaderMap, StatusCode, Version};
use store::{FillBudget, StoredResponse};
use tokio::time::Instant;

use super::{Act, Tally, origin::Plan};
use crate::{
    fill::{Fill, Joinable},
    flight::Flights,
};

/// How many keys the clients want.
pub(super) const KEYS: usize = 2;
/// The largest piece of a body.
pub(super) const PIECE: usize = 400_000;
/// More fetches than any run makes.
const MOST_FETCHES: usize = 64;

/// Pieces of the body of fetch number n are of bytes n.
static BYTES: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    (0..MOST_FETCHES)
        .map(|fetch| Bytes::from(vec![fetch as u8; PIECE]))
        .collect()
});

/// One run.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) flights: Arc<Flights>,
    pub(super) budget: Arc<FillBudget>,
    pub(super) began: Instant,
    /// Acts that go on by themselves, to be taken over by the scheduler.
    pub(super) begun: RefCell<Vec<Act>>,
    pub(super) seen: RefCell<Tally>,
    fetches: RefCell<Vec<Fetch>>,
    remembered: Cell<[Option<Remembered>; KEYS]>,
}

/// One fetch from the origin.
pub(super) struct Fetch {
    pub(super) plan: Plan,
    key: usize,
    course: Course,
    readers: usize,
}

/// How far a fetch that is led has come.
enum Course {
    /// Nobody can join it any more, or ever could.
    Closed,
    /// Its body is arriving, and may be joined as long as it is whole.
    Filling(Arc<Fill>),
    /// Its head has not come.
    Waiting,
}

// === impl World ===

impl World {
    pub(super) fn new(seed: u64, rng: &mut Rng) -> Self {
        Self {
            seed,
            flights: Arc::default(),
            budget: Arc::new(FillBudget::new(rng.u64(10_000..4_000_000))),
            began: Instant::now(),
            begun: RefCell::default(),
            seen: RefCell::default(),
            fetches: RefCell::default(),
            remembered: Cell::default(),
        }
    }

    /// Time since the run began.
    pub(super) fn now(&self) -> Duration {
        Instant::now() - self.began
    }

    pub(super) fn recall(&self, key: usize) -> Recollection {
        self.remembered.get()[key].map_or(Recollection::Nothing, |it| it.recall(self.now()))
    }

    pub(super) fn remember(&self, key: usize, remembered: Option<Remembered>) {
        let mut all = self.remembered.get();
        all[key] = remembered;
        self.remembered.set(all);
    }

    /// A leader begins to fetch: nobody else may be fetching the same for several.
    pub(super) fn begin_fetch(&self, key: usize, plan: Plan) -> usize {
        let mut fetches = self.fetches.borrow_mut();
        let seed = self.seed;
        for fetch in fetches.iter().filter(|fetch| fetch.key == key) {
            assert!(
                !fetch.is_open(),
                "seed {seed}: two fetches of one key at a time"
            );
        }
        fetches.push(Fetch {
            plan,
            key,
            course: Course::Waiting,
            readers: 0,
        });
        assert!(fetches.len() <= MOST_FETCHES, "seed {seed}: a stampede");
        fetches.len() - 1
    }

    pub(super) fn filling(&self, fetch: usize, fill: &Arc<Fill>) {
        self.fetches.borrow_mut()[fetch].course = Course::Filling(Arc::clone(fill));
    }

    pub(super) fn closed(&self, fetch: usize) {
        self.fetches.borrow_mut()[fetch].course = Course::Closed;
    }

    /// The plan of a fetch, by a byte of its body.
    pub(super) fn plan(&self, fetch: u8) -> Plan {
        self.fetches.borrow()[fetch as usize].plan.clone()
    }

    /// Counts one more reader of a fetch, by a byte of its body.
    pub(super) fn begins_to_read(&self, fetch: u8) -> u8 {
        self.fetches.borrow_mut()[fetch as usize].readers += 1;
        fetch
    }

    /// How many have begun to read its body.
    pub(super) fn readers(&self, fetch: u8) -> usize {
        self.fetches.borrow()[fetch as usize].readers
    }

    /// When the run is over, nothing is left of it.
    pub(super) fn assert_clean(&self, clients: usize) {
        let seed = self.seed;
        let fetches = self.fetches.borrow();
        assert_eq!(self.flights.len(), 0, "seed {seed}: a flight is left");
        assert!(fetches.len() <= clients, "seed {seed}: too many fetches");
        assert!(!fetches.iter().any(Fetch::is_open), "seed {seed}: open");
        drop(fetches);
        assert_eq!(self.budget.used(), 0, "seed {seed}: reserved for ever");
    }
}

// === impl Fetch ===

impl Fetch {
    fn is_open(&self) -> bool {
        match &self.course {
            Course::Closed => false,
            Course::Filling(fill) => fill.joinable() == Joinable::Yes,
            Course::Waiting => true,
        }
    }
}

/// A piece of the body of a fetch.
pub(super) fn piece(fetch: usize, length: usize) -> Bytes {
    BYTES[fetch].slice(..length)
}

/// Some response without a body.
pub(super) fn head() -> Arc<StoredResponse> {
    let headers = HeaderMap::new();
    let now = Now {
        monotonic: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let facts = ResponseFacts::read(ResponseHead {
        status: StatusCode::OK,
        headers: &headers,
        framing: Framing::of(Version::HTTP_11, StatusCode::OK, &headers),
        sent_at: now,
        received_at: now,
    });
    let meta = StoredMeta::new(&facts, &headers, Terms::NONE, AcceptEncoding::Verbatim);
    Arc::new(StoredResponse::new(meta, Bytes::new()))
}
