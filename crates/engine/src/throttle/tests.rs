use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn throttle(min: u8) -> Throttle {
    Throttle::new(Rate::new(100, SECOND).unwrap(), Percent::of(min))
}

fn used(tenant: u64, caller: u64, cost: f64) -> Usage {
    Usage {
        tenant,
        caller,
        units: 1,
        cost,
    }
}

/// Each second, each caller makes as many requests as its factor lets through of what it asks for, all
/// of the same cost.
fn seconds(throttle: &mut Throttle, from: u64, to: u64, share: f64, asks: &[(u64, u64, f64)]) {
    for tenth in from * 10..to * 10 {
        for &(tenant, caller, per_second) in asks {
            let factor = throttle.factors().factor(tenant, caller).share();
            let served = per_second.min(100.0 * factor) / 10.0;
            let cost = served * 0.01;
            throttle.callers.add(caller, tenant, served, cost);
            throttle.tenants.add(tenant, tenant, served, cost);
        }
        throttle.steer(share, SECOND + Duration::from_millis(100 * tenth));
    }
}

/// Caller numbers are spread like the hashes that they are in earnest.
fn hash(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[test]
fn nobody_gives_while_there_is_room() {
    let mut throttle = throttle(10);
    seconds(&mut throttle, 0, 60, 0.6, &[(1, 1, 90.0), (2, 2, 1.0)]);
    assert!(throttle.factors().is_empty());
}

#[test]
fn the_heaviest_gives_first_and_then_the_next() {
    let mut throttle = throttle(10);
    let asks = [
        (1, hash(1), 80.0),
        (1, hash(2), 10.0),
        (2, hash(3), 30.0),
        (2, hash(4), 5.0),
    ];
    seconds(&mut throttle, 0, 3, 1.0, &asks);
    let mut order = Vec::new();
    for second in 3..60 {
        seconds(&mut throttle, second, second + 1, 0.0, &asks);
        for (tenant, caller, _) in asks {
            let factor = throttle.factors().factor(tenant, caller);
            if factor < Factor::ONE && !order.contains(&caller) {
                order.push(caller);
            }
        }
    }
    assert_eq!(order[..2], [hash(1), hash(3)], "{order:?}");
    for (tenant, caller, _) in asks {
        assert!(throttle.factors().factor(tenant, caller) >= Factor::of(Percent::of(10)));
    }
}

/// Two tenants ask for the same; one does so by one caller, the other by ten.
#[test]
fn tenants_share_fairly_however_many_callers_they_have() {
    let mut throttle = throttle(1);
    let mut asks = vec![(1, hash(1), 50.0)];
    asks.extend((10..20).map(|caller| (2, hash(caller), 5.0)));
    seconds(&mut throttle, 0, 3, 1.0, &asks);
    for second in 3..9 {
        seconds(&mut throttle, second, second + 1, 0.2, &asks);
    }
    let tenants: Vec<f64> = throttle.tenants.all().map(Heavy::rate).collect();
    assert!((tenants[0] / tenants[1] - 1.0).abs() < 0.15, "{tenants:?}");
    assert!(tenants[0] < 0.45, "{tenants:?}");
}

#[test]
fn it_is_all_over_when_there_is_room_again() {
    let mut throttle = throttle(10);
    let asks = [(1, hash(1), 90.0), (2, hash(2), 5.0)];
    seconds(&mut throttle, 0, 5, 1.0, &asks);
    seconds(&mut throttle, 5, 15, 0.0, &asks);
    let tight = throttle.factors().factor(1, hash(1));
    assert!(tight < Factor::new(0.5));
    seconds(&mut throttle, 15, 16, 1.0, &asks);
    let soon = throttle.factors().factor(1, hash(1));
    assert!(soon < Factor::new(2.0 * tight.share()), "at once: {soon:?}");
    seconds(&mut throttle, 16, 45, 1.0, &asks);
    assert!(throttle.factors().is_empty());
    assert_eq!(throttle.level, None);
}

/// A thousand callers of one tenant, none of them heavy.
#[test]
fn many_light_callers_give_alike() {
    let mut throttle = throttle(20);
    let crowd = (0..3_000).map(|caller| (1, hash(caller + 10), 0.3));
    let mut asks: Vec<_> = crowd.collect();
    asks.push((2, hash(1), 5.0));
    seconds(&mut throttle, 0, 3, 1.0, &asks);
    seconds(&mut throttle, 3, 20, 0.0, &asks);
    assert!(throttle.factors().factor(1, hash(999_999)) < Factor::ONE);
    assert!(throttle.factors().factor(1, hash(999_999)) >= Factor::of(Percent::of(20)));
    assert_eq!(throttle.factors().of_tenant(2), Factor::ONE);
}

#[test]
fn a_flood_of_callers_does_not_hide_a_heavy_one_nor_taint_a_light_one() {
    let mut hitters = Hitters::new(512);
    for round in 0..200_u64 {
        for crowd in 0..500 {
            let caller = hash(round * 500 + crowd + 10);
            hitters.add(caller, caller, 1.0, 0.01);
        }
        hitters.add(hash(1), 1, 1.0, 2.0);
    }
    let heavy = hitters.all().find(|heavy| heavy.key == hash(1)).unwrap();
    assert!(heavy.rate() > 0.9 * 400.0);
    let others = hitters.all().filter(|heavy| heavy.key != hash(1));
    assert!(others.map(Heavy::rate).fold(0.0, f64::max) <= 0.011);
    assert_eq!(hitters.all().count(), 512);
}

#[test]
fn a_clock_that_stepped_back_does_not_stop_it() {
    let mut throttle = throttle(10);
    throttle.steer(1.0, Duration::from_secs(1_000));
    throttle.record(&used(1, 1, 5.0));
    for tenth in 0..50 {
        throttle.record(&used(1, 1, 5.0));
        throttle.steer(0.0, Duration::from_millis(100 * tenth));
    }
    assert!(!throttle.factors().is_empty());
}

proptest! {
    /// Never below the least, never above the whole, whatever is measured and however the clock goes.
    #[test]
    fn factors_stay_within_bounds(
        min in 0_u8..=100,
        events in proptest::collection::vec(
            (0_u64..4, 0_u64..40, any::<u32>(), any::<f64>(), any::<f64>(), 0_u64..100_000),
            0..200,
        ),
    ) {
        let mut throttle = throttle(min);
        for (tenant, caller, units, cost, share, at) in events {
            throttle.record(&Usage { tenant, caller, units, cost });
            throttle.steer(share, Duration::from_millis(at));
            for caller in 0..40 {
                let factor = throttle.factors().factor(tenant, caller);
                prop_assert!(Factor::of(Percent::of(min)) <= factor && factor <= Factor::ONE);
            }
        }
    }

    /// What is shared out is what there is; who wants less than an equal part gets all of it.
    #[test]
    fn shares_are_max_min_fair(
        level in 0.0..100.0,
        costs in proptest::collection::vec(0.0_f64..50.0, 1..20),
    ) {
        let rate = costs.iter().sum();
        let wants: Vec<_> = costs.iter().map(|&cost| Want { cost, factor: Factor::ONE }).collect();
        let shares = Shares::of(level, rate, wants.iter().copied());
        let portions: Vec<f64> = wants
            .iter()
            .map(|want| match shares.of_one(want) {
                Portion::All => want.cost,
                Portion::Share(share) => share,
            })
            .collect();
        let sum: f64 = portions.iter().sum();
        prop_assert!((sum - rate.min(level)).abs() < 1e-6, "{sum} of {rate} at {level}");
        for (want, portion) in wants.iter().zip(&portions) {
            let is_whole = want.cost <= portion + 1e-9;
            prop_assert!(is_whole || portions.iter().all(|other| *other <= portion + 1e-9));
            prop_assert!(is_whole || want.cost > level / wants.len() as f64 - 1e-9);
        }
    }
}
