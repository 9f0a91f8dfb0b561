use policy::{Percent, SuccessRate};
use proptest::prelude::*;

use super::*;
use crate::attempt::Symptom;

const SECOND: Duration = Duration::from_secs(1);

fn policy(max_ejected: u8) -> Outliers {
    Outliers {
        mode: Mode::Enforce,
        consecutive_failures: Some(3),
        success_rate: Some(SuccessRate {
            min_requests: 20,
            min_endpoints: 3,
            deviations: 13,
        }),
        interval: 10 * SECOND,
        ejection: 30 * SECOND,
        max_ejection: 100 * SECOND,
        max_ejected: Percent::of(max_ejected),
    }
}

fn detector(endpoints: u64, max_ejected: u8) -> Detector {
    let mut detector = Detector::new(&policy(max_ejected));
    assert!(detector.adopt(0..endpoints).is_empty());
    detector
}

fn convict(detector: &mut Detector, endpoint: u64, at: u64) -> &'static str {
    let now = Duration::from_secs(at);
    detector
        .convict(endpoint, Reason::ConsecutiveFailures, now)
        .as_str()
}

fn until(detector: &Detector, endpoint: u64) -> Option<u64> {
    Some(detector.sentence(endpoint)?.until.as_secs())
}

fn counts(numbers: &[(u32, u32)]) -> Vec<(u64, Counts)> {
    (0..)
        .zip(numbers)
        .map(|(id, &(asked, failed))| (id, Counts { asked, failed }))
        .collect()
}

#[test]
fn an_ejection_is_longer_each_time_up_to_the_longest() {
    let mut detector = detector(4, 50);
    let mut now = 0;
    for length in [30, 60, 90, 100, 100] {
        assert_eq!(convict(&mut detector, 1, now), "ejected");
        assert_eq!(until(&detector, 1), Some(now + length));
        assert_eq!(convict(&mut detector, 1, now + 1), "already");
        now += length;
        assert!(detector.release(Duration::from_secs(now - 1)).is_empty());
        assert_eq!(detector.release(Duration::from_secs(now)), [1]);
    }
    assert_eq!(detector.ejections(1), 5);
}

#[test]
fn an_interval_without_ejection_takes_one_step_back() {
    let mut detector = detector(4, 50);
    for now in [0, 100, 200] {
        convict(&mut detector, 1, now);
        // The interval that ends here saw a conviction, the one after saw it left out.
        detector.compare(&[], SECOND * 101);
        detector.compare(&[], SECOND * 102);
        detector.release(Duration::from_secs(now + 100));
    }
    detector.compare(&[], SECOND * 310);
    // That was the interval in which it came back; these two are without a fault.
    detector.compare(&[], SECOND * 320);
    detector.compare(&[], SECOND * 330);
    convict(&mut detector, 1, 330);
    assert_eq!(until(&detector, 1), Some(330 + 60));
    detector.release(SECOND * 400);
    for _ in 0..9 {
        detector.compare(&[], SECOND * 400);
    }
    convict(&mut detector, 1, 400);
    assert_eq!(until(&detector, 1), Some(430));
}

#[test]
fn no_more_than_the_share_but_one_of_several() {
    for (endpoints, max_ejected, most) in [
        (1, 100, 0),
        (2, 10, 1),
        (2, 100, 2),
        (3, 50, 1),
        (4, 50, 2),
        (10, 30, 3),
    ] {
        let mut detector = detector(endpoints, max_ejected);
        let rulings: Vec<_> = (0..endpoints)
            .map(|endpoint| convict(&mut detector, endpoint, 0))
            .collect();
        let ejected = rulings.iter().filter(|ruling| **ruling == "ejected");
        assert_eq!(ejected.count(), most, "{endpoints} at {max_ejected} %");
        assert_eq!(detector.ejected(), most);
    }
}

#[test]
fn with_fewer_endpoints_some_come_back_early() {
    let mut detector = detector(6, 50);
    for (endpoint, now) in [(0, 0), (1, 2), (2, 1)] {
        convict(&mut detector, endpoint, now);
    }
    assert_eq!(detector.adopt([0, 1, 2, 3]), [0]);
    assert_eq!(detector.adopt([1, 2]), [2]);
    assert_eq!(detector.next_release(), Some(SECOND * 32));
    assert_eq!(detector.adopt([2]), [0; 0]);
    assert_eq!(convict(&mut detector, 1, 9), "already");
    assert_eq!(convict(&mut detector, 2, 9), "spared");
}

#[test]
fn who_has_fewer_successes_than_the_others_is_left_out() {
    let mut detector = detector(5, 50);
    let seen = counts(&[(100, 1), (100, 0), (100, 30), (100, 2), (10, 10)]);
    let ruled = detector.compare(&seen, SECOND);
    let [(2, Ruling::Ejected(sentence))] = ruled[..] else {
        panic!("{ruled:?}");
    };
    assert_eq!(sentence.reason, Reason::SuccessRate);
    assert_eq!(sentence.until, SECOND * 31);
    // What is left out is not compared again, and is no part of the mean.
    assert_eq!(detector.compare(&seen, SECOND * 2), []);
}

#[test]
fn nobody_is_left_out_for_bad_luck() {
    let rule = policy(50).success_rate.unwrap();
    for numbers in [
        &[(100, 1), (100, 0), (100, 0), (100, 0), (100, 0)][..],
        &[(30, 2), (100, 0), (100, 0), (100, 0), (100, 0)],
        &[(1000, 5), (1000, 1), (1000, 0), (1000, 2), (1000, 1)],
    ] {
        assert_eq!(outliers(rule, &counts(numbers)), [0; 0], "{numbers:?}");
    }
}

#[test]
fn nobody_is_left_out_when_all_are_alike_or_too_few() {
    let rule = policy(50).success_rate.unwrap();
    for numbers in [
        &[][..],
        &[(100, 100), (100, 100), (100, 100)],
        &[(100, 50), (100, 20), (100, 60), (100, 30)],
        &[(100, 0), (100, 90)],
        &[(100, 0), (19, 19), (100, 0)],
    ] {
        assert_eq!(outliers(rule, &counts(numbers)), [0; 0], "{numbers:?}");
    }
    let clear = [(100, 0), (20, 20), (100, 0)];
    assert_eq!(outliers(rule, &counts(&clear)), [1]);
}

#[test]
fn failures_in_a_row_are_told_at_each_multiple() {
    let tally = Tally::new(&policy(50));
    let told = |symptoms: &str| -> String {
        symptoms
            .chars()
            .map(|symptom| {
                let symptom = match symptom {
                    '-' => Symptom::Ill,
                    '+' => Symptom::Well,
                    '?' => Symptom::Nothing,
                    _ => Symptom::Overload,
                };
                match tally.record(symptom) {
                    Run::Short => '.',
                    Run::TooLong => 'x',
                }
            })
            .collect()
    };
    assert_eq!(told("--+---"), ".....x");
    assert_eq!(told("---?-!--"), "..x....x");
    let counted = tally.take();
    assert_eq!((counted.asked, counted.failed), (12, 11));
    assert_eq!(tally.take(), Counts::default());
}

#[test]
fn what_is_not_asked_for_is_not_counted() {
    let tally = Tally::new(&Outliers {
        consecutive_failures: None,
        success_rate: None,
        ..policy(50)
    });
    for _ in 0..100 {
        assert_eq!(tally.record(Symptom::Ill), Run::Short);
    }
    assert_eq!(tally.take(), Counts::default());
}

#[test]
fn a_reset_forgets_the_run() {
    let tally = Tally::new(&policy(50));
    tally.record(Symptom::Ill);
    tally.record(Symptom::Ill);
    tally.reset();
    assert_eq!(tally.record(Symptom::Ill), Run::Short);
}

/// One thing that happens to a detector.
#[derive(Clone, Debug)]
enum Event {
    Adopt(u64),
    Compare(Vec<u32>),
    Convict(u64),
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => (0u64..12).prop_map(Event::Adopt),
        2 => prop::collection::vec(0u32..100, 12).prop_map(Event::Compare),
        6 => (0u64..12).prop_map(Event::Convict),
        4 => (0u64..60).prop_map(Event::Pass),
    ]
}

fn most(endpoints: u64, max_ejected: u8) -> usize {
    let endpoints = usize::try_from(endpoints).unwrap();
    let share = endpoints * usize::from(max_ejected) / 100;
    if endpoints < 2 { 0 } else { share.max(1) }
}

proptest! {
    #[test]
    fn never_too_many_never_too_long_and_always_back(
        events in prop::collection::vec(event(), 1..80),
        max_ejected in 0u8..=100,
    ) {
        let mut detector = Detector::new(&policy(max_ejected));
        let mut present = 0;
        let mut now = Duration::ZERO;
        for event in events {
            match event {
                Event::Adopt(endpoints) => {
                    present = endpoints;
                    detector.adopt(0..endpoints);
                }
                Event::Compare(failed) => {
                    let seen = failed.into_iter().map(|failed| (100, failed)).collect::<Vec<_>>();
                    detector.compare(&counts(&seen), now);
                }
                Event::Convict(endpoint) => {
                    detector.convict(endpoint, Reason::ConsecutiveFailures, now);
                }
                Event::Pass(seconds) => {
                    now += Duration::from_secs(seconds);
                    detector.release(now);
                }
            }
            prop_assert!(detector.ejected() <= most(present, max_ejected));
            for endpoint in 0..12 {
                if let Some(sentence) = detector.sentence(endpoint) {
                    prop_assert!(endpoint < present);
                    let length = sentence.until - sentence.since;
                    prop_assert!((30 * SECOND..=100 * SECOND).contains(&length));
                }
            }
        }
        detector.release(now + 100 * SECOND);
        prop_assert_eq!(detector.ejected(), 0);
        prop_assert_eq!(detector.next_release(), None);
    }

    #[test]
    fn relapses_never_shorten_an_ejection(pauses in prop::collection::vec(0u64..10, 2..20)) {
        let mut detector = detector(2, 50);
        let mut now = Duration::ZERO;
        let mut last = Duration::ZERO;
        for pause in pauses {
            let Ruling::Ejected(sentence) = detector.convict(0, Reason::SuccessRate, now) else {
                return Err(TestCaseError::fail("not ejected"));
            };
            let length = sentence.until - sentence.since;
            prop_assert!(length > last || length == 100 * SECOND);
            last = length;
            detector.compare(&[], now);
            now = sentence.until + Duration::from_secs(pause);
            detector.release(now);
        }
    }
}
