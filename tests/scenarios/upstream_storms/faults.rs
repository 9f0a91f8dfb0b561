//! One fault at a time, of all servers at once, in the middle of a load.

use std::time::Duration;

use harness::{Crowd, Mischief, deadline::timed};

use super::{DEADLINE, Fleet, GUARDS, MARGIN, MIN_RETRIES, PATH, RETRY, TIMEOUTS};

const CLIENTS: usize = 16;
const EACH: usize = 40;

/// Whether somebody sees the beginning of an answer that does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Never,
    Some,
}

/// Does this to all servers, and then nothing more.
#[track_caller]
fn storm(mischief: Mischief, cut: Cut) {
    // What fails in its body has been answered: nothing but its time keeps others from trying.
    let each = match cut {
        Cut::Never => EACH,
        Cut::Some => EACH / 10,
    };
    let what = format!("{mischief:?}");
    let fleet = Fleet::guarded(3);
    let before = fleet.sent();
    let load = fleet.load(CLIENTS, each);
    load.wait_for(CLIENTS);
    fleet.turn(mischief);
    let answers = load.answers();
    assert_eq!(answers.len(), CLIENTS * each);
    fleet.judge(&what, before, &answers);
    let failed = answers.iter().filter(|it| it.status != Some(200)).count();
    assert!(failed > 0, "{what}: nobody noticed");
    let cut_short = answers.iter().filter(|it| it.status.is_none()).count();
    assert!(cut_short == 0 || cut == Cut::Some, "{what}: {cut_short}");
    fleet.turn(Mischief::None);
    fleet.recovers(&what);
}

#[test]
fn nobody_listens() {
    storm(Mischief::Refuse, Cut::Never);
}

#[test]
fn nobody_says_that_the_connection_stands() {
    storm(Mischief::Deaf, Cut::Never);
}

#[test]
fn connections_are_reset_before_the_head() {
    storm(Mischief::ResetAfter(0), Cut::Never);
}

#[test]
fn connections_are_reset_within_the_head() {
    storm(Mischief::ResetAfter(20), Cut::Never);
}

#[test]
fn connections_are_reset_within_the_body() {
    storm(Mischief::ResetAfter(80), Cut::Some);
}

#[test]
fn bodies_are_shorter_than_they_should_be() {
    storm(Mischief::TruncateAfter(80), Cut::Some);
}

#[test]
fn nothing_comes_back() {
    storm(Mischief::Blackhole, Cut::Never);
}

#[test]
fn nothing_more_comes_after_the_beginning_of_the_head() {
    storm(Mischief::StallAfter(20), Cut::Never);
}

#[test]
fn nothing_more_comes_after_the_beginning_of_the_body() {
    storm(Mischief::StallAfter(80), Cut::Some);
}

#[test]
fn one_byte_at_a_time_that_takes_too_long() {
    let pause = Duration::from_millis(50);
    storm(Mischief::Trickle(pause), Cut::Some);
}

#[test]
fn garbage_comes_back() {
    storm(
        Mischief::Say("\x16\x03\x01 what was the question\r\n\r\n"),
        Cut::Never,
    );
}

/// Slow, and yet in time: nobody minds.
#[test]
fn one_byte_at_a_time_that_comes_in_time() {
    let fleet = Fleet::guarded(3);
    let before = fleet.sent();
    fleet.turn(Mischief::Trickle(Duration::from_micros(500)));
    let answers = fleet.load(4, 10).answers();
    fleet.judge("in time", before, &answers);
    assert!(answers.iter().all(|it| it.status == Some(200)));
    fleet.turn(Mischief::None);
    fleet.recovers("in time");
}

/// Trap 8: each client gets what it asked for, and nobody the rest.
#[test]
fn more_comes_back_than_was_announced() {
    const TWICE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 54\r\n\r\n\
         What everybody asks for, and would like to have whole.\
         HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let fleet = Fleet::guarded(3);
    let before = fleet.sent();
    fleet.turn(Mischief::Say(TWICE));
    let answers = fleet.load(CLIENTS, EACH).answers();
    fleet.judge("more", before, &answers);
    fleet.turn(Mischief::None);
    fleet.recovers("more");
}

/// Trap 23: where nothing but the budget holds retries back.
#[test]
fn the_budget_alone_prevents_a_storm() {
    for mischief in [
        Mischief::Refuse,
        Mischief::ResetAfter(0),
        Mischief::Blackhole,
    ] {
        let fleet = Fleet::of(3, &format!("{TIMEOUTS}\n{RETRY}"));
        fleet.turn(mischief);
        let before = fleet.sent();
        let answers = fleet.load(100, 3).answers();
        fleet.judge(&format!("{mischief:?} and a budget"), before, &answers);
        assert!(answers.iter().all(|it| it.status >= Some(502)));
        let tries = fleet.sent().all() - before.all();
        assert!(tries > answers.len() + MIN_RETRIES, "some are tried again");
        fleet.turn(Mischief::None);
        fleet.recovers("a budget");
    }
}

/// All of them at once, as streams of few connections.
#[test]
fn a_crowd_before_a_dead_upstream_is_answered_in_time() {
    for mischief in [Mischief::Refuse, Mischief::Blackhole] {
        let fleet = Fleet::of(3, &format!("{TIMEOUTS}\n{RETRY}\n{GUARDS}"));
        fleet.turn(mischief);
        let before = fleet.sent();
        let ask = || Crowd::ask(fleet.sidecar.address(), 5, 100, PATH).responses();
        let (responses, took) = timed(ask);
        assert!(took < DEADLINE + MARGIN, "{mischief:?}: {took:?}");
        assert_eq!(responses.len(), 500);
        assert!(responses.iter().all(|it| matches!(it.status, 502..=504)));
        let tries = fleet.sent().all() - before.all();
        assert!(tries <= 625 + MIN_RETRIES, "{mischief:?}: {tries}");
        fleet.turn(Mischief::None);
        fleet.recovers("a crowd");
    }
}
