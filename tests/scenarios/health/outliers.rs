//! Endpoints that are left out because of how they answer.

use harness::{Ask, Sidecar, eventually};

use super::{Server, told, wait_for_health};
use crate::forebay;

const EJECTIONS: &str = "forebay_upstream_ejections_total";

/// Servers behind a sidecar with this `outliers`.
fn behind<const N: usize>(outliers: &str) -> ([Server; N], Sidecar) {
    let servers = std::array::from_fn(|_| Server::new());
    let builder = servers
        .iter()
        .fold(forebay(), |builder, server| builder.origin(&server.origin));
    let sidecar = builder
        .upstream(&format!("outliers: {{{outliers}}}"))
        .start();
    (servers, sidecar)
}

/// Asks until so many have been left out.
#[track_caller]
fn ask_until_ejected(sidecar: &Sidecar, labels: &[(&str, &str)], ejected: f64) {
    let mut client = sidecar.connect();
    eventually(&format!("{labels:?}: {ejected}"), || {
        for _ in 0..20 {
            client.ask(&Ask::get("/"));
        }
        (sidecar.metric(EJECTIONS, labels) >= ejected).then_some(())
    });
}

#[test]
fn failures_in_a_row_leave_an_endpoint_out() {
    let ([one, other], sidecar) =
        behind("consecutive_failures: 3, success_rate: off, ejection: 1h, max_ejection: 1h");
    one.says(500);
    ask_until_ejected(&sidecar, &[("endpoint", &one.name())], 1.0);
    wait_for_health(&sidecar, &one.name(), 0.0);
    let (before, others) = (one.asked(), other.asked());
    one.says(200);
    for _ in 0..20 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!((one.asked(), other.asked()), (before, others + 20));
    let health = told(&sidecar, 0);
    assert_eq!(health["standing"], "ejected");
    assert_eq!(health["because"], "consecutive-failures");
    assert_eq!(health["ejections"], 1);
    assert_eq!(health["ejection"]["reason"], "consecutive-failures");
    assert!(health["ejection"]["seconds_left"].as_u64().unwrap() > 3000);
    assert_eq!(told(&sidecar, 1)["standing"], "well");
    let log = sidecar.stderr();
    assert!(log.contains("endpoint is not well"), "{log}");
    assert_eq!(
        sidecar.metric(
            EJECTIONS,
            &[("mode", "enforce"), ("reason", "consecutive-failures")]
        ),
        1.0
    );
}

#[test]
fn an_endpoint_that_was_left_out_comes_back_after_its_time() {
    let ([one, _other], sidecar) =
        behind("consecutive_failures: 3, success_rate: off, ejection: 200ms");
    one.says(503);
    ask_until_ejected(&sidecar, &[("endpoint", &one.name())], 1.0);
    one.says(200);
    wait_for_health(&sidecar, &one.name(), 1.0);
    let before = one.asked();
    for _ in 0..20 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!(one.asked(), before + 10);
    assert!(told(&sidecar, 0)["ejection"].is_null());
}

#[test]
fn no_more_than_max_ejected_are_left_out() {
    let (servers, sidecar) = behind::<4>(
        "consecutive_failures: 2, success_rate: off, ejection: 1h, max_ejection: 1h, \
         max_ejected: 50%",
    );
    for server in &servers {
        server.says(500);
    }
    ask_until_ejected(&sidecar, &[], 2.0);
    for _ in 0..40 {
        assert_eq!(sidecar.get("/").status, 500);
    }
    assert_eq!(sidecar.metric(EJECTIONS, &[]), 2.0);
    let before = servers.each_ref().map(Server::asked);
    for _ in 0..20 {
        sidecar.get("/");
    }
    let since = (0..4).map(|at| servers[at].asked() - before[at]);
    assert_eq!(since.filter(|asked| *asked == 0).count(), 2);
}

#[test]
fn shadow_mode_counts_and_leaves_nobody_out() {
    let ([one, _other], sidecar) = behind(
        "mode: shadow, consecutive_failures: 3, success_rate: off, ejection: 1h, max_ejection: 1h",
    );
    one.says(502);
    ask_until_ejected(
        &sidecar,
        &[("endpoint", &one.name()), ("mode", "shadow")],
        1.0,
    );
    wait_for_health(&sidecar, &one.name(), 1.0);
    let before = one.asked();
    for _ in 0..20 {
        sidecar.get("/");
    }
    assert_eq!(one.asked(), before + 10);
    assert_eq!(sidecar.metric(EJECTIONS, &[("mode", "enforce")]), 0.0);
    let health = told(&sidecar, 0);
    assert_eq!(health["standing"], "well");
    assert_eq!(health["ejection"]["reason"], "consecutive-failures");
}

#[test]
fn fewer_successes_than_the_others_leave_an_endpoint_out() {
    let (servers, sidecar) = behind::<6>(
        "consecutive_failures: off, success_rate: {min_requests: 10, min_endpoints: 5, \
         deviations: 1.5}, interval: 500ms, ejection: 1h, max_ejection: 1h",
    );
    let one = &servers[0];
    one.says(500);
    ask_until_ejected(
        &sidecar,
        &[("endpoint", &one.name()), ("reason", "success-rate")],
        1.0,
    );
    wait_for_health(&sidecar, &one.name(), 0.0);
    wait_for_health(&sidecar, &servers[5].name(), 1.0);
    assert_eq!(sidecar.metric(EJECTIONS, &[]), 1.0);
    assert_eq!(told(&sidecar, 0)["because"], "success-rate");
}
