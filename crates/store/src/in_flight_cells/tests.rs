use std::task::Waker;

use proptest::{collection::vec, prelude::*};

use super::*;

fn cells() -> Arc<InFlightCells> {
    Arc::new(InFlightCells::default())
}

fn permit(outcome: InFlight) -> Option<InFlightPermit> {
    match outcome {
        InFlight::Full => None,
        InFlight::Permit(permit) => Some(permit),
    }
}

fn turn(outcome: InFlightLine) -> InFlightTurn {
    match outcome {
        InFlightLine::Turn(turn) => turn,
        other => panic!("{other:?}"),
    }
}

fn poll(turn: &mut InFlightTurn) -> Poll<Option<InFlightPermit>> {
    Pin::new(turn).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn so_many_at_a_time_for_each() {
    let cells = cells();
    let first = permit(cells.acquire(1, 2)).unwrap();
    let _second = permit(cells.acquire(1, 2)).unwrap();
    assert!(permit(cells.acquire(1, 2)).is_none());
    let _other = permit(cells.acquire(2, 2)).unwrap();
    assert_eq!(
        (cells.in_flight(1), cells.in_flight(2), cells.len()),
        (2, 1, 2)
    );
    drop(first);
    assert!(permit(cells.acquire(1, 2)).is_some());
    assert_eq!(cells.in_flight(1), 1);
}

#[test]
fn a_maximum_of_none_is_one() {
    let cells = cells();
    let held = permit(cells.acquire(1, 0));
    assert!(held.is_some());
    assert!(permit(cells.acquire(1, 0)).is_none());
    drop(held);
    assert!(cells.is_empty());
}

#[test]
fn places_go_to_those_who_wait_in_turn() {
    let cells = cells();
    let held = permit(cells.acquire(1, 1)).unwrap();
    let mut first = turn(cells.line_up(1, 1));
    let mut second = turn(cells.line_up(1, 1));
    assert!(poll(&mut first).is_pending());
    drop(held);
    // It is the first's already, and no newcomer's.
    assert!(permit(cells.acquire(1, 1)).is_none());
    assert!(poll(&mut second).is_pending());
    let Poll::Ready(Some(held)) = poll(&mut first) else {
        panic!("not his turn");
    };
    drop(held);
    assert!(poll(&mut second).is_ready());
    assert!(cells.is_empty());
}

#[test]
fn who_leaves_the_line_costs_nobody_a_place() {
    let cells = cells();
    let held = permit(cells.acquire(1, 1)).unwrap();
    let first = turn(cells.line_up(1, 1));
    let mut second = turn(cells.line_up(1, 1));
    let third = turn(cells.line_up(1, 1));
    drop(first);
    drop(held);
    let Poll::Ready(Some(held)) = poll(&mut second) else {
        panic!("not his turn");
    };
    drop(held);
    // It was given to the third, who never looked.
    assert_eq!(cells.in_flight(1), 1);
    drop(third);
    assert!(cells.is_empty());
}

#[test]
fn a_line_is_bounded_but_not_by_those_who_have_left() {
    let cells = cells();
    let _held = permit(cells.acquire(1, 1)).unwrap();
    for _ in 0..10 * MOST_WAITING {
        drop(turn(cells.line_up(1, 1)));
    }
    let line: Vec<_> = (0..MOST_WAITING)
        .map(|_| turn(cells.line_up(1, 1)))
        .collect();
    assert!(matches!(cells.line_up(1, 1), InFlightLine::Full));
    drop(line);
    assert!(matches!(cells.line_up(1, 1), InFlightLine::Turn(_)));
}

/// After a reload: a lower maximum takes hold as places come back.
#[test]
fn a_lower_maximum_is_reached_by_giving_back() {
    let cells = cells();
    let mut held: Vec<_> = (0..3).filter_map(|_| permit(cells.acquire(1, 3))).collect();
    let mut waiting = turn(cells.line_up(1, 1));
    held.pop();
    held.pop();
    assert!(poll(&mut waiting).is_pending());
    assert_eq!(cells.in_flight(1), 1);
    held.pop();
    assert!(poll(&mut waiting).is_ready());
    assert!(cells.is_empty());
}

#[test]
fn a_panic_gives_back() {
    let cells = cells();
    let inside = Arc::clone(&cells);
    let panicked = std::thread::spawn(move || {
        let _held = permit(inside.acquire(1, 1)).unwrap();
        panic!("as planned");
    });
    assert!(panicked.join().is_err());
    assert!(cells.is_empty());
}

#[test]
fn many_threads_leave_nothing_behind() {
    let cells = cells();
    let threads: Vec<_> = (0..4_u128)
        .map(|thread| {
            let cells = Arc::clone(&cells);
            std::thread::spawn(move || {
                for round in 0..5_000_u128 {
                    let key = (round * 7 + thread) % 3;
                    match cells.line_up(key, 2) {
                        InFlightLine::Permit(held) => {
                            assert!(cells.in_flight(key) <= 2);
                            drop(held);
                        }
                        InFlightLine::Turn(mut turn) => drop(poll(&mut turn)),
                        InFlightLine::Full => panic!("nobody stays"),
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(cells.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Acquire(u128),
    Drop(usize),
    Leave(usize),
    LineUp(u128),
    Poll(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u128..4).prop_map(Step::Acquire),
        any::<usize>().prop_map(Step::Drop),
        any::<usize>().prop_map(Step::Leave),
        (0_u128..4).prop_map(Step::LineUp),
        any::<usize>().prop_map(Step::Poll),
    ]
}

proptest! {
    /// Whatever the order, never more than allowed, and nothing is left in the end.
    #[test]
    fn leak_free(steps in vec(step(), 0..300), max in 1_u32..4) {
        let cells = cells();
        let mut held: Vec<InFlightPermit> = Vec::new();
        let mut waiting: Vec<InFlightTurn> = Vec::new();
        for step in steps {
            match step {
                Step::Acquire(key) => held.extend(permit(cells.acquire(key, max))),
                Step::Drop(which) if !held.is_empty() => {
                    drop(held.swap_remove(which % held.len()));
                }
                Step::Leave(which) if !waiting.is_empty() => {
                    drop(waiting.swap_remove(which % waiting.len()));
                }
                Step::LineUp(key) => match cells.line_up(key, max) {
                    InFlightLine::Permit(permit) => held.push(permit),
                    InFlightLine::Turn(turn) => waiting.push(turn),
                    InFlightLine::Full => prop_assert!(false),
                },
                Step::Poll(which) if !waiting.is_empty() => {
                    let which = which % waiting.len();
                    if let Poll::Ready(permit) = poll(&mut waiting[which]) {
                        held.extend(permit);
                        waiting.swap_remove(which);
                    }
                }
                Step::Drop(_) | Step::Leave(_) | Step::Poll(_) => {}
            }
            for key in 0..4 {
                let mine = held.iter().filter(|permit| permit.key == key).count();
                prop_assert!(cells.in_flight(key) <= max);
                prop_assert!(mine as u32 <= cells.in_flight(key));
            }
        }
        // Everybody who waits gets a place once those before him are gone.
        while !held.is_empty() || !waiting.is_empty() {
            held.clear();
            let before = waiting.len();
            waiting.retain_mut(|turn| match poll(turn) {
                Poll::Ready(permit) => {
                    held.extend(permit);
                    false
                }
                Poll::Pending => true,
            });
            prop_assert!(waiting.len() < before || before == 0, "a lost turn");
        }
        prop_assert!(cells.is_empty());
    }
}
