use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use policy::{Scheme, Weight};
use proptest::prelude::*;

use super::*;
use crate::attempt::{Attempt, AttemptEnd};

const ALL: [Balance; 7] = [
    Balance::LeastRequests,
    Balance::Maglev,
    Balance::PeakEwma,
    Balance::Random,
    Balance::RingHash,
    Balance::RoundRobin,
    Balance::Weighted,
];
const WELL: Standing = Standing::Well { since: None };

/// What the tests say is under way.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) in_flight: Vec<usize>,
    pub(super) peak_ewma: Vec<PeakEwma>,
}

impl Loads for Told {
    fn in_flight(&self, endpoint: usize) -> usize {
        self.in_flight.get(endpoint).copied().unwrap_or(0)
    }

    fn total_in_flight(&self) -> usize {
        self.in_flight.iter().sum()
    }

    fn peak_ewma(&self, endpoint: usize) -> PeakEwma {
        self.peak_ewma.get(endpoint).copied().unwrap_or_default()
    }
}

pub(super) fn endpoints(weights: &[u16]) -> Vec<Endpoint> {
    (0..)
        .zip(weights)
        .map(|(number, weight)| Endpoint {
            weight: Weight::new(*weight).unwrap(),
            ..Endpoint::tcp(
                Scheme::Http,
                &format!("10.0.{}.{}", number / 250, number % 250),
                80,
            )
        })
        .collect()
}

pub(super) fn made(
    kind: Balance,
    policy: &Balancing,
    endpoints: &[Endpoint],
    standings: &[Standing],
) -> Balancer {
    let members: Vec<_> = endpoints
        .iter()
        .enumerate()
        .map(|(at, endpoint)| Member {
            endpoint,
            standing: standings.get(at).copied().unwrap_or(WELL),
        })
        .collect();
    Balancer::new(kind, policy, &members, Duration::ZERO, None)
}

pub(super) fn balancer(kind: Balance, weights: &[u16]) -> Balancer {
    made(kind, &Balancing::default(), &endpoints(weights), &[])
}

fn asked(chance: u64, tried: &[usize]) -> Asked<'_> {
    Asked {
        tried,
        chance,
        key: Some(HashKey(dice::scattered(chance))),
        ..Asked::default()
    }
}

fn turns(balancer: &Balancer, count: usize) -> Vec<usize> {
    (0..count as u64)
        .map(
            |chance| match balancer.pick(&asked(chance, &[]), &Told::default()) {
                Pick::Endpoint(endpoint) => endpoint,
                Pick::NoneLeft => panic!("there are endpoints"),
            },
        )
        .collect()
}

#[test]
fn each_in_turn() {
    let balancer = balancer(Balance::RoundRobin, &[9, 1, 5]);
    assert_eq!(turns(&balancer, 7), [0, 1, 2, 0, 1, 2, 0]);
}

#[test]
fn weights_are_interleaved() {
    for (weights, wanted) in [
        (&[5, 1, 1][..], &[0, 0, 0, 1, 2, 0, 0][..]),
        (&[2, 1], &[0, 1, 0]),
        (&[30, 10], &[0, 0, 1, 0]),
        (&[7, 7], &[0, 1, 0, 1]),
        (&[4], &[0, 0]),
    ] {
        let balancer = balancer(Balance::Weighted, weights);
        assert_eq!(turns(&balancer, wanted.len()), wanted, "{weights:?}");
    }
}

#[test]
fn turns_go_on_when_a_new_one_is_made() {
    let endpoints = endpoints(&[1, 1, 1]);
    let members: Vec<_> = endpoints
        .iter()
        .map(|endpoint| Member {
            endpoint,
            standing: WELL,
        })
        .collect();
    let policy = Balancing::default();
    let new = |previous| {
        Balancer::new(
            Balance::RoundRobin,
            &policy,
            &members,
            Duration::ZERO,
            previous,
        )
    };
    let before = new(None);
    assert_eq!(turns(&before, 4), [0, 1, 2, 0]);
    assert_eq!(turns(&new(Some(&before)), 2), [1, 2]);
}

#[test]
fn tried_endpoints_are_passed_over() {
    for kind in ALL {
        let picker = balancer(kind, &[1, 1, 1]);
        for chance in 0..6 {
            let picked = picker.pick(&asked(chance, &[0, 2]), &Told::default());
            assert_eq!(picked, Pick::Endpoint(1), "{kind:?}");
        }
        let none = picker.pick(&asked(0, &[2, 0, 1]), &Told::default());
        assert_eq!(none, Pick::NoneLeft);
        let empty = balancer(kind, &[]).pick(&asked(0, &[]), &Told::default());
        assert_eq!(empty, Pick::NoneLeft);
    }
}

#[test]
fn fewest_requests_of_two() {
    for (weights, in_flight, wanted) in [
        (&[1, 1][..], [3, 1], 1),
        (&[1, 4], [1, 3], 1),
        (&[1, 4], [1, 5], 0),
        (&[2, 1], [2, 2], 0),
    ] {
        let balancer = balancer(Balance::LeastRequests, weights);
        let told = Told {
            in_flight: in_flight.to_vec(),
            ..Told::default()
        };
        for chance in 0..10 {
            let got = balancer.pick(&asked(chance, &[]), &told);
            assert_eq!(got, Pick::Endpoint(wanted), "{weights:?} {in_flight:?}");
        }
    }
}

#[test]
fn the_busiest_of_many_is_never_taken() {
    let balancer = balancer(Balance::LeastRequests, &[1; 10]);
    let told = Told {
        in_flight: (0..10).collect(),
        ..Told::default()
    };
    let mut counts = [0; 10];
    for chance in 0..10_000 {
        if let Pick::Endpoint(at) = balancer.pick(&asked(chance, &[]), &told) {
            counts[at] += 1;
        }
    }
    // The best of two of ten: the idlest is one of them in a fifth of all cases.
    assert_eq!(counts[9], 0);
    assert!((1_800..2_200).contains(&counts[0]), "{counts:?}");
}

#[test]
fn ties_rotate_by_weight() {
    assert_eq!(
        turns(&balancer(Balance::LeastRequests, &[1, 1, 1]), 6),
        [0, 1, 2, 0, 1, 2]
    );
    assert_eq!(
        turns(&balancer(Balance::LeastRequests, &[2, 1]), 6),
        [0, 1, 0, 0, 1, 0]
    );
}

#[test]
fn the_quicker_of_two() {
    let balancer = balancer(Balance::PeakEwma, &[1, 1]);
    let answered = |took, status| {
        let attempt = Attempt {
            end: AttemptEnd::Answered {
                status,
                retry_after: None,
            },
            took: Duration::from_millis(took),
        };
        PeakEwma::default().after(attempt, Duration::ZERO)
    };
    for (states, in_flight, wanted) in [
        ([answered(10, 200), answered(11, 200)], [0, 0], 0),
        ([answered(10, 200), answered(11, 200)], [1, 0], 1),
        ([answered(1, 429), answered(900, 200)], [0, 0], 1),
        // Never asked: tried, and not twice at a time.
        ([answered(10, 200), PeakEwma::default()], [0, 0], 1),
        ([answered(10, 200), PeakEwma::default()], [9, 1], 0),
    ] {
        let told = Told {
            in_flight: in_flight.to_vec(),
            peak_ewma: states.to_vec(),
        };
        for chance in 0..10 {
            let got = balancer.pick(&asked(chance, &[]), &told);
            assert_eq!(got, Pick::Endpoint(wanted), "{states:?} {in_flight:?}");
        }
    }
}

#[test]
fn several_workers_take_turns_as_one() {
    let balancer = balancer(Balance::Weighted, &[3, 1]);
    let counts = [AtomicUsize::new(0), AtomicUsize::new(0)];
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for endpoint in turns(&balancer, 1000) {
                    counts[endpoint].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(counts.map(AtomicUsize::into_inner), [3000, 1000]);
}

#[test]
fn a_key_stays_where_it_is_and_comes_back_to_it() {
    for kind in [Balance::Maglev, Balance::RingHash] {
        let endpoints = endpoints(&[1; 5]);
        let policy = Balancing::default();
        let home = |standings: &[Standing]| -> Vec<usize> {
            turns(&made(kind, &policy, &endpoints, standings), 2_000)
        };
        let before = home(&[]);
        let while_ill = home(&[WELL, Standing::Ill, WELL, WELL, WELL]);
        for (one, other) in before.iter().zip(&while_ill) {
            assert!(one == other || *one == 1 && *other != 1, "{kind:?}");
        }
        // Its keys are spread over all of the others.
        let heirs: HashSet<_> = before
            .iter()
            .zip(&while_ill)
            .filter_map(|(one, other)| (*one == 1).then_some(*other))
            .collect();
        assert_eq!(heirs, HashSet::from([0, 2, 3, 4]), "{kind:?}");
        assert_eq!(home(&[]), before);
    }
}

#[test]
fn tables_are_kept_while_they_hold() {
    let mut endpoints = endpoints(&[1; 5]);
    let policy = Balancing::default();
    let new = |kind, endpoints: &[Endpoint], standing, previous| {
        let members: Vec<_> = endpoints
            .iter()
            .map(|endpoint| Member { endpoint, standing })
            .collect();
        Balancer::new(kind, &policy, &members, Duration::ZERO, previous)
    };
    let table = |balancer: &Balancer| balancer.hashed().unwrap().table_address();
    let before = new(Balance::RingHash, &endpoints, WELL, None);
    let ill = new(Balance::RingHash, &endpoints, Standing::Ill, Some(&before));
    assert_eq!(table(&before), table(&ill));
    let other = new(Balance::Maglev, &endpoints, WELL, Some(&ill));
    assert_ne!(table(&other), table(&ill));
    endpoints.pop();
    let fewer = new(Balance::Maglev, &endpoints, WELL, Some(&other));
    assert_ne!(table(&other), table(&fewer));
}

#[test]
fn a_full_endpoint_is_passed_over() {
    let policy = Balancing {
        bounded_load: Some(125),
        ..Balancing::default()
    };
    for kind in [Balance::Maglev, Balance::RingHash] {
        let balancer = made(kind, &policy, &endpoints(&[1; 4]), &[]);
        let told = RefCell::new(Told {
            in_flight: vec![0; 4],
            ..Told::default()
        });
        // The same key over and over: the most unequal load there is.
        for _ in 0..1_000 {
            let asked = Asked {
                key: Some(HashKey(42)),
                ..Asked::default()
            };
            let picked = balancer.pick(&asked, &*told.borrow());
            if let Pick::Endpoint(at) = picked {
                told.borrow_mut().in_flight[at] += 1;
            }
        }
        let most = told.borrow().in_flight.iter().copied().max().unwrap();
        assert!(most <= 313, "{kind:?} {:?}", told.borrow());
    }
}

#[test]
fn when_all_are_full_somebody_is_picked() {
    let policy = Balancing {
        bounded_load: Some(100),
        ..Balancing::default()
    };
    let balancer = made(Balance::RingHash, &policy, &endpoints(&[1, 1]), &[]);
    let told = Told {
        in_flight: vec![50, 50],
        ..Told::default()
    };
    assert_ne!(balancer.pick(&asked(1, &[]), &told), Pick::NoneLeft);
    // What was tried is the one with room.
    let told = Told {
        in_flight: vec![0, 50],
        ..Told::default()
    };
    assert_eq!(balancer.pick(&asked(1, &[0]), &told), Pick::Endpoint(1));
}

#[test]
fn keys_follow_the_shares_of_the_groups() {
    let mut endpoints = endpoints(&[1; 8]);
    for backup in &mut endpoints[4..] {
        backup.priority = 1;
    }
    let policy = Balancing {
        spill_below: policy::Percent::of(100),
        ..Balancing::default()
    };
    for kind in [Balance::Maglev, Balance::RingHash] {
        let home =
            |standings: &[Standing]| turns(&made(kind, &policy, &endpoints, standings), 4_000);
        let all_well = home(&[]);
        assert!(all_well.iter().all(|at| *at < 4));
        let one_ill = home(&[Standing::Ill]);
        let spilled = one_ill.iter().filter(|at| **at >= 4).count();
        assert!((900..1_100).contains(&spilled), "{spilled}");
    }
}

#[test]
fn retries_go_to_the_next_group_and_at_last_to_the_ill() {
    let mut endpoints = endpoints(&[1; 4]);
    endpoints[1].priority = 1;
    endpoints[2].priority = 1;
    let standings = [WELL, WELL, WELL, Standing::Ill];
    for kind in ALL {
        let balancer = made(kind, &Balancing::default(), &endpoints, &standings);
        // The ill one makes the first group half well, which is less than 70 %.
        let mut tried = vec![0];
        let mut order = Vec::new();
        while let Pick::Endpoint(at) = balancer.pick(&asked(7, &tried), &Told::default()) {
            order.push(at);
            tried.push(at);
        }
        order[..2].sort_unstable();
        assert_eq!(order, [1, 2, 3], "{kind:?}");
    }
}

#[test]
fn a_bound_client_stays_while_its_endpoint_is_well() {
    let mut endpoints = endpoints(&[1; 3]);
    endpoints[2].priority = 1;
    let standings = [WELL, Standing::Ill, WELL];
    let policy = Balancing {
        spill_below: policy::Percent::of(10),
        ..Balancing::default()
    };
    for kind in ALL {
        let balancer = made(kind, &policy, &endpoints, &standings);
        let pick = |bound, tried: &[usize]| {
            let asked = Asked {
                bound: Some(bound),
                ..asked(1, tried)
            };
            balancer.pick(&asked, &Told::default())
        };
        assert_eq!(pick(0, &[]), Pick::Endpoint(0));
        assert_eq!(
            pick(2, &[]),
            Pick::Endpoint(2),
            "of a later group, and well"
        );
        assert_eq!(pick(1, &[]), Pick::Endpoint(0), "ill");
        assert_eq!(pick(2, &[2]), Pick::Endpoint(0), "tried");
        assert_eq!(pick(9, &[]), Pick::Endpoint(0), "not there");
    }
}

proptest! {
    /// Every round gives each endpoint exactly its share, and no prefix strays far from it.
    #[test]
    fn shares(weights in proptest::collection::vec(1_u16..40, 1..7)) {
        let total: usize = weights.iter().copied().map(usize::from).sum();
        let picked = turns(&balancer(Balance::Weighted, &weights), total);
        let mut counts = vec![0_usize; weights.len()];
        for (done, endpoint) in picked.iter().enumerate() {
            counts[*endpoint] += 1;
            for (count, weight) in counts.iter().zip(&weights) {
                let fair = (done + 1) as f64 * f64::from(*weight) / total as f64;
                prop_assert!((*count as f64 - fair).abs() < 2.0, "{:?} after {}", counts, done);
            }
        }
        let shares: Vec<_> = weights.iter().copied().map(usize::from).collect();
        prop_assert_eq!(counts, shares);
    }

    /// Nobody ill or tried is picked while somebody well is left who was not; an endpoint that was
    /// tried is never picked; and all are reached before there is none left.
    #[test]
    fn the_well_come_first_and_nobody_comes_twice(
        told in proptest::collection::vec((1_u16..9, 0_u8..3, any::<bool>()), 1..7),
        kind in proptest::sample::select(ALL.to_vec()),
        load in proptest::collection::vec(0_usize..9, 7),
        bounded_load in proptest::option::of(100_u16..300),
        spill_below in 0_u8..101,
        chance in any::<u64>(),
    ) {
        let weights: Vec<_> = told.iter().map(|it| it.0).collect();
        let mut endpoints = endpoints(&weights);
        for (endpoint, (_, priority, _)) in endpoints.iter_mut().zip(&told) {
            endpoint.priority = *priority;
        }
        let standings: Vec<_> = told
            .iter()
            .map(|(.., well)| if *well { WELL } else { Standing::Ill })
            .collect();
        let policy = Balancing {
            bounded_load,
            spill_below: policy::Percent::of(spill_below),
            panic_below: policy::Percent::of(0),
            ..Balancing::default()
        };
        let balancer = made(kind, &policy, &endpoints, &standings);
        let loads = Told { in_flight: load, ..Told::default() };
        let mut tried = Vec::new();
        while let Pick::Endpoint(at) = balancer.pick(&asked(chance, &tried), &loads) {
            prop_assert!(!tried.contains(&at));
            let well_left = (0..told.len()).any(|it| told[it].2 && !tried.contains(&it));
            prop_assert!(told[at].2 || !well_left, "{:?} after {:?}", at, tried);
            tried.push(at);
        }
        prop_assert_eq!(tried.len(), told.len());
    }

    /// Under load that only grows, requests end up in proportion to the weights.
    #[test]
    fn least_requests_follow_weights(weights in proptest::collection::vec(1_u16..9, 1..6)) {
        let balancer = balancer(Balance::LeastRequests, &weights);
        let total: usize = weights.iter().copied().map(usize::from).sum();
        let mut told = Told { in_flight: vec![0; weights.len()], ..Told::default() };
        for chance in 0..total as u64 * 10 {
            if let Pick::Endpoint(endpoint) = balancer.pick(&asked(chance, &[]), &told) {
                told.in_flight[endpoint] += 1;
            }
        }
        for (count, weight) in told.in_flight.iter().zip(&weights) {
            prop_assert!(count.abs_diff(usize::from(*weight) * 10) <= 2 * usize::from(*weight));
        }
    }

    /// Equal keys go to equal endpoints, whatever else there is chance for.
    #[test]
    fn keys_decide(key in any::<u64>(), one in any::<u64>(), other in any::<u64>()) {
        for kind in [Balance::Maglev, Balance::RingHash] {
            let balancer = balancer(kind, &[1, 2, 3]);
            let pick = |chance| {
                let asked = Asked { key: Some(HashKey(key)), chance, ..Asked::default() };
                balancer.pick(&asked, &Told::default())
            };
            prop_assert_eq!(pick(one), pick(other));
        }
    }
}

/// Without keys the hashing ways are random ones.
#[test]
fn without_a_key_chance_decides() {
    for kind in [Balance::Maglev, Balance::RingHash] {
        let balancer = balancer(kind, &[1, 1]);
        let mut counts: HashMap<Pick, usize> = HashMap::new();
        for chance in 0..1_000 {
            let asked = Asked {
                chance,
                ..Asked::default()
            };
            *counts
                .entry(balancer.pick(&asked, &Told::default()))
                .or_default() += 1;
        }
        assert!(counts.values().all(|count| *count > 400), "{counts:?}");
    }
}
