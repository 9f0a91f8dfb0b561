//! What becomes of requests whose caller nobody knows.

use harness::{Ask, Origin, Sidecar};

use super::limited;

fn told(origin: &Origin, on_unknown: &str, mode: &str) -> Sidecar {
    limited(
        origin,
        &format!(
            "[{{name: l, rate: 1/d, burst: 1, key: {{header: K}}, on_unknown: {on_unknown}, \
               mode: {mode}}}]"
        ),
    )
}

fn statuses(sidecar: &Sidecar) -> [u16; 3] {
    [(); 3].map(|()| sidecar.get("/").status)
}

#[test]
fn they_are_counted_or_not_as_the_operator_says() {
    let origin = Origin::saying("x");
    for (on_unknown, wanted) in [
        ("share", [200, 429, 429]),
        ("client_ip", [200, 429, 429]),
        ("allow", [200, 200, 200]),
        ("deny", [403, 403, 403]),
    ] {
        let sidecar = told(&origin, on_unknown, "enforce");
        assert_eq!(statuses(&sidecar), wanted, "{on_unknown}");
        // Those who are known are not among them.
        let known = sidecar.ask(&Ask::get("/").header("K", "a"));
        assert_eq!(known.status, 200, "{on_unknown}");
    }
}

/// Trap 25: whoever says it twice must not be somebody else with each request.
#[test]
fn who_says_it_twice_is_a_stranger() {
    let origin = Origin::saying("x");
    let sidecar = told(&origin, "share", "enforce");
    let twice = |other| Ask::get("/").header("K", "a").header("K", other);
    let statuses = ["b", "c", "d"].map(|other| sidecar.ask(&twice(other)).status);
    assert_eq!(statuses, [200, 429, 429]);
    // And not the one he pretends to be.
    assert_eq!(sidecar.ask(&Ask::get("/").header("K", "a")).status, 200);
}

#[test]
fn who_is_refused_is_told_so_and_so_is_the_operator() {
    let origin = Origin::saying("x");
    let sidecar = told(&origin, "deny", "enforce");
    sidecar.get("/").assert_problem(403, "caller-unknown");
    let event = sidecar.wait_for_security_event("unknown_caller");
    assert_eq!(event["action"], "blocked", "{event}");
    assert_eq!(event["policy"], "l", "{event}");
    assert_eq!(event["evidence"], "header:k absent", "{event}");
    assert_eq!(origin.count(), 0);
}

#[test]
fn in_shadow_they_are_only_told_of() {
    let origin = Origin::saying("x");
    let sidecar = told(&origin, "deny", "shadow");
    assert_eq!(statuses(&sidecar), [200; 3]);
    let event = sidecar.wait_for_security_event("unknown_caller");
    assert_eq!(event["action"], "shadowed", "{event}");
}
