//! Who gets the next request.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::HeaderName;

use crate::{Mode, Percent};

/// How endpoints are chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balancing {
    /// The way of choosing.
    pub balance: Balance,
    /// Whether `balance` chooses; in shadow mode, and when off, each endpoint has its turn.
    pub mode: Mode,
    /// What the hashing ways hash: the first of these that the request has; the client's address
    /// when it has none of them.
    pub hash_on: Vec<HashOn>,
    /// For the hashing ways: an endpoint with more than this share of the mean load, in hundredths
    /// (125 is a quarter more than the mean), is passed over. `None` never passes one over.
    pub bounded_load: Option<u16>,
    /// A cookie that binds a client to its endpoint.
    pub sticky: Option<Sticky>,
    /// Where this Forebay stands: endpoints of the same zone come first.
    pub zone: Option<Arc<str>>,
    /// How long a new or recovered endpoint takes to get its whole share; zero gives it at once.
    pub slow_start: Duration,
    /// A priority group whose share of well endpoints is below this shares with the next group.
    pub spill_below: Percent,
    /// Below this share of well endpoints health is not looked at any more: it is better to ask
    /// those that seem ill than to overrun the few that seem well.
    pub panic_below: Percent,
}

/// Who gets the next request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// The one with fewer requests in flight, relative to its weight, of two drawn at random.
    LeastRequests,
    /// By hash, through a table in which each endpoint has its share of the places.
    Maglev,
    /// The one that will probably answer sooner, of two drawn at random.
    PeakEwma,
    /// Drawn at random, by weight.
    Random,
    /// By hash, on a ring (ketama).
    RingHash,
    /// Each in turn.
    #[default]
    RoundRobin,
    /// Each in turn, as often as its weight says, evenly interleaved.
    Weighted,
}

/// What of a request is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashOn {
    /// The client's address (IPv6 by /64).
    ClientIp,
    /// The value of this cookie.
    Cookie(String),
    /// The value of this header.
    Header(HeaderName),
    /// What the route's path pattern calls by this name.
    PathParameter(String),
}

/// A cookie that binds a client to its endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sticky {
    /// Its name.
    pub cookie: String,
    /// A file with the key that signs it, at least 16 bytes; every instance needs the same. `None`
    /// makes a key that is forgotten with the process.
    pub key_file: Option<PathBuf>,
    /// How long it binds; `None` for as long as the browser is open.
    pub ttl: Option<Duration>,
}

// === impl Balance ===

impl Balance {
    /// The word for it in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeastRequests => "least_requests",
            Self::Maglev => "maglev",
            Self::PeakEwma => "peak_ewma",
            Self::Random => "random",
            Self::RingHash => "ring_hash",
            Self::RoundRobin => "round_robin",
            Self::Weighted => "weighted",
        }
    }

    /// Whether it looks at what a request is about.
    pub const fn hashes(self) -> bool {
        matches!(self, Self::Maglev | Self::RingHash)
    }
}

// === impl Balancing ===

impl Default for Balancing {
    fn default() -> Self {
        Self {
            balance: Balance::default(),
            mode: Mode::Enforce,
            hash_on: Vec::new(),
            bounded_load: None,
            sticky: None,
            zone: None,
            slow_start: Duration::ZERO,
            spill_below: Percent::of(70),
            panic_below: Percent::of(50),
        }
    }
}
