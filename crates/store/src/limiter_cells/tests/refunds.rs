//! What is given back when a request has cost less than it was charged: all of it, to its caller, and
//! never more than was taken.

use super::*;

const CALLER: u64 = 1;
const QUOTA: u32 = 6;
const MEBIBYTE: u64 = 1024 * 1024;

fn both() -> [Limiter; 2] {
    [gcra(QUOTA, SECOND, QUOTA), window(QUOTA, SECOND)]
}

fn charge(cells: &LimiterCells, limiter: &Limiter, caller: u64, cost: u32) -> Verdict {
    let ask = Ask {
        cost,
        ..Ask::new(SECOND)
    };
    cells.decide(key(caller), limiter, &ask)
}

fn settle(cells: &LimiterCells, limiter: &Limiter, caller: u64, charged: u32, actual: u32) {
    let settlement = Settlement {
        charged,
        actual,
        turn: SECOND,
    };
    cells.settle(key(caller), limiter, &settlement, SECOND);
}

/// How many requests that cost one are allowed right now.
fn left(cells: &LimiterCells, limiter: &Limiter, caller: u64) -> u32 {
    let allowed = || is_allowed(ask(cells, key(caller), limiter, SECOND));
    (0..10 * QUOTA).map_while(|_| allowed().then_some(1)).sum()
}

#[test]
fn what_was_too_much_comes_back_and_no_more() {
    for limiter in both() {
        for (before, charged, actual, wanted) in [
            (0, 5, 2, 4),
            (0, 5, 0, 6),
            (0, 1, 0, 6),
            // What was taken for another request stays taken.
            (4, 2, 0, 2),
            (5, 1, 0, 1),
            (1, 3, 1, 4),
            // More than the quota counts as the quota, and no more of it comes back.
            (0, 1_000, 0, 6),
            (0, 1_000, 2, 4),
            (0, u32::MAX, u32::MAX - 1, 0),
        ] {
            let cells = LimiterCells::new(MEBIBYTE);
            for _ in 0..before {
                assert!(is_allowed(charge(&cells, &limiter, CALLER, 1)));
            }
            assert!(is_allowed(charge(&cells, &limiter, CALLER, charged)));
            settle(&cells, &limiter, CALLER, charged, actual);
            let left = left(&cells, &limiter, CALLER);
            let case = format!("{before} {charged} {actual} {limiter:?}");
            assert_eq!(left, wanted, "{case}");
        }
    }
}

#[test]
fn it_comes_back_to_its_caller_and_to_nobody_else() {
    for limiter in both() {
        let cells = LimiterCells::new(MEBIBYTE);
        for caller in [CALLER, 2] {
            assert!(is_allowed(charge(&cells, &limiter, caller, QUOTA)));
        }
        settle(&cells, &limiter, CALLER, QUOTA, 0);
        assert_eq!(left(&cells, &limiter, 2), 0, "{limiter:?}");
        assert_eq!(left(&cells, &limiter, CALLER), QUOTA, "{limiter:?}");
    }
}

/// A caller who is not known any more, or never was, has nothing that could come back.
#[test]
fn nothing_comes_back_to_who_has_no_place() {
    for limiter in both() {
        let cells = LimiterCells::new(MEBIBYTE);
        settle(&cells, &limiter, CALLER, QUOTA, 0);
        assert_eq!(left(&cells, &limiter, CALLER), QUOTA, "{limiter:?}");
        // In the sketch it would come back to all who share a cell.
        let crowded = LimiterCells::new(0);
        crowd(&crowded, &limiter, 10_000);
        let late = u64::MAX;
        while is_allowed(charge(&crowded, &limiter, late, 1)) {}
        settle(&crowded, &limiter, late, QUOTA, 0);
        assert_eq!(left(&crowded, &limiter, late), 0, "{limiter:?}");
    }
}

/// Late, it is only what the bucket would not have had back by itself.
#[test]
fn what_has_come_back_by_itself_is_not_given_back_again() {
    let limiter = gcra(QUOTA, SECOND, QUOTA);
    let cells = LimiterCells::new(MEBIBYTE);
    assert!(is_allowed(charge(&cells, &limiter, CALLER, QUOTA)));
    // Half a second: three of the six are back.
    let now = SECOND + SECOND / 2;
    let settlement = Settlement {
        charged: QUOTA,
        actual: 0,
        turn: SECOND,
    };
    cells.settle(key(CALLER), &limiter, &settlement, now);
    let allowed = || is_allowed(ask(&cells, key(CALLER), &limiter, now));
    let left = (0..QUOTA * 2).filter(|_| allowed()).count();
    assert_eq!(left, 6);
}

proptest! {
    /// However costs are corrected, what was used in the end is within the bound.
    #[test]
    fn nobody_gets_more_by_being_given_back(
        requests in vec((0_u64..400, 1_u32..10, 0_u32..10), 1..60),
    ) {
        for limiter in both() {
            let cells = LimiterCells::new(MEBIBYTE);
            let (mut now, mut used) = (1_000, Vec::<(u64, u64)>::new());
            for (millis, cost, less) in &requests {
                now += millis;
                let time = Duration::from_millis(now);
                let ask = Ask { cost: *cost, ..Ask::new(time) };
                if is_allowed(cells.decide(key(CALLER), &limiter, &ask)) {
                    let actual = cost.saturating_sub(*less);
                    let settlement = Settlement { charged: *cost, actual, turn: time };
                    cells.settle(key(CALLER), &limiter, &settlement, time);
                    used.push((now, u64::from(actual.min(QUOTA))));
                }
            }
            for (first, (from, _)) in used.iter().enumerate() {
                let mut sum = 0;
                for (to, cost) in &used[first..] {
                    sum += cost;
                    let bound = match limiter {
                        Limiter::Gcra(_) => u64::from(QUOTA) + (to - from) * u64::from(QUOTA) / 1_000,
                        Limiter::SlidingWindow(_) if to - from < 1_000 => u64::from(QUOTA),
                        Limiter::SlidingWindow(_) => u64::MAX,
                    };
                    prop_assert!(sum <= bound, "{} in {} ms, {:?}", sum, to - from, limiter);
                }
            }
        }
    }
}
