//! Nothing waits for the end of a document, and nothing is gathered.

use std::{sync::Mutex, sync::mpsc};

use harness::{Ask, Origin, Reply, h2::pieces};

use super::{MINIFY, SELECT, in_front};

/// An origin whose body is what the test sends.
fn sending(kind: &'static str) -> (Origin, mpsc::Sender<Vec<u8>>) {
    let (sender, pieces) = mpsc::channel();
    let pieces = Mutex::new(Some(pieces));
    let origin = Origin::http(move |_| {
        let pieces = pieces.lock().unwrap().take().expect("it is asked once");
        Reply::streamed(pieces).header("Content-Type", kind)
    });
    (origin, sender)
}

#[test]
fn the_first_item_arrives_before_the_last_is_sent() {
    let (origin, sender) = sending("application/json");
    let sidecar = in_front(&origin, SELECT);
    sender.send(b"[ {\"id\": 1, \"sec".to_vec()).unwrap();
    sender.send(b"ret\": 2}, ".to_vec()).unwrap();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    assert_eq!(client.response_head().status, 200);
    let mut heard = Vec::new();
    while heard.len() < 9 {
        heard.extend(client.chunk());
    }
    assert_eq!(heard, b"[{\"id\":1}");
    sender.send(b"{\"id\": 2}]".to_vec()).unwrap();
    drop(sender);
    let mut rest = Vec::new();
    loop {
        let chunk = client.chunk();
        if chunk.is_empty() {
            break;
        }
        rest.extend(chunk);
    }
    assert_eq!(rest, b",{\"id\":2}]");
}

#[test]
fn lines_arrive_one_by_one_over_http2_as_well() {
    let (origin, sender) = sending("application/x-ndjson");
    let sidecar = in_front(&origin, MINIFY);
    sender.send(b"{\"n\": 1}\r\n".to_vec()).unwrap();
    let client = sidecar.connect_h2();
    let (_, nothing) = pieces();
    let mut stream = client.begin("GET", "/", &[], nothing).unwrap();
    assert_eq!(stream.piece().unwrap(), b"{\"n\":1}\n");
    sender.send(b"{\"n\": 2}\n".to_vec()).unwrap();
    assert_eq!(stream.piece().unwrap(), b"{\"n\":2}\n");
    drop(sender);
    assert!(stream.rest().unwrap().body.is_empty());
}

/// A client must not take what came for all there is.
#[test]
fn a_stream_that_cannot_be_understood_breaks_off() {
    let (origin, sender) = sending("application/json");
    let sidecar = in_front(&origin, SELECT);
    sender.send(b"{\"id\": 1, ".to_vec()).unwrap();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    client.response_head();
    sender.send(b"<secret/>".to_vec()).unwrap();
    drop(sender);
    let heard = client.hear_to_end();
    assert!(heard.contains("{\"id\":1"), "{heard}");
    assert!(
        !heard.contains("secret") && !heard.contains("\r\n0\r\n"),
        "{heard}"
    );
    let labels = [
        ("route", "all"),
        ("outcome", "not-json"),
        ("mode", "enforce"),
    ];
    sidecar.wait_for_metric("forebay_transform_responses_total", &labels, 1.0);
}

/// Nobody asks for more after trailers, so that is where the end is judged.
#[test]
fn half_a_document_does_not_end_well_for_having_trailers() {
    let origin = Origin::http(|_| {
        Reply::chunked(["{\"id\":1,\"name\":[1,"; 1])
            .header("Content-Type", "application/json")
            .trailer("X-Sum", "1")
    });
    let sidecar = in_front(&origin, SELECT);
    let mut client = sidecar.connect();
    client.send(Ask::get("/").header("TE", "trailers").bytes());
    let heard = client.hear_to_end();
    assert!(!heard.contains("\r\n0\r\n"), "{heard}");
    assert!(!heard.to_ascii_lowercase().contains("x-sum: 1"), "{heard}");
}

#[test]
fn a_large_document_passes_in_little_memory() {
    const PIECE: &[u8] =
        b"  {\"id\": 1, \"secret\": \"0123456789012345678901234567890123456789\"},\n";
    const PIECES: usize = 64 * 1024 * 1024 / PIECE.len();
    let origin = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation
            .say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[");
        let many = PIECE.repeat(1000);
        for _ in 0..PIECES / 1000 {
            if conversation.try_say(&many).is_err() {
                return;
            }
        }
        conversation.say("{}]");
    });
    let sidecar = in_front(&origin, SELECT);
    let before = sidecar.resident_memory();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    client.response_head();
    let (mut length, mut most) = (0, before);
    loop {
        let chunk = client.chunk();
        if chunk.is_empty() {
            break;
        }
        length += chunk.len();
        most = most.max(sidecar.resident_memory());
    }
    assert_eq!(
        length,
        PIECES / 1000 * 1000 * "{\"id\":1},".len() + "[{}]".len()
    );
    assert!(
        most - before < 16 << 20,
        "it grew by {} bytes",
        most - before
    );
}

/// What is looked at for secrets is trimmed when it goes on, and once.
#[test]
fn a_guard_of_compression_does_not_trim_a_second_time() {
    for mode in ["enforce", "shadow"] {
        let (origin, sender) = sending("application/json");
        let policies = format!(
            "transform: {{json: {{fields: [items]}}}}\n\
             compression: {{mode: {mode}, min_size: 1B, breach_guard: pad}}"
        );
        let sidecar = in_front(&origin, &policies);
        sender.send(b"{\"items\":[".to_vec()).unwrap();
        sender.send(b"1],\"secret\":2}".to_vec()).unwrap();
        drop(sender);
        let ask = Ask::get("/?q=something").header("Cookie", "a=b");
        assert_eq!(sidecar.ask(&ask).text(), "{\"items\":[1]}", "{mode}");
    }
}
