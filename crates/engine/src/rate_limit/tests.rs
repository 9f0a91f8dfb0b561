use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn gcra(events: u32, per: Duration, burst: u32) -> Gcra {
    Gcra::new(Rate::new(events, per).unwrap(), burst)
}

fn is_allowed(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Allow { .. })
}

#[test]
fn a_burst_then_the_rate() {
    let limit = gcra(10, SECOND, 3);
    let mut cell = Cell::default();
    let millis = Duration::from_millis;
    for (now, wanted) in [
        (
            0,
            Verdict::Allow {
                remaining: 2,
                reset: millis(100),
            },
        ),
        (
            0,
            Verdict::Allow {
                remaining: 1,
                reset: millis(200),
            },
        ),
        (
            0,
            Verdict::Allow {
                remaining: 0,
                reset: millis(300),
            },
        ),
        (
            0,
            Verdict::Deny {
                retry_after: millis(100),
            },
        ),
        (
            40,
            Verdict::Deny {
                retry_after: millis(60),
            },
        ),
        (
            100,
            Verdict::Allow {
                remaining: 0,
                reset: millis(300),
            },
        ),
        (
            100,
            Verdict::Deny {
                retry_after: millis(100),
            },
        ),
        (
            9000,
            Verdict::Allow {
                remaining: 2,
                reset: millis(100),
            },
        ),
    ] {
        let (verdict, next) = limit.decide(cell, millis(now));
        assert_eq!(verdict, wanted, "at {now} ms");
        cell = next;
    }
}

#[test]
fn a_burst_of_one() {
    let limit = gcra(1, SECOND, 1);
    let (first, cell) = limit.decide(Cell::default(), Duration::ZERO);
    assert_eq!(
        first,
        Verdict::Allow {
            remaining: 0,
            reset: SECOND
        }
    );
    assert!(!is_allowed(
        limit.decide(cell, Duration::from_nanos(999_999_999)).0
    ));
    assert!(is_allowed(limit.decide(cell, SECOND).0));
    assert_eq!(gcra(1, SECOND, 0).burst(), 1);
}

#[test]
fn a_denial_costs_nothing() {
    let limit = gcra(1, SECOND, 1);
    let (_, cell) = limit.decide(Cell::default(), Duration::ZERO);
    let (verdict, after) = limit.decide(cell, Duration::from_millis(10));
    assert!(!is_allowed(verdict));
    assert_eq!(cell, after);
}

#[test]
fn the_interval_is_rounded_up() {
    assert_eq!(
        gcra(3, SECOND, 1).interval(),
        Duration::from_nanos(333_333_334)
    );
}

#[test]
fn the_ends_of_time() {
    let slow = gcra(1, Duration::from_secs(u64::MAX), u32::MAX);
    let (verdict, cell) = slow.decide(Cell::default(), Duration::ZERO);
    assert!(is_allowed(verdict));
    assert!(!is_allowed(slow.decide(cell, Duration::ZERO).0));
    let quick = gcra(1_000_000_000, SECOND, u32::MAX);
    assert!(is_allowed(quick.decide(Cell::default(), Duration::ZERO).0));
    assert!(!is_allowed(quick.decide(Cell(u64::MAX), Duration::MAX).0));
}

#[test]
fn header_values() {
    for (events, per, burst, wanted) in [
        (100, 60, 100, "\"per_client\";q=100;w=60"),
        (100, 1, 200, "\"per_client\";q=200;w=2"),
        (3, 1, 1, "\"per_client\";q=1;w=1"),
    ] {
        let limit = gcra(events, Duration::from_secs(per), burst);
        assert_eq!(LimitHeaders::new("per_client", &limit).policy(), wanted);
    }
    let limit = gcra(1, SECOND, 1);
    let headers = LimitHeaders::new("per_client", &limit);
    let reset = Duration::from_millis(11_001);
    let verdict = Verdict::Allow {
        remaining: 42,
        reset,
    };
    assert_eq!(headers.limit(verdict), "\"per_client\";r=42;t=12");
    let verdict = Verdict::Deny {
        retry_after: SECOND,
    };
    assert_eq!(headers.limit(verdict), "\"per_client\";r=0;t=1");
    let odd = LimitHeaders::new("a\"b\\c\u{e9}\n d", &limit);
    assert_eq!(odd.policy(), "\"a_b_c__ d\";q=1;w=1");
    let long = LimitHeaders::new(&"x".repeat(300), &limit);
    let most = Verdict::Allow {
        remaining: u32::MAX,
        reset: Duration::MAX,
    };
    assert!(
        long.limit(most)
            .to_str()
            .unwrap()
            .ends_with(";r=4294967295;t=18446744073709551615")
    );
}

#[test]
fn retry_after_is_rounded_up() {
    for (nanos, wanted) in [
        (0, "1"),
        (1, "1"),
        (1_000_000_000, "1"),
        (1_000_000_001, "2"),
    ] {
        assert_eq!(retry_after(Duration::from_nanos(nanos)), wanted);
    }
}

/// At most `burst + w / interval` of these times in any window, both ends included.
fn assert_bounded(limit: &Gcra, mut allowed: Vec<u64>) {
    allowed.sort_unstable();
    for (first, from) in allowed.iter().enumerate() {
        for (last, to) in allowed.iter().enumerate().skip(first) {
            let count = (last - first + 1) as u64;
            let most = u64::from(limit.burst) + (to - from) / limit.interval;
            assert!(count <= most, "{count} allowed in {} ns", to - from);
        }
    }
}

proptest! {
    /// TRAPS 25: never more than the bound, in any window.
    #[test]
    fn bounded(
        events in 1_u32..50,
        burst in 1_u32..8,
        gaps in proptest::collection::vec(0_u64..300_000_000, 1..120),
    ) {
        let limit = gcra(events, SECOND, burst);
        let (mut cell, mut now, mut allowed) = (Cell::default(), 0, Vec::new());
        for gap in gaps {
            now += gap;
            let (verdict, next) = limit.decide(cell, Duration::from_nanos(now));
            if is_allowed(verdict) {
                allowed.push(now);
            }
            cell = next;
        }
        assert_bounded(&limit, allowed);
    }

    /// TRAPS 25: a clock that steps back never gives anyone more.
    #[test]
    fn bounded_whatever_the_clock(
        events in 1_u32..50,
        burst in 1_u32..8,
        times in proptest::collection::vec(0_u64..2_000_000_000, 1..120),
    ) {
        let limit = gcra(events, SECOND, burst);
        let (mut cell, mut allowed) = (Cell::default(), Vec::new());
        for now in times {
            let (verdict, next) = limit.decide(cell, Duration::from_nanos(now));
            if is_allowed(verdict) {
                allowed.push(now);
            }
            prop_assert!(next >= cell);
            cell = next;
        }
        assert_bounded(&limit, allowed);
    }

    /// Waiting as long as told is enough, and a nanosecond less is not.
    #[test]
    fn retry_after_is_exact(events in 1_u32..1000, burst in 1_u32..5, early in 0_u64..1_000_000) {
        let limit = gcra(events, SECOND, burst);
        let mut cell = Cell::default();
        let now = Duration::from_nanos(early);
        let mut denied = None;
        for _ in 0..=burst {
            let (verdict, next) = limit.decide(cell, now);
            cell = next;
            if let Verdict::Deny { retry_after } = verdict {
                denied = Some(retry_after);
            }
        }
        let wait = denied.expect("one more than the burst");
        prop_assert!(is_allowed(limit.decide(cell, now + wait).0));
        prop_assert!(!is_allowed(limit.decide(cell, now + wait - Duration::from_nanos(1)).0));
    }

    /// What is said to remain can be had at once, and no more.
    #[test]
    fn remaining_is_true(burst in 1_u32..20, used in 1_u32..20, now in 0_u64..1_000_000_000_000) {
        let limit = gcra(7, SECOND, burst);
        let now = Duration::from_nanos(now);
        let mut cell = Cell::default();
        for _ in 0..used {
            let (verdict, next) = limit.decide(cell, now);
            cell = next;
            if let Verdict::Allow { remaining, .. } = verdict {
                let mut probe = cell;
                for _ in 0..remaining {
                    let (verdict, next) = limit.decide(probe, now);
                    prop_assert!(is_allowed(verdict));
                    probe = next;
                }
                prop_assert!(!is_allowed(limit.decide(probe, now).0));
            }
        }
    }

    #[test]
    fn any_numbers(events in 1_u32.., per in 1_u64.., burst: u32, cell: u64, now: u64) {
        if let Ok(rate) = Rate::new(events, Duration::from_nanos(per)) {
            let (verdict, next) = Gcra::new(rate, burst).decide(Cell(cell), Duration::from_nanos(now));
            prop_assert!(next.0 >= cell);
            prop_assert!(is_allowed(verdict) == (next.0 > cell));
        }
    }
}
