//! Whoever fails is left alone for a while, and then tried (trap 22).

mod answers;
mod trials;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use harness::{Ask, Builder, Origin, Reply, Response, Sidecar, deadline::timed};

use crate::forebay;

/// Longer than any test.
const LONG: &str = "failure_rate: off, open_for: 10m, max_open: 1h";

/// An origin whose health the test decides about; clones are the same.
#[derive(Clone, Debug)]
struct Health(Arc<AtomicU16>);

impl Health {
    /// Answers everything with this status.
    fn set(&self, status: u16) {
        self.0.store(status, Ordering::SeqCst);
    }

    fn is_well(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 200
    }

    fn reply(&self) -> Reply {
        match self.0.load(Ordering::SeqCst) {
            200 => Reply::ok("well"),
            status => Reply::status(status),
        }
    }
}

/// An origin that answers with this status until the test says otherwise.
fn origin_with(status: u16) -> (Origin, Health) {
    let health = Health(Arc::new(AtomicU16::new(status)));
    let origin = Origin::http({
        let health = health.clone();
        move |_| health.reply()
    });
    (origin, health)
}

/// The upstream of this origin has this breaker.
fn guarding(origin: &Origin, breaker: &str) -> Builder {
    forebay()
        .origin(origin)
        .upstream(&format!("breaker: {{{breaker}}}"))
}

/// Asks so many times, and gives the statuses.
fn statuses(sidecar: &Sidecar, target: &str, times: usize) -> Vec<u16> {
    (0..times).map(|_| sidecar.get(target).status).collect()
}

#[track_caller]
fn assert_stopped(response: &Response) {
    response.assert_problem(503, "breaker-open");
    let wait = response.header("retry-after").unwrap();
    assert!(wait.parse::<u32>().unwrap() >= 1, "{wait}");
    let status = response.header("proxy-status").unwrap();
    assert!(status.contains("destination_unavailable"), "{status}");
}

/// Closes breakers through the admin door.
#[track_caller]
fn reset(sidecar: &Sidecar, which: &str) -> Response {
    Ask::post("/breakers/reset", which)
        .header("Host", "localhost")
        .header("Content-Type", "application/json")
        .send(sidecar.admin_address())
}

#[track_caller]
fn assert_position(sidecar: &Sidecar, scope: &str, name: &str, position: &str) {
    let labels = [("scope", scope), ("breaker", name), ("position", position)];
    assert_eq!(sidecar.metric("forebay_breakers", &labels), 1.0);
}

#[track_caller]
fn assert_counts(sidecar: &Sidecar, scope: &str, mode: &str, (opened, stopped): (f64, f64)) {
    let labels = [("scope", scope), ("mode", mode)];
    let of = |family| sidecar.metric(family, &labels);
    assert_eq!(
        (
            of("forebay_breaker_openings_total"),
            of("forebay_breaker_stopped_total")
        ),
        (opened, stopped)
    );
}

#[test]
fn failures_in_a_row_open_it_and_the_origin_is_left_alone() {
    let (origin, _) = origin_with(500);
    let sidecar = guarding(&origin, &format!("consecutive_failures: 3, {LONG}")).start();
    assert_position(&sidecar, "upstream", "origin", "closed");
    assert_eq!(statuses(&sidecar, "/", 3), [500, 500, 500]);
    for _ in 0..10 {
        assert_stopped(&sidecar.get("/"));
        assert_stopped(&sidecar.ask(&Ask::post("/", "body")));
    }
    assert_eq!(origin.count(), 3);
    let wait = sidecar.get("/").header("retry-after").unwrap().to_owned();
    assert!(
        (590..=600).contains(&wait.parse::<u32>().unwrap()),
        "ten minutes: {wait}"
    );
    assert_position(&sidecar, "upstream", "origin", "open");
    assert_counts(&sidecar, "upstream", "enforce", (1.0, 21.0));
}

#[test]
fn a_success_between_failures_is_a_new_beginning() {
    let (origin, health) = origin_with(503);
    let sidecar = guarding(&origin, &format!("consecutive_failures: 3, {LONG}")).start();
    for _ in 0..4 {
        health.set(503);
        assert_eq!(statuses(&sidecar, "/", 2), [503, 503]);
        health.set(200);
        assert_eq!(statuses(&sidecar, "/", 1), [200]);
    }
    assert_eq!(origin.count(), 12);
}

#[test]
fn endpoints_that_cannot_be_reached_and_answers_that_are_none_are_failures() {
    let dead = Origin::saying("").address();
    let silent = Origin::scripted(|mut conversation| {
        conversation.head();
    });
    let garbage = Origin::scripted(|mut conversation| {
        conversation.head();
        conversation.say("nonsense\r\n\r\n");
    });
    for address in [dead, silent.address(), garbage.address()] {
        let sidecar = forebay()
            .endpoint(&format!("http://{address}"))
            .upstream(&format!("breaker: {{consecutive_failures: 2, {LONG}}}"))
            .upstream("retry: {mode: off}")
            .start();
        assert_eq!(statuses(&sidecar, "/", 2), [502, 502]);
        assert_stopped(&sidecar.get("/"));
    }
}

#[test]
fn the_share_of_failures_opens_it_once_there_are_enough_requests() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/ill" => Reply::status(500),
        _ => Reply::ok("well"),
    });
    let breaker = "consecutive_failures: off, failure_rate: 50%, window: 1h, min_requests: 10, \
                   open_for: 10m, max_open: 1h";
    let sidecar = guarding(&origin, breaker).start();
    statuses(&sidecar, "/ill", 4);
    statuses(&sidecar, "/", 5);
    assert_position(&sidecar, "upstream", "origin", "closed");
    assert_eq!(statuses(&sidecar, "/ill", 1), [500]);
    assert_stopped(&sidecar.get("/"));
    assert_eq!(origin.count(), 10);
}

#[test]
fn an_origin_that_has_too_much_to_do_is_not_taken_for_a_broken_one() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/429" => Reply::status(429),
        "/503" => Reply::status(503).header("Retry-After", "1"),
        _ => Reply::status(404),
    });
    let sidecar = guarding(&origin, &format!("consecutive_failures: 2, {LONG}")).start();
    for target in ["/429", "/503", "/404"] {
        statuses(&sidecar, target, 4);
    }
    assert_eq!(origin.count(), 12);
    assert_position(&sidecar, "upstream", "origin", "closed");
}

#[test]
fn the_breaker_of_a_route_stops_no_other_route_of_the_same_upstream() {
    let (origin, _) = origin_with(500);
    let sidecar = forebay()
        .origin(&origin)
        .routes(&format!(
            "  - name: weak
    match: {{path: /weak}}
    upstream: origin
    breaker: {{consecutive_failures: 2, {LONG}}}
  - name: rest
    upstream: origin"
        ))
        .start();
    assert_eq!(statuses(&sidecar, "/weak", 2), [500, 500]);
    assert_stopped(&sidecar.get("/weak"));
    assert_eq!(statuses(&sidecar, "/", 5), [500; 5]);
    assert_eq!(origin.count(), 7);
    assert_position(&sidecar, "route", "weak", "open");
    let all = Ask::get("/breakers").header("Host", "localhost");
    let listed = all.send(sidecar.admin_address()).text();
    assert!(listed.contains("\"scope\":\"route\""), "{listed}");
    assert!(listed.contains("\"position\":\"open\""), "{listed}");
}

#[test]
fn the_breaker_of_an_endpoint_sends_requests_to_the_others() {
    let ((ill, _), well) = (origin_with(500), Origin::saying("well"));
    let sidecar = forebay()
        .origin(&ill)
        .origin(&well)
        .upstream(&format!(
            "endpoint_breaker: {{consecutive_failures: 2, {LONG}}}"
        ))
        .start();
    let failed = statuses(&sidecar, "/", 30)
        .into_iter()
        .filter(|it| *it != 200);
    assert_eq!(failed.count(), 2);
    assert_eq!((ill.count(), well.count()), (2, 28));
    let labels = [("scope", "endpoint"), ("breaker", "origin")];
    let at = |position| {
        let labels = [labels[0], labels[1], ("position", position)];
        sidecar.metric("forebay_breakers", &labels)
    };
    assert_eq!((at("open"), at("closed")), (1.0, 1.0));
}

#[test]
fn when_every_endpoint_is_left_alone_the_answer_is_503() {
    let ((one, _), (other, _)) = (origin_with(500), origin_with(502));
    let sidecar = forebay()
        .origin(&one)
        .origin(&other)
        .upstream(&format!(
            "endpoint_breaker: {{consecutive_failures: 1, {LONG}}}"
        ))
        .start();
    statuses(&sidecar, "/", 2);
    for _ in 0..5 {
        assert_stopped(&sidecar.get("/"));
    }
    assert_eq!((one.count(), other.count()), (1, 1));
}

#[test]
fn retries_end_where_a_breaker_opens() {
    let (origin, _) = origin_with(502);
    let sidecar = guarding(&origin, &format!("consecutive_failures: 2, {LONG}"))
        .upstream("retry: {attempts: 5, on: [502], base_delay: 1ms, budget: 100%}")
        .start();
    assert!(sidecar.get("/").status >= 500);
    assert_eq!(origin.count(), 2);
    assert_stopped(&sidecar.get("/"));
}

#[test]
fn a_breaker_in_shadow_counts_and_stops_nobody() {
    let (origin, _) = origin_with(500);
    let shadow = format!("mode: shadow, consecutive_failures: 2, {LONG}");
    let sidecar = guarding(&origin, &shadow)
        .upstream(&format!("endpoint_breaker: {{{shadow}}}"))
        .with_policies(&format!("breaker: {{{shadow}}}"))
        .start();
    assert_eq!(statuses(&sidecar, "/", 10), [500; 10]);
    assert_eq!(origin.count(), 10);
    for scope in ["endpoint", "route", "upstream"] {
        assert_counts(&sidecar, scope, "shadow", (1.0, 8.0));
    }
}

#[test]
fn the_operator_closes_the_ones_that_are_meant() {
    let (origin, health) = origin_with(500);
    let breaker = format!("{{consecutive_failures: 1, {LONG}}}");
    let sidecar = forebay()
        .origin(&origin)
        .upstream(&format!("endpoint_breaker: {breaker}"))
        .with_policies(&format!("breaker: {breaker}"))
        .start();
    assert_eq!(statuses(&sidecar, "/", 2), [500, 503]);
    health.set(200);
    assert_eq!(reset(&sidecar, r#"{"route": "all"}"#).status, 200);
    // Now that of the endpoint stops it, which says nothing about the route.
    assert_stopped(&sidecar.get("/"));
    let endpoint = format!(
        r#"{{"upstream": "origin", "endpoint": "{}"}}"#,
        origin.address()
    );
    assert_eq!(reset(&sidecar, &endpoint).status, 200);
    assert_eq!(sidecar.get("/").text(), "well");
    assert_eq!(origin.count(), 2);

    health.set(500);
    statuses(&sidecar, "/", 1);
    assert_stopped(&sidecar.get("/"));
    health.set(200);
    let answer = reset(&sidecar, "{}");
    assert_eq!(
        (answer.status, answer.text()),
        (200, "{\"closed\":2}".to_owned())
    );
    assert_eq!(statuses(&sidecar, "/", 3), [200; 3]);
    assert_eq!(reset(&sidecar, r#"{"route": "nobody"}"#).status, 404);
}

/// Every request finds out anew that nobody may be asked, however many there are.
#[test]
fn a_large_upstream_whose_breakers_are_all_open_says_so_at_once() {
    let refusing = (0..500).map(|it| format!("http://127.0.{}.{}:9", 9 + it / 250, it % 250));
    let sidecar = refusing
        .fold(forebay(), |builder, endpoint| builder.endpoint(&endpoint))
        .upstream(&format!(
            "endpoint_breaker: {{consecutive_failures: 1, {LONG}}}"
        ))
        .start();
    while sidecar.get("/").status == 502 {}
    let (_, took) = timed(|| {
        for _ in 0..50 {
            assert_stopped(&sidecar.get("/"));
        }
    });
    assert!(took < Duration::from_secs(1), "{took:?}");
}
