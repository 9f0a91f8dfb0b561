//! An origin with a knee: all requests in it share its speed, and too many of them spoil it.
//!
//! It goes on with what nobody waits for any more, as most origins do.

use std::{cmp::Reverse, collections::BinaryHeap};

/// The time of one request that is alone, in seconds.
pub(super) const ALONE: f64 = 0.1;

/// How the time of a request grows with their number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// So many at full speed. Beyond, they wait for each other, and nothing worse happens.
    Queueing { knee: f64 },
    /// Throughput is at its best with so many, and falls in inverse proportion to their number far
    /// beyond.
    Round { knee: f64 },
    /// The same without anything in between: so many at full speed, and each more spoils it.
    Sharp { knee: f64 },
    /// Gunther's universal scalability law: contention, and a coherence cost for each pair.
    Soft { contention: f64, coherence: f64 },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Health {
    /// It takes requests and does nothing.
    Hanging,
    Refusing,
    Well,
}

#[derive(Debug)]
pub(super) struct Origin {
    pub(super) shape: Shape,
    pub(super) health: Health,
    /// Its size, 1 as a whole.
    pub(super) size: f64,
    now: f64,
    /// What each that is here since the beginning would have got done by now.
    done: f64,
    /// By how much must be done for it to leave, in nanoseconds of work.
    here: BinaryHeap<Reverse<(u64, usize)>>,
}

// === impl Shape ===

impl Shape {
    /// How many times as long as alone a request takes among `n`, at this size of the origin.
    pub(super) fn slowness(self, n: f64, size: f64) -> f64 {
        match self {
            Self::Queueing { knee } => (n / (knee * size)).max(1.0),
            Self::Round { knee } => (1.0 + (n / (knee * size)).powi(6)).cbrt(),
            Self::Sharp { knee } => (n / (knee * size)).max(1.0).powi(2),
            Self::Soft {
                contention,
                coherence,
            } => {
                let n = (n / size).max(1.0);
                1.0 + contention * (n - 1.0) + coherence * n * (n - 1.0)
            }
        }
    }

    /// The most that it can answer in a second.
    pub(super) fn best(self) -> f64 {
        (1..1000)
            .map(|n| f64::from(n) / ALONE / self.slowness(f64::from(n), 1.0))
            .fold(0.0, f64::max)
    }
}

// === impl Origin ===

impl Origin {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            health: Health::Well,
            size: 1.0,
            now: 0.0,
            done: 0.0,
            here: BinaryHeap::new(),
        }
    }

    /// The speed at which each gets on.
    fn speed(&self) -> f64 {
        match self.health {
            Health::Hanging => 0.0,
            Health::Refusing | Health::Well => {
                1.0 / ALONE / self.shape.slowness(self.here.len() as f64, self.size)
            }
        }
    }

    /// Goes on until `now`, before anything is changed.
    pub(super) fn advance(&mut self, now: f64) {
        self.done += (now - self.now) * self.speed();
        self.now = now;
    }

    /// One comes whose work is `work` times the usual.
    pub(super) fn enter(&mut self, id: usize, work: f64) {
        let until = (self.done + work) * 1e9;
        self.here.push(Reverse((until.ceil() as u64, id)));
    }

    /// When the next will leave, if nothing changes.
    pub(super) fn next(&self) -> Option<f64> {
        let Reverse((until, _)) = self.here.peek()?;
        let speed = self.speed();
        (speed > 0.0).then(|| self.now + (*until as f64 / 1e9 - self.done).max(0.0) / speed)
    }

    /// Who leaves now.
    pub(super) fn leave(&mut self) -> Option<usize> {
        self.here.pop().map(|Reverse((_, id))| id)
    }
}
