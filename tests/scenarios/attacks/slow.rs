//! Clients that never stall and never finish (slowloris, slow read).

use std::{io, time::Duration};

use harness::{
    Ask, Origin, RawClient, Reply, eventually,
    raw_h2::{End, RawH2},
};

use super::{ENDED, assert_others_are_served, assert_told, limited};

/// Between two bytes of a drip, unless an answer comes first.
const DRIP: Duration = Duration::from_millis(100);
const DATA: u8 = 0;
const RST_STREAM: u8 = 3;
const WINDOW: u16 = 4;

/// Sends a byte after the other until something comes back or the connection is closed; gives what
/// came.
fn drip(client: &mut RawClient, bytes: impl IntoIterator<Item = u8>) -> Vec<u8> {
    for byte in bytes {
        if client.try_send([byte]).is_err() {
            return Vec::new();
        }
        match client.hear_within(DRIP) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
            Ok(heard) => return heard,
            Err(_closed) => return Vec::new(),
        }
    }
    panic!("the drip was never ended");
}

#[test]
fn heads_that_are_dripped_end_in_time() {
    let origin = Origin::saying("ok");
    let sidecar = limited(&origin, "head_timeout: 1s").start();
    let mut others: Vec<_> = (0..20).map(|_| sidecar.connect()).collect();
    for client in &mut others {
        client.send("GET / HTTP/1.1\r\nHost: shop.test\r\nX-");
    }
    let mut dripping = sidecar.connect();
    dripping.send("GET / HTTP/1.1\r\nHost: shop.test\r\nX-Long: ");
    assert_others_are_served(&sidecar);
    drip(&mut dripping, [b'x'; 150]);
    for client in &mut others {
        client.assert_closed();
    }
    sidecar.wait_for_metric(ENDED, &[("outcome", "head-timed-out")], 21.0);
    assert_told(&sidecar, "slow_client");
    assert_others_are_served(&sidecar);
    assert_eq!(origin.count(), 6);
}

#[test]
fn a_body_that_is_dripped_evades_the_stall_and_not_the_least_rate() {
    let origin = Origin::saying("ok");
    let limits = "stall_timeout: 1s, min_body_rate: 1KiB";
    let sidecar = limited(&origin, limits).start();
    for framing in ["Content-Length: 5000", "Transfer-Encoding: chunked"] {
        let mut client = sidecar.connect();
        client.send(format!(
            "POST / HTTP/1.1\r\nHost: shop.test\r\n{framing}\r\n\r\n"
        ));
        let chunk = b"1\r\nx\r\n";
        let bytes = std::iter::repeat_n(chunk, 150).flatten().copied();
        let answer = match framing.starts_with("Content") {
            true => drip(&mut client, [b'x'; 150]),
            false => drip(&mut client, bytes),
        };
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("client-stalled"), "{answer}");
        assert_others_are_served(&sidecar);
    }
    assert_told(&sidecar, "slow_client");
    let whole = origin.requests();
    assert!(whole.iter().all(|request| request.method == "GET"));
}

/// Without a least rate the same client is served, however long it takes.
#[test]
fn a_slow_body_that_keeps_to_the_rate_is_served() {
    let origin = Origin::saying("ok");
    for limits in [
        "stall_timeout: 1s, min_body_rate: 1KiB",
        "stall_timeout: 1s",
    ] {
        let sidecar = limited(&origin, limits).start();
        let mut client = sidecar.connect();
        let piece = if limits.contains("rate") { 1024 } else { 1 };
        let length = piece * 15;
        client.send(format!(
            "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {length}\r\n\r\n"
        ));
        for _ in 0..15 {
            let early = client.hear_within(DRIP);
            assert!(early.is_err(), "{early:?}");
            client.send(vec![b'x'; piece]);
        }
        assert_eq!(client.response("POST").status, 200);
        assert_eq!(sidecar.security_events().len(), 0);
    }
}

#[test]
fn an_answer_that_is_sipped_evades_the_stall_and_not_the_least_rate() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/large" => Reply::ok(vec![b'x'; 200_000_000]),
        _ => Reply::ok("ok"),
    });
    let limits = "stall_timeout: 1s, min_body_rate: 100MiB";
    let sidecar = limited(&origin, limits).start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/large").bytes());
    // Far more than a stall allows, and far less than the rate.
    let mut taken = 0;
    let ended = (0..150).find(|_| {
        let sipped = client.try_hear(256 * 1024);
        taken += sipped.as_ref().map_or(0, Vec::len);
        sipped.is_err() || {
            let _sip = client_rests();
            false
        }
    });
    assert!(ended.is_some(), "{taken} bytes were taken and it went on");
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 0.0);
    assert_told(&sidecar, "slow_client");
    assert_others_are_served(&sidecar);
}

/// Between two sips: waits on a connection on which nothing ever comes.
fn client_rests() -> io::Result<Vec<u8>> {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    RawClient::connect(silent.local_addr()?).hear_within(DRIP)
}

/// The connection is well, and each stream waits for a window that never opens.
#[test]
fn streams_whose_window_stays_shut_are_given_up() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/innocent" => Reply::ok("ok"),
        _ => Reply::ok(vec![b'x'; 1_000_000]),
    });
    let sidecar = limited(&origin, "stall_timeout: 1s").start();
    let mut attacker = RawH2::with_settings(sidecar.address(), &[(WINDOW, 0)]);
    let head = RawH2::request("GET", &[]);
    for stream in [1, 3, 5] {
        attacker.headers(stream, &head, true);
    }
    origin.wait_for(3);
    assert_others_are_served(&sidecar);
    let mut reset = Vec::new();
    while reset.len() < 3 {
        let frame = attacker.receive().expect("the connection stays open");
        assert_ne!(frame.kind, DATA, "there was no window");
        if frame.kind == RST_STREAM {
            reset.push(frame.stream);
        }
    }
    reset.sort_unstable();
    assert_eq!(reset, [1, 3, 5]);
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 0.0);
    assert_told(&sidecar, "slow_client");
    // It may still ask for what it takes.
    attacker.headers(7, &RawH2::request("HEAD", &[]), true);
    assert_eq!(attacker.end_of(7), End::Status(200));
}

/// A small answer is out of our hands at once, and still the client does not take it.
#[test]
fn an_answer_that_nobody_takes_does_not_keep_a_connection() {
    let origin = Origin::saying("a small answer");
    let limits = "stall_timeout: 500ms, idle_timeout: 500ms";
    let sidecar = limited(&origin, limits).start();
    let mut attacker = RawH2::with_settings(sidecar.address(), &[(WINDOW, 1)]);
    attacker.headers(1, &RawH2::request("GET", &[]), true);
    assert_eq!(attacker.end_of(1), End::Status(200));
    while attacker.receive().is_some() {}
    sidecar.wait_for_metric(ENDED, &[("outcome", "stalled")], 1.0);
    assert_told(&sidecar, "slow_client");
    eventually("nobody is connected", || {
        (sidecar.metric("forebay_client_connections", &[]) == 0.0).then_some(())
    });
}
