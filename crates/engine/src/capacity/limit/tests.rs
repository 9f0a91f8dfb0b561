use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::failure::Failure;

const MILLIS: Duration = Duration::from_millis(1);
const WELL: AttemptEnd = AttemptEnd::Answered {
    status: 200,
    retry_after: None,
};

/// Whoever is in flight ends after `took`; as many as are let in are always in flight.
fn saturate(limit: &mut Limit, end: AttemptEnd, took: Duration, from: Duration, until: Duration) {
    let mut now = from;
    while now < until {
        let in_flight = limit.current();
        limit.learn(&Attempt { end, took }, in_flight, now);
        now += took / in_flight;
    }
}

#[test]
fn it_grows_while_the_origin_is_as_quick_as_ever() {
    let mut limit = Limit::new(1, 500, 20);
    assert!((18..=22).contains(&limit.current()));
    saturate(&mut limit, WELL, 10 * MILLIS, Duration::ZERO, 900 * MILLIS);
    assert!(limit.current() > 100, "{}", limit.current());
    let idle = limit.idle_latency().expect("seen").as_secs_f64();
    assert!((idle - 0.01).abs() < 1e-6, "{idle}");
}

#[test]
fn it_shrinks_when_answers_take_much_longer() {
    let mut limit = Limit::new(1, 60, 60);
    saturate(&mut limit, WELL, 10 * MILLIS, Duration::ZERO, 500 * MILLIS);
    assert!(limit.current() > 50);
    saturate(&mut limit, WELL, 40 * MILLIS, 500 * MILLIS, 900 * MILLIS);
    assert!(limit.current() < 30, "{}", limit.current());
}

#[test]
fn it_falls_to_its_least_when_everything_fails_and_comes_back() {
    for end in [
        AttemptEnd::Failed(Failure::ConnectFailed),
        AttemptEnd::Answered {
            status: 429,
            retry_after: None,
        },
        AttemptEnd::Answered {
            status: 503,
            retry_after: Some(Duration::from_secs(1)),
        },
    ] {
        let mut limit = Limit::new(3, 60, 60);
        saturate(&mut limit, WELL, 10 * MILLIS, Duration::ZERO, 500 * MILLIS);
        saturate(&mut limit, end, 2 * MILLIS, 500 * MILLIS, 900 * MILLIS);
        assert_eq!(limit.current(), 3, "{end:?}");
        saturate(&mut limit, WELL, 10 * MILLIS, 900 * MILLIS, 4000 * MILLIS);
        assert!(limit.current() > 25, "{end:?}: {}", limit.current());
    }
}

/// So many at once, each let in as soon as there is room, all answered after about 40 ms.
fn burst(limit: &mut Limit, end: AttemptEnd, mut waiting: u32, now: &mut Duration) {
    let mut in_flight = VecDeque::new();
    loop {
        while waiting > 0 && (in_flight.len() as u32) < limit.current() {
            waiting -= 1;
            let took = (40 + waiting % 3) * MILLIS;
            in_flight.push_back((*now + took, took));
        }
        let count = in_flight.len() as u32;
        let Some((ends, took)) = in_flight.pop_front() else {
            return;
        };
        *now = ends.max(*now);
        limit.learn(&Attempt { end, took }, count, *now);
    }
}

/// A swing of a small limit is a large part of it, and must not look like a limit that is not used.
#[test]
fn it_comes_back_from_one_at_a_time() {
    let overload = AttemptEnd::Answered {
        status: 503,
        retry_after: Some(Duration::from_secs(1)),
    };
    for warm in 1..8 {
        let mut limit = Limit::new(1, 12, 12);
        let mut now = Duration::from_secs(1);
        (0..warm).for_each(|_| burst(&mut limit, WELL, 30, &mut now));
        (0..3).for_each(|_| burst(&mut limit, overload, 30, &mut now));
        assert_eq!(limit.current(), 1, "{warm}");
        (0..6).for_each(|_| burst(&mut limit, WELL, 30, &mut now));
        assert!(limit.current() >= 5, "{warm}: {limit:?}");
    }
}

/// One route of several may be broken for reasons of its own.
#[test]
fn failures_without_load_are_no_overload() {
    let mut limit = Limit::new(1, 40, 40);
    let broken = AttemptEnd::Answered {
        status: 500,
        retry_after: None,
    };
    let mut now = Duration::ZERO;
    let mut number = 0;
    let mut go = |limit: &mut Limit, in_flight: u32, until: Duration| {
        while now < until {
            number += 1;
            let end = if number % 5 == 0 { broken } else { WELL };
            let took = 10 * MILLIS;
            limit.learn(&Attempt { end, took }, in_flight.min(limit.current()), now);
            now += took / in_flight;
        }
    };
    go(&mut limit, 5, Duration::from_secs(10));
    assert!(limit.current() > 30, "unused, it stays where it is");
    go(&mut limit, 40, Duration::from_secs(14));
    assert!(limit.current() > 15, "{}", limit.current());
}

/// An API says 429 to a client over its quota, or one route of many breaks, while there is much to do:
/// all others go on as before.
#[test]
fn failures_that_less_load_does_not_change_take_no_room_from_others() {
    for (percent, least) in [(5, 45), (10, 40), (20, 35), (45, 30)] {
        let mut limit = Limit::new(1, 60, 60);
        saturate(&mut limit, WELL, 10 * MILLIS, Duration::ZERO, 500 * MILLIS);
        let quota = AttemptEnd::Answered {
            status: 429,
            retry_after: None,
        };
        // The same draws each time, spread like chance.
        let (mut now, mut draw) = (500 * MILLIS, 1_u32);
        let (mut sum, mut count) = (0_u64, 0_u64);
        while now < Duration::from_secs(30) {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let end = if (draw >> 16) % 100 < percent {
                quota
            } else {
                WELL
            };
            let in_flight = limit.current();
            let took = 10 * MILLIS;
            limit.learn(&Attempt { end, took }, in_flight, now);
            now += took / in_flight;
            if now > Duration::from_secs(5) {
                sum += u64::from(in_flight);
                count += 1;
            }
        }
        let mean = sum / count;
        assert!(mean > least, "{percent} %: {mean}");
    }
}

/// An origin that fails what is too much for it: there, less load helps.
#[test]
fn failures_that_less_load_ends_keep_the_limit_down() {
    for most in [5, 10, 20, 40] {
        let mut limit = Limit::new(1, 60, 60);
        saturate(&mut limit, WELL, 10 * MILLIS, Duration::ZERO, 100 * MILLIS);
        let refused = AttemptEnd::Answered {
            status: 503,
            retry_after: Some(Duration::from_secs(1)),
        };
        let (mut now, mut draw) = (100 * MILLIS, 1_u32);
        let (mut sum, mut count) = (0_u64, 0_u64);
        while now < Duration::from_secs(30) {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let in_flight = limit.current();
            let end = if (draw >> 16) % in_flight < most {
                WELL
            } else {
                refused
            };
            let took = 10 * MILLIS;
            limit.learn(&Attempt { end, took }, in_flight, now);
            now += took / in_flight;
            if now > Duration::from_secs(5) {
                sum += u64::from(in_flight);
                count += 1;
            }
        }
        let mean = sum / count;
        let most = u64::from(most);
        // Twice as many fail half of the time, which is as much as it may take for the usual.
        let tolerable = most / 2..=(most * 5 / 2).min(50);
        assert!(tolerable.contains(&mean), "{most}: {mean}");
    }
}

#[test]
fn a_limit_that_is_not_used_stays_where_it_is() {
    let mut limit = Limit::new(1, 500, 100);
    let before = limit.current();
    let mut now = Duration::ZERO;
    for took in [10, 10, 10, 80, 80, 10] {
        for _ in 0..200 {
            now += 5 * MILLIS;
            let took = took * MILLIS;
            limit.learn(&Attempt { end: WELL, took }, 4, now);
        }
        assert_eq!(limit.current(), before);
    }
}

#[test]
fn who_leaves_early_says_nothing_and_who_waits_long_does() {
    let mut limit = Limit::new(1, 60, 60);
    saturate(&mut limit, WELL, 10 * MILLIS, Duration::ZERO, 300 * MILLIS);
    let before = limit.current();
    let gone = AttemptEnd::Abandoned;
    saturate(&mut limit, gone, 5 * MILLIS, 300 * MILLIS, 600 * MILLIS);
    let client = AttemptEnd::Failed(Failure::ClientGone);
    saturate(&mut limit, client, 500 * MILLIS, 600 * MILLIS, 900 * MILLIS);
    assert_eq!(limit.current(), before);
    saturate(&mut limit, gone, 500 * MILLIS, 900 * MILLIS, 4000 * MILLIS);
    assert!(limit.current() < before / 2, "{}", limit.current());
}

/// A dip halves what is let in for a moment, and never lets in fewer than the least.
#[test]
fn a_dip_is_short_and_leaves_the_limit_where_it_was() {
    let mut limit = Limit::new(30, 40, 40);
    let (mut now, mut dips, mut dipped) = (Duration::ZERO, 0, Duration::ZERO);
    let mut was = limit.current();
    while now < Duration::from_secs(60) {
        let in_flight = limit.current();
        assert!((30..=40).contains(&in_flight));
        let took = 20 * MILLIS;
        limit.learn(&Attempt { end: WELL, took }, in_flight, now);
        let step = took / in_flight;
        now += step;
        if limit.idle.dip().is_some() {
            dips += u32::from(was > 31);
            dipped += step;
            assert_eq!(limit.current(), 30);
        }
        was = limit.current();
    }
    assert!((2..=8).contains(&dips), "{dips}");
    assert!(dipped < Duration::from_secs(60) / 40, "{dipped:?}");
    assert!(limit.current() >= 35);
}

proptest! {
    #[test]
    fn always_within_its_bounds(
        min in 0_u32..50,
        max in 0_u32..200,
        initial: u32,
        tries in proptest::collection::vec((0_u8..6, 0_u64..5_000_000, 0_u32..400, 0_u64..50_000_000), 0..600),
    ) {
        let mut limit = Limit::new(min, max, initial);
        let (min, max) = (min.max(1), max.max(min).max(1));
        let mut now = Duration::ZERO;
        for (end, micros, in_flight, nanos) in tries {
            prop_assert!((min..=max).contains(&limit.current()));
            now += Duration::from_nanos(nanos);
            let end = match end {
                0 => AttemptEnd::Abandoned,
                1 => AttemptEnd::Failed(Failure::UpstreamClosed),
                2 => AttemptEnd::Answered { status: 429, retry_after: None },
                _ => WELL,
            };
            limit.learn(&Attempt { end, took: Duration::from_micros(micros) }, in_flight, now);
        }
        prop_assert!((min..=max).contains(&limit.current()));
    }

    /// Time may stand still or go back, and answers may take no time at all.
    #[test]
    fn any_times(tries in proptest::collection::vec((0_u64..3, 0_u64..3), 0..400)) {
        let mut limit = Limit::new(1, u32::MAX, 1);
        for (took, now) in tries {
            let took = Duration::from_nanos(took);
            let in_flight = limit.current();
            limit.learn(&Attempt { end: WELL, took }, in_flight, Duration::from_nanos(now));
            prop_assert!(limit.current() >= 1);
        }
    }
}
