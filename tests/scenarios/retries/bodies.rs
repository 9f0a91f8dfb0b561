//! A body that is sent again is the same body; one that is too large is sent once.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use harness::{Ask, Origin, Reply};

use super::{failing_once, retrying, stopped};

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|at| b'a' + (at % 23) as u8).collect()
}

fn chunked(target: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let mut bytes =
        format!("PUT {target} HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n")
            .into_bytes();
    for piece in pieces {
        bytes.extend(format!("{:x}\r\n", piece.len()).bytes());
        bytes.extend(*piece);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

#[test]
fn a_body_is_sent_again_up_to_the_cap() {
    for (length, tries) in [(1, 2), (60_000, 2), (65_536, 2), (65_537, 1), (300_000, 1)] {
        let origin = failing_once(|| Reply::status(503));
        let sidecar = retrying(&origin, "on: [503], max_body: 64KiB");
        let sent = body(length);
        let response = sidecar.ask(&Ask::new("PUT", "/").body(sent.clone()));
        assert_eq!(origin.count(), tries, "{length}");
        assert_eq!(response.status, if tries == 2 { 200 } else { 503 });
        for request in origin.requests() {
            assert!(request.body == sent, "{length}");
        }
    }
}

#[test]
fn a_body_of_unknown_length_is_sent_again_up_to_the_cap() {
    let whole = body(90_000);
    for (length, tries) in [(40_000, 2), (90_000, 1)] {
        let origin = failing_once(|| Reply::status(503));
        let sidecar = retrying(&origin, "on: [503], max_body: 64KiB");
        let pieces: Vec<&[u8]> = whole[..length].chunks(7_000).collect();
        let response = sidecar.raw(chunked("/", &pieces));
        assert_eq!(response.status, if tries == 2 { 200 } else { 503 });
        let received: HashSet<Vec<u8>> = origin.requests().into_iter().map(|it| it.body).collect();
        assert_eq!(origin.count(), tries, "{length}");
        assert_eq!(received, HashSet::from([whole[..length].to_vec()]));
        assert_eq!(stopped(&sidecar, "body"), f64::from(u8::from(tries == 1)));
    }
}

/// The first try has had a part of it when it fails: the second gets what is kept, and then the rest.
#[test]
fn a_body_that_is_still_coming_is_sent_again_from_its_beginning() {
    let connections = AtomicUsize::new(0);
    let origin = Origin::scripted(move |mut conversation| {
        if connections.fetch_add(1, Ordering::SeqCst) == 0 {
            let head = conversation.head();
            assert!(head.is_some());
            let _some = conversation.hear_exactly(10);
            return conversation.reset();
        }
        while let Some(_request) = conversation.request() {
            conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let sidecar = retrying(&origin, "on: [reset]");
    let sent = body(30_000);
    let mut client = sidecar.connect();
    client.send("PUT / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 30000\r\n\r\n");
    client.send(&sent[..10_000]);
    // Nothing tells the client that the first try failed: it goes on when the second has begun.
    harness::eventually("the second try", || {
        (origin.connections() == 2).then_some(())
    });
    client.send(&sent[10_000..]);
    assert_eq!(client.response("PUT").status, 200);
    assert!(origin.last().body == sent);
}
