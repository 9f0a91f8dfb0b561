//! Who gets how much, and which keys move when somebody comes or goes.

use policy::{Balance, Balancing, Endpoint};

use super::super::{
    Asked, HashKey, Pick,
    dice::scattered,
    tests::{Told, balancer, endpoints, made},
};

const PICKS: u64 = 100_000;
/// As many as a table has places, so that each place is looked at once.
const KEYS: u64 = 65_537;

fn pick(balancer: &super::super::Balancer, number: u64, told: &Told) -> usize {
    let asked = Asked {
        key: Some(HashKey(scattered(number ^ 0x00c0_ffee))),
        chance: scattered(number),
        ..Asked::default()
    };
    match balancer.pick(&asked, told) {
        Pick::Endpoint(at) => at,
        Pick::NoneLeft => panic!("there are endpoints"),
    }
}

/// Every way keeps to the weights; the requests of `least_requests` and `peak_ewma` stay in flight
/// until everybody has had its share, so that they see a load to balance.
#[test]
fn distribution() {
    let weights = [1_u16, 2, 3, 4, 10];
    println!("\nshares in %, weights {weights:?}: wanted, then as picked");
    let wanted: Vec<_> = weights
        .iter()
        .map(|weight| f64::from(*weight) * 5.0)
        .collect();
    println!("{:>16}  {wanted:>6.1?}", "");
    for (kind, off_by_at_most) in [
        (Balance::Weighted, 0.01),
        (Balance::Random, 0.5),
        (Balance::LeastRequests, 0.5),
        (Balance::PeakEwma, 0.5),
        (Balance::RingHash, 1.5),
        (Balance::Maglev, 0.5),
    ] {
        let balancer = balancer(kind, &weights);
        let mut counts = [0_u32; 5];
        let mut told = Told {
            in_flight: vec![0; 5],
            ..Told::default()
        };
        for number in 0..PICKS {
            let at = pick(&balancer, number, &told);
            counts[at] += 1;
            told.in_flight[at] += 1;
        }
        let shares = counts.map(|count| f64::from(count) / PICKS as f64 * 100.0);
        println!("{:>16}  {shares:>6.2?}", kind.as_str());
        for (share, wanted) in shares.iter().zip(&wanted) {
            assert!(
                (share - wanted).abs() <= off_by_at_most,
                "{kind:?} {shares:?}"
            );
        }
    }
}

fn homes(kind: Balance, endpoints: &[Endpoint]) -> Vec<usize> {
    let balancer = made(kind, &Balancing::default(), endpoints, &[]);
    let told = Told::default();
    let home = |key| {
        let asked = Asked {
            key: Some(HashKey(key)),
            ..Asked::default()
        };
        balancer.pick(&asked, &told)
    };
    let homes = (0..KEYS).map(|key| match home(key) {
        Pick::Endpoint(at) => at,
        Pick::NoneLeft => panic!("there are endpoints"),
    });
    homes.collect()
}

/// The share of keys that have another home without the one at `gone`.
fn moved(kind: Balance, endpoints: &[Endpoint], before: &[usize], gone: usize) -> f64 {
    let mut rest = endpoints.to_vec();
    rest.remove(gone);
    let after = homes(kind, &rest);
    let elsewhere = before
        .iter()
        .zip(after)
        .filter(|(before, after)| **before != after + usize::from(*after >= gone));
    elsewhere.count() as f64 / before.len() as f64
}

/// Removing one of n moves its own keys and hardly any other; adding is the same backwards.
#[test]
fn movement() {
    println!("\nkeys moved in % when one of n endpoints is removed (or added): mean, worst");
    println!(
        "{:>5} {:>7} {:>16} {:>16}",
        "n", "1/n", "ring_hash", "maglev"
    );
    for count in [3_usize, 5, 10, 20, 50, 100] {
        let endpoints = endpoints(&vec![1; count]);
        let mut line = format!("{count:>5} {:>7.2}", 100.0 / count as f64);
        for kind in [Balance::RingHash, Balance::Maglev] {
            let before = homes(kind, &endpoints);
            let each = (0..2).map(|gone| moved(kind, &endpoints, &before, gone));
            let each: Vec<_> = each.collect();
            let mean = each.iter().sum::<f64>() / each.len() as f64;
            let worst = each.iter().copied().fold(0.0, f64::max);
            line += &format!(" {:>8.2} {:>7.2}", mean * 100.0, worst * 100.0);
            assert!(
                worst <= 1.0 / count as f64 + 0.01,
                "{kind:?} {count}: {worst}"
            );
        }
        println!("{line}");
    }
}

/// Keys as they are in life, a few of them very popular; every request stays for a while.
#[test]
fn bounded_loads() {
    println!("\nmost requests in flight at one of 10 endpoints, of the mean; popular keys");
    println!("{:>16} {:>10} {:>10}", "bound", "ring_hash", "maglev");
    for bounded_load in [None, Some(200), Some(150), Some(125), Some(110)] {
        let name = bounded_load.map_or("none".to_owned(), |it: u16| it.to_string());
        let mut line = format!("{name:>16}");
        for kind in [Balance::RingHash, Balance::Maglev] {
            let policy = Balancing {
                bounded_load,
                ..Balancing::default()
            };
            let worst = worst_load(kind, &policy);
            line += &format!(" {worst:>10.2}");
            match bounded_load {
                // A request more than the bound, because nobody can hold a part of one.
                Some(bound) => assert!(worst <= f64::from(bound) / 100.0 + 0.01 + 1e-9, "{worst}"),
                None => assert!(worst > 2.0, "keys are too even to show anything"),
            }
        }
        println!("{line}");
    }
}

fn worst_load(kind: Balance, policy: &Balancing) -> f64 {
    const AT_A_TIME: usize = 1_000;
    let balancer = made(kind, policy, &endpoints(&[1; 10]), &[]);
    let mut told = Told {
        in_flight: vec![0; 10],
        ..Told::default()
    };
    let mut under_way = std::collections::VecDeque::new();
    let mut random = fastrand::Rng::with_seed(4);
    let mut worst = 0_usize;
    for _ in 0..20_000 {
        // Three of ten requests are about the same key, and few about most.
        let key = 2000.0_f64.powf(random.f64().powi(2)) as u64;
        let at = pick(&balancer, key, &told);
        told.in_flight[at] += 1;
        under_way.push_back(at);
        if under_way.len() > AT_A_TIME
            && let Some(done) = under_way.pop_front()
        {
            told.in_flight[done] -= 1;
            worst = worst.max(told.in_flight[at]);
        }
    }
    worst as f64 / (AT_A_TIME as f64 / 10.0)
}
