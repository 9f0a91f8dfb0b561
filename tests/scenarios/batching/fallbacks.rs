//! Whatever is wrong with a batch, its members are asked for one by one.

use harness::{Gate, deadline::timed};

use super::*;

const JSON: &str = "Content-Type: application/json";

/// Answers a batch as the function says, and single reads as ever.
fn spoiling(spoilt: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Origin {
    Origin::http(move |request| match ids(request) {
        Some(_) => spoilt(request),
        None => answer(request),
    })
}

#[track_caller]
fn assert_singles(sidecar: &Sidecar, ids: std::ops::RangeInclusive<u32>) {
    let responses = at_once(sidecar, ids.clone().map(get));
    for (id, response) in ids.zip(&responses) {
        assert_user(response, "single", id);
    }
}

#[test]
fn one_of_which_the_answer_says_nothing_is_asked_for_alone() {
    let origin = spoiling(|request| {
        let ids = ids(request).unwrap();
        let known = ids.iter().filter(|id| *id != "2");
        let all: Vec<_> = known.map(|id| user(id, request, "batch")).collect();
        Reply::ok(format!("[{}]", all.join(","))).line(JSON)
    });
    let sidecar = batching(&origin, 3);
    let responses = at_once(&sidecar, (1..=3).map(get));
    for (id, from, response) in [(1, "batch"), (2, "single"), (3, "batch")]
        .into_iter()
        .zip(&responses)
        .map(|((id, from), response)| (id, from, response))
    {
        assert_user(response, from, id);
    }
    assert_eq!(origin.count(), 2);
    assert_requests(&sidecar, "enforce", &[("answered", 2.0), ("missing", 1.0)]);
}

#[test]
fn one_of_which_the_answer_says_two_things_is_asked_for_alone() {
    let origin = spoiling(|request| {
        let all = ["1", "2", "2"].map(|id| user(id, request, "batch"));
        Reply::ok(format!("[{}]", all.join(","))).line(JSON)
    });
    let sidecar = batching(&origin, 2);
    let responses = at_once(&sidecar, (1..=2).map(get));
    assert_user(&responses[0], "batch", 1);
    assert_user(&responses[1], "single", 2);
    assert_requests(
        &sidecar,
        "enforce",
        &[("answered", 1.0), ("ambiguous", 1.0)],
    );
}

/// Trap 22, among other things: a cut answer is nobody's.
#[test]
fn when_a_batch_fails_each_member_is_asked_for_alone() {
    let list = |request: &Request| {
        let ids = ids(request).unwrap();
        let all: Vec<_> = ids.iter().map(|id| user(id, request, "batch")).collect();
        format!("[{}]", all.join(","))
    };
    type Spoilt = Box<dyn Fn(&Request) -> Reply + Send + Sync>;
    let cases: Vec<(&str, Spoilt)> = vec![
        ("status", Box::new(|_| Reply::status(500))),
        (
            "status",
            Box::new(move |it| Reply::ok(list(it)).with_status(203).line(JSON)),
        ),
        ("status", Box::new(|_| Reply::status(404).line(JSON))),
        ("failed", Box::new(|_| Reply::hang_up())),
        (
            "failed",
            Box::new(|_| {
                Reply::ok("[{\"id")
                    .line(JSON)
                    .line("Content-Length: 400")
                    .closing()
            }),
        ),
        ("not-json", Box::new(move |it| Reply::ok(list(it)))),
        (
            "not-json",
            Box::new(|_| Reply::ok("[{\"id\": 1}").line(JSON)),
        ),
        (
            "not-json",
            Box::new(move |it| Reply::ok(list(it)).line(JSON).line("Content-Encoding: br")),
        ),
        (
            "oversized",
            Box::new(|_| Reply::ok(vec![b' '; 5000]).line(JSON)),
        ),
        (
            "oversized",
            Box::new(|_| Reply::chunked([vec![b' '; 3000], vec![b' '; 3000]]).line(JSON)),
        ),
        (
            "unshareable",
            Box::new(move |it| Reply::ok(list(it)).line(JSON).line("Set-Cookie: a=b")),
        ),
        (
            "unshareable",
            Box::new(move |it| {
                Reply::ok(list(it))
                    .line(JSON)
                    .line("Cache-Control: private")
            }),
        ),
        (
            "unshareable",
            Box::new(move |it| Reply::ok(list(it)).line(JSON).line("Vary: User-Agent")),
        ),
        (
            "unlike",
            Box::new(|_| Reply::ok("{\"users\": []}").line(JSON)),
        ),
        ("unmatched", Box::new(|_| Reply::ok("[]").line(JSON))),
    ];
    for (outcome, spoilt) in cases {
        let origin = spoiling(spoilt);
        let sidecar = users(&origin, "max_size: 3, max_wait: 10s, max_answer: 4KiB", "").start();
        assert_singles(&sidecar, 1..=3);
        assert_eq!(origin.count(), 4, "{outcome}");
        assert_batches(&sidecar, "enforce", outcome, 1.0);
        assert_requests(&sidecar, "enforce", &[("failed", 3.0)]);
    }
}

#[test]
fn a_batch_that_is_never_answered_leaves_time_for_its_members() {
    let gate = Gate::new();
    let origin = spoiling({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::hang_up()
        }
    });
    let sidecar = users(&origin, "max_size: 2, max_wait: 10s", "")
        .upstream("timeouts: {first_byte: 300ms, total: 30s}")
        .start();
    assert_singles(&sidecar, 1..=2);
    assert_batches(&sidecar, "enforce", "failed", 1.0);
    gate.open();
}

#[test]
fn nobody_waits_longer_than_the_total_for_a_batch_and_its_own() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::hang_up()
        }
    });
    let sidecar = users(&origin, "max_size: 2, max_wait: 10s", "")
        .upstream("timeouts: {connect: 100ms, first_byte: 300ms, total: 500ms}")
        .start();
    let (responses, took) = timed(|| at_once(&sidecar, (1..=2).map(get)));
    gate.open();
    for response in &responses {
        assert_eq!(response.status, 504, "{response:?}");
    }
    // Twice the first byte would be more, and so would be a total of its own for each.
    assert!(took.as_millis() < 2_000, "{took:?}");
}

#[test]
fn batches_that_go_on_failing_are_not_tried_for_a_while() {
    let origin = spoiling(|_| Reply::status(500));
    let sidecar = batching(&origin, 2);
    for round in 1..=3 {
        assert_singles(&sidecar, 1..=2);
        assert_batches(&sidecar, "enforce", "status", f64::from(round));
    }
    // No batch, and nobody waits for one.
    assert_singles(&sidecar, 1..=4);
    assert_user(&sidecar.get("/users/5"), "single", 5);
    assert_requests(&sidecar, "enforce", &[("failed", 6.0), ("paused", 5.0)]);
    assert_eq!(origin.count(), 3 + 6 + 5);
    assert!(
        sidecar.stderr().contains("batches go on failing"),
        "{}",
        sidecar.stderr()
    );
}

/// Traps 14 to 16: one user's answers may go to that user.
#[test]
fn what_is_private_goes_to_one_user_only() {
    let origin = Origin::http(|request| answer(request).line("Cache-Control: private"));
    let sidecar = batching(&origin, 2);
    let ask = |id| get(id).header("Authorization", "Bearer one");
    let responses = at_once(&sidecar, [ask(1), ask(2)]);
    assert_eq!(origin.count(), 1);
    for response in &responses {
        assert!(
            response.text().contains("\"for\": \"Bearer one\""),
            "{response:?}"
        );
    }
}
