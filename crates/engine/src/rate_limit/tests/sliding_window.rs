use proptest::prelude::*;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const TICK: Duration = Duration::from_nanos(1);

fn window(quota: u32, per: Duration) -> SlidingWindow {
    SlidingWindow::new(rate(quota, per), Duration::ZERO)
}

fn decide(limit: &SlidingWindow, history: &mut History, now: Duration) -> Verdict {
    limit.decide(history, limit.marks(), &Ask::new(now))
}

#[test]
fn the_fourth_of_three_an_hour_comes_exactly_an_hour_after_the_first() {
    let limit = window(3, HOUR);
    let mut history = History::default();
    let first = Duration::from_secs(100);
    for (minute, remaining) in [(0, 2), (10, 1), (20, 0)] {
        let now = first + Duration::from_secs(60 * minute);
        let reset = HOUR;
        let wanted = Verdict::Allow { remaining, reset };
        assert_eq!(decide(&limit, &mut history, now), wanted);
    }
    let now = first + HOUR / 2;
    let retry_after = HOUR / 2;
    let wanted = denied(retry_after);
    assert_eq!(decide(&limit, &mut history, now), wanted);
    let early = denied(TICK);
    assert_eq!(decide(&limit, &mut history, first + HOUR - TICK), early);
    assert!(is_allowed(decide(&limit, &mut history, first + HOUR)));
    // And then the second has to leave the window.
    let ten_minutes = Duration::from_secs(600);
    let wanted = denied(ten_minutes);
    assert_eq!(decide(&limit, &mut history, first + HOUR), wanted);
}

#[test]
fn a_boundary_between_windows_buys_nothing() {
    let limit = window(1_000, SECOND);
    let mut history = History::default();
    let mut allowed = |now| {
        let asks = (0..2_000).map(|_| decide(&limit, &mut history, now));
        asks.filter(|verdict| is_allowed(*verdict)).count()
    };
    assert_eq!(allowed(Duration::from_millis(999)), 1_000);
    assert_eq!(allowed(Duration::from_millis(1_001)), 0);
    assert_eq!(allowed(Duration::from_millis(1_999)), 1_000);
}

#[test]
fn who_waits_has_a_turn_in_a_later_window() {
    let limit = SlidingWindow::new(rate(2, SECOND), SECOND);
    let mut history = History::default();
    let mut ask = |millis, longest_wait| {
        let ask = Ask {
            longest_wait,
            ..Ask::new(Duration::from_millis(millis))
        };
        limit.decide(&mut history, limit.marks(), &ask)
    };
    let wait = |delay, reset| Verdict::Wait {
        delay: Duration::from_millis(delay),
        reset: Duration::from_millis(reset),
    };
    assert!(is_allowed(ask(0, SECOND)));
    assert!(is_allowed(ask(400, SECOND)));
    assert_eq!(ask(500, SECOND), wait(500, 1_000));
    assert_eq!(ask(500, SECOND), wait(900, 1_000));
    let retry_after = Duration::from_millis(1_500);
    assert_eq!(ask(500, SECOND), denied(retry_after));
    let retry_after = Duration::from_millis(600);
    assert_eq!(ask(1_400, Duration::ZERO), denied(retry_after));
    assert!(is_allowed(ask(2_000, Duration::ZERO)));
}

#[test]
fn costs_and_settlements() {
    let limit = window(5, SECOND);
    let mut history = History::default();
    let cost = |cost, now| Ask {
        cost,
        ..Ask::new(now)
    };
    let start = Duration::from_secs(9);
    let ask = |history: &mut History, ask| limit.decide(history, limit.marks(), &ask);
    assert!(is_allowed(ask(&mut history, cost(4, start))));
    assert!(!is_allowed(ask(&mut history, cost(2, start))));
    // It was only one: three are there again.
    let turn = start;
    let settlement = Settlement {
        charged: 4,
        actual: 1,
        turn,
    };
    limit.settle(&mut history, limit.marks(), &settlement, start);
    let later = start + SECOND / 2;
    assert!(is_allowed(ask(&mut history, cost(4, later))));
    assert!(!is_allowed(ask(&mut history, cost(1, later))));
    // That one was far more: twice the quota is the most, for a window.
    let settlement = Settlement {
        charged: 4,
        actual: 1_000,
        turn: later,
    };
    limit.settle(&mut history, limit.marks(), &settlement, later);
    let retry_after = SECOND;
    let wanted = denied(retry_after);
    assert_eq!(ask(&mut history, cost(1, later)), wanted);
    assert!(is_allowed(ask(&mut history, cost(1_000, later + SECOND))));
}

#[test]
fn nothing_is_given_back_of_what_has_left_the_window() {
    let limit = window(5, SECOND);
    let mut history = History::default();
    let cost = |cost, now| Ask {
        cost,
        ..Ask::new(now)
    };
    limit.decide(&mut history, limit.marks(), &cost(5, SECOND));
    assert!(is_allowed(limit.decide(
        &mut history,
        limit.marks(),
        &cost(5, 2 * SECOND)
    )));
    let settlement = Settlement {
        charged: 5,
        actual: 0,
        turn: SECOND,
    };
    limit.settle(&mut history, limit.marks(), &settlement, 2 * SECOND);
    assert!(!is_allowed(decide(&limit, &mut history, 2 * SECOND)));
}

#[test]
fn a_tightened_caller_has_a_part_of_the_quota() {
    let limit = window(10, SECOND);
    let mut history = History::default();
    let factor = Factor::new(0.3);
    let ask = Ask {
        factor,
        ..Ask::new(SECOND)
    };
    let mut decide = |ask: &Ask| limit.decide(&mut history, limit.marks(), ask);
    let allowed = (0..10).filter(|_| is_allowed(decide(&ask))).count();
    assert_eq!(allowed, 2, "three tenths, rounded down in binary");
    let allowed = (0..10)
        .filter(|_| is_allowed(decide(&Ask::new(SECOND))))
        .count();
    assert_eq!(allowed, 8);
}

/// What sharing marks costs: who asks steadily for a little more gets nearly all of it.
#[test]
fn a_large_quota_is_nearly_exact() {
    for (micros, least) in [(100, 10_000), (900, 9_375)] {
        let limit = window(1_000, SECOND);
        let mut history = History::default();
        let asks = (0..10_000_000 / micros).map(|ask| Duration::from_micros(micros * ask));
        let allowed = asks
            .filter(|now| is_allowed(decide(&limit, &mut history, *now)))
            .count();
        println!("asked each {micros} us: {allowed} allowed in 10 windows of 1000");
        assert!((least..=10_000).contains(&allowed), "{allowed}");
        assert!(history.room() <= MARKS);
    }
}

#[test]
fn a_clock_that_was_far_ahead_locks_nobody_out() {
    let limit = window(3, HOUR);
    let mut history = History::default();
    while is_allowed(decide(&limit, &mut history, 1_000_000 * SECOND)) {}
    let retry_after = 2 * HOUR;
    assert_eq!(decide(&limit, &mut history, SECOND), denied(retry_after));
    assert!(!history.is_spent(SECOND));
    assert!(is_allowed(decide(
        &limit,
        &mut history,
        SECOND + retry_after
    )));
}

/// A clock that stepped back a little: nothing more, and nothing less than is left.
#[test]
fn a_clock_that_steps_back_counts_as_the_latest_time() {
    let limit = window(3, SECOND);
    let mut history = History::default();
    let millis = Duration::from_millis;
    assert!(is_allowed(decide(&limit, &mut history, millis(5_000))));
    assert!(is_allowed(decide(&limit, &mut history, millis(6_000))));
    assert!(is_allowed(decide(&limit, &mut history, millis(5_999))));
    assert!(is_allowed(decide(&limit, &mut history, millis(5_500))));
    let retry_after = millis(1_500);
    assert_eq!(
        decide(&limit, &mut history, millis(5_500)),
        denied(retry_after)
    );
}

proptest! {
    #[test]
    fn any_numbers(
        events in 1_u32..,
        per in 1_u64..,
        patience: u64,
        asks in proptest::collection::vec(any::<(u32, u64, u64, u32, u64, f64)>(), 0..40),
    ) {
        if let Ok(rate) = Rate::new(events, Duration::from_nanos(per)) {
            let limit = SlidingWindow::new(rate, Duration::from_nanos(patience));
            let (mut history, mut cell) = (History::default(), Cell::default());
            for (cost, now, longest, actual, turn, share) in asks {
                let longest_wait = Duration::from_nanos(longest);
                let now = Duration::from_nanos(now);
                let factor = Factor::new(share);
                let ask = Ask { cost, now, longest_wait, factor, ..Ask::new(now) };
                limit.decide(&mut history, 3, &ask);
                (_, cell) = limit.decide_coarse(cell, &ask);
                let turn = Duration::from_nanos(turn);
                let settlement = Settlement { charged: cost, actual, turn };
                limit.settle(&mut history, 16, &settlement, now);
                cell = limit.settle_coarse(cell, &settlement, now);
                limit.history_of(cell, now);
                prop_assert!(history.room() <= MARKS);
            }
        }
    }
}
