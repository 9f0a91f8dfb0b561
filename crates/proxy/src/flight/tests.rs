use super::*;

fn board(flights: &Arc<Flights>, key: &[u8]) -> Boarding {
    flights.board(key, store::hash(key))
}

fn lead(flights: &Arc<Flights>, key: &[u8]) -> Lead {
    match board(flights, key) {
        Boarding::Lead(lead) => lead,
        Boarding::Follow(_) => panic!("somebody leads already"),
    }
}

fn follow(flights: &Arc<Flights>, key: &[u8]) -> watch::Receiver<Landing> {
    match board(flights, key) {
        Boarding::Follow(landing) => landing,
        Boarding::Lead(_) => panic!("nobody leads"),
    }
}

#[test]
fn the_first_leads_and_the_others_follow() {
    let flights = Arc::new(Flights::default());
    let lead = lead(&flights, b"a");
    let early = follow(&flights, b"a");
    lead.land(Landing::Alone);
    assert!(matches!(*early.borrow(), Landing::Alone));
}

#[test]
fn other_keys_fly_on_their_own() {
    let flights = Arc::new(Flights::default());
    let _one = lead(&flights, b"a");
    let _other = lead(&flights, b"b");
}

#[test]
fn a_leader_that_ends_without_a_word_leaves_the_lead_to_the_next() {
    let flights = Arc::new(Flights::default());
    let first = lead(&flights, b"a");
    let landing = follow(&flights, b"a");
    drop(first);
    assert!(
        landing.has_changed().is_err(),
        "followers learn that nobody leads"
    );
    let _second = lead(&flights, b"a");
}

/// TRAPS 22: a follower that is promoted must not board the flight that has just failed.
#[test]
fn nobody_boards_a_flight_that_has_failed() {
    let flights = Arc::new(Flights::default());
    let first = lead(&flights, b"a");
    first.land(Landing::Failed(Failure::UpstreamClosed));
    let _second = lead(&flights, b"a");
    drop(first);
    let _follower = follow(&flights, b"a");
}
