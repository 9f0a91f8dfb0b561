//! Many small reads become one request, and everybody gets its own answer (point by point what
//! `docs/guide/batching.md` promises).

mod bodies;
mod fallbacks;
mod guide;

use std::thread::{self, JoinHandle};

use harness::{Ask, Builder, Origin, Reply, Request, Response, Sidecar, raw_h2::RawH2};

use crate::forebay;

/// The type of a frame that ends a stream, and its payload when nobody wants the answer any more
/// (RFC 9113, sections 6.4 and 7).
const RST_STREAM: u8 = 3;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// A route that puts reads of users together; the flow mapping says what else its batch has.
fn users(origin: &Origin, batch: &str, policies: &str) -> Builder {
    forebay().origin(origin).routes(&format!(
        "  - name: users
    match: {{path: \"/users/{{id}}\"}}
    upstream: origin
    batch: {{path: {{parameter: id, request: \"/users?ids={{ids}}\"}}, {batch}}}
    {policies}
  - name: rest
    upstream: origin"
    ))
}

/// How many wait for each other, which is then all that a scenario waits for.
fn batching(origin: &Origin, size: usize) -> Sidecar {
    users(origin, &format!("max_size: {size}, max_wait: 10s"), "").start()
}

/// The ids that a batch request asks for.
fn ids(request: &Request) -> Option<Vec<String>> {
    let query = request.target.strip_prefix("/users?ids=")?;
    let ids = query.split('&').next().unwrap();
    Some(ids.split(',').map(str::to_owned).collect())
}

/// What the API says of one user, and to whom.
fn user(id: &str, request: &Request, from: &str) -> String {
    let who = request.header("authorization").unwrap_or("anybody");
    format!("{{\"from\": \"{from}\", \"id\": {id}, \"for\": \"{who}\", \"n\": 1.50}}")
}

/// An API that answers for one and for many; in the latter case in the other order.
fn answer(request: &Request) -> Reply {
    let body = match ids(request) {
        Some(ids) => {
            let all: Vec<_> = ids
                .iter()
                .rev()
                .map(|id| user(id, request, "batch"))
                .collect();
            format!("[{}]", all.join(", "))
        }
        None => {
            let id = request.target.strip_prefix("/users/").unwrap_or("0");
            user(id.split('?').next().unwrap(), request, "single")
        }
    };
    Reply::ok(body).header("Content-Type", "application/json")
}

fn api() -> Origin {
    Origin::http(answer)
}

fn begin(sidecar: &Sidecar, ask: Ask) -> JoinHandle<Response> {
    let address = sidecar.address();
    thread::spawn(move || ask.send(address))
}

/// Sends all at once, and gives the answers in their order.
fn at_once(sidecar: &Sidecar, asks: impl IntoIterator<Item = Ask>) -> Vec<Response> {
    let clients: Vec<_> = asks.into_iter().map(|ask| begin(sidecar, ask)).collect();
    let joined = clients.into_iter().map(|client| client.join().unwrap());
    joined.collect()
}

fn get(id: impl std::fmt::Display) -> Ask {
    Ask::get(&format!("/users/{id}"))
}

/// Every target that the origin was asked for, sorted.
fn targets(origin: &Origin) -> Vec<String> {
    let requests = origin.requests().into_iter();
    let mut targets: Vec<_> = requests.map(|request| request.target).collect();
    targets.sort();
    targets
}

#[track_caller]
fn assert_requests(sidecar: &Sidecar, mode: &str, counts: &[(&str, f64)]) {
    for (outcome, count) in counts {
        let labels = [("route", "users"), ("outcome", *outcome), ("mode", mode)];
        sidecar.wait_for_metric("forebay_batch_requests_total", &labels, *count);
    }
}

#[track_caller]
fn assert_batches(sidecar: &Sidecar, mode: &str, outcome: &str, count: f64) {
    let labels = [("route", "users"), ("outcome", outcome), ("mode", mode)];
    sidecar.wait_for_metric("forebay_batches_total", &labels, count);
}

#[track_caller]
fn assert_user(response: &Response, from: &str, id: impl std::fmt::Display) {
    let wanted =
        format!("{{\"from\": \"{from}\", \"id\": {id}, \"for\": \"anybody\", \"n\": 1.50}}");
    assert_eq!(
        (response.status, response.text()),
        (200, wanted),
        "{response:?}"
    );
}

#[test]
fn reads_that_come_together_are_asked_as_one() {
    let origin = api();
    let sidecar = batching(&origin, 5);
    let responses = at_once(&sidecar, (1..=5).map(get));
    for (id, response) in (1..).zip(&responses) {
        assert_user(response, "batch", id);
        let length = response.body.len().to_string();
        assert_eq!(response.header("content-length"), Some(length.as_str()));
    }
    assert_eq!(origin.count(), 1);
    let mut asked = ids(&origin.last()).unwrap();
    asked.sort();
    assert_eq!(asked, ["1", "2", "3", "4", "5"]);
    assert_eq!(origin.last().header("accept-encoding"), Some("identity"));
    assert_batches(&sidecar, "enforce", "split", 1.0);
    assert_requests(&sidecar, "enforce", &[("answered", 5.0)]);
    let members = [("route", "users"), ("mode", "enforce")];
    sidecar.wait_for_metric("forebay_batch_members_total", &members, 5.0);
    // One exchange with the upstream, whoever waited for it.
    let upstream = [("upstream", "origin"), ("outcome", "2xx")];
    sidecar.wait_for_metric("forebay_upstream_requests_total", &upstream, 1.0);
}

#[test]
fn what_is_wanted_twice_is_asked_for_once() {
    let origin = api();
    let sidecar = batching(&origin, 3);
    let responses = at_once(&sidecar, ["1", "1", "2"].map(get));
    for (id, response) in [1, 1, 2].into_iter().zip(&responses) {
        assert_user(response, "batch", id);
    }
    assert_eq!(origin.count(), 1);
    assert_eq!(ids(&origin.last()).unwrap().len(), 2);
}

#[test]
fn one_that_nobody_joins_is_sent_as_it_is() {
    let origin = api();
    let sidecar = users(&origin, "max_size: 5, max_wait: 20ms", "").start();
    assert_user(&sidecar.get("/users/7?x=1"), "single", 7);
    assert_eq!(targets(&origin), ["/users/7?x=1"]);
    assert_requests(&sidecar, "enforce", &[("alone", 1.0)]);
    assert_batches(&sidecar, "enforce", "split", 0.0);
}

#[test]
fn who_has_waited_long_enough_does_not_wait_for_more() {
    let origin = api();
    let sidecar = users(&origin, "max_size: 1000, max_wait: 400ms", "").start();
    let responses = at_once(&sidecar, (1..=8).map(get));
    let together = responses
        .iter()
        .filter(|it| it.text().contains("batch"))
        .count();
    // A slow machine may make several of it, never as many as there are clients.
    assert!(
        together >= 2 && origin.count() < 8,
        "{together} {}",
        origin.count()
    );
}

/// Traps 14 and 16.
#[test]
fn whoever_asks_with_other_credentials_is_asked_for_apart() {
    for field in [
        "Authorization",
        "Cookie",
        "Accept-Language",
        "X-Gateway-User",
    ] {
        let origin = Origin::http(move |request| {
            let who = request.header(field).unwrap().to_owned();
            let ids = ids(request).expect("a batch");
            let all = ids
                .iter()
                .map(|id| format!("{{\"id\": {id}, \"who\": \"{who}\"}}"));
            let body = format!("[{}]", all.collect::<Vec<_>>().join(","));
            Reply::ok(body).header("Content-Type", "application/json")
        });
        let sidecar = batching(&origin, 2);
        let asks = [(1, "a"), (2, "b"), (3, "a"), (4, "b")];
        let responses = at_once(&sidecar, asks.map(|(id, who)| get(id).header(field, who)));
        for ((id, who), response) in asks.into_iter().zip(&responses) {
            let wanted = format!("{{\"id\": {id}, \"who\": \"{who}\"}}");
            assert_eq!(response.text(), wanted, "{field}");
        }
        assert_eq!(origin.count(), 2, "{field}");
    }
}

#[test]
fn in_a_crowd_of_callers_nobody_gets_what_is_anothers() {
    let origin = api();
    let sidecar = users(&origin, "max_size: 7, max_wait: 20ms", "").start();
    let asks: Vec<_> = (0..120).map(|i| (i * 7 % 40 + 1, i % 4)).collect();
    let responses = at_once(
        &sidecar,
        asks.iter()
            .map(|(id, who)| get(id).header("Authorization", &format!("Bearer {who}"))),
    );
    for ((id, who), response) in asks.iter().zip(&responses) {
        let wanted = format!("\"id\": {id}, \"for\": \"Bearer {who}\"");
        assert!(
            response.text().contains(&wanted),
            "{wanted}: {}",
            response.text()
        );
    }
    assert!(origin.count() < 80, "{} requests for 120", origin.count());
}

#[test]
fn what_members_agree_in_goes_along_and_what_cannot_matter_is_one_of_theirs() {
    let origin = api();
    let sidecar = batching(&origin, 2);
    let ask = |id, agent| {
        Ask::get(&format!("/users/{id}?fields=name"))
            .header("User-Agent", agent)
            .header("X-Request-Id", agent)
            .header("Accept", "application/json")
    };
    let responses = at_once(&sidecar, [ask(1, "one"), ask(2, "two")]);
    assert_user(&responses[0], "batch", 1);
    assert_user(&responses[1], "batch", 2);
    let asked = origin.last();
    assert!(asked.target.ends_with("&fields=name"), "{}", asked.target);
    assert_eq!(asked.header("accept"), Some("application/json"));
    for (response, id) in responses.iter().zip(["one", "two"]) {
        assert_eq!(response.header("x-request-id"), Some(id));
    }
}

#[test]
fn each_answer_is_kept_for_whom_it_answers() {
    let origin = Origin::http(|request| answer(request).header("Cache-Control", "max-age=60"));
    let sidecar = users(
        &origin,
        "max_size: 3, max_wait: 10s",
        "cache: {}\n    deduplication: {}",
    )
    .start();
    at_once(&sidecar, (1..=3).map(get));
    assert_eq!(origin.count(), 1);
    for id in 1..=3 {
        let again = sidecar.get(&format!("/users/{id}"));
        again.assert_hit();
        assert_user(&again, "batch", id);
    }
    assert_eq!(origin.count(), 1);
}

#[test]
fn those_who_follow_a_member_have_its_answer() {
    let origin = api();
    let sidecar = users(&origin, "max_size: 2, max_wait: 10s", "deduplication: {}").start();
    let ones: Vec<_> = (0..3).map(|_| begin(&sidecar, get(1))).collect();
    // All of them wait for one, which waits for another.
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 3.0);
    assert_user(&sidecar.get("/users/2"), "batch", 2);
    for one in ones {
        assert_user(&one.join().unwrap(), "batch", 1);
    }
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_member_that_leaves_is_left_out() {
    let origin = api();
    let sidecar = users(&origin, "max_size: 3, max_wait: 10s", "").start();
    // Over HTTP/1 nobody knows that a client has left before it is written to.
    let mut leaving = RawH2::connect(sidecar.address());
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/users/1"),
        (":authority", "shop.test"),
    ];
    leaving.headers(1, &fields, true);
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 1.0);
    leaving.frame(RST_STREAM, 0, 1, &CANCEL);
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 0.0);
    let responses = at_once(&sidecar, [get(2), get(3)]);
    assert_user(&responses[0], "batch", 2);
    assert_user(&responses[1], "batch", 3);
    let mut asked = ids(&origin.last()).unwrap();
    asked.sort();
    assert_eq!(
        (asked, origin.count()),
        (vec!["2".to_owned(), "3".to_owned()], 1)
    );
}

#[test]
fn what_is_no_such_read_is_sent_as_it_is() {
    let origin = api();
    let sidecar = batching(&origin, 2);
    for ask in [
        get(1).header("If-None-Match", "\"a\""),
        get(1).header("Range", "bytes=0-1"),
        get("1%2C2"),
        get("1?ids=2"),
        get(1).header("Accept-Encoding", "gzip, identity;q=0"),
        Ask::new("DELETE", "/users/1"),
    ] {
        assert_eq!(sidecar.ask(&ask).status, 200);
        assert!(ids(&origin.last()).is_none(), "{:?}", origin.last());
    }
    assert_requests(&sidecar, "enforce", &[("unfit", 6.0)]);
}

#[test]
fn in_shadow_mode_it_counts_and_changes_nothing() {
    let origin = api();
    let sidecar = users(&origin, "mode: shadow, max_size: 2, max_wait: 10s", "").start();
    for id in 1..=4 {
        assert_user(&sidecar.get(&format!("/users/{id}")), "single", id);
    }
    assert_eq!(origin.count(), 4);
    assert_batches(&sidecar, "shadow", "split", 2.0);
    assert_requests(&sidecar, "shadow", &[("answered", 4.0)]);
    let members = [("route", "users"), ("mode", "shadow")];
    sidecar.wait_for_metric("forebay_batch_members_total", &members, 4.0);
}
