use proptest::prelude::*;

use super::*;

fn gcra(events: u32, per: Duration, burst: u32) -> Gcra {
    Gcra::new(rate(events, per), burst)
}

fn at(millis: u64) -> Ask {
    Ask::new(Duration::from_millis(millis))
}

fn allow(remaining: u32, reset: u64) -> Verdict {
    let reset = Duration::from_millis(reset);
    Verdict::Allow { remaining, reset }
}

fn deny(retry_after: u64) -> Verdict {
    let retry_after = Duration::from_millis(retry_after);
    denied(retry_after)
}

fn wait(delay: u64, reset: u64) -> Verdict {
    let (delay, reset) = (Duration::from_millis(delay), Duration::from_millis(reset));
    Verdict::Wait { delay, reset }
}

#[track_caller]
fn assert_verdicts(limit: &Gcra, asks: &[(Ask, Verdict)]) {
    let mut cell = Cell::default();
    for (ask, wanted) in asks {
        let (verdict, next) = limit.decide(cell, ask);
        assert_eq!(verdict, *wanted, "{ask:?}");
        cell = next;
    }
}

#[test]
fn a_burst_then_the_rate() {
    assert_verdicts(
        &gcra(10, SECOND, 3),
        &[
            (at(0), allow(2, 100)),
            (at(0), allow(1, 200)),
            (at(0), allow(0, 300)),
            (at(0), deny(100)),
            (at(40), deny(60)),
            (at(100), allow(0, 300)),
            (at(100), deny(100)),
            (at(9000), allow(2, 100)),
        ],
    );
}

#[test]
fn what_costs_more_takes_more() {
    let cost = |cost, millis| Ask { cost, ..at(millis) };
    assert_verdicts(
        &gcra(10, SECOND, 5),
        &[
            (cost(3, 0), allow(2, 300)),
            (cost(3, 0), deny(100)),
            (cost(2, 0), allow(0, 500)),
            (cost(0, 0), allow(0, 500)),
            // As much as everything, however much it costs.
            (cost(50, 400), deny(100)),
            (cost(50, 500), allow(0, 500)),
            (cost(5, 999), deny(1)),
        ],
    );
}

#[test]
fn a_turn_is_taken_by_who_waits_for_it() {
    let patient = |millis| Ask {
        longest_wait: SECOND,
        ..at(millis)
    };
    let limit = gcra(10, SECOND, 1).waiting(Duration::from_millis(250));
    assert_verdicts(
        &limit,
        &[
            (patient(0), allow(0, 100)),
            (patient(0), wait(100, 100)),
            (patient(0), wait(200, 100)),
            (patient(0), deny(300)),
            // Who does not wait comes after those who do.
            (at(150), deny(150)),
            (patient(200), wait(100, 100)),
            (at(400), allow(0, 100)),
        ],
    );
}

#[test]
fn a_tightened_caller_has_less_of_everything() {
    let half = |millis| Ask {
        factor: Factor::new(0.5),
        ..at(millis)
    };
    assert_verdicts(
        &gcra(10, SECOND, 4),
        &[
            (half(0), allow(1, 200)),
            (half(0), allow(0, 400)),
            (half(0), deny(200)),
            (half(200), allow(0, 400)),
            // And all of it again.
            (at(600), allow(3, 100)),
        ],
    );
    // A burst of one: the rate alone.
    assert_verdicts(
        &gcra(10, SECOND, 1).slowing(Factor::new(0.5)),
        &[
            (half(0), allow(0, 200)),
            (half(199), deny(1)),
            (half(200), allow(0, 200)),
        ],
    );
}

#[test]
fn a_settlement_puts_the_cell_where_it_should_be() {
    let limit = gcra(10, SECOND, 5);
    let now = 10 * SECOND;
    let cost = |cost| Ask {
        cost,
        ..Ask::new(now)
    };
    let (_, cheap) = limit.decide(Cell::default(), &cost(1));
    let (_, dear) = limit.decide(Cell::default(), &cost(4));
    let settle = |cell, charged, actual, at| {
        limit.settle(
            cell,
            &Settlement {
                charged,
                actual,
                turn: now,
            },
            at,
        )
    };
    assert_eq!(settle(cheap, 1, 4, now), dear);
    assert_eq!(settle(dear, 4, 1, now), cheap);
    assert_eq!(settle(dear, 4, 4, now), dear);
    // Into debt, as deep as the quota and no deeper.
    let deepest = settle(dear, 4, u32::MAX, now);
    assert_eq!(limit.decide(deepest, &Ask::new(now)).0, deny(600));
    // What the bucket would have filled up with in the meantime is not given back once more.
    let later = now + Duration::from_millis(100);
    assert_eq!(settle(dear, 4, 1, later).0, cheap.0 + 100_000_000);
    assert_eq!(settle(dear, 4, 1, now + SECOND), dear);
}

/// An answer after a long time: the allowance was full again before, and has been used since.
#[test]
fn giving_back_late_never_gives_too_much() {
    let limit = gcra(1, SECOND, 10);
    let dear = Ask { cost: 10, ..at(0) };
    let (_, cell) = limit.decide(Cell::default(), &dear);
    let (_, cell) = limit.decide(cell, &at(5_000));
    let turn = Duration::ZERO;
    let settlement = Settlement {
        charged: 10,
        actual: 1,
        turn,
    };
    let mut cell = limit.settle(cell, &settlement, 5 * SECOND);
    let mut more = 0;
    while let (Verdict::Allow { .. }, next) = limit.decide(cell, &at(5_000)) {
        (cell, more) = (next, more + 1);
    }
    assert!(more < 10, "{more} more at the same moment");
}

#[test]
fn a_burst_of_none_is_a_burst_of_one() {
    assert_eq!(gcra(1, SECOND, 0), gcra(1, SECOND, 1));
    assert_eq!(gcra(1, SECOND, 0).burst(), 1);
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
    let (verdict, cell) = slow.decide(Cell::default(), &at(0));
    assert!(is_allowed(verdict));
    assert!(!is_allowed(slow.decide(cell, &at(0)).0));
    let quick = gcra(1_000_000_000, SECOND, u32::MAX);
    assert!(is_allowed(quick.decide(Cell::default(), &at(0)).0));
    assert!(!is_allowed(
        quick.decide(Cell(u64::MAX), &Ask::new(Duration::MAX)).0
    ));
}

/// A clock that was days ahead: the caller waits for his debt, and not for days.
#[test]
fn a_clock_that_was_far_ahead_locks_nobody_out() {
    let limit = gcra(10, SECOND, 5).waiting(SECOND);
    let (_, cell) = limit.decide(Cell::default(), &at(1_000_000_000));
    let (verdict, cell) = limit.decide(cell, &at(1_000));
    assert_eq!(verdict, deny(1_600));
    assert!(is_allowed(limit.decide(cell, &at(2_600)).0));
}

proptest! {
    /// Waiting as long as told is enough, and a nanosecond less is not.
    #[test]
    fn retry_after_is_exact(
        events in 1_u32..1000,
        burst in 1_u32..5,
        cost in 1_u32..5,
        early in 0_u64..1_000_000,
        share in 0.05..1.0,
    ) {
        let limit = gcra(events, SECOND, burst).slowing(Factor::new(0.05));
        let mut cell = Cell::default();
        let factor = Factor::new(share);
        let ask = |now| Ask { cost, factor, ..Ask::new(now) };
        let now = Duration::from_nanos(early);
        let mut denied = None;
        for _ in 0..=burst {
            let (verdict, next) = limit.decide(cell, &ask(now));
            cell = next;
            if let Verdict::Deny { retry_after, .. } = verdict {
                denied = Some(retry_after);
            }
        }
        let wait = denied.expect("one more than the burst");
        prop_assert!(is_allowed(limit.decide(cell, &ask(now + wait)).0));
        let early = now + wait - Duration::from_nanos(1);
        prop_assert!(!is_allowed(limit.decide(cell, &ask(early)).0));
    }

    /// What is said to remain can be had at once, and no more.
    #[test]
    fn remaining_is_true(burst in 1_u32..20, used in 1_u32..20, now in 0_u64..1_000_000_000_000) {
        let limit = gcra(7, SECOND, burst);
        let ask = Ask::new(Duration::from_nanos(now));
        let mut cell = Cell::default();
        for _ in 0..used {
            let (verdict, next) = limit.decide(cell, &ask);
            cell = next;
            if let Verdict::Allow { remaining, .. } = verdict {
                let mut probe = cell;
                for _ in 0..remaining {
                    let (verdict, next) = limit.decide(probe, &ask);
                    prop_assert!(is_allowed(verdict));
                    probe = next;
                }
                prop_assert!(!is_allowed(limit.decide(probe, &ask).0));
            }
        }
    }

    #[test]
    fn any_numbers(
        events in 1_u32..,
        per in 1_u64..,
        numbers in any::<(u32, u64, u64, u32, u64, u32, u64)>(),
        share: f64,
    ) {
        let (burst, cell, now, cost, longest, actual, turn) = numbers;
        if let Ok(rate) = Rate::new(events, Duration::from_nanos(per)) {
            let longest_wait = Duration::from_nanos(longest);
            let now = Duration::from_nanos(now);
            let limit = Gcra::new(rate, burst).waiting(longest_wait);
            let factor = Factor::new(share);
            let ask = Ask { cost, now, longest_wait, factor, ..Ask::new(now) };
            let (_, next) = limit.decide(Cell(cell), &ask);
            let turn = Duration::from_nanos(turn);
            limit.settle(next, &Settlement { charged: cost, actual, turn }, now);
        }
    }
}
