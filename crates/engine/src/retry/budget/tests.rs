use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn budget(share: u8, min: u32) -> Arc<Budget> {
    Arc::new(Budget::new(Percent::of(share), min))
}

fn permits(budget: &Arc<Budget>, now: Duration, asked: usize) -> Vec<Permit> {
    (0..asked)
        .filter_map(|_| match budget.take(now, 1.0) {
            Grant::Exhausted => None,
            Grant::Granted(permit) => Some(permit),
        })
        .collect()
}

#[test]
fn a_share_of_the_requests_of_late_or_the_least_that_is_always_allowed() {
    let budget = budget(20, 3);
    assert_eq!(permits(&budget, Duration::ZERO, 10).len(), 3);
    (0..100).for_each(|_| budget.request(SECOND));
    assert_eq!(permits(&budget, SECOND, 100).len(), 17);
    assert_eq!(budget.used(SECOND), 20);
}

/// Envoy issue 30205.
#[test]
fn retries_that_wait_count_and_those_that_are_over_count_until_they_are_forgotten() {
    let budget = budget(0, 5);
    let waiting = permits(&budget, SECOND, 5);
    drop(permits(&budget, 2 * SECOND, 5));
    assert_eq!(budget.used(10 * SECOND), 5);
    assert_eq!(permits(&budget, 60 * SECOND, 5).len(), 0, "five still wait");
    drop(waiting);
    assert_eq!(permits(&budget, 60 * SECOND, 9).len(), 5);
    assert_eq!(permits(&budget, 69 * SECOND, 9).len(), 0, "remembered");
    assert_eq!(permits(&budget, 70 * SECOND, 9).len(), 5);
}

#[test]
fn one_that_hangs_is_not_forgotten_when_its_slot_is_used_again() {
    let budget = budget(0, 2);
    let hanging = permits(&budget, SECOND, 1);
    drop(permits(&budget, 11 * SECOND, 1));
    assert_eq!(budget.used(12 * SECOND), 2);
    assert_eq!(budget.used(30 * SECOND), 1);
    drop(hanging);
    assert_eq!(budget.used(30 * SECOND), 0);
}

#[test]
fn one_endpoint_of_two_that_is_down_does_not_use_it_up() {
    let budget = budget(20, 1);
    for request in 0..100 {
        let now = Duration::from_millis(request);
        budget.request(now);
        let permit = permits(&budget, now, 1).pop().expect("left");
        permit.give_back();
    }
    assert_eq!(budget.used(SECOND), 0);
}

#[test]
fn what_is_given_back_late_is_not_given_back_twice() {
    let budget = budget(0, 2);
    let hanging = permits(&budget, SECOND, 1).pop().expect("two are left");
    drop(permits(&budget, 11 * SECOND, 1));
    hanging.give_back();
    assert_eq!(budget.used(12 * SECOND), 1);
}

#[test]
fn what_capacity_leaves_is_a_share_of_the_budget() {
    let budget = budget(20, 10);
    (0..100).for_each(|_| budget.request(SECOND));
    for (left, most) in [
        (2.0, 20),
        (1.0, 20),
        (0.5, 10),
        (0.04, 0),
        (0.0, 0),
        (-1.0, 0),
        (f64::NAN, 0),
    ] {
        assert_eq!(budget.most(SECOND, left), most, "{left}");
    }
    assert!(matches!(budget.take(SECOND, 0.0), Grant::Exhausted));
}

#[test]
fn all_workers_together_keep_to_it() {
    let budget = budget(20, 0);
    (0..1000).for_each(|_| budget.request(SECOND));
    let taken: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| permits(&budget, SECOND, 500).len()))
            .collect();
        workers.into_iter().map(|it| it.join().unwrap()).sum()
    });
    assert_eq!(taken, 200);
}

/// What happens to a budget.
#[derive(Clone, Copy, Debug)]
enum Step {
    End,
    GiveBack,
    Request,
    Take(u8),
    Wait(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::End),
        1 => Just(Step::GiveBack),
        6 => Just(Step::Request),
        4 => (0_u8..=100).prop_map(Step::Take),
        2 => (0_u16..4000).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..400)
}

proptest! {
    /// Never more than the share, whatever the order of events, and never less either.
    #[test]
    fn exactly_the_share_or_the_least(share in 0_u8..=100, min in 0_u32..6, steps in steps()) {
        let budget = budget(share, min);
        let (mut now, mut requests, mut begun) = (Duration::ZERO, Vec::new(), Vec::new());
        let mut under_way = std::collections::VecDeque::<(u64, Permit)>::new();
        for step in steps {
            match step {
                Step::Wait(millis) => now += Duration::from_millis(millis.into()),
                Step::Request => {
                    budget.request(now);
                    requests.push(now.as_secs());
                }
                Step::End => drop(under_way.pop_front()),
                Step::GiveBack => {
                    if let Some((then, permit)) = under_way.pop_front() {
                        permit.give_back();
                        let at = begun.iter().position(|begun| *begun == then);
                        begun.swap_remove(at.expect("it began"));
                    }
                }
                Step::Take(left) => {
                    let left = f64::from(left) / 100.0;
                    let of_late = |then: u64| now.as_secs() - then < 10;
                    let recent = requests.iter().filter(|then| of_late(**then)).count();
                    let most = (recent * usize::from(share) / 100).max(min as usize);
                    let most = (most as f64 * left) as usize;
                    let used = begun.iter().filter(|then| of_late(**then)).count()
                        + under_way.iter().filter(|(then, _)| !of_late(*then)).count();
                    match budget.take(now, left) {
                        Grant::Exhausted => prop_assert!(used >= most),
                        Grant::Granted(permit) => {
                            prop_assert!(used < most);
                            begun.push(now.as_secs());
                            under_way.push_back((now.as_secs(), permit));
                        }
                    }
                }
            }
        }
    }

    /// An origin that fails for everybody sees no storm: a share more, and no more than that.
    #[test]
    fn no_storm(rate in 5_u64..200, seconds in 20_u64..60) {
        let budget = budget(20, 0);
        let mut retries = 0;
        for step in 0..rate * seconds {
            let now = Duration::from_micros(step * 1_000_000 / rate);
            budget.request(now);
            retries += permits(&budget, now, 3).len() as u64;
        }
        prop_assert!(retries * 5 <= rate * seconds, "{retries} of {}", rate * seconds);
        prop_assert!(retries * 6 >= rate * seconds, "{retries} of {}", rate * seconds);
    }
}
