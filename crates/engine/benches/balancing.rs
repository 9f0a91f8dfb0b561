//! The price of one pick among ten endpoints and among a thousand: it must not grow.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use engine::{
    attempt::{Attempt, AttemptEnd},
    balance::{Asked, Balancer, HashKey, Loads, Member, PeakEwma, Standing},
};
use fastrand::Rng;
use policy::{Balance, Balancing, Endpoint, Scheme, Weight};

const WAYS: [Balance; 7] = [
    Balance::RoundRobin,
    Balance::Weighted,
    Balance::Random,
    Balance::LeastRequests,
    Balance::PeakEwma,
    Balance::RingHash,
    Balance::Maglev,
];
const NOW: Duration = Duration::from_secs(100);

/// Endpoints with something to do, and a past.
struct Busy {
    in_flight: Vec<usize>,
    peak_ewma: Vec<PeakEwma>,
    total: usize,
}

// === impl Busy ===

impl Busy {
    fn new(count: usize, random: &mut Rng) -> Self {
        let in_flight: Vec<_> = (0..count).map(|_| random.usize(..20)).collect();
        let answered = |took| Attempt {
            end: AttemptEnd::Answered {
                status: 200,
                retry_after: None,
            },
            took: Duration::from_millis(took),
        };
        let mut past = || PeakEwma::default().after(answered(random.u64(1..100)), NOW);
        Self {
            peak_ewma: (0..count).map(|_| past()).collect(),
            total: in_flight.iter().sum(),
            in_flight,
        }
    }
}

impl Loads for Busy {
    fn in_flight(&self, endpoint: usize) -> usize {
        self.in_flight[endpoint]
    }

    fn total_in_flight(&self) -> usize {
        self.total
    }

    fn peak_ewma(&self, endpoint: usize) -> PeakEwma {
        self.peak_ewma[endpoint]
    }
}

fn endpoints(count: usize) -> Vec<Endpoint> {
    (0..count)
        .map(|number| Endpoint {
            weight: Weight::new(number as u16 % 10 + 1).unwrap_or(Weight::ONE),
            ..Endpoint::tcp(
                Scheme::Http,
                &format!("10.0.{}.{}", number / 250, number % 250),
                80,
            )
        })
        .collect()
}

fn balancer(kind: Balance, endpoints: &[Endpoint]) -> Balancer {
    let members: Vec<_> = endpoints
        .iter()
        .map(|endpoint| Member {
            endpoint,
            standing: Standing::Well { since: None },
        })
        .collect();
    let policy = Balancing {
        bounded_load: Some(150),
        ..Balancing::default()
    };
    Balancer::new(kind, &policy, &members, NOW, None)
}

fn picking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pick");
    let mut random = Rng::with_seed(7);
    for kind in WAYS {
        for count in [10, 1000] {
            let balancer = balancer(kind, &endpoints(count));
            let busy = Busy::new(count, &mut random);
            let mut chance = 0_u64;
            group.bench_function(format!("{}_of_{count}", kind.as_str()), |bencher| {
                bencher.iter(|| {
                    chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
                    let asked = Asked {
                        key: Some(HashKey(chance)),
                        chance,
                        now: NOW,
                        ..Asked::default()
                    };
                    balancer.pick(black_box(&asked), &busy)
                });
            });
        }
    }
    group.finish();
}

/// What a change costs with a thousand endpoints, away from the requests.
fn making(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("make_of_1000");
    group.sample_size(10);
    let endpoints = endpoints(1000);
    for kind in WAYS {
        group.bench_function(kind.as_str(), |bencher| {
            bencher.iter(|| balancer(kind, &endpoints));
        });
    }
    group.finish();
}

criterion_group!(benches, picking, making);
criterion_main!(benches);
