use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const LATE: Duration = Duration::from_secs(1000);
const NOW: Duration = Duration::from_secs(1);

fn waits<T: std::fmt::Debug>(joined: Joined<T>) -> Token {
    match joined {
        Joined::Waits(token) | Joined::Displaced(token, _) => token,
        Joined::Full(who) => panic!("{who:?} found no place"),
    }
}

fn all_turns(queue: &mut Queue<u32>, now: Duration) -> Vec<u32> {
    std::iter::from_fn(|| queue.next(now))
        .map(|leaving| match leaving {
            Leaving::Turn(who) => who,
            Leaving::Expired(who) => panic!("{who} was late"),
        })
        .collect()
}

#[test]
fn the_most_urgent_class_comes_first() {
    let mut queue = Queue::new(9);
    for (who, class) in [
        (0, Priority::Normal),
        (1, Priority::Low),
        (2, Priority::Critical),
        (3, Priority::High),
        (4, Priority::Normal),
    ] {
        waits(queue.join(who, class, LATE, NOW));
    }
    assert_eq!(all_turns(&mut queue, NOW), [2, 3, 0, 4, 1]);
}

#[test]
fn in_a_standing_queue_the_newest_of_a_class_comes_first() {
    let mut queue = Queue::new(9);
    for who in 0..3 {
        waits(queue.join(who, Priority::Normal, LATE, NOW));
    }
    waits(queue.join(3, Priority::Low, LATE, NOW));
    assert_eq!(queue.next(NOW + STANDING), Some(Leaving::Turn(0)));
    let later = NOW + STANDING + Duration::from_millis(1);
    assert_eq!(all_turns(&mut queue, later), [2, 1, 3]);
    // It was empty in between.
    for who in 0..2 {
        waits(queue.join(who, Priority::Normal, LATE, later));
    }
    assert_eq!(all_turns(&mut queue, later), [0, 1]);
}

#[test]
fn a_full_queue_gives_the_place_of_the_youngest_of_the_least_urgent() {
    let mut queue = Queue::new(4);
    for (who, class) in [
        (0, Priority::Low),
        (1, Priority::Low),
        (2, Priority::Normal),
        (3, Priority::High),
    ] {
        waits(queue.join(who, class, LATE, NOW));
    }
    assert_eq!(
        queue.join(4, Priority::Low, LATE, NOW),
        Joined::Full(4),
        "nobody is less urgent"
    );
    for (who, class, out) in [
        (5, Priority::Critical, 1),
        (6, Priority::Normal, 0),
        (7, Priority::High, 6),
    ] {
        match queue.join(who, class, LATE, NOW) {
            Joined::Displaced(_, displaced) => assert_eq!(displaced, out),
            other => panic!("{who}: {other:?}"),
        }
    }
    assert_eq!(queue.join(8, Priority::Normal, LATE, NOW), Joined::Full(8));
    assert_eq!(all_turns(&mut queue, NOW), [5, 3, 7, 2]);
}

#[test]
fn whose_time_is_up_gets_no_turn() {
    let mut queue = Queue::new(4);
    waits(queue.join(0, Priority::High, NOW, Duration::ZERO));
    waits(queue.join(1, Priority::Low, LATE, Duration::ZERO));
    waits(queue.join(2, Priority::Low, NOW, Duration::ZERO));
    assert_eq!(queue.expired(NOW), Some(0));
    assert_eq!(queue.expired(NOW), None, "the oldest has time");
    assert_eq!(queue.next(NOW), Some(Leaving::Expired(2)));
    assert_eq!(queue.next(NOW), Some(Leaving::Turn(1)));
    assert_eq!(queue.next(NOW), None);
}

#[test]
fn a_token_is_good_for_one_stay() {
    let mut queue = Queue::new(1);
    let first = waits(queue.join(0, Priority::Low, LATE, NOW));
    assert_eq!(queue.leave(first), Some(0));
    assert_eq!(queue.leave(first), None);
    let second = waits(queue.join(1, Priority::Low, LATE, NOW));
    assert_eq!(queue.leave(first), None, "the place is another's now");
    assert_eq!(queue.leave(second), Some(1));
}

#[test]
fn without_places_everybody_is_sent_away() {
    let mut queue = Queue::new(0);
    let joined = queue.join(0, Priority::Critical, LATE, NOW);
    assert_eq!(joined, Joined::Full(0));
}

proptest! {
    /// Never over its bound; everybody who came leaves exactly once; nobody's turn comes while one
    /// of a more urgent class waits.
    #[test]
    fn everybody_leaves_exactly_once(
        bound in 0_u32..6,
        acts in proptest::collection::vec((0_u8..6, 0_usize..4, 0_u64..400), 1..200),
    ) {
        let mut queue = Queue::new(bound);
        let (mut now, mut here, mut tokens) = (Duration::ZERO, HashSet::new(), Vec::new());
        for (who, (act, class, number)) in acts.into_iter().enumerate() {
            now += Duration::from_millis(number / 4);
            let class = Priority::ALL[class];
            match act {
                0..=2 => {
                    let until = now + Duration::from_millis(number);
                    prop_assert!(here.insert((who, class)));
                    match queue.join((who, class), class, until, now) {
                        Joined::Displaced(token, out) => {
                            prop_assert!(out.1 < class);
                            prop_assert!(here.remove(&out));
                            tokens.push((token, (who, class)));
                        }
                        Joined::Full(out) => {
                            prop_assert_eq!(out, (who, class));
                            prop_assert!(here.remove(&out));
                            prop_assert_eq!(queue.len(), bound);
                        }
                        Joined::Waits(token) => tokens.push((token, (who, class))),
                    }
                }
                3 => match queue.next(now) {
                    Some(Leaving::Turn(out) | Leaving::Expired(out)) => {
                        prop_assert!(here.iter().all(|(_, class)| *class <= out.1));
                        prop_assert!(here.remove(&out));
                    }
                    None => prop_assert!(here.is_empty()),
                },
                4 => if let Some(out) = queue.expired(now) {
                    prop_assert!(here.remove(&out));
                },
                _ => if !tokens.is_empty() {
                    let (token, who) = tokens.swap_remove(number as usize % tokens.len());
                    prop_assert_eq!(queue.leave(token).is_some(), here.remove(&who));
                },
            }
            prop_assert!(queue.len() <= bound);
            prop_assert_eq!(queue.len() as usize, here.len());
            prop_assert!(queue.places.len() <= bound as usize);
        }
        while let Some(Leaving::Turn(out) | Leaving::Expired(out)) = queue.next(now) {
            prop_assert!(here.remove(&out));
        }
        prop_assert!(here.is_empty() && queue.is_empty());
    }
}
