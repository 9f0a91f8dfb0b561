//! Servers die with all their connections, some or all of them, once or again and again.

use harness::{Answer, Mischief, eventually};

use super::{Fleet, PATH};

const CLIENTS: usize = 16;
const EACH: usize = 60;
const ASKED: usize = CLIENTS * EACH;

fn good(answers: &[Answer]) -> usize {
    answers.iter().filter(|it| it.status == Some(200)).count()
}

/// The other half carries everything, at the latest when it is known who is dead.
#[test]
fn half_of_the_servers_die_under_load() {
    for mischief in [
        Mischief::Refuse,
        Mischief::ResetAfter(0),
        Mischief::Blackhole,
    ] {
        let what = format!("half: {mischief:?}");
        let fleet = Fleet::guarded(4);
        let before = fleet.sent();
        let load = fleet.load(CLIENTS, EACH);
        load.wait_for(ASKED / 4);
        for relay in &fleet.relays[..2] {
            relay.turn(mischief);
        }
        let answers = load.answers();
        fleet.judge(&what, before, &answers);
        assert!(
            good(&answers) * 10 > ASKED * 8,
            "{what}: {}",
            good(&answers)
        );
        eventually("the others do all the work", || {
            let answers = fleet.load(8, 5).answers();
            (good(&answers) == answers.len()).then_some(())
        });
        fleet.turn(Mischief::None);
        fleet.recovers(&what);
    }
}

#[test]
fn all_servers_die_under_load_and_come_back() {
    let fleet = Fleet::guarded(4);
    let before = fleet.sent();
    let load = fleet.load(CLIENTS, EACH);
    load.wait_for(ASKED / 4);
    fleet.turn(Mischief::Refuse);
    load.wait_for(ASKED / 2);
    fleet.turn(Mischief::None);
    let answers = load.answers();
    fleet.judge("all", before, &answers);
    assert!(good(&answers) < ASKED, "nobody noticed");
    fleet.recovers("all");
}

/// One after the other is away for a while, and is back in use before the next goes.
#[test]
fn servers_take_turns_at_dying() {
    let fleet = Fleet::guarded(3);
    let before = fleet.sent();
    let mut answers = Vec::new();
    for relay in &fleet.relays {
        let load = fleet.load(CLIENTS, 15);
        load.wait_for(5 * CLIENTS);
        relay.turn(Mischief::Refuse);
        answers.extend(load.answers());
        relay.turn(Mischief::None);
        let asked = relay.requests(PATH);
        eventually("it is asked again", || {
            answers.extend(fleet.load(3, 1).answers());
            (relay.requests(PATH) > asked).then_some(())
        });
    }
    fleet.judge("turns", before, &answers);
    let (good, all) = (good(&answers), answers.len());
    assert!(good * 10 > all * 8, "{good} of {all}");
    fleet.recovers("turns");
}

/// Faster than anybody can tell who is well: nothing is promised but an end, and no storm.
#[test]
fn servers_flap_faster_than_they_are_found_well() {
    let fleet = Fleet::guarded(3);
    let before = fleet.sent();
    let load = fleet.load(CLIENTS, EACH);
    for (turn, relay) in fleet.relays.iter().cycle().take(9).enumerate() {
        load.wait_for(ASKED * turn / 9);
        relay.turn(Mischief::Refuse);
        load.wait_for(ASKED * (2 * turn + 1) / 18);
        relay.turn(Mischief::None);
    }
    let answers = load.answers();
    fleet.judge("faster", before, &answers);
    fleet.recovers("faster");
}

/// All at once, again and again; each time they are found well before they go.
#[test]
fn all_servers_flap_together() {
    let fleet = Fleet::guarded(3);
    let before = fleet.sent();
    let mut answers = Vec::new();
    for mischief in [
        Mischief::Refuse,
        Mischief::ResetAfter(0),
        Mischief::Blackhole,
        Mischief::Refuse,
        Mischief::StallAfter(20),
    ] {
        let load = fleet.load(CLIENTS, 5);
        load.wait_for(CLIENTS);
        fleet.turn(mischief);
        answers.extend(load.answers());
        fleet.turn(Mischief::None);
        eventually("they are found well", || {
            let answer = fleet.load(1, 1).answers();
            let found = good(&answer);
            answers.extend(answer);
            (found > 0).then_some(())
        });
    }
    fleet.judge("together", before, &answers);
    fleet.recovers("together");
}
