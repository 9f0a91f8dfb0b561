use std::sync::Arc;

use policy::{Endpoint, Scheme, Weight};
use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::from_secs(1_000);

/// One endpoint as the tests write it: priority, zone, weight, and how long it has been well.
type Told = (u8, &'static str, u16, Option<u64>);

const ILL: Option<u64> = None;
/// Well for longer than anybody looks back.
const WELL: Option<u64> = Some(u64::MAX);

fn endpoints(told: &[Told]) -> Vec<Endpoint> {
    told.iter()
        .map(|(priority, zone, weight, _)| Endpoint {
            priority: *priority,
            zone: (!zone.is_empty()).then(|| Arc::from(*zone)),
            weight: Weight::new(*weight).unwrap(),
            ..Endpoint::tcp(Scheme::Http, "h", 1)
        })
        .collect()
}

fn shares(told: &[Told], policy: &Balancing) -> Shares {
    let endpoints = endpoints(told);
    let members: Vec<_> = endpoints
        .iter()
        .zip(told)
        .map(|(endpoint, (.., well_for))| Member {
            endpoint,
            standing: match well_for {
                None => Standing::Ill,
                Some(u64::MAX) => Standing::Well { since: None },
                Some(seconds) => Standing::Well {
                    since: Some(NOW - Duration::from_secs(*seconds)),
                },
            },
        })
        .collect();
    let whole: Vec<_> = told
        .iter()
        .map(|(_, _, weight, _)| f64::from(*weight))
        .collect();
    Shares::of(&members, &whole, policy, policy.slow_start, NOW)
}

/// In hundredths of all, rounded.
fn hundredths(told: &[Told], policy: &Balancing) -> Vec<i64> {
    let weights = shares(told, policy).weights;
    let total: f64 = weights.iter().sum();
    let of_all = |weight: &f64| (weight / total * 100.0).round() as i64;
    weights.iter().map(of_all).collect()
}

fn policy(spill_below: u8, panic_below: u8) -> Balancing {
    Balancing {
        spill_below: Percent::of(spill_below),
        panic_below: Percent::of(panic_below),
        ..Balancing::default()
    }
}

#[test]
fn plain_weights_stay_as_they_are() {
    let told = [(0, "", 3, WELL), (0, "", 1, ILL), (0, "", 7, WELL)];
    let shares = shares(&told, &policy(50, 10));
    assert_eq!(*shares.weights, [3.0, 0.0, 7.0]);
    assert_eq!(shares.rebuild_at, None);
}

#[test]
fn the_next_group_takes_over_what_the_first_cannot_carry() {
    let first = |standings: [Option<u64>; 4]| {
        let told: Vec<_> = standings
            .into_iter()
            .map(|well| (0, "", 1, well))
            .chain([(1, "", 1, WELL), (1, "", 3, WELL)])
            .collect();
        hundredths(&told, &policy(70, 50))
    };
    assert_eq!(first([WELL; 4]), [25, 25, 25, 25, 0, 0]);
    // Three of four are more than 70 %.
    assert_eq!(first([ILL, WELL, WELL, WELL]), [0, 33, 33, 33, 0, 0]);
    // Half of them is good for five sevenths.
    assert_eq!(first([ILL, ILL, WELL, WELL]), [0, 0, 36, 36, 7, 21]);
    assert_eq!(first([ILL, ILL, ILL, WELL]), [0, 0, 0, 36, 16, 48]);
    assert_eq!(first([ILL; 4]), [0, 0, 0, 0, 25, 75]);
}

#[test]
fn what_two_groups_cannot_carry_goes_to_the_third() {
    let told = [
        (0, "", 1, WELL),
        (0, "", 1, ILL),
        (5, "", 1, ILL),
        (5, "", 1, ILL),
        (9, "", 1, WELL),
    ];
    assert_eq!(hundredths(&told, &policy(100, 0)), [50, 0, 0, 0, 50]);
}

#[test]
fn groups_that_are_not_enough_together_share_in_proportion() {
    // Good for a half and a quarter: two thirds and one.
    let told: Vec<_> = [WELL, ILL, WELL, ILL]
        .into_iter()
        .map(|well| (0, "", 1, well))
        .chain([WELL, ILL, ILL, ILL].map(|well| (1, "", 1, well)))
        .collect();
    let got = hundredths(&told, &policy(100, 0));
    assert_eq!(got, [33, 0, 33, 0, 33, 0, 0, 0]);
}

#[test]
fn in_panic_health_is_not_looked_at() {
    let told = [(0, "", 1, WELL), (0, "", 1, ILL), (0, "", 2, ILL)];
    assert_eq!(hundredths(&told, &policy(70, 50)), [25, 25, 50]);
    assert_eq!(hundredths(&told, &policy(70, 30)), [100, 0, 0]);
    // A group that can lean on the next has no reason to.
    let mut helped = told.to_vec();
    helped.push((1, "", 1, WELL));
    assert_eq!(hundredths(&helped, &policy(100, 50)), [33, 0, 0, 67]);
}

#[test]
fn when_nobody_is_well_everybody_is_asked() {
    let told = [(0, "", 1, ILL), (0, "", 1, ILL), (1, "", 1, ILL)];
    for panic_below in [0, 50] {
        assert_eq!(hundredths(&told, &policy(70, panic_below)), [33, 33, 33]);
    }
}

#[test]
fn ones_own_zone_comes_first() {
    let mut policy = policy(50, 0);
    policy.zone = Some(Arc::from("a"));
    let told = |one, two| {
        [
            (0, "a", 1, one),
            (0, "a", 1, two),
            (0, "b", 1, WELL),
            (0, "", 3, WELL),
        ]
    };
    assert_eq!(hundredths(&told(WELL, WELL), &policy), [50, 50, 0, 0]);
    assert_eq!(hundredths(&told(WELL, ILL), &policy), [100, 0, 0, 0]);
    assert_eq!(hundredths(&told(ILL, ILL), &policy), [0, 0, 25, 75]);
    policy.spill_below = Percent::of(80);
    // Half of the zone is good for five eighths.
    assert_eq!(hundredths(&told(WELL, ILL), &policy), [63, 0, 9, 28]);
    policy.zone = Some(Arc::from("elsewhere"));
    assert_eq!(hundredths(&told(WELL, WELL), &policy), [17, 17, 17, 50]);
}

#[test]
fn a_zone_without_well_neighbours_keeps_everything() {
    let mut policy = policy(100, 0);
    policy.zone = Some(Arc::from("a"));
    let told = [(0, "a", 1, WELL), (0, "a", 1, ILL), (0, "b", 1, ILL)];
    assert_eq!(hundredths(&told, &policy), [100, 0, 0]);
}

#[test]
fn newcomers_begin_slowly() {
    let mut policy = policy(70, 50);
    policy.slow_start = Duration::from_secs(100);
    let weights = |well_for| {
        let shares = shares(&[(0, "", 10, WELL), (0, "", 10, Some(well_for))], &policy);
        (shares.weights[1], shares.rebuild_at)
    };
    let soon = Some(NOW + Duration::from_secs(1));
    assert_eq!(weights(0), (1.0, soon));
    assert_eq!(weights(5), (1.0, soon));
    assert_eq!(weights(50), (5.0, soon));
    assert_eq!(weights(100), (10.0, None));
    policy.slow_start = Duration::ZERO;
    let at_once = shares(&[(0, "", 10, Some(0))], &policy);
    assert_eq!((at_once.weights[0], at_once.rebuild_at), (10.0, None));
}

#[test]
fn a_group_that_warms_up_keeps_its_share() {
    let mut policy = policy(100, 0);
    policy.slow_start = Duration::from_secs(100);
    let told = [(0, "", 1, Some(50)), (0, "", 1, ILL), (1, "", 1, WELL)];
    assert_eq!(hundredths(&told, &policy), [50, 0, 50]);
}

proptest! {
    /// Somebody always has a share, nobody ill has one unless there is panic, and shares add up.
    #[test]
    fn shares_add_up(
        told in proptest::collection::vec(
            (0_u8..3, proptest::sample::select(vec!["", "a", "b"]), 1_u16..1_001,
             proptest::sample::select(vec![ILL, WELL, Some(3)])),
            1..12,
        ),
        spill_below in 0_u8..101,
        panic_below in 0_u8..101,
    ) {
        let mut policy = policy(spill_below, panic_below);
        policy.zone = Some(Arc::from("a"));
        policy.slow_start = Duration::from_secs(10);
        let shares = shares(&told, &policy);
        let parts: f64 = shares.groups.iter().map(|group| group.share).sum();
        prop_assert!((parts - 1.0).abs() < 1e-6, "{:?}", shares);
        prop_assert!(shares.weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0));
        prop_assert!(shares.weights.iter().sum::<f64>() > 0.0, "{:?}", shares);
        let anybody_well = told.iter().any(|(.., well)| well.is_some());
        if panic_below == 0 && anybody_well {
            for (weight, (.., well)) in shares.weights.iter().zip(&told) {
                prop_assert!(well.is_some() || *weight == 0.0, "{:?}", shares);
            }
        }
        let grouped: usize = shares.by_priority.iter().map(Vec::len).sum();
        prop_assert_eq!(grouped, told.len());
    }
}
