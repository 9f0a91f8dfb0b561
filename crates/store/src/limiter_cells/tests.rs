mod blame;
mod refunds;

use policy::{LimitAlgorithm, LimitPolicy, Rate};
use proptest::{collection::vec, prelude::*};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn gcra(events: u32, per: Duration, burst: u32) -> Limiter {
    let mut policy = LimitPolicy::new("a", Rate::new(events, per).unwrap());
    policy.algorithm = LimitAlgorithm::Gcra { burst };
    Limiter::new(&policy)
}

fn window(events: u32, per: Duration) -> Limiter {
    let mut policy = LimitPolicy::new("a", Rate::new(events, per).unwrap());
    policy.algorithm = LimitAlgorithm::SlidingWindow;
    Limiter::new(&policy)
}

fn key(number: u64) -> u128 {
    crate::hash(&number.to_le_bytes())
}

fn ask(cells: &LimiterCells, key: u128, limiter: &Limiter, now: Duration) -> Verdict {
    cells.decide(key, limiter, &Ask::new(now))
}

fn is_allowed(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Allow { .. })
}

#[test]
fn callers_do_not_share_an_allowance() {
    for limiter in [gcra(1, SECOND, 2), window(2, SECOND)] {
        let cells = LimiterCells::new(1024 * 1024);
        for caller in [1, 2] {
            let allowed = || is_allowed(ask(&cells, key(caller), &limiter, SECOND));
            assert_eq!([allowed(), allowed(), allowed()], [true, true, false]);
        }
        assert_eq!(cells.figures().callers, 2);
        assert_eq!(cells.figures().shared, 0);
    }
}

#[test]
fn a_settlement_finds_its_caller() {
    for limiter in [gcra(1, SECOND, 5), window(5, SECOND)] {
        for bytes in [0, 1024 * 1024] {
            let cells = LimiterCells::new(bytes);
            if bytes == 0 {
                crowd(&cells, &limiter, 10_000);
            }
            let now = SECOND;
            assert!(is_allowed(ask(&cells, key(u64::MAX), &limiter, now)) || bytes == 0);
            let settlement = Settlement {
                charged: 1,
                actual: 9,
                turn: now,
            };
            cells.settle(key(u64::MAX), &limiter, &settlement, now);
            assert!(!is_allowed(ask(&cells, key(u64::MAX), &limiter, now)));
        }
    }
}

/// This many new callers ask once.
fn crowd(cells: &LimiterCells, limiter: &Limiter, callers: u64) -> u64 {
    let allowed = (0..callers).filter(|n| is_allowed(ask(cells, key(*n), limiter, SECOND)));
    allowed.count() as u64
}

#[test]
fn what_has_passed_makes_room() {
    for limiter in [gcra(1, SECOND, 2), window(2, SECOND)] {
        let cells = LimiterCells::new(0);
        crowd(&cells, &limiter, 10_000);
        let shared = cells.figures().shared;
        assert!(shared > 0);
        let later = 100 * SECOND;
        for caller in 10_000..10_016 {
            assert!(is_allowed(ask(&cells, key(caller), &limiter, later)));
        }
        assert_eq!(cells.figures().shared, shared);
    }
}

/// TRAPS 25: rotating keys under pressure neither evicts a caller's debt nor buys a fresh bucket.
#[test]
fn key_pressure_never_hands_out_fresh_buckets() {
    for limiter in [gcra(1, SECOND, 2), window(2, SECOND)] {
        let cells = LimiterCells::new(0);
        let abuser = key(u64::MAX);
        while is_allowed(ask(&cells, abuser, &limiter, SECOND)) {}
        let allowed = crowd(&cells, &limiter, 100_000);
        assert!(!is_allowed(ask(&cells, abuser, &limiter, SECOND)));
        let figures = cells.figures();
        // One for each that has a place of its own, and a few for each shared cell.
        assert!(
            allowed < figures.callers + figures.bytes / 8,
            "{allowed} {figures:?}"
        );
        assert!(allowed < 10_000, "{allowed} of 100000 new callers");
    }
}

/// TRAPS 25: a caller who was counted in the sketch does not begin anew because there is a place for
/// him: he gets it when nothing is known of him any more.
#[test]
fn who_has_used_something_gets_no_place_to_begin_anew_in() {
    for limiter in [gcra(1, 10 * SECOND, 3), window(3, 30 * SECOND)] {
        let cells = LimiterCells::new(0);
        let short = match limiter {
            Limiter::Gcra(_) => gcra(10, SECOND, 1),
            Limiter::SlidingWindow(_) => window(1, SECOND),
        };
        // Fills the places for a second.
        for caller in 0..20_000 {
            ask(&cells, key(caller), &short, SECOND);
        }
        let late = key(u64::MAX);
        let now = SECOND + Duration::from_millis(1);
        while is_allowed(ask(&cells, late, &limiter, now)) {}
        let shared = cells.figures().shared;
        assert!(!is_allowed(ask(&cells, late, &limiter, now + 3 * SECOND)));
        assert_eq!(cells.figures().shared, shared + 1, "{limiter:?}");
        // After all of it has passed twice, there is a whole quota and a place, and no more.
        let later = now + 100 * SECOND;
        let allowed = (0..10).filter(|_| is_allowed(ask(&cells, late, &limiter, later)));
        assert_eq!(allowed.count(), 3, "{limiter:?}");
        assert_eq!(cells.figures().shared, shared + 1, "{limiter:?}");
    }
}

/// A million distinct callers in four mebibytes, most of which never come again.
#[test]
fn a_million_keys_stay_within_the_share() {
    let bytes = 4 * 1024 * 1024;
    for (name, limiter) in [
        ("gcra 60/min burst 60", gcra(60, 60 * SECOND, 60)),
        ("gcra 5/min burst 5", gcra(5, 60 * SECOND, 5)),
        ("sliding window 60/min", window(60, 60 * SECOND)),
        ("sliding window 3/h", window(3, 3600 * SECOND)),
    ] {
        let cells = LimiterCells::new(bytes);
        let callers = 1_000_000;
        let mut allowed = 0;
        for caller in 0..callers {
            let now = SECOND + Duration::from_micros(10 * caller);
            allowed += u64::from(is_allowed(ask(&cells, key(caller), &limiter, now)));
        }
        let figures = cells.figures();
        println!(
            "{name}: {callers} callers, {} with a place, {} bytes of {bytes}, {} decisions shared, \
             {allowed} allowed",
            figures.callers, figures.bytes, figures.shared,
        );
        assert!(figures.bytes <= bytes);
        assert!(figures.callers < callers);
    }
}

/// How many innocents are refused when there are so many times as many callers as places, of which each
/// has asked once a moment ago.
#[test]
fn false_refusals_under_overload() {
    println!("refused of newcomers at 2, 4 and 10 times as many callers as places");
    for (name, limiter, most) in [
        (
            "gcra 60/min burst 60",
            gcra(60, 60 * SECOND, 60),
            [0.0, 0.0, 0.001],
        ),
        (
            "gcra 20/min burst 20",
            gcra(20, 60 * SECOND, 20),
            [0.0, 0.0, 0.01],
        ),
        (
            "gcra 10/min burst 10",
            gcra(10, 60 * SECOND, 10),
            [0.0, 0.0, 1.0],
        ),
        (
            "gcra 5/min burst 5",
            gcra(5, 60 * SECOND, 5),
            [0.01, 0.1, 1.0],
        ),
        (
            "sliding window 60/min",
            window(60, 60 * SECOND),
            [0.0, 0.0, 0.001],
        ),
        (
            "sliding window 5/min",
            window(5, 60 * SECOND),
            [0.01, 0.1, 1.0],
        ),
    ] {
        let cells = LimiterCells::new(256 * 1024);
        crowd(&cells, &limiter, 200_000);
        let places = cells.figures().callers;
        let rates = [2, 4, 10].map(|times| {
            let cells = LimiterCells::new(256 * 1024);
            let callers = times * places;
            crowd(&cells, &limiter, callers);
            let newcomers = (0..1_000).map(|n| key(callers + n));
            let now = 2 * SECOND;
            let refused = newcomers.filter(|key| !is_allowed(ask(&cells, *key, &limiter, now)));
            refused.count() as f64 / 1_000.0
        });
        println!("{name}, {places} places: {rates:.3?}");
        assert!(rates.iter().zip(most).all(|(rate, most)| *rate <= most));
    }
}

#[derive(Clone, Debug)]
struct Request {
    caller: u64,
    millis: u64,
    cost: u32,
    debit: u32,
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let debit = prop_oneof![4 => Just(0_u32), 1 => 0_u32..3];
    let request = (0_u64..400, 0_u64..40, 1_u32..4, debit);
    let request = request.prop_map(|(caller, millis, cost, debit)| Request {
        // Some ask often, most ask once.
        caller: if caller < 200 { caller % 4 } else { caller },
        millis,
        cost,
        debit,
    });
    vec(request, 1..600)
}

/// The same limit with all the memory of the world, and with next to none: whatever is allowed with
/// none is within the bound of one caller.
fn assert_never_more(limiter: &Limiter, requests: &[Request], bound: impl Fn(u64) -> u64) {
    let cells = LimiterCells::new(0);
    // Callers of another limit take most of the places, and leave them in the course of the test.
    let other = match limiter {
        Limiter::Gcra(_) => gcra(1, 4 * SECOND, 1),
        Limiter::SlidingWindow(_) => window(1, 4 * SECOND),
    };
    for caller in 0..2_000 {
        let now = Duration::from_millis(2 * caller);
        ask(&cells, key(1_000_000 + caller), &other, now);
    }
    let mut allowed: Vec<(u64, u64, u64)> = Vec::new();
    let mut now = 4_000;
    for request in requests {
        now += request.millis;
        let time = Duration::from_millis(now);
        let ask = Ask {
            cost: request.cost,
            ..Ask::new(time)
        };
        let verdict = cells.decide(key(request.caller), limiter, &ask);
        if is_allowed(verdict) {
            let cost = request.cost.min(limiter.quota());
            allowed.push((request.caller, now, u64::from(cost)));
            let actual = request.cost + request.debit;
            let settlement = Settlement {
                charged: request.cost,
                actual,
                turn: time,
            };
            cells.settle(key(request.caller), limiter, &settlement, time);
        }
    }
    for (first, (caller, from, _)) in allowed.iter().enumerate() {
        let mut sum = 0;
        for (_, to, cost) in allowed[first..]
            .iter()
            .filter(|(other, ..)| other == caller)
        {
            sum += cost;
            assert!(sum <= bound(to - from), "{sum} in {} ms", to - from);
        }
    }
}

proptest! {
    #[test]
    fn nobody_gets_more_for_want_of_memory(
        requests in requests(),
        events in 1_u32..20,
        burst in 1_u32..8,
    ) {
        let limiter = gcra(events, SECOND, burst);
        let bound = |millis| u64::from(burst) + millis * u64::from(events) / 1_000;
        assert_never_more(&limiter, &requests, bound);
        let limiter = window(events, SECOND);
        let bound = |millis| if millis < 1_000 { u64::from(events) } else { u64::MAX };
        assert_never_more(&limiter, &requests, bound);
    }

    #[test]
    fn memory_stays_within_the_share(
        bytes in 64_u64 * 1024..256 * 1024,
        keys in vec((any::<u64>(), 0_u64..2_000, 1_u32..40), 0..4_000),
    ) {
        let cells = LimiterCells::new(bytes);
        let gcra = gcra(1, SECOND, 40);
        let windows = [window(3, SECOND), window(40, SECOND)];
        for (caller, millis, cost) in keys {
            let ask = Ask { cost, ..Ask::new(Duration::from_millis(millis)) };
            cells.decide(key(caller), &gcra, &ask);
            cells.decide(key(caller), &windows[usize::from(caller % 2 == 0)], &ask);
            cells.decide(key(caller % 8), &windows[1], &ask);
        }
        prop_assert!(cells.figures().bytes <= bytes);
    }
}

/// A clock that was days ahead for a while: nobody is shut out for days, in the sketch neither.
#[test]
fn a_clock_that_was_far_ahead_locks_nobody_out() {
    for limiter in [gcra(1, SECOND, 2), window(2, 2 * SECOND)] {
        let cells = LimiterCells::new(0);
        for caller in 0..5_000 {
            ask(&cells, key(caller), &limiter, 1_000_000 * SECOND);
        }
        let busy = |caller| {
            let ask = |now| ask(&cells, key(caller), &limiter, now);
            let first = ask(SECOND);
            (1..=20).any(|seconds| is_allowed(ask(seconds * SECOND))) || is_allowed(first)
        };
        // Those that found a place, and as many that did not: one at a time, for a cell is shared.
        let back = (0..50).filter(|caller| busy(*caller)).count();
        assert!(back == 50, "{back} of 50 are back");
    }
}
