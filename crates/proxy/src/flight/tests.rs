use std::future::Future;

use tokio_test::{assert_pending, assert_ready, task};

use super::*;

fn board(flights: &Arc<Flights>, key: &[u8]) -> Boarding {
    flights.board(key, store::hash(key), Manner::Patient)
}

fn lead(flights: &Arc<Flights>, key: &[u8]) -> Lead {
    match board(flights, key) {
        Boarding::Lead(lead) => lead,
        other => panic!("somebody leads already: {other:?}"),
    }
}

fn follow(flights: &Arc<Flights>, key: &[u8]) -> Follower {
    match board(flights, key) {
        Boarding::Follow(follower) => follower,
        other => panic!("nobody leads: {other:?}"),
    }
}

fn waiting(follower: Follower) -> task::Spawn<impl Future<Output = Followed>> {
    let mut waiting = task::spawn(follower.followed(Will::Lead));
    assert_pending!(waiting.poll());
    waiting
}

#[test]
fn the_first_leads_and_the_others_follow() {
    let flights = Arc::new(Flights::default());
    let mut lead = lead(&flights, b"a");
    let mut follower = waiting(follow(&flights, b"a"));
    lead.land(Landing::Alone);
    assert!(follower.is_woken());
    assert!(matches!(
        assert_ready!(follower.poll()),
        Followed::Alone(after) if after.is_zero()
    ));
    assert_eq!(flights.len(), 0);
}

#[test]
fn other_keys_fly_on_their_own() {
    let flights = Arc::new(Flights::default());
    let _one = lead(&flights, b"a");
    let _other = lead(&flights, b"b");
}

/// TRAPS 21.
#[test]
fn followers_of_something_uncacheable_are_released_in_batches() {
    let flights = Arc::new(Flights::default());
    let mut lead = lead(&flights, b"a");
    let followers: Vec<_> = (0..100).map(|_| waiting(follow(&flights, b"a"))).collect();
    lead.land(Landing::Alone);
    let mut sizes = [0; 4];
    for mut follower in followers {
        let Followed::Alone(after) = assert_ready!(follower.poll()) else {
            panic!("it is for the leader alone");
        };
        sizes[after.as_millis() as usize / 5] += 1;
    }
    assert_eq!(sizes, [16, 32, 52, 0]);
}

/// TRAPS 22: one follower is promoted, and the others go on waiting.
#[test]
fn one_follower_takes_over_from_a_leader_that_failed() {
    let flights = Arc::new(Flights::default());
    let mut first = lead(&flights, b"a");
    let mut one = waiting(follow(&flights, b"a"));
    let mut other = waiting(follow(&flights, b"a"));
    first.land(Landing::Failed(Failure::UpstreamClosed.into()));
    drop(first);
    let Followed::Promoted(mut second) = assert_ready!(one.poll()) else {
        panic!("nobody leads");
    };
    assert_pending!(other.poll());
    let mut late = waiting(follow(&flights, b"a"));
    second.land(Landing::Failed(Failure::UpstreamStalled.into()));
    for follower in [&mut other, &mut late] {
        assert!(matches!(
            assert_ready!(follower.poll()),
            Followed::Failed(Unanswered {
                failure: Failure::UpstreamStalled,
                ..
            })
        ));
    }
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_follower_with_something_else_to_say_leaves_the_lead_to_others() {
    let flights = Arc::new(Flights::default());
    let first = lead(&flights, b"a");
    let modest = follow(&flights, b"a");
    let mut modest = task::spawn(modest.followed(Will::Decline));
    let mut willing = waiting(follow(&flights, b"a"));
    assert_pending!(modest.poll());
    drop(first);
    assert!(matches!(
        assert_ready!(modest.poll()),
        Followed::Failed(Unanswered {
            failure: Failure::Internal,
            ..
        })
    ));
    assert!(matches!(
        assert_ready!(willing.poll()),
        Followed::Promoted(_)
    ));
}

#[test]
fn a_promoted_follower_that_has_left_is_replaced() {
    let flights = Arc::new(Flights::default());
    let first = lead(&flights, b"a");
    let gone = waiting(follow(&flights, b"a"));
    let mut staying = waiting(follow(&flights, b"a"));
    drop(first);
    assert!(gone.is_woken());
    drop(gone);
    assert!(matches!(
        assert_ready!(staying.poll()),
        Followed::Promoted(_)
    ));
}

#[test]
fn a_newcomer_may_take_over_and_the_last_to_leave_a_vacant_flight_closes_it() {
    let flights = Arc::new(Flights::default());
    let first = lead(&flights, b"a");
    let slow = waiting(follow(&flights, b"a"));
    drop(first);
    let newcomer = lead(&flights, b"a");
    drop(newcomer);
    assert_eq!(flights.len(), 0, "two leaders have failed");
    drop(slow);

    let first = lead(&flights, b"a");
    let only = waiting(follow(&flights, b"a"));
    drop(first);
    assert_eq!(flights.len(), 1);
    drop(only);
    assert_eq!(flights.len(), 0);
}

#[test]
fn who_demands_a_fresh_fetch_or_only_probes_does_not_wait_for_a_head() {
    let flights = Arc::new(Flights::default());
    let hash = store::hash(b"a");
    let _lead = lead(&flights, b"a");
    for manner in [Manner::Anew, Manner::Probing] {
        assert!(matches!(flights.board(b"a", hash, manner), Boarding::Alone));
    }
}

/// TRAPS 25: who may not ask is nobody's messenger, and no failure of the origin.
#[test]
fn a_leader_that_may_not_ask_leaves_the_flight_to_the_next() {
    let flights = Arc::new(Flights::default());
    let mut first = lead(&flights, b"a");
    let mut follower = waiting(follow(&flights, b"a"));
    first.land(Landing::Cancelled);
    drop(first);
    assert!(matches!(
        assert_ready!(follower.poll()),
        Followed::Cancelled
    ));
    let _next = lead(&flights, b"a");
    let _behind = waiting(follow(&flights, b"a"));
}
