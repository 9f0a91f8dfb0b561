//! TRAPS 25: never more than the quota, in any window.
//!
//! Times, costs, waits, tightening and settlements are arbitrary, and the clock steps back. What counts
//! is when a request had its turn, at the latest time that was seen by then.

use proptest::{collection::vec, prelude::*};

use super::*;

/// One request, and what it has cost after all.
#[derive(Clone, Debug)]
struct Step {
    /// Nanoseconds since the last.
    gap: u64,
    /// By so much the clock is behind for this one.
    behind: u64,
    cost: u32,
    longest_wait: u64,
    share: f64,
    /// The true cost, and after how many more requests it is known.
    settles: Option<(u32, usize)>,
}

/// What was allowed.
#[derive(Clone, Copy, Debug)]
struct Allowed {
    turn: u64,
    cost: u32,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap = prop_oneof![Just(0_u64), 0..50_000_000_u64, 0..2_000_000_000_u64];
    let behind = prop_oneof![4 => Just(0_u64), 1 => 0..300_000_000_u64];
    let longest = prop_oneof![Just(0_u64), 0..2_000_000_000_u64];
    let share = prop_oneof![2 => Just(1.0), 1 => 0.01..1.0];
    let settles = proptest::option::of((0_u32..4, 0_usize..5));
    let step = (gap, behind, 1_u32..9, longest, share, settles);
    let step = step.prop_map(|(gap, behind, cost, longest_wait, share, settles)| {
        // Only what was too much is given back here: debts may exceed any quota.
        let settles = settles.map(|(actual, after)| (actual.min(cost), after));
        Step {
            gap,
            behind,
            cost,
            longest_wait,
            share,
            settles,
        }
    });
    vec(step, 1..120)
}

/// Plays the steps against a limit; gives what was allowed, and what it has cost after all.
fn play(
    steps: &[Step],
    quota: u32,
    mut decide: impl FnMut(&Ask) -> Verdict,
    mut settle: impl FnMut(&Settlement, Duration),
) -> Vec<Allowed> {
    let (mut now, mut seen, mut allowed) = (5_000_000_000, Duration::ZERO, Vec::new());
    let mut waiting: Vec<(usize, Settlement, usize)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        now += step.gap;
        let told = Duration::from_nanos(now - step.behind);
        seen = seen.max(told);
        for (due, settlement, place) in &waiting {
            if *due == number {
                settle(settlement, seen);
                let place: &mut Allowed = &mut allowed[*place];
                place.cost = settlement.actual;
            }
        }
        let ask = Ask {
            cost: step.cost,
            longest_wait: Duration::from_nanos(step.longest_wait),
            factor: Factor::new(step.share),
            ..Ask::new(told)
        };
        let (turn, known) = match decide(&ask) {
            Verdict::Allow { .. } => (seen, told),
            Verdict::Wait { delay, .. } => (told + delay, told + delay),
            Verdict::Deny { .. } => continue,
        };
        let (turn, cost) = (nanos(turn), step.cost.min(quota));
        allowed.push(Allowed { turn, cost });
        if let Some((actual, after)) = step.settles {
            let charged = step.cost;
            let actual = actual.min(cost);
            let settlement = Settlement {
                charged,
                actual,
                turn: known,
            };
            waiting.push((number + 1 + after, settlement, allowed.len() - 1));
        }
    }
    allowed.sort_unstable_by_key(|allowed| allowed.turn);
    allowed
}

/// In each window between two of them, no more than `most` of its length was allowed.
#[track_caller]
fn assert_bounded(allowed: &[Allowed], most: impl Fn(u64) -> u64) {
    for (first, from) in allowed.iter().enumerate() {
        let mut sum = 0;
        for to in &allowed[first..] {
            sum += u64::from(to.cost);
            let length = to.turn - from.turn;
            assert!(sum <= most(length), "{sum} in {length} ns: {allowed:?}");
        }
    }
}

fn gcra_bound(limit: &Gcra) -> impl Fn(u64) -> u64 {
    let (burst, interval) = (u64::from(limit.burst()), nanos(limit.interval()));
    move |length| burst + length / interval
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn of_gcra(steps in steps(), events in 1_u32..50, burst in 1_u32..12, patience in 0_u64..1500) {
        let patience = Duration::from_millis(patience);
        let slowest = Factor::LEAST;
        let limit = Gcra::new(rate(events, SECOND), burst).waiting(patience).slowing(slowest);
        let cell = std::cell::Cell::new(Cell::default());
        let decide = |ask: &Ask| {
            let (verdict, next) = limit.decide(cell.get(), ask);
            cell.set(next);
            verdict
        };
        let settle = |settlement: &Settlement, now| {
            cell.set(limit.settle(cell.get(), settlement, now));
        };
        let allowed = play(&steps, burst, decide, settle);
        assert_bounded(&allowed, gcra_bound(&limit));
    }

    /// With as many marks as it may have, and with any fewer.
    #[test]
    fn of_a_sliding_window(
        steps in steps(),
        quota in prop_oneof![1_u32..20, 20_u32..100],
        most in 1_usize..=16,
        millis in 300_u64..3_000,
        patience in 0_u64..1_500,
    ) {
        let per = Duration::from_millis(millis);
        let limit = SlidingWindow::new(rate(quota, per), Duration::from_millis(patience));
        let history = std::cell::RefCell::new(History::default());
        let decide = |ask: &Ask| limit.decide(&mut history.borrow_mut(), most, ask);
        let settle = |settlement: &Settlement, now| {
            limit.settle(&mut history.borrow_mut(), most, settlement, now);
        };
        let allowed = play(&steps, quota, decide, settle);
        let most = |length| if length < nanos(per) { u64::from(quota) } else { u64::MAX };
        assert_bounded(&allowed, most);
    }

    /// One number in place of a history, and a history made of it later.
    #[test]
    fn of_a_sliding_window_without_room(
        steps in steps(),
        quota in prop_oneof![1_u32..20, 20_u32..100],
        room_after in 0_usize..120,
        millis in 300_u64..3_000,
        patience in 0_u64..1_500,
    ) {
        let per = Duration::from_millis(millis);
        let limit = SlidingWindow::new(rate(quota, per), Duration::from_millis(patience));
        let (mut cell, mut history, mut asked) = (Cell::default(), None, 0);
        let decide = |ask: &Ask| {
            asked += 1;
            if asked <= room_after {
                let (verdict, next) = limit.decide_coarse(cell, ask);
                cell = next;
                return verdict;
            }
            let history = history.get_or_insert_with(|| limit.history_of(cell, ask.now));
            limit.decide(history, limit.marks(), ask)
        };
        let mut steps = steps;
        for step in &mut steps {
            step.settles = None;
            // Here, a clock that steps back counts as it says.
            step.behind = 0;
        }
        let allowed = play(&steps, quota, decide, |_, _| {});
        let most = |length| if length < nanos(per) { u64::from(quota) } else { u64::MAX };
        assert_bounded(&allowed, most);
    }

    /// Small quotas are exact in the other direction, too: what a full log would allow is allowed.
    #[test]
    fn a_small_quota_allows_what_a_log_allows(
        gaps in vec((prop_oneof![Just(0_u64), 0..400_000_000_u64], 1_u32..4), 1..100),
        quota in 1_u32..=16,
    ) {
        let limit = SlidingWindow::new(rate(quota, SECOND), Duration::ZERO);
        let (mut history, mut log, mut now) = (History::default(), Vec::new(), 0);
        for (gap, cost) in gaps {
            now += gap;
            let ask = Ask { cost, ..Ask::new(Duration::from_nanos(now)) };
            let cost = cost.min(quota);
            log.retain(|(at, _)| at + 1_000_000_000 > now);
            let used: u32 = log.iter().map(|(_, cost)| cost).sum();
            let verdict = limit.decide(&mut history, limit.marks(), &ask);
            prop_assert_eq!(is_allowed(verdict), used + cost <= quota);
            if is_allowed(verdict) {
                log.push((now, cost));
            }
            if let Verdict::Deny { retry_after, .. } = verdict {
                let early = now + nanos(retry_after) - 1;
                let left = |now| log.iter().filter(move |(at, _)| at + 1_000_000_000 > now);
                let used: u32 = left(early).map(|(_, cost)| cost).sum();
                prop_assert!(used + cost > quota);
                let used: u32 = left(early + 1).map(|(_, cost)| cost).sum();
                prop_assert!(used + cost <= quota);
            }
        }
    }
}
