//! Whose fault it is when a proxy that is trusted asks for its client: the client's, once a head has
//! named it, and the proxy's before that.

use std::collections::BTreeSet;

use harness::{Ask, Gate, Origin, Reply, Sidecar, raw_h2::RawH2};

use super::limited;

const CLIENT: &str = "203.0.113.7";
const PROXY: &str = "127.0.0.1";
const RST_STREAM: u8 = 3;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

fn behind(origin: &Origin, limits: &str) -> Sidecar {
    limited(origin, limits)
        .listener("trusted_proxies: [127.0.0.0/8]")
        .start()
}

/// Events of this kind name this address, all of them.
#[track_caller]
fn assert_named(sidecar: &Sidecar, kind: &str, address: &str) {
    sidecar.wait_for_security_event(kind);
    sidecar.wait_for_metric("forebay_client_connections", &[], 0.0);
    let events = sidecar.security_events();
    let of_kind = events.iter().filter(|event| event["event"] == kind);
    let named: BTreeSet<_> = of_kind
        .filter_map(|event| event["client.address"].as_str())
        .collect();
    assert_eq!(named, BTreeSet::from([address]), "{events:?}");
}

#[test]
fn who_stops_sending_is_the_client() {
    let origin = Origin::saying("x");
    let sidecar = behind(&origin, "stall_timeout: 200ms");
    let mut client = sidecar.connect();
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: {CLIENT}\r\n\
         Content-Length: 100\r\n\r\nhalf"
    ));
    assert_eq!(client.response("POST").status, 408);
    drop(client);
    assert_named(&sidecar, "slow_client", CLIENT);
}

#[test]
fn who_takes_no_answer_is_the_client() {
    let origin = Origin::http(|_| Reply::ok(vec![b'x'; 50_000_000]));
    let sidecar = behind(&origin, "stall_timeout: 200ms");
    let mut client = sidecar.connect();
    let ask = Ask::get("/").header("X-Forwarded-For", CLIENT);
    client.send(ask.bytes());
    client.response_head();
    assert_named(&sidecar, "slow_client", CLIENT);
}

#[test]
fn who_does_not_finish_a_head_is_the_proxy() {
    let origin = Origin::saying("x");
    let sidecar = behind(&origin, "head_timeout: 200ms");
    let mut client = sidecar.connect();
    client.send(format!(
        "GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: {CLIENT}\r\nX-"
    ));
    client.assert_closed();
    assert_named(&sidecar, "slow_client", PROXY);
}

#[test]
fn who_resets_stream_after_stream_is_the_client() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("x")
        }
    });
    let sidecar = behind(&origin, "max_http2_resets: 3");
    let mut client = RawH2::connect(sidecar.address());
    let fields = RawH2::request("GET", &[("x-forwarded-for", CLIENT)]);
    for number in 0..4 {
        let stream = 2 * number + 1;
        client.headers(stream, &fields, true);
        // At work, so that it is known whose it is.
        origin.wait_for(number as usize + 1);
        client.frame(RST_STREAM, 0, stream, &CANCEL);
    }
    while client.receive().is_some() {}
    assert_named(&sidecar, "http2_abuse", CLIENT);
    gate.open();
}
