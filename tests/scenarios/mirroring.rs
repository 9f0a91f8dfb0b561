//! A share of the requests goes to another upstream as well, and costs the original nothing.

mod bodies;
mod troubles;

use harness::{Ask, Builder, Origin, Sidecar, in_time};

use crate::forebay;

const COPIES: &str = "forebay_upstream_copies_total";

/// Two upstreams, of which the first has this mirror, and a route with these policies.
fn mirroring(origin: &Origin, mirror: &str, options: &str, policies: &str) -> Builder {
    mirroring_to(origin, &format!("http://{mirror}"), options, policies, "")
}

/// The same, with more lines for the upstream that gets the copies.
fn mirroring_to(
    origin: &Origin,
    mirror: &str,
    options: &str,
    policies: &str,
    lines: &str,
) -> Builder {
    forebay().config(&format!(
        "version: 1
listeners: [{{address: \"{{listen}}\"}}]
admin: {{address: \"{{admin}}\", telemetry_address: \"{{telemetry}}\"}}
upstreams:
  origin:
    endpoints: [\"http://{}\"]
    mirror: {{upstream: next, {options}}}
    {lines}
  next:
    endpoints: [\"{mirror}\"]
    timeouts: {{first_byte: 10m, idle: 10m}}
routes:
  - name: all
    upstream: origin
    {policies}
",
        origin.address()
    ))
}

/// The usual one.
fn copying(origin: &Origin, mirror: &Origin, options: &str) -> Sidecar {
    mirroring(origin, &mirror.address().to_string(), options, "").start()
}

#[track_caller]
fn wait_for(sidecar: &Sidecar, outcome: &str, count: f64) {
    let labels = [("upstream", "origin"), ("outcome", outcome)];
    sidecar.wait_for_metric(COPIES, &labels, count);
}

/// Copies by whatever became of them.
fn drawn(sidecar: &Sidecar) -> f64 {
    sidecar.metric(COPIES, &[("upstream", "origin")])
}

#[test]
fn the_copy_says_what_the_original_says() {
    let (origin, mirror) = (Origin::saying("origin"), Origin::saying("mirror"));
    let sidecar = copying(&origin, &mirror, "share: 100%");
    for ask in [
        Ask::get("/a/b?c=d"),
        Ask::new("DELETE", "/x").header("X-Why", "because"),
        Ask::get("/")
            .header("Cookie", "a=b")
            .header("Accept-Encoding", "br"),
        Ask::get("/")
            .header("Connection", "X-Gone")
            .header("X-Gone", "1"),
    ] {
        let before = mirror.count();
        assert_eq!(sidecar.ask(&ask).text(), "origin");
        mirror.wait_for(before + 1);
        let (original, copy) = (origin.last(), mirror.last());
        assert_eq!(
            (&original.method, &original.target),
            (&copy.method, &copy.target)
        );
        let fields = |request: &harness::Request| {
            let mut fields = request.headers.0.clone();
            // The client's, as with any upstream that asks for it; here the endpoint's is the default.
            fields.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
            fields.sort();
            fields
        };
        assert_eq!(fields(&original), fields(&copy));
        assert!(!copy.headers.has("x-gone"));
    }
    wait_for(&sidecar, "answered", 4.0);
    assert_eq!((origin.count(), mirror.count()), (4, 4));
}

#[test]
fn about_the_share_is_copied() {
    let (origin, mirror) = (Origin::saying("origin"), Origin::saying("mirror"));
    let sidecar = copying(&origin, &mirror, "share: 50%, max_in_flight: 10000");
    let mut client = sidecar.connect();
    for _ in 0..600 {
        assert_eq!(client.ask(&Ask::get("/")).text(), "origin");
    }
    // Seven standard deviations of a fair coin to either side.
    let drawn = drawn_in_the_end(&sidecar);
    assert!((214.0..=386.0).contains(&drawn), "{drawn} of 600");
}

/// How many were drawn, once all that were have been told of.
fn drawn_in_the_end(sidecar: &Sidecar) -> f64 {
    let mut before = f64::NAN;
    let settled = in_time(|| {
        let now = drawn(sidecar);
        let same = now == std::mem::replace(&mut before, now);
        (same && now > 0.0).then_some(now)
    });
    settled.unwrap()
}

#[test]
fn a_mirror_in_shadow_gets_nothing_and_counts() {
    let (origin, mirror) = (Origin::saying("origin"), Origin::saying("mirror"));
    let sidecar = copying(&origin, &mirror, "mode: shadow, max_body: 4B");
    for _ in 0..5 {
        assert_eq!(sidecar.get("/").text(), "origin");
    }
    assert_eq!(sidecar.ask(&Ask::post("/", "larger")).text(), "origin");
    wait_for(&sidecar, "shadow", 5.0);
    wait_for(&sidecar, "skipped-body", 1.0);
    assert_eq!(mirror.connections(), 0);

    let off = copying(&origin, &mirror, "mode: off");
    assert_eq!(off.get("/").text(), "origin");
    assert_eq!((drawn(&off), mirror.connections()), (0.0, 0));
}

#[test]
fn what_the_cache_answers_is_not_copied() {
    let origin =
        Origin::http(|_| harness::Reply::ok("origin").header("Cache-Control", "max-age=60"));
    let mirror = Origin::saying("mirror");
    let address = mirror.address().to_string();
    let sidecar = mirroring(&origin, &address, "share: 100%", "cache: {}").start();
    for _ in 0..5 {
        assert_eq!(sidecar.get("/").text(), "origin");
    }
    wait_for(&sidecar, "answered", 1.0);
    assert_eq!((origin.count(), mirror.count()), (1, 1));
}

#[test]
fn what_is_tried_again_is_copied_once() {
    let origin = Origin::http(|_| harness::Reply::status(502));
    let mirror = Origin::saying("mirror");
    let retry = "retry: {attempts: 3, on: [502], base_delay: 1ms, budget: 100%}";
    let to = format!("http://{}", mirror.address());
    let sidecar = mirroring_to(&origin, &to, "share: 100%", "", retry).start();
    assert_eq!(sidecar.get("/").status, 502);
    assert_eq!(origin.count(), 3);
    wait_for(&sidecar, "answered", 1.0);
    assert_eq!(mirror.count(), 1);
}

#[test]
fn websockets_are_not_copied() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.head();
        conversation.say(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        );
        conversation.hear();
    });
    let mirror = Origin::saying("mirror");
    let sidecar = copying(&origin, &mirror, "share: 100%");
    let handshake = Ask::get("/")
        .header("Connection", "upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let mut client = sidecar.connect();
    client.send(handshake.bytes());
    assert_eq!(client.response_head().status, 101);
    assert_eq!((drawn(&sidecar), mirror.connections()), (0.0, 0));
}

#[test]
fn a_copy_asks_no_breaker_of_the_route_and_is_not_copied_again() {
    let (origin, mirror, last) = (
        Origin::saying("origin"),
        Origin::http(|_| harness::Reply::status(500)),
        Origin::saying("last"),
    );
    let sidecar = forebay()
        .config(&format!(
            "version: 1
listeners: [{{address: \"{{listen}}\"}}]
admin: {{address: \"{{admin}}\", telemetry_address: \"{{telemetry}}\"}}
upstreams:
  origin: {{endpoints: [\"http://{}\"], mirror: {{upstream: next}}}}
  next: {{endpoints: [\"http://{}\"], mirror: {{upstream: last}}}}
  last: {{endpoints: [\"http://{}\"]}}
routes:
  - name: all
    upstream: origin
    breaker: {{consecutive_failures: 1, failure_rate: off, open_for: 10m, max_open: 1h}}
",
            origin.address(),
            mirror.address(),
            last.address()
        ))
        .start();
    for asked in 1..=5 {
        assert_eq!(sidecar.get("/").text(), "origin");
        mirror.wait_for(asked);
    }
    wait_for(&sidecar, "answered", 5.0);
    assert_eq!(last.connections(), 0);
}
