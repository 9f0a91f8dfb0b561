//! Endpoints that work off queues, and how long requests wait for them.
//!
//! # The model
//! Requests come at random (Poisson). Each endpoint works at several at once and queues the rest; how
//! long one takes is drawn around the endpoint's own mean (exponential). One endpoint is ten times
//! slower than the others, and nobody is told: but the oracle, which knows the means, the workers
//! and the queues, and sends each request where it will be through soonest.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use fastrand::Rng;
use policy::Balance;

use super::super::{
    Asked, Balancer, PeakEwma, Pick,
    tests::{Told, balancer},
};
use crate::attempt::{Attempt, AttemptEnd};

const ENDPOINTS: usize = 10;
/// The one that is ten times slower.
const SLOW: usize = 3;
const QUICK_MEAN: f64 = 0.010;
/// Requests that each endpoint works at.
const WORKERS: usize = 8;
/// Parts of what all can do together: one that the slow one could take its tenth of, and one that
/// drowns it.
const LOADS: [f64; 2] = [0.08, 0.7];
const REQUESTS: usize = 30_000;
/// Requests whose times are not counted, as everybody has to learn first.
const LEARNING: usize = 3_000;

/// Who chooses.
enum Chooser {
    Balancer(Balancer),
    Oracle,
}

/// One endpoint and its requests: when they came and how long each will take.
#[derive(Default)]
struct Server {
    waiting: VecDeque<(f64, f64)>,
    busy: usize,
}

/// What happens next: a request that came at `.2` is through at endpoint `.1`, at `.0`.
#[derive(Clone, Copy, PartialEq)]
struct Done(f64, usize, f64);

/// One run.
struct World {
    random: Rng,
    now: f64,
    servers: Vec<Server>,
    told: Told,
    events: BinaryHeap<Reverse<Done>>,
    took: Vec<f64>,
    to_the_slow_one: usize,
}

// === impl Done ===

impl Eq for Done {}

impl Ord for Done {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Done {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

// === impl World ===

impl World {
    fn new(seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            now: 0.0,
            servers: (0..ENDPOINTS).map(|_| Server::default()).collect(),
            told: Told {
                in_flight: vec![0; ENDPOINTS],
                peak_ewma: vec![PeakEwma::default(); ENDPOINTS],
            },
            events: BinaryHeap::new(),
            took: Vec::with_capacity(REQUESTS),
            to_the_slow_one: 0,
        }
    }

    fn run(mut self, load: f64, chooser: &Chooser) -> Self {
        let capacity: f64 = (0..ENDPOINTS).map(|at| WORKERS as f64 / mean(at)).sum();
        for _ in 0..REQUESTS {
            let next = self.now + self.exponential(1.0 / (load * capacity));
            while self.events.peek().is_some_and(|event| event.0.0 <= next) {
                self.finish();
            }
            self.now = next;
            self.arrive(chooser);
        }
        while !self.events.is_empty() {
            self.finish();
        }
        self
    }

    fn arrive(&mut self, chooser: &Chooser) {
        let at = match chooser {
            Chooser::Balancer(balancer) => {
                let asked = Asked {
                    chance: self.random.u64(..),
                    now: Duration::from_secs_f64(self.now),
                    ..Asked::default()
                };
                match balancer.pick(&asked, &self.told) {
                    Pick::Endpoint(at) => at,
                    Pick::NoneLeft => panic!("there are endpoints"),
                }
            }
            Chooser::Oracle => self.soonest(),
        };
        self.to_the_slow_one += usize::from(at == SLOW);
        self.told.in_flight[at] += 1;
        let takes = self.exponential(mean(at));
        let server = &mut self.servers[at];
        if server.busy < WORKERS {
            server.busy += 1;
            self.events
                .push(Reverse(Done(self.now + takes, at, self.now)));
        } else {
            server.waiting.push_back((self.now, takes));
        }
    }

    fn finish(&mut self) {
        let Some(Reverse(Done(now, at, came))) = self.events.pop() else {
            return;
        };
        self.now = now;
        self.took.push(now - came);
        self.told.in_flight[at] -= 1;
        let attempt = Attempt {
            end: AttemptEnd::Answered {
                status: 200,
                retry_after: None,
            },
            took: Duration::from_secs_f64(now - came),
        };
        let state = &mut self.told.peak_ewma[at];
        *state = state.after(attempt, Duration::from_secs_f64(now));
        match self.servers[at].waiting.pop_front() {
            Some((came, takes)) => self.events.push(Reverse(Done(now + takes, at, came))),
            None => self.servers[at].busy -= 1,
        }
    }

    /// Where one more would be through soonest on average.
    fn soonest(&self) -> usize {
        let expected = |at: &usize| {
            let before = (self.told.in_flight[*at] + 1).saturating_sub(WORKERS) as f64;
            mean(*at) * (1.0 + before / WORKERS as f64)
        };
        let load = |at: &usize| expected(at) + self.told.in_flight[*at] as f64 * 1e-9;
        (0..ENDPOINTS)
            .min_by(|one, other| load(one).total_cmp(&load(other)))
            .unwrap_or(0)
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.random.f64()).ln()
    }

    /// Of a share of all requests, in milliseconds.
    fn quantile(&self, share: f64) -> f64 {
        let mut took = self.took[LEARNING..].to_vec();
        took.sort_by(f64::total_cmp);
        took[(took.len() as f64 * share) as usize] * 1000.0
    }
}

fn mean(endpoint: usize) -> f64 {
    if endpoint == SLOW {
        QUICK_MEAN * 10.0
    } else {
        QUICK_MEAN
    }
}

#[test]
fn tail_latency_with_one_endpoint_ten_times_slower() {
    for (load, seed) in LOADS.iter().zip(1..) {
        println!("\nmilliseconds, one of {ENDPOINTS} endpoints ten times slower, load {load}");
        println!(
            "{:>16} {:>8} {:>8} {:>8} {:>8} {:>10} {:>10}",
            "", "p50", "p90", "p99", "p99.9", "of oracle", "slow one %"
        );
        let oracle = World::new(seed).run(*load, &Chooser::Oracle);
        let best = oracle.quantile(0.99);
        tell("oracle", &oracle, best);
        for kind in [
            Balance::RoundRobin,
            Balance::Random,
            Balance::LeastRequests,
            Balance::PeakEwma,
        ] {
            let chooser = Chooser::Balancer(balancer(kind, &[1; ENDPOINTS]));
            let world = World::new(seed).run(*load, &chooser);
            let relative = tell(kind.as_str(), &world, best);
            match kind {
                Balance::PeakEwma => assert!(relative <= 1.3, "{relative}"),
                Balance::RoundRobin | Balance::Random => assert!(relative > 3.0, "{relative}"),
                _ => {}
            }
        }
    }
}

fn tell(name: &str, world: &World, best: f64) -> f64 {
    let [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map(|share| world.quantile(share));
    let relative = p99 / best;
    let slow = world.to_the_slow_one as f64 / REQUESTS as f64 * 100.0;
    println!(
        "{name:>16} {p50:>8.1} {p90:>8.1} {p99:>8.1} {p999:>8.1} {relative:>10.2} {slow:>10.2}"
    );
    relative
}
