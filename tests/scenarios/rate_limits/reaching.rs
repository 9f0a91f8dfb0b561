//! Limits on what reaches the origin, and on nothing else.

use std::thread;

use harness::{Ask, Builder, Gate, Origin, Reply};

use super::DECISIONS;
use crate::{forebay, numbered};

fn reaching(origin: &Origin, limit: &str, more: &str) -> Builder {
    forebay().origin(origin).with_policies(&format!(
        "{more}\nrate_limit: [{{name: l, scope: upstream, {limit}}}]"
    ))
}

const ALLOWED: [(&str, &str); 2] = [("limit", "l"), ("decision", "allow")];

#[test]
fn what_the_cache_answers_is_free() {
    let origin = numbered(&["Cache-Control: max-age=60"]);
    let sidecar = reaching(&origin, "rate: 2/d, burst: 2", "cache: {}").start();
    for path in ["/a", "/b"] {
        let miss = sidecar.get(path);
        assert_eq!(miss.status, 200);
        assert!(miss.headers.has("ratelimit"), "{miss:?}");
    }
    for _ in 0..3 {
        let hit = sidecar.get("/a");
        hit.assert_hit();
        assert!(!hit.headers.has("ratelimit"), "{hit:?}");
    }
    let denied = sidecar.get("/c");
    denied.assert_problem(429, "rate-limited");
    assert!(denied.headers.has("retry-after"), "{denied:?}");
    assert!(denied.headers.has("ratelimit"), "{denied:?}");
    sidecar.get("/b").assert_hit();
    assert_eq!(origin.count(), 2);
    sidecar.wait_for_metric(DECISIONS, &ALLOWED, 2.0);
}

#[test]
fn who_follows_anothers_fetch_takes_nothing() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("x").header("Cache-Control", "max-age=60")
        }
    });
    let sidecar = reaching(
        &origin,
        "rate: 1/d, burst: 1",
        "cache: {}\ndeduplication: {}",
    )
    .start();
    let address = sidecar.address();
    let clients: Vec<_> = (0..5)
        .map(|_| thread::spawn(move || Ask::get("/").send(address).status))
        .collect();
    origin.wait_for(1);
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 5.0);
    gate.open();
    for client in clients {
        assert_eq!(client.join().unwrap(), 200);
    }
    assert_eq!(origin.count(), 1);
    sidecar.wait_for_metric(DECISIONS, &ALLOWED, 1.0);
}

/// Trap 25: one who has used up his quota must not be everybody's messenger.
#[test]
fn a_leader_without_quota_harms_nobody_else() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| match (request.target.as_str(), request.header("k")) {
            ("/hot", Some("leader")) => {
                gate.wait();
                Reply::hang_up()
            }
            _ => Reply::ok("x").header("Cache-Control", "max-age=60"),
        }
    });
    let sidecar = reaching(
        &origin,
        "rate: 1/d, burst: 1, key: {header: K}",
        "cache: {}\ndeduplication: {}",
    )
    .start();
    let address = sidecar.address();
    let ask = |who: &'static str, path: &'static str| {
        thread::spawn(move || Ask::get(path).header("K", who).send(address).status)
    };
    assert_eq!(ask("poor", "/other").join().unwrap(), 200);
    assert_eq!(ask("poor", "/another").join().unwrap(), 429);
    let leader = ask("leader", "/hot");
    origin.wait_for(2);
    let poor: Vec<_> = (0..4).map(|_| ask("poor", "/hot")).collect();
    let rich = ask("rich", "/hot");
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 6.0);
    // The leader fails: whoever of the others takes over, the one with a quota has an answer.
    gate.open();
    assert_eq!(leader.join().unwrap(), 502);
    assert_eq!(rich.join().unwrap(), 200);
    for client in poor {
        // Who was not asked to lead has shared the answer.
        assert!([200, 429].contains(&client.join().unwrap()));
    }
}

#[test]
fn what_is_stored_stands_in_for_what_may_not_be_asked_for() {
    let origin = Origin::saying("x");
    let sidecar = reaching(
        &origin,
        "rate: 1/d, burst: 1",
        "cache: {ttl: 1s, stale_if_error: 1h}",
    )
    .start();
    let fresh = sidecar.ask(&Ask::get("/"));
    assert_eq!(fresh.status, 200);
    // The client does not want what is older than nothing, and takes what is stale.
    let again = sidecar.ask(&Ask::get("/").header("Cache-Control", "max-age=0, max-stale=0"));
    assert!([200, 429].contains(&again.status), "{again:?}");
    let stale = harness::eventually("what is stored is stale, and stands in", || {
        let response = sidecar.get("/");
        assert_eq!(response.status, 200, "{response:?}");
        (!response.cache_status().contains("hit")).then_some(response)
    });
    assert_eq!(stale.text(), "x");
    assert_eq!(origin.count(), 1);
}

/// One limit counts what is asked for, another what reaches the origin.
#[test]
fn both_scopes_go_together() {
    let origin = numbered(&["Cache-Control: max-age=60"]);
    let sidecar = forebay()
        .origin(&origin)
        .with_policies(
            "cache: {}\nrate_limit: [{name: asked, rate: 4/d, burst: 4}, \
             {name: fetched, rate: 1/d, burst: 1, scope: upstream}]",
        )
        .start();
    let statuses = ["/a", "/a", "/b", "/a", "/a"].map(|path| sidecar.get(path).status);
    assert_eq!(statuses, [200, 200, 429, 200, 429]);
}

#[test]
fn a_stranger_is_refused_only_where_he_would_reach_the_origin() {
    let origin = numbered(&["Cache-Control: max-age=60"]);
    let sidecar = reaching(
        &origin,
        "rate: 9/d, burst: 9, key: {header: K}, on_unknown: deny",
        "cache: {}",
    )
    .start();
    sidecar.get("/").assert_problem(403, "caller-unknown");
    let known = Ask::get("/").header("K", "a");
    assert_eq!(sidecar.ask(&known).status, 200);
    sidecar.get("/").assert_hit();
}

#[test]
fn each_member_of_a_batch_pays_for_itself_and_once() {
    let origin = Origin::http(|_| {
        let users = "[{\"id\": 1}, {\"id\": 2}]";
        Reply::ok(users).header("Content-Type", "application/json")
    });
    let sidecar = forebay()
        .origin(&origin)
        .routes(
            "  - name: users
    match: {path: \"/users/{id}\"}
    upstream: origin
    batch: {path: {parameter: id, request: \"/users?ids={ids}\"}, max_size: 2, max_wait: 10s}
    rate_limit: [{name: l, rate: 2/d, burst: 2, scope: upstream}]",
        )
        .start();
    let address = sidecar.address();
    let members = ["/users/1", "/users/2"]
        .map(|path| thread::spawn(move || Ask::get(path).send(address).status));
    let statuses = members.map(|member| member.join().unwrap());
    assert_eq!(statuses, [200, 200]);
    assert_eq!(origin.count(), 1);
    sidecar.wait_for_metric(DECISIONS, &ALLOWED, 2.0);
    sidecar.get("/users/3").assert_problem(429, "rate-limited");
}

/// A handshake reaches the origin like any other request.
#[test]
fn a_tunnel_takes_from_the_quota_as_well() {
    let origin = Origin::scripted(|mut conversation| {
        if conversation.head().is_some() {
            conversation.say(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\n\
                 Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            );
            while !conversation.hear().is_empty() {}
        }
    });
    let sidecar = reaching(&origin, "rate: 1/d, burst: 1", "").start();
    let handshake = "GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut client = sidecar.connect();
    client.send(handshake);
    assert_eq!(client.response("GET").status, 101);
    let mut other = sidecar.connect();
    other.send(handshake);
    let denied = other.response("GET");
    denied.assert_problem(429, "rate-limited");
    assert_eq!(origin.connections(), 1);
}

/// Trap 3: what is refused late has its body read all the same, and the connection goes on.
#[test]
fn a_refused_body_does_not_become_the_next_request() {
    let origin = Origin::saying("x");
    let sidecar = reaching(&origin, "rate: 1/d, burst: 1, key: {header: K}", "").start();
    let mut client = sidecar.connect();
    let post = Ask::post("/", "GET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    let statuses = [200, 429, 429].map(|_| client.ask(&post).status);
    assert_eq!(statuses, [200, 429, 429]);
    let other = client.ask(&Ask::get("/").header("K", "other"));
    assert_eq!(other.status, 200, "{other:?}");
    assert_eq!(origin.count(), 2);
}

/// What nobody has asked for yet takes nothing from what callers have.
#[test]
fn warming_is_nobodys_request() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .top("cache: {warm: {urls: [\"http://shop.test/a\", \"http://shop.test/b\"]}}")
        .with_policies(
            "cache: {ttl: 60s}\nrate_limit: [{name: l, rate: 1/d, burst: 1, key: everybody}, \
             {name: reach, rate: 1/d, burst: 1, key: everybody, scope: upstream}]",
        )
        .start();
    origin.wait_for(2);
    let answer = sidecar.ask(&Ask::get("/a").header("Host", "shop.test"));
    assert_eq!(answer.status, 200, "{answer:?}");
}
