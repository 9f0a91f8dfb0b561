use policy::Probe;
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn state(healthy_after: u32, unhealthy_after: u32) -> CheckState {
    CheckState::new(&HealthCheck {
        probe: Probe::Tcp,
        interval: SECOND,
        jitter: Percent::of(0),
        timeout: SECOND,
        healthy_after,
        unhealthy_after,
    })
}

/// `+` is a good answer, `-` a bad one; the turns are `x` (fell ill), `o` (recovered) and `.`.
fn turns(mut state: CheckState, answers: &str) -> String {
    answers
        .chars()
        .map(|answer| {
            let outcome = match answer {
                '+' => CheckOutcome::Passed,
                _ => CheckOutcome::TimedOut,
            };
            match state.record(outcome) {
                Turn::FellIll => 'x',
                Turn::Recovered => 'o',
                Turn::Same => '.',
            }
        })
        .collect()
}

#[test]
fn the_first_answer_decides_and_then_the_thresholds() {
    for (answers, wanted) in [
        ("-", "x"),
        ("+", "."),
        ("+--+---", "......x"),
        ("+---", "...x"),
        ("-++", "x.o"),
        ("-+-++", "x...o"),
        ("-++--+---", "x.o.....x"),
    ] {
        assert_eq!(turns(state(2, 3), answers), wanted, "{answers}");
    }
}

#[test]
fn a_threshold_of_zero_counts_as_one() {
    assert_eq!(turns(state(0, 0), "+-+"), ".xo");
}

#[test]
fn what_has_not_been_asked_is_neither_ill_nor_well() {
    let mut state = state(1, 1);
    assert_eq!(state.condition(), Condition::Unknown);
    state.record(CheckOutcome::Passed);
    assert_eq!(state.condition(), Condition::Well);
    state.record(CheckOutcome::Garbage);
    assert_eq!(state.condition(), Condition::Ill);
}

#[test]
fn pauses_stay_within_the_jitter_and_reach_its_ends() {
    let jitter = Percent::of(20);
    let least = Draw::of(0);
    assert_eq!(first_pause(SECOND, jitter, Draw::NEUTRAL), SECOND / 5);
    assert!(first_pause(SECOND, jitter, least) < Duration::from_micros(1));
    assert_eq!(next_pause(SECOND, jitter, Draw::NEUTRAL), SECOND * 6 / 5);
    assert_eq!(next_pause(SECOND, jitter, least).as_millis(), 800);
    assert_eq!(next_pause(SECOND, Percent::of(0), least), SECOND);
    assert_eq!(first_pause(SECOND, Percent::of(0), least), Duration::ZERO);
}

#[test]
fn statuses_are_good_or_not() {
    let good = [200..=204, 301..=301];
    for (status, outcome) in [
        (200, CheckOutcome::Passed),
        (204, CheckOutcome::Passed),
        (205, CheckOutcome::StatusMismatch),
        (301, CheckOutcome::Passed),
        (302, CheckOutcome::StatusMismatch),
        (503, CheckOutcome::StatusMismatch),
    ] {
        assert_eq!(judge_status(&good, status), outcome, "{status}");
    }
}

#[test]
fn a_text_is_found_across_pieces_and_not_beyond_the_limit() {
    let mut search = BodySearch::new("ready");
    assert_eq!(search.push(b"{\"state\":\"re"), Found::NotYet);
    assert_eq!(search.push(b"ady\"}"), Found::Yes);

    let mut search = BodySearch::new("ready");
    assert_eq!(search.push(&[b'.'; BODY_LIMIT - 4]), Found::NotYet);
    assert_eq!(search.push(b"ready"), Found::No);

    let mut search = BodySearch::new("ready");
    assert_eq!(search.push(&[b'.'; BODY_LIMIT - 5]), Found::NotYet);
    assert_eq!(search.push(b"ready"), Found::Yes);

    assert_eq!(BodySearch::new("").push(b""), Found::Yes);
}

proptest! {
    #[test]
    fn pieces_do_not_matter(body in "[ab]{0,40}", needle in "[ab]{1,5}", cut in 1usize..7) {
        let mut search = BodySearch::new(&needle);
        let found = body.as_bytes().chunks(cut).any(|piece| search.push(piece) == Found::Yes);
        prop_assert_eq!(found, body.contains(&needle));
    }

    #[test]
    fn an_ill_endpoint_needs_as_many_good_answers_in_a_row_as_the_threshold(
        answers in prop::collection::vec(any::<bool>(), 1..60),
        healthy_after in 1u32..5,
        unhealthy_after in 1u32..5,
    ) {
        let mut state = state(healthy_after, unhealthy_after);
        let (mut good, mut bad) = (0, 0);
        for (index, answer) in answers.into_iter().enumerate() {
            (good, bad) = if answer { (good + 1, 0) } else { (0, bad + 1) };
            let outcome = if answer { CheckOutcome::Passed } else { CheckOutcome::StatusMismatch };
            match state.record(outcome) {
                Turn::FellIll => prop_assert!(bad == unhealthy_after || index == 0),
                Turn::Recovered => prop_assert_eq!(good, healthy_after),
                Turn::Same => {}
            }
            prop_assert!(state.condition() == Condition::Ill || bad < unhealthy_after);
            prop_assert!(state.condition() == Condition::Well || good < healthy_after);
        }
    }
}
