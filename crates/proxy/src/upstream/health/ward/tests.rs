use std::{future, time::Duration};

use engine::{attempt::Symptom, health::check::CheckOutcome};
use telemetry::Health;

use super::*;
use crate::{sidecar::Sidecar, upstream::health::vitals::Nudge};

const SECOND: Duration = Duration::from_secs(1);

/// The endpoints of an upstream with this YAML, and who watches over them.
struct World {
    sidecar: Sidecar,
    ward: Ward,
    endpoints: Vec<Arc<EndpointState>>,
}

// === impl World ===

impl World {
    fn new(yaml: &str) -> Self {
        let text = format!(
            "version: 1\nlisteners: [{{address: \"127.0.0.1:0\"}}]\nupstreams:\n  app:\n    \
             endpoints: [\"http://a:1\", \"http://b:1\", \"http://c:1\"]\n{yaml}\nroutes: \
             [{{name: all, upstream: app}}]\n"
        );
        let source = policy::Source {
            name: "test",
            bytes: text.as_bytes(),
        };
        let policies = policy::parse(source, &|_| None).unwrap().policies;
        let health = Health::new();
        let metrics = Metrics::new(&policies, &health).unwrap();
        let sidecar = Sidecar::new(policies, "test", metrics, None, health).unwrap();
        let upstream = Arc::clone(&sidecar.snapshot.load().upstreams[0]);
        let endpoints = upstream.roster().endpoints.to_vec();
        let mut ward = Ward::new(&upstream, sidecar.metrics());
        ward.meet(&endpoints, |_| None, Duration::ZERO);
        Self {
            sidecar,
            ward,
            endpoints,
        }
    }

    fn check(&mut self, endpoint: usize, outcome: CheckOutcome, now: Duration) {
        let checked = Checked {
            endpoint: self.endpoints[endpoint].id,
            report: CheckReport {
                outcome,
                took: SECOND / 10,
                at: now,
            },
        };
        self.ward.checked(&checked, now);
        self.ward.settle();
    }

    /// Three attempts that fail, and what the watcher makes of them.
    fn fails(&mut self, endpoint: usize, now: Duration) {
        let vitals = &self.endpoints[endpoint].vitals;
        let nudges = [(); 3].map(|()| vitals.attempted(Symptom::Ill));
        assert_eq!(nudges, [Nudge::None, Nudge::None, Nudge::Look]);
        self.ward.look(now);
        self.ward.settle();
    }

    fn release(&mut self, now: Duration) {
        self.ward.release(now);
        self.ward.settle();
    }

    fn standings(&self) -> String {
        let standings = self.endpoints.iter().map(|endpoint| endpoint.standing());
        let standings: Vec<_> = standings.map(Standing::as_str).collect();
        standings.join(" ")
    }

    /// What the metrics tell of who is healthy.
    fn healthy(&self) -> String {
        let text = self.sidecar.metrics().text().unwrap();
        let lines = text.lines().filter_map(|line| {
            line.strip_prefix("forebay_upstream_endpoint_healthy{")?
                .rsplit_once(' ')
        });
        lines.map(|(_, value)| value).collect()
    }
}

const CHECKED: &str = "    health_check: {healthy_after: 2, unhealthy_after: 2}\n";
const OUTLIERS: &str = "    outliers: {consecutive_failures: 3, success_rate: off}\n";

#[test]
fn checks_change_the_standing_the_roster_and_the_metrics() {
    let mut world = World::new(CHECKED);
    assert_eq!(
        (world.standings().as_str(), world.healthy().as_str()),
        ("well well well", "111")
    );
    let before = Arc::as_ptr(&world.ward.upstream.roster());
    world.check(1, CheckOutcome::Passed, SECOND);
    world.check(1, CheckOutcome::TimedOut, SECOND * 2);
    assert_eq!(Arc::as_ptr(&world.ward.upstream.roster()), before);
    world.check(1, CheckOutcome::ConnectFailed, SECOND * 3);
    assert_ne!(Arc::as_ptr(&world.ward.upstream.roster()), before);
    assert_eq!(
        (world.standings().as_str(), world.healthy().as_str()),
        ("well ill well", "101")
    );
    let report = world.endpoints[1].vitals.report();
    assert_eq!(
        (report.because(), report.since),
        (Some("connect-failed"), SECOND * 3)
    );
    world.check(1, CheckOutcome::Passed, SECOND * 4);
    world.check(1, CheckOutcome::Passed, SECOND * 5);
    assert_eq!(
        (world.standings().as_str(), world.healthy().as_str()),
        ("well well well", "111")
    );
    let report = world.endpoints[1].vitals.report();
    assert_eq!((report.because(), report.since), (None, SECOND * 5));
}

#[test]
fn who_is_left_out_comes_back_and_begins_anew() {
    let mut world = World::new(OUTLIERS);
    world.fails(0, SECOND);
    assert_eq!(world.standings(), "ejected well well");
    assert_eq!(
        world.endpoints[0].vitals.report().because(),
        Some("consecutive-failures")
    );
    // Two of three would be more than half.
    world.fails(1, SECOND * 2);
    assert_eq!(world.standings(), "ejected well well");
    assert_eq!(world.ward.next_release(), Some(SECOND * 31));
    world.endpoints[0].vitals.attempted(Symptom::Ill);
    world.release(SECOND * 31);
    assert_eq!(
        (world.standings().as_str(), world.healthy().as_str()),
        ("well well well", "111")
    );
    world.fails(0, SECOND * 32);
    assert_eq!(world.ward.next_release(), Some(SECOND * 92));
    assert_eq!(world.endpoints[0].vitals.report().ejections, 2);
}

#[test]
fn a_failing_check_outlasts_an_ejection() {
    let mut world = World::new(&format!("{CHECKED}{OUTLIERS}"));
    world.fails(2, SECOND);
    world.check(2, CheckOutcome::NotServing, SECOND * 2);
    assert_eq!(world.standings(), "well well ill");
    world.release(SECOND * 31);
    assert_eq!(world.standings(), "well well ill");
    assert!(world.endpoints[2].vitals.report().ejection.is_none());
    world.check(2, CheckOutcome::Passed, SECOND * 32);
    world.check(2, CheckOutcome::Passed, SECOND * 33);
    assert_eq!(world.standings(), "well well well");
}

#[test]
fn shadow_mode_tells_and_leaves_nobody_out() {
    let shadow = "    outliers: {mode: shadow, consecutive_failures: 3, success_rate: off}\n";
    let mut world = World::new(shadow);
    world.fails(0, SECOND);
    assert_eq!(
        (world.standings().as_str(), world.healthy().as_str()),
        ("well well well", "111")
    );
    assert!(world.endpoints[0].vitals.report().ejection.is_some());
}

#[test]
fn who_went_ill_and_comes_back_counts_as_well() {
    let mut world = World::new(&format!("{CHECKED}{OUTLIERS}"));
    world.check(0, CheckOutcome::TimedOut, SECOND);
    world.fails(1, SECOND);
    assert_eq!(world.standings(), "ill ejected well");
    let endpoints = world.endpoints.clone();
    world.ward.meet(&endpoints[2..], |_| None, SECOND * 2);
    world.ward.meet(&endpoints, |_| None, SECOND * 3);
    assert_eq!(
        (world.standings().as_str(), world.healthy().as_str()),
        ("well well well", "111")
    );
    assert_eq!(world.endpoints[1].vitals.report().since, SECOND * 3);
}

#[test]
fn without_a_policy_nothing_is_counted() {
    let world = World::new("    outliers: {mode: off, consecutive_failures: 1}\n");
    let vitals = &world.endpoints[0].vitals;
    assert_eq!(vitals.attempted(Symptom::Ill), Nudge::None);
    assert!(vitals.tally().is_none());
}

#[tokio::test]
async fn an_endpoint_is_asked_while_it_is_one() {
    let mut world = World::new(CHECKED);
    let endpoints = world.endpoints.clone();
    let held = Arc::new(());
    let ask = |_: &Arc<EndpointState>| {
        let held = Arc::clone(&held);
        Some(Asking(tokio::spawn(async move {
            let _held = held;
            future::pending().await
        })))
    };
    world.ward.meet(&[], ask, SECOND);
    world.ward.meet(&endpoints, ask, SECOND);
    assert_eq!(Arc::strong_count(&held), 4);
    assert_eq!(world.healthy(), "111");
    world.ward.meet(&endpoints[1..], ask, SECOND);
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&held), 3);
    assert_eq!(world.healthy(), "11");
}
