//! Types whose pieces mean something by themselves reach the client one by one, compressed.

use std::sync::{Mutex, mpsc};

use engine::coding::Decoder;
use harness::{Ask, Origin, RawClient, Reply};
use policy::Coding;

use crate::forebay;

/// An origin that sends pieces of this type when the test says so.
fn speaking(kind: &'static str) -> (Origin, mpsc::Sender<Vec<u8>>) {
    let (pieces, streamed) = mpsc::channel();
    let streamed = Mutex::new(Some(streamed));
    let origin = Origin::http(move |_| {
        let streamed = streamed.lock().unwrap().take().expect("one request");
        Reply::streamed(streamed).header("Content-Type", kind)
    });
    (origin, pieces)
}

/// Reads until so much has been decoded.
#[track_caller]
fn hear(client: &mut RawClient, decoder: &mut Decoder, wanted: &str) {
    let (mut heard, mut out) = (Vec::new(), [0; 1000]);
    while heard.len() < wanted.len() {
        let chunk = client.chunk();
        assert!(!chunk.is_empty(), "the stream has not ended");
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            let step = decoder.decode(rest, &mut out).unwrap();
            heard.extend_from_slice(&out[..step.given]);
            rest = &rest[step.taken..];
        }
    }
    assert_eq!(String::from_utf8(heard).unwrap(), wanted);
}

/// The second event is not sent before the first has been read.
#[test]
fn each_event_is_here_before_the_next_is_sent() {
    for kind in ["text/event-stream; charset=utf-8", "application/x-ndjson"] {
        for coding in Coding::ALL {
            let (origin, pieces) = speaking(kind);
            let policies = "cache: {}\ncompression: {encodings: [zstd, br, gzip, deflate]}";
            let sidecar = forebay().origin(&origin).with_policies(policies).start();
            let mut client = sidecar.connect();
            let ask = Ask::get("/").header("Accept-Encoding", coding.as_str());
            client.send(ask.bytes());
            let mut decoder = Decoder::new(coding).unwrap();
            for number in 0..5 {
                let event = format!("data: {number}\n\n");
                pieces.send(event.clone().into_bytes()).unwrap();
                if number == 0 {
                    let head = client.response_head();
                    assert_eq!(head.header("content-encoding"), Some(coding.as_str()));
                }
                hear(&mut client, &mut decoder, &event);
            }
            drop(pieces);
            let mut out = [0; 10];
            loop {
                let chunk = client.chunk();
                if chunk.is_empty() {
                    break;
                }
                assert_eq!(decoder.decode(&chunk, &mut out).unwrap().given, 0);
            }
            assert_eq!(decoder.end(), Ok(()), "{kind} {}", coding.as_str());
        }
    }
}

#[test]
fn where_nothing_is_to_be_flushed_events_go_as_they_are() {
    let (origin, pieces) = speaking("text/event-stream");
    let policies = "compression: {flush: []}";
    let sidecar = forebay().origin(&origin).with_policies(policies).start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").header("Accept-Encoding", "gzip").bytes());
    pieces.send(b"data: 1\n\n".to_vec()).unwrap();
    assert!(!client.response_head().headers.has("content-encoding"));
    assert_eq!(client.chunk(), b"data: 1\n\n");
}
