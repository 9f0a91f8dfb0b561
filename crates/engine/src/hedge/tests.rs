use policy::{Mode, Percent};
use proptest::prelude::*;

use super::*;
use crate::retry::Permit;

const MILLI: Duration = Duration::from_millis(1);

fn hedging(after: HedgeAfter, budget: u8) -> Hedging {
    Hedging::new(Hedge {
        mode: Mode::Enforce,
        after,
        min_delay: 5 * MILLI,
        budget: Percent::of(budget),
    })
}

const fn candidate() -> Candidate {
    Candidate {
        nature: Nature::Repeatable,
        body: Replay::Here,
        left: None,
    }
}

fn granted(hedging: &Hedging, now: Duration, left: f64) -> Option<Permit> {
    match hedging.take(now, left) {
        Grant::Exhausted => None,
        Grant::Granted(permit) => Some(permit),
    }
}

#[test]
fn a_fixed_time_is_known_from_the_first_request_on() {
    for (after, wanted) in [(1, 5), (20, 20)] {
        let hedging = hedging(HedgeAfter::Time(after * MILLI), 10);
        let plan = hedging.plan(Duration::ZERO, candidate());
        assert_eq!(plan, Plan::After(wanted * MILLI));
    }
}

#[test]
fn a_percentile_is_learned_first_and_never_below_the_least_delay() {
    let hedging = hedging(HedgeAfter::Percentile(Percent::of(90)), 10);
    let learning = Plan::Never(Never::Learning);
    assert_eq!(hedging.plan(Duration::ZERO, candidate()), learning);
    (0..100).for_each(|_| hedging.learn(Duration::ZERO, MILLI));
    let later = Duration::from_secs(1);
    assert_eq!(hedging.plan(later, candidate()), Plan::After(5 * MILLI));
    (0..100).for_each(|_| hedging.learn(later, 40 * MILLI));
    let Plan::After(after) = hedging.plan(2 * later, candidate()) else {
        panic!("it has learned");
    };
    assert!(after >= 40 * MILLI && after <= 45 * MILLI, "{after:?}");
}

#[test]
fn only_what_may_be_sent_twice_in_time_is() {
    let hedging = hedging(HedgeAfter::Time(20 * MILLI), 10);
    let once = Candidate {
        nature: Nature::Once,
        ..candidate()
    };
    let streamed = Candidate {
        body: Replay::Gone,
        ..candidate()
    };
    let late = Candidate {
        left: Some(20 * MILLI),
        ..candidate()
    };
    for (candidate, wanted) in [
        (once, Never::Method),
        (streamed, Never::Body),
        (late, Never::Deadline),
    ] {
        let plan = hedging.plan(Duration::ZERO, candidate);
        assert_eq!(plan, Plan::Never(wanted));
    }
}

#[test]
fn capacity_takes_second_tries_away_first_and_last() {
    let hedging = hedging(HedgeAfter::Time(20 * MILLI), 10);
    let now = Duration::from_secs(1);
    for _ in 0..100 {
        hedging.plan(now, candidate());
    }
    let held: Vec<_> = (0..100)
        .filter_map(|_| granted(&hedging, now, 0.5))
        .collect();
    assert_eq!(held.len(), 5);
    assert!(granted(&hedging, now, 0.0).is_none());
    assert!(granted(&hedging, now, 1.0).is_some());
}

proptest! {
    /// An origin that slows down as a whole: every request is slow, and few have a second try.
    #[test]
    fn second_tries_keep_to_their_share(requests in 1_usize..2000, share in 0_u8..=30) {
        let hedging = hedging(HedgeAfter::Time(20 * MILLI), share);
        let mut sent = 0;
        for request in 0..requests {
            let now = Duration::from_millis(request as u64 * 3);
            hedging.plan(now, candidate());
            sent += usize::from(granted(&hedging, now + 20 * MILLI, 1.0).is_some());
        }
        prop_assert!(sent * 100 <= requests * usize::from(share), "{sent} of {requests}");
    }
}
