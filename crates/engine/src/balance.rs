//! Which endpoint gets the next request.
//!
//! # Shared by all workers
//! A balancer's only state is a turn counter that every worker moves on, so that together they take
//! turns as one. How many requests each endpoint has in flight belongs to the caller.
//!
//! # Turns
//! Weighted turns follow a schedule made once: endpoint `i` wants its turns at `(2k + 1) / 2w_i`,
//! which spreads each endpoint's share evenly over a round instead of giving it in one piece. Plain
//! round robin is the same with equal weights.
//!
//! # Fewest requests
//! The load of an endpoint is its requests in flight relative to its weight. Ties go to whoever's
//! turn it is, so that an idle upstream is still used evenly.

mod schedule;

use std::sync::atomic::{AtomicUsize, Ordering};

use policy::{Balance, Endpoint};

use self::schedule::Schedule;

/// The choice among the endpoints of one upstream.
#[derive(Debug)]
pub struct Balancer {
    kind: Balance,
    weights: Box<[u16]>,
    schedule: Schedule,
    turn: AtomicUsize,
}

/// Which endpoint it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The endpoint at this position.
    Endpoint(usize),
    /// Every endpoint has been tried.
    NoneLeft,
}

// === impl Balancer ===

impl Balancer {
    /// A balancer for these endpoints; picks are positions in this slice.
    pub fn new(kind: Balance, endpoints: &[Endpoint]) -> Self {
        let weights: Box<[u16]> = endpoints
            .iter()
            .map(|endpoint| match kind {
                Balance::RoundRobin => 1,
                _ => endpoint.weight.value(),
            })
            .collect();
        Self {
            kind,
            schedule: Schedule::new(&weights),
            weights,
            turn: AtomicUsize::new(0),
        }
    }

    /// Picks an endpoint that is not in `tried`. `in_flight` gives the requests an endpoint has now.
    pub fn pick(&self, in_flight: impl Fn(usize) -> usize, tried: &[usize]) -> Pick {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        match self.kind {
            Balance::LeastRequests => self.least(turn, in_flight, tried),
            _ => self.schedule.pick(turn, tried),
        }
    }

    fn least(&self, turn: usize, in_flight: impl Fn(usize) -> usize, tried: &[usize]) -> Pick {
        let Pick::Endpoint(first) = self.schedule.pick(turn, tried) else {
            return Pick::NoneLeft;
        };
        let count = self.weights.len();
        let mut best = first;
        let mut best_load = in_flight(first);
        for step in 1..count {
            let other = (first + step) % count;
            if tried.contains(&other) {
                continue;
            }
            let load = in_flight(other);
            if self.is_lighter((load, other), (best_load, best)) {
                (best, best_load) = (other, load);
            }
        }
        Pick::Endpoint(best)
    }

    /// Compares `load / weight` without dividing.
    fn is_lighter(&self, (load, one): (usize, usize), (than, other): (usize, usize)) -> bool {
        load.saturating_mul(usize::from(self.weights[other]))
            < than.saturating_mul(usize::from(self.weights[one]))
    }
}

// === impl Pick ===

impl Pick {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint(_) => "endpoint",
            Self::NoneLeft => "none-left",
        }
    }
}

#[cfg(test)]
mod tests;
