//! What a request takes from a quota: by its method, and by what the origin says.

use std::thread;

use harness::{Ask, Origin, Reply, Response, Sidecar};

use super::limited;
use crate::forebay;

/// What is left after a request.
#[track_caller]
fn left(sidecar: &Sidecar, ask: &Ask) -> u32 {
    left_of(&sidecar.ask(ask))
}

#[track_caller]
fn left_of(response: &Response) -> u32 {
    assert_eq!(response.status, 200, "{response:?}");
    let told = response.header("ratelimit").unwrap();
    let left = told.split(';').find_map(|part| part.strip_prefix("r="));
    left.unwrap().parse().unwrap()
}

#[test]
fn a_method_may_cost_more_than_another() {
    let origin = Origin::saying("x");
    let sidecar = limited(
        &origin,
        "[{name: l, rate: 10/d, burst: 10, cost: {base: 2, methods: {POST: 5}}}]",
    );
    assert_eq!(left(&sidecar, &Ask::get("/")), 8);
    assert_eq!(left(&sidecar, &Ask::post("/", "x")), 3);
    let denied = sidecar.ask(&Ask::post("/", "x"));
    denied.assert_problem(429, "rate-limited");
    // What is left is enough for less.
    assert_eq!(left(&sidecar, &Ask::get("/")), 1);
    sidecar.get("/").assert_problem(429, "rate-limited");
}

#[test]
fn the_origin_says_what_a_request_has_cost() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/cheap" => Reply::ok("x").header("X-Cost", "1"),
        "/dear" => Reply::ok("x").header("X-Cost", "14"),
        _ => Reply::ok("x"),
    });
    let sidecar = limited(
        &origin,
        "[{name: l, rate: 20/d, burst: 20, cost: {base: 3, response_header: X-Cost}}]",
    );
    assert_eq!(left(&sidecar, &Ask::get("/cheap")), 17);
    // Two were given back.
    assert_eq!(left(&sidecar, &Ask::get("/plain")), 16);
    assert_eq!(left(&sidecar, &Ask::get("/dear")), 13);
    // Eleven more were taken.
    sidecar.get("/plain").assert_problem(429, "rate-limited");
}

#[test]
fn what_is_no_cost_costs_what_it_did() {
    let origin = Origin::http(|request| {
        let reply = Reply::ok("x");
        match request.number {
            1 => reply.header("X-Cost", "-100"),
            2 => reply.header("X-Cost", "9e9"),
            3 => reply.header("X-Cost", "1").header("X-Cost", "2"),
            4 => reply.header("X-Cost", "\u{ff}"),
            _ => reply.header("X-Cost", "99999999999999999999999"),
        }
    });
    let sidecar = limited(
        &origin,
        "[{name: l, rate: 20/d, burst: 20, cost: {base: 1, response_header: X-Cost}}]",
    );
    for expected in [19, 18, 17, 16, 15] {
        assert_eq!(left(&sidecar, &Ask::get("/")), expected);
    }
    // The last one was a number, and the quota is used up, and some of the next.
    sidecar.get("/").assert_problem(429, "rate-limited");
    assert_eq!(origin.count(), 5);
}

/// What the origin says of a batch is the cost of all of it: each member has paid for itself.
#[test]
fn the_cost_of_a_batch_is_nobodys_alone() {
    let origin = Origin::http(|_| {
        Reply::ok("[{\"id\": 1}, {\"id\": 2}, {\"id\": 3}]")
            .header("Content-Type", "application/json")
            .header("X-Cost", "50")
    });
    let sidecar = forebay()
        .origin(&origin)
        .routes(
            "  - name: users
    match: {path: \"/users/{id}\"}
    upstream: origin
    batch: {path: {parameter: id, request: \"/users?ids={ids}\"}, max_size: 2, max_wait: 10s}
    rate_limit: [{name: l, rate: 20/d, burst: 20, cost: {base: 3, response_header: X-Cost}}]
  - name: rest
    match: {path: \"/{*rest}\"}
    upstream: origin
    rate_limit: [{name: l, rate: 20/d, burst: 20, cost: {base: 3, response_header: X-Cost}}]",
        )
        .start();
    let address = sidecar.address();
    let mut told = Vec::new();
    for _ in 0..2 {
        let members = ["/users/1", "/users/2"]
            .map(|path| thread::spawn(move || left_of(&Ask::get(path).send(address))));
        told.extend(members.map(|member| member.join().unwrap()));
    }
    told.sort_unstable();
    assert_eq!(told, [8, 11, 14, 17]);
    assert_eq!(origin.count(), 2);
    // Alone it counts.
    assert_eq!(left(&sidecar, &Ask::get("/alone")), 17);
    sidecar.get("/alone").assert_problem(429, "rate-limited");
}
