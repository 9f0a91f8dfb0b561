//! Heads that are small on the wire and large in memory, or that never end.

use harness::{
    Origin, eventually,
    raw_h2::{End, RawH2},
};

use super::{assert_grew_by_less_than, assert_others_are_served, assert_told, limited};
use crate::in_front_of;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `GET http://shop.test/` from HPACK's static table, but for the host.
const REQUEST: &[u8] = b"\x82\x86\x84\x01\x09shop.test";

/// A field of 3,900 bytes that goes into the dynamic table (RFC 7541, section 6.2.1), and then
/// one byte for each time it is meant again.
fn bomb(times: usize) -> Vec<u8> {
    let mut block = REQUEST.to_vec();
    block.extend(b"\x40\x01a\x7f\xbd\x1d");
    block.extend([b'x'; 3900]);
    block.extend(vec![0xbe; times]);
    block
}

/// RFC 7541, section 7.3: it is the decoded size that counts.
#[test]
fn a_small_head_that_unpacks_into_a_large_one_is_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    assert_others_are_served(&sidecar);
    let before = sidecar.resident_memory();
    for times in [100, 10_000] {
        let mut attacker = RawH2::connect(sidecar.address());
        for stream in [1, 3, 5, 7, 9] {
            let block = bomb(times);
            attacker.frame(HEADERS, END_HEADERS | END_STREAM, stream, &block);
        }
        // 431, whose number is no word of the static table, or the end.
        let end = attacker.end_of(1);
        assert_ne!(end, End::Status(200));
        assert_others_are_served(&sidecar);
    }
    assert_grew_by_less_than(&sidecar, before, 16);
    let innocent = origin.requests();
    assert!(innocent.iter().all(|request| request.target == "/innocent"));
}

/// CVE-2024-27316 and its kin: a head in frames without end, each of them allowed.
#[test]
fn a_head_in_frames_without_end_is_ended() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    assert_others_are_served(&sidecar);
    let before = sidecar.resident_memory();
    // Nothing, a byte, and as much as a frame may hold, of a field that never ends.
    for size in [0, 1, 16_384] {
        let mut attacker = RawH2::connect(sidecar.address());
        attacker.frame(HEADERS, END_STREAM, 1, REQUEST);
        let mut block = b"\x00\x01a\x7f\xff\xff\xff\x03".to_vec();
        block.resize(size.max(1), b'x');
        block.truncate(size);
        let mut frames = 0;
        while attacker.try_frame(CONTINUATION, 0, 1, &block).is_ok() {
            frames += 1;
            assert!(frames < 1_000_000, "frames of {size} bytes have no end");
        }
        assert_others_are_served(&sidecar);
        assert_grew_by_less_than(&sidecar, before, 16);
    }
    assert_told(&sidecar, "http2_abuse");
}

/// What `max_head` and `max_headers` say of HTTP/1.1 holds for HTTP/2.
#[test]
fn the_limits_on_heads_hold_for_both_protocols() {
    let origin = Origin::saying("ok");
    let sidecar = limited(&origin, "max_head: 8KiB, max_headers: 20").start();
    let value = "x".repeat(200);
    for (fields, fits) in [(10, true), (16, true), (30, false), (60, false)] {
        let names: Vec<_> = (0..fields).map(|it| format!("x-{it}")).collect();
        let more: Vec<_> = names.iter().map(|name| (&**name, &*value)).collect();
        let mut client = RawH2::connect(sidecar.address());
        client.headers(1, &RawH2::request("GET", &more), true);
        let end = client.end_of(1);
        assert_eq!(end == End::Status(200), fits, "{fields} fields: {end:?}");
        if !fits {
            // 431 is no word of the static table.
            assert_eq!(end, End::Status(0), "{fields} fields");
        }
    }
    eventually("only what fits came", || {
        (origin.count() == 2).then_some(())
    });
}
