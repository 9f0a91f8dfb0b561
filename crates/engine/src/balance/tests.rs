use policy::{Scheme, Weight};
use proptest::prelude::*;

use super::*;

fn balancer(kind: Balance, weights: &[u16]) -> Balancer {
    let endpoints: Vec<_> = weights
        .iter()
        .map(|weight| Endpoint {
            weight: Weight::new(*weight).unwrap(),
            ..Endpoint::tcp(Scheme::Http, "h", 1)
        })
        .collect();
    Balancer::new(kind, &endpoints)
}

fn turns(balancer: &Balancer, count: usize) -> Vec<usize> {
    (0..count)
        .map(|_| match balancer.pick(|_| 0, &[]) {
            Pick::Endpoint(endpoint) => endpoint,
            Pick::NoneLeft => panic!("there are endpoints"),
        })
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
fn tried_endpoints_are_passed_over() {
    for kind in [
        Balance::RoundRobin,
        Balance::Weighted,
        Balance::LeastRequests,
    ] {
        let balancer = balancer(kind, &[1, 1, 1]);
        for _ in 0..6 {
            assert_eq!(balancer.pick(|_| 0, &[0, 2]), Pick::Endpoint(1), "{kind:?}");
        }
        assert_eq!(balancer.pick(|_| 0, &[2, 0, 1]), Pick::NoneLeft);
    }
    assert_eq!(
        balancer(Balance::RoundRobin, &[]).pick(|_| 0, &[]),
        Pick::NoneLeft
    );
}

#[test]
fn fewest_requests() {
    for (weights, in_flight, wanted) in [
        (&[1, 1, 1][..], [3, 1, 2], 1),
        (&[1, 1, 4], [1, 1, 3], 2),
        (&[1, 1, 4], [1, 1, 5], 0),
        (&[2, 1, 1], [2, 2, 2], 0),
    ] {
        let balancer = balancer(Balance::LeastRequests, weights);
        let got = balancer.pick(|endpoint| in_flight[endpoint], &[]);
        assert_eq!(got, Pick::Endpoint(wanted), "{weights:?} {in_flight:?}");
    }
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

    /// An endpoint that was tried is never picked, and one is found as long as one is left.
    #[test]
    fn never_tried_twice(
        weights in proptest::collection::vec(1_u16..9, 1..6),
        kind in proptest::sample::select(vec![Balance::RoundRobin, Balance::Weighted, Balance::LeastRequests]),
        load in proptest::collection::vec(0_usize..9, 6),
        skipped in 0_usize..9,
    ) {
        let balancer = balancer(kind, &weights);
        turns(&balancer, skipped);
        let mut tried = Vec::new();
        while let Pick::Endpoint(endpoint) = balancer.pick(|e| load[e], &tried) {
            prop_assert!(!tried.contains(&endpoint));
            tried.push(endpoint);
        }
        prop_assert_eq!(tried.len(), weights.len());
    }

    /// Under load that only grows, requests end up in proportion to the weights.
    #[test]
    fn least_requests_follow_weights(weights in proptest::collection::vec(1_u16..9, 1..6)) {
        let balancer = balancer(Balance::LeastRequests, &weights);
        let total: usize = weights.iter().copied().map(usize::from).sum();
        let mut load = vec![0_usize; weights.len()];
        for _ in 0..total * 10 {
            if let Pick::Endpoint(endpoint) = balancer.pick(|e| load[e], &[]) {
                load[endpoint] += 1;
            }
        }
        for (count, weight) in load.iter().zip(&weights) {
            prop_assert!(count.abs_diff(usize::from(*weight) * 10) <= usize::from(*weight));
        }
    }
}
