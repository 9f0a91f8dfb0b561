//! Every wait has an end, the client learns which it was, and the upstream learns how long it has.

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Ask, Gate, Origin, Reply, Sidecar, deadline::timed};

use crate::forebay;

const HEADER: &str = "deadline_header: X-Timeout-Ms";

/// Hears the request and never answers.
fn silent() -> Origin {
    Origin::scripted(|mut conversation| while !conversation.hear().is_empty() {})
}

fn within(origin: &Origin, timeouts: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .upstream(&format!("timeouts: {{connect: 100ms, {timeouts}}}"))
        .start()
}

/// What the origin was told, in milliseconds.
fn told(origin: &Origin) -> Option<u64> {
    let value = origin.last().header("x-timeout-ms").map(str::to_owned);
    value.map(|millis| millis.parse().expect("whole milliseconds"))
}

#[test]
fn each_limit_ends_the_wait_and_has_its_own_name() {
    let origin = silent();
    for (timeouts, name) in [
        ("first_byte: 200ms", "first-byte-timed-out"),
        ("per_try: 200ms", "try-timed-out"),
        ("total: 200ms", "total-timed-out"),
        (
            "per_try: 200ms, total: 10s, first_byte: 10s",
            "try-timed-out",
        ),
    ] {
        let sidecar = within(&origin, timeouts);
        let (response, took) = timed(|| sidecar.get("/"));
        response.assert_problem(504, name);
        assert!(took.as_millis() >= 200, "{timeouts}: {took:?}");
    }
    let sidecar = forebay()
        .endpoint(&format!("https://{}", origin.address()))
        .upstream("timeouts: {tls: 200ms}")
        .start();
    sidecar.get("/").assert_problem(504, "tls-timed-out");
}

#[test]
fn a_try_that_takes_too_long_is_followed_by_another() {
    let gate = Gate::new();
    let asked = AtomicUsize::new(0);
    let origin = Origin::http({
        let gate = gate.clone();
        move |_| {
            if asked.fetch_add(1, Ordering::SeqCst) == 0 {
                gate.wait();
            }
            Reply::ok("answer")
        }
    });
    let sidecar = forebay()
        .origin(&origin)
        .upstream(
            "timeouts: {per_try: 200ms}\nretry: {on: [timeout], attempts: 5, base_delay: 1ms}",
        )
        .start();
    assert_eq!(sidecar.get("/").text(), "answer");
    assert!(origin.count() >= 2);
    gate.open();
}

/// Trap 23.
#[test]
fn all_tries_together_have_one_deadline() {
    let origin = silent();
    let sidecar = forebay()
        .origin(&origin)
        .upstream("timeouts: {connect: 100ms, per_try: 200ms, total: 500ms}")
        .upstream("retry: {on: [timeout], attempts: 10, base_delay: 1ms, min_retries: 20}")
        .start();
    let (response, took) = timed(|| sidecar.get("/"));
    assert_eq!(response.status, 504);
    assert!(took.as_millis() >= 400, "{took:?}");
    assert!(origin.connections() <= 3, "{}", origin.connections());
}

#[test]
fn the_upstream_learns_how_long_it_has() {
    for (timeouts, least, most) in [
        ("total: 5s", 1, 5000),
        ("per_try: 2s", 1, 2000),
        ("total: 5s, per_try: 2s", 1, 2000),
    ] {
        let origin = Origin::saying("ok");
        let sidecar = forebay()
            .origin(&origin)
            .upstream(&format!("timeouts: {{{timeouts}}}\n{HEADER}"))
            .start();
        sidecar.get("/");
        let told = told(&origin).expect("it is told");
        assert!((least..=most).contains(&told), "{timeouts}: {told}");
    }
}

#[test]
fn a_caller_can_make_the_time_shorter_and_not_longer() {
    for (asked, most) in [("700", 700), ("99999", 5000), ("soon", 5000), ("", 5000)] {
        let origin = Origin::saying("ok");
        let sidecar = forebay()
            .origin(&origin)
            .upstream(&format!("timeouts: {{total: 5s}}\n{HEADER}"))
            .start();
        sidecar.ask(&Ask::get("/").header("X-Timeout-Ms", asked));
        let told = told(&origin).expect("it is told");
        assert!(told <= most && told > most / 10, "{asked}: {told}");
    }
}

#[test]
fn a_caller_in_a_hurry_is_answered_in_time() {
    let origin = silent();
    let sidecar = forebay().origin(&origin).upstream(HEADER).start();
    let hurried = Ask::get("/").header("X-Timeout-Ms", "200");
    sidecar.ask(&hurried).assert_problem(504, "total-timed-out");
}

#[test]
fn what_is_no_time_is_not_passed_on() {
    let origin = Origin::saying("ok");
    let sidecar = forebay().origin(&origin).upstream(HEADER).start();
    sidecar.ask(&Ask::get("/").header("X-Timeout-Ms", "soon"));
    assert_eq!(told(&origin), None);
}

#[test]
fn who_is_in_a_hurry_does_not_hurry_those_who_wait_for_the_same() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .upstream(&format!("timeouts: {{total: 5s}}\n{HEADER}"))
        .with_policies("cache: {ttl: 60s}\ndeduplication: {}")
        .start();
    sidecar.ask(&Ask::get("/").header("X-Timeout-Ms", "700"));
    assert!(told(&origin).expect("it is told") > 700);
}
