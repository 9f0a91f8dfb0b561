use policy::{Mode, OpenAnswer, Percent};
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn policy() -> Policy {
    Policy {
        mode: Mode::Enforce,
        consecutive_failures: Some(3),
        failure_rate: None,
        window: 10 * SECOND,
        min_requests: 10,
        open_for: 5 * SECOND,
        max_open: 30 * SECOND,
        trials: 2,
        answer: OpenAnswer::Refuse,
    }
}

fn passed(breaker: &mut Breaker, now: Duration) -> Passage {
    match breaker.ask(now) {
        Ask::Pass(passage) => passage,
        Ask::Stop { retry_after } => panic!("stopped for {retry_after:?}"),
    }
}

fn ends(breaker: &mut Breaker, symptom: Symptom, now: Duration) -> Change {
    let passage = passed(breaker, now);
    breaker.note(passage, symptom, now)
}

fn opened(policy: &Policy, now: Duration) -> Breaker {
    let mut breaker = Breaker::new(policy);
    for _ in 0..3 {
        ends(&mut breaker, Symptom::Ill, now);
    }
    assert_eq!(breaker.position(now), Position::Open);
    breaker
}

#[test]
fn failures_in_a_row_open_it() {
    let mut breaker = Breaker::new(&policy());
    for symptom in [Symptom::Ill, Symptom::Ill, Symptom::Well, Symptom::Ill] {
        assert_eq!(ends(&mut breaker, symptom, SECOND), Change::None);
    }
    assert_eq!(ends(&mut breaker, Symptom::Ill, SECOND), Change::None);
    let opened = Change::Opened(5 * SECOND);
    assert_eq!(ends(&mut breaker, Symptom::Ill, SECOND), opened);
    let retry_after = 3 * SECOND;
    assert_eq!(breaker.ask(3 * SECOND), Ask::Stop { retry_after });
}

#[test]
fn a_share_of_failures_opens_it_when_there_are_enough_requests() {
    let mut breaker = Breaker::new(&Policy {
        consecutive_failures: None,
        failure_rate: Some(Percent::of(50)),
        ..policy()
    });
    for _ in 0..4 {
        assert_eq!(ends(&mut breaker, Symptom::Ill, SECOND), Change::None);
    }
    for _ in 0..5 {
        assert_eq!(ends(&mut breaker, Symptom::Well, SECOND), Change::None);
    }
    // Five of ten.
    let change = ends(&mut breaker, Symptom::Ill, SECOND);
    assert_eq!(change, Change::Opened(5 * SECOND));
}

#[test]
fn what_failed_long_ago_is_not_counted() {
    let mut breaker = Breaker::new(&Policy {
        consecutive_failures: None,
        failure_rate: Some(Percent::of(50)),
        ..policy()
    });
    for _ in 0..9 {
        ends(&mut breaker, Symptom::Ill, SECOND);
    }
    let later = 20 * SECOND;
    assert_eq!(ends(&mut breaker, Symptom::Ill, later), Change::None);
}

#[test]
fn an_overloaded_or_abandoned_one_neither_trips_nor_heals() {
    let mut breaker = Breaker::new(&policy());
    for symptom in [
        Symptom::Ill,
        Symptom::Ill,
        Symptom::Overload,
        Symptom::Nothing,
    ] {
        assert_eq!(ends(&mut breaker, symptom, SECOND), Change::None);
    }
    let change = ends(&mut breaker, Symptom::Ill, SECOND);
    assert_eq!(change, Change::Opened(5 * SECOND));
}

#[test]
fn after_its_time_only_the_trials_pass_and_close_it() {
    let mut breaker = opened(&policy(), SECOND);
    let now = 6 * SECOND;
    assert_eq!(breaker.position(now), Position::HalfOpen);
    let (first, second) = (passed(&mut breaker, now), passed(&mut breaker, now));
    assert!(matches!(breaker.ask(now), Ask::Stop { .. }));
    assert_eq!(breaker.note(first, Symptom::Well, now), Change::None);
    // What went well keeps its place among the trials.
    assert!(matches!(breaker.ask(now), Ask::Stop { .. }));
    assert_eq!(breaker.note(second, Symptom::Well, now), Change::Closed);
    assert_eq!(breaker.position(now), Position::Closed);
}

#[test]
fn a_trial_that_fails_opens_it_for_twice_as_long_up_to_the_longest() {
    let mut breaker = opened(&policy(), Duration::ZERO);
    let mut now = Duration::ZERO;
    for open_for in [5, 10, 20, 30, 30] {
        let retry_after = open_for * SECOND;
        assert_eq!(breaker.ask(now), Ask::Stop { retry_after });
        now += retry_after;
        ends(&mut breaker, Symptom::Ill, now);
    }
    now += 30 * SECOND;
    ends(&mut breaker, Symptom::Well, now);
    assert_eq!(ends(&mut breaker, Symptom::Well, now), Change::Closed);
    // It begins anew.
    for _ in 0..2 {
        ends(&mut breaker, Symptom::Ill, now);
    }
    let change = ends(&mut breaker, Symptom::Ill, now);
    assert_eq!(change, Change::Opened(5 * SECOND));
}

#[test]
fn an_abandoned_trial_gives_its_place_back() {
    let mut breaker = opened(&policy(), SECOND);
    let now = 6 * SECOND;
    let (first, _second) = (passed(&mut breaker, now), passed(&mut breaker, now));
    assert!(matches!(breaker.ask(now), Ask::Stop { .. }));
    assert_eq!(breaker.note(first, Symptom::Nothing, now), Change::None);
    passed(&mut breaker, now);
    assert!(matches!(breaker.ask(now), Ask::Stop { .. }));
}

#[test]
fn an_answer_from_before_it_opened_is_not_counted() {
    let mut breaker = Breaker::new(&policy());
    let early = passed(&mut breaker, SECOND);
    for _ in 0..3 {
        ends(&mut breaker, Symptom::Ill, SECOND);
    }
    let now = 6 * SECOND;
    let trial = passed(&mut breaker, now);
    assert_eq!(breaker.note(early, Symptom::Ill, now), Change::None);
    assert_eq!(breaker.note(early, Symptom::Well, now), Change::None);
    assert_eq!(breaker.position(now), Position::HalfOpen);
    breaker.note(trial, Symptom::Well, now);
    assert_eq!(ends(&mut breaker, Symptom::Well, now), Change::Closed);
}

#[test]
fn the_operator_closes_it() {
    let mut breaker = opened(&policy(), SECOND);
    assert_eq!(breaker.reset(), Change::Closed);
    assert_eq!(breaker.position(SECOND), Position::Closed);
    assert_eq!(breaker.reset(), Change::None);
    // What it had counted is forgotten, too.
    ends(&mut breaker, Symptom::Ill, SECOND);
    ends(&mut breaker, Symptom::Ill, SECOND);
    breaker.reset();
    assert_eq!(ends(&mut breaker, Symptom::Ill, SECOND), Change::None);
}

/// One step of a history: time passes, and a request asks, or one that passed ends.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ask,
    End(usize, Symptom),
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let symptom = prop_oneof![
        Just(Symptom::Ill),
        Just(Symptom::Nothing),
        Just(Symptom::Overload),
        Just(Symptom::Well),
    ];
    let step = prop_oneof![
        Just(Step::Ask),
        (any::<usize>(), symptom).prop_map(|(which, symptom)| Step::End(which, symptom)),
    ];
    prop::collection::vec((0_u64..4_000, step), 1..200)
}

proptest! {
    /// However requests ask and end: while it is open nobody passes, while it is half open never
    /// more than the trials are on their way, and after its longest time somebody always passes.
    #[test]
    fn it_keeps_its_word(steps in steps()) {
        let policy = policy();
        let mut breaker = Breaker::new(&policy);
        let (mut now, mut under_way) = (Duration::ZERO, Vec::new());
        for (passes, step) in steps {
            now += Duration::from_millis(passes);
            match step {
                Step::Ask => {
                    let position = breaker.position(now);
                    match breaker.ask(now) {
                        Ask::Pass(passage) => {
                            prop_assert_ne!(position, Position::Open);
                            under_way.push(passage);
                        }
                        Ask::Stop { retry_after } => {
                            prop_assert_ne!(position, Position::Closed);
                            prop_assert!(retry_after <= policy.max_open);
                        }
                    }
                }
                Step::End(which, symptom) if !under_way.is_empty() => {
                    let passage = under_way.swap_remove(which % under_way.len());
                    breaker.note(passage, symptom, now);
                }
                Step::End(..) => {}
            }
            if breaker.position(now) == Position::HalfOpen {
                let era = breaker.era;
                let trying = under_way.iter().filter(|passage| passage.era == era).count();
                prop_assert!(trying <= policy.trials as usize);
            }
        }
        for passage in under_way {
            breaker.note(passage, Symptom::Nothing, now);
        }
        let later = now + policy.max_open;
        prop_assert!(matches!(breaker.ask(later), Ask::Pass(_)));
    }
}
