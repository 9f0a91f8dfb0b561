//! Whether the process is ready, alive and busy.
//!
//! Readiness tells a load balancer whether to send requests here, liveness tells a supervisor
//! whether to kill us. Neither looks at an upstream: a sidecar starts before the application it
//! stands in front of, and killing a proxy does not heal the server behind it.

use std::{
    array,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use engine::time::Now;

use crate::metrics::{SHARDS, Shard};

/// What is known of the process as a whole; outlives every reload.
#[derive(Debug)]
pub struct Health {
    stage: AtomicU8,
    /// One per shard, each on its own cache line because each is its own allocation; the requests
    /// in flight are the references beyond the first.
    in_flight: [Arc<()>; SHARDS],
    heartbeats: Mutex<Vec<Arc<AtomicU64>>>,
}

/// Where the process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On its way out: what is in flight is finished, nothing new should come.
    Draining,
    /// Listening.
    Ready,
    /// Not listening yet.
    Starting,
}

/// Whether the workers still turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// Every worker has been heard of lately.
    Alive,
    /// A worker has been silent for this long.
    Stalled(Duration),
}

/// Counts one request as in flight until it is dropped, on whichever thread.
#[derive(Debug)]
#[must_use = "the request is in flight only as long as this lives"]
pub struct InFlight {
    _reference: Arc<()>,
}

/// How one worker tells that it still turns.
#[derive(Debug)]
pub struct Heartbeat {
    last: Arc<AtomicU64>,
}

// === impl Health ===

impl Default for Health {
    /// A process that is starting.
    fn default() -> Self {
        Self {
            stage: AtomicU8::new(Stage::Starting as u8),
            in_flight: array::from_fn(|_| Arc::new(())),
            heartbeats: Mutex::default(),
        }
    }
}

impl Health {
    /// A process that is starting.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Where the process is in its life.
    pub fn stage(&self) -> Stage {
        [Stage::Draining, Stage::Ready]
            .into_iter()
            .find(|&stage| stage as u8 == self.stage.load(Ordering::Acquire))
            .unwrap_or(Stage::Starting)
    }

    /// From starting to ready; a process that drains stays that way.
    pub fn ready(&self) {
        let _already_further = self.stage.compare_exchange(
            Stage::Starting as u8,
            Stage::Ready as u8,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }

    /// Never ready again.
    pub fn drain(&self) {
        self.stage.store(Stage::Draining as u8, Ordering::Release);
    }

    /// Counts a request as in flight until the answer is dropped.
    pub fn enter(&self) -> InFlight {
        InFlight {
            _reference: Arc::clone(&self.in_flight[Shard::mine().index()]),
        }
    }

    /// The number of requests in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight
            .iter()
            .map(|shard| Arc::strong_count(shard) - 1)
            .sum()
    }

    /// A heartbeat for one more worker; it counts until it is dropped.
    pub fn heartbeat(&self, now: Now) -> Heartbeat {
        let last = Arc::new(AtomicU64::new(millis(now.monotonic)));
        let mut heartbeats = self
            .heartbeats
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        heartbeats.push(Arc::clone(&last));
        Heartbeat { last }
    }

    /// Whether every worker has beaten within `patience` before `now`.
    pub fn liveness(&self, now: Now, patience: Duration) -> Liveness {
        let mut heartbeats = self
            .heartbeats
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        heartbeats.retain(|last| Arc::strong_count(last) > 1);
        let now = millis(now.monotonic);
        let silence = heartbeats
            .iter()
            .map(|last| now.saturating_sub(last.load(Ordering::Relaxed)))
            .max()
            .map_or(Duration::ZERO, Duration::from_millis);
        if silence > patience {
            Liveness::Stalled(silence)
        } else {
            Liveness::Alive
        }
    }
}

// === impl Stage ===

impl Stage {
    /// The word for it in answers to probes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Ready => "ready",
            Self::Starting => "starting",
        }
    }
}

// === impl Heartbeat ===

impl Heartbeat {
    /// Says that the worker was alive at `now`.
    pub fn beat(&self, now: Now) {
        self.last.store(millis(now.monotonic), Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{thread, time::SystemTime};

    use super::*;

    fn at(seconds: u64) -> Now {
        Now {
            monotonic: Duration::from_secs(seconds),
            wall: SystemTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn draining_is_final() {
        let health = Health::new();
        assert_eq!(health.stage(), Stage::Starting);
        health.ready();
        assert_eq!(health.stage(), Stage::Ready);
        health.drain();
        health.ready();
        assert_eq!(health.stage(), Stage::Draining);
    }

    #[test]
    fn a_request_may_end_on_another_thread() {
        let health = Health::new();
        let first = health.enter();
        let second = health.enter();
        assert_eq!(health.in_flight(), 2);
        thread::spawn(move || drop(first)).join().unwrap();
        assert_eq!(health.in_flight(), 1);
        drop(second);
        assert_eq!(health.in_flight(), 0);
    }

    #[test]
    fn one_silent_worker_is_enough_to_be_stalled() {
        let health = Health::new();
        let patience = Duration::from_secs(10);
        assert_eq!(health.liveness(at(1000), patience), Liveness::Alive);
        let busy = health.heartbeat(at(1000));
        let silent = health.heartbeat(at(1000));
        busy.beat(at(1020));
        assert_eq!(
            health.liveness(at(1020), patience),
            Liveness::Stalled(Duration::from_secs(20))
        );
        drop(silent);
        assert_eq!(health.liveness(at(1020), patience), Liveness::Alive);
    }
}
