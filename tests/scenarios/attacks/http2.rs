//! Frames that only cost work (TRAPS 24).

use harness::{
    Gate, Origin, Reply, eventually,
    raw_h2::{End, RawH2, frame},
};

use super::{ENDED, assert_grew_by_less_than, assert_others_are_served, assert_told, limited};
use crate::in_front_of;

const DATA: u8 = 0;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CANCEL: [u8; 4] = 8_u32.to_be_bytes();
const ENHANCE_YOUR_CALM: u32 = 11;

/// The number of the stream that a client opens as its `count`th.
fn stream(count: u32) -> u32 {
    2 * count + 1
}

/// CVE-2023-44487: streams that are reset before anybody has looked at them.
#[test]
fn a_client_that_resets_many_streams_is_cut_off_and_others_are_served() {
    let origin = Origin::saying("ok");
    let mut sidecar = in_front_of(&origin);
    let steady = sidecar.connect_h2();
    let mut attacker = RawH2::connect(sidecar.address());
    let head = RawH2::request("GET", &[]);
    for count in 0..5000 {
        attacker.headers(stream(count), &head, true);
        attacker.frame(RST_STREAM, 0, stream(count), &CANCEL);
    }
    for _ in 0..5 {
        assert_eq!(steady.get("/").status, 200);
    }
    assert!(
        origin.count() < 1000,
        "{} requests reached the origin",
        origin.count()
    );
    assert_told(&sidecar, "http2_abuse");
    sidecar.wait_for_metric(ENDED, &[("outcome", "abusive")], 1.0);
    sidecar.assert_alive();
}

/// Slower, so that each request is at work when it is reset: those are counted, and what they cost
/// the origin with them.
#[test]
fn resets_of_requests_at_work_are_counted_and_cut_off() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            if request.target == "/" {
                gate.wait();
            }
            Reply::ok("ok")
        }
    });
    let sidecar = limited(&origin, "max_http2_resets: 10").start();
    let mut attacker = RawH2::connect(sidecar.address());
    let head = RawH2::request("GET", &[]);
    for count in 0..11 {
        attacker.headers(stream(count), &head, true);
        origin.wait_for(count as usize + 1);
        attacker.frame(RST_STREAM, 0, stream(count), &CANCEL);
    }
    while attacker.receive().is_some() {}
    assert_told(&sidecar, "http2_abuse");
    sidecar.wait_for_metric(ENDED, &[("outcome", "abusive")], 1.0);
    assert_others_are_served(&sidecar);
    gate.open();
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 0.0);
}

/// As many as it may are nobody's business.
#[test]
fn a_client_that_changes_its_mind_is_left_alone() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("ok")
        }
    });
    let sidecar = limited(&origin, "max_http2_resets: 10").start();
    let mut client = RawH2::connect(sidecar.address());
    let head = RawH2::request("GET", &[]);
    for count in 0..10 {
        client.headers(stream(count), &head, true);
        origin.wait_for(count as usize + 1);
        client.frame(RST_STREAM, 0, stream(count), &CANCEL);
    }
    gate.open();
    client.headers(stream(10), &head, true);
    assert_eq!(client.end_of(stream(10)), End::Status(200));
    assert_eq!(sidecar.security_events().len(), 0);
}

/// CVE-2025-8671 ("MadeYouReset"): the client makes the server reset the streams.
#[test]
fn resets_that_a_client_provokes_are_counted_too() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let provocations: [fn(&mut RawH2, u32); 2] = [
        // A window of more than 2^31-1 is an error of the stream (RFC 9113, section 6.9.1).
        |attacker, stream| {
            attacker.headers(stream, &RawH2::request("POST", &[]), false);
            attacker.frame(WINDOW_UPDATE, 0, stream, &0x7fff_ffff_u32.to_be_bytes());
        },
        // So is more content than was declared (section 8.1.1).
        |attacker, stream| {
            let declared = [("content-length", "1")];
            attacker.headers(stream, &RawH2::request("POST", &declared), false);
            attacker.data(stream, b"more", false);
        },
    ];
    for provoke in provocations {
        let mut attacker = RawH2::connect(sidecar.address());
        for count in 0..1000 {
            provoke(&mut attacker, stream(count));
        }
        let ended = loop {
            match attacker.receive() {
                Some(frame) if frame.kind == GOAWAY => break frame.payload[7],
                Some(_) => {}
                None => panic!("it was closed without a word"),
            }
        };
        assert_eq!(u32::from(ended), ENHANCE_YOUR_CALM);
        assert_others_are_served(&sidecar);
    }
    assert_told(&sidecar, "http2_abuse");
    sidecar.wait_for_metric(ENDED, &[("outcome", "abusive")], 2.0);
    let whole = origin.requests();
    assert!(whole.iter().all(|request| request.method == "GET"));
}

/// Frames that are answered, from somebody who does not listen.
#[test]
fn floods_of_pings_and_settings_wait_for_whoever_sends_them() {
    let origin = Origin::saying("ok");
    let sidecar = limited(&origin, "stall_timeout: 1s").start();
    assert_others_are_served(&sidecar);
    let before = sidecar.resident_memory();
    for (kind, payload) in [(PING, &[0; 8][..]), (SETTINGS, &[])] {
        let mut attacker = RawH2::connect(sidecar.address());
        let frames = frame(kind, 0, 0, payload).repeat(2_000);
        let mut sent = 0;
        while attacker.try_send(&frames).is_ok() {
            sent += 2_000;
            assert!(sent < 20_000_000, "frames of kind {kind} have no end");
        }
        assert_others_are_served(&sidecar);
        assert_grew_by_less_than(&sidecar, before, 16);
    }
    sidecar.wait_for_metric("forebay_client_connections", &[], 0.0);
}

/// Frames that count for nothing in any window, or next to nothing, for a body that nobody reads.
#[test]
fn floods_of_small_pieces_do_not_fill_the_memory() {
    let gate = Gate::new();
    let origin = Origin::scripted({
        let gate = gate.clone();
        move |mut conversation| {
            let head = conversation.head();
            if head.is_some_and(|head| head.method == "POST") {
                return gate.wait();
            }
            conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    let sidecar = limited(&origin, "stall_timeout: 5s").start();
    assert_others_are_served(&sidecar);
    let before = sidecar.resident_memory();
    for payload in [&b""[..], b"x"] {
        let mut attacker = RawH2::connect(sidecar.address());
        for count in 0..20 {
            attacker.headers(stream(count), &RawH2::request("POST", &[]), false);
        }
        let frames: Vec<u8> = (0..20)
            .flat_map(|count| frame(DATA, 0, stream(count), payload))
            .collect();
        let frames = frames.repeat(100);
        for _ in 0..250 {
            if attacker.try_send(&frames).is_err() {
                break;
            }
        }
        assert_others_are_served(&sidecar);
        assert_grew_by_less_than(&sidecar, before, 48);
    }
    assert_told(&sidecar, "http2_abuse");
    gate.open();
    eventually("nothing is in flight", || {
        (sidecar.metric("forebay_http_requests_in_flight", &[]) == 0.0).then_some(())
    });
}
