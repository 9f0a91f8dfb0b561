//! Nothing waits for the end of a document, and nothing is gathered.

use std::sync::{Arc, Mutex, mpsc};

use harness::{Ask, Gate, Origin, Reply, h2::pieces};

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
    let (sender, pieces) = mpsc::channel::<Vec<u8>>();
    let pieces = Mutex::new(Some(pieces));
    let origin = Origin::http(move |_| {
        let pieces = pieces.lock().unwrap().take().expect("it is asked once");
        Reply::streamed(pieces)
            .header("Content-Type", "application/json")
            .header("Trailer", "X-Sum")
            .trailer("X-Sum", "1")
    });
    let sidecar = in_front(&origin, SELECT);
    sender.send(b"{\"id\":1,".to_vec()).unwrap();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").header("TE", "trailers").bytes());
    // Its beginning has passed before there is an end: nothing of it was here as a whole.
    assert_eq!(client.response_head().status, 200);
    assert!(!client.chunk().is_empty());
    sender.send(b"\"name\":[1,".to_vec()).unwrap();
    drop(sender);
    let heard = client.hear_to_end();
    assert!(!heard.contains("0\r\n"), "{heard}");
    assert!(!heard.to_ascii_lowercase().contains("x-sum: 1"), "{heard}");
    let labels = [
        ("route", "all"),
        ("outcome", "unfinished"),
        ("mode", "enforce"),
    ];
    sidecar.wait_for_metric("forebay_transform_responses_total", &labels, 1.0);
}

#[test]
fn a_whole_document_keeps_its_trailers() {
    let origin = Origin::http(|_| {
        Reply::chunked(["{\"id\": 1,", " \"secret\": 2}"])
            .header("Content-Type", "application/json")
            .header("Trailer", "X-Sum")
            .trailer("X-Sum", "1")
    });
    let sidecar = in_front(&origin, SELECT);
    let mut client = sidecar.connect();
    client.send(Ask::get("/").header("TE", "trailers").bytes());
    let response = client.response("GET");
    assert_eq!(response.text(), "{\"id\":1}");
    assert_eq!(response.trailers.get("x-sum"), Some("1"));
}

/// The beginning of a body may be looked at to see whether all of it is here.
#[test]
fn what_was_looked_at_is_counted_once() {
    let before = "{\"id\": 1, \"secret\": ";
    let after = "2, \"name\": 3}";
    let small = "{\"id\":1,\"name\":3}";
    for mode in ["enforce", "shadow"] {
        let gate = Arc::new(Gate::new());
        let opened = Arc::clone(&gate);
        let origin = Origin::scripted(move |mut conversation| {
            while conversation.request().is_some() {
                let length = before.len() + after.len();
                conversation.say(format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                     Content-Length: {length}\r\n\r\n{before}"
                ));
                opened.wait();
                conversation.say(after);
            }
        });
        let policies = format!("transform: {{mode: {mode}, json: {{fields: [id, name]}}}}");
        let sidecar = in_front(&origin, &policies);
        let mut client = sidecar.connect();
        client.send(Ask::get("/").bytes());
        assert_eq!(client.response_head().status, 200);
        gate.open();
        // The one whose first piece had to wait, and one that is here at once.
        let second = sidecar.get("/");
        let wanted = match mode {
            "shadow" => format!("{before}{after}"),
            _ => small.to_owned(),
        };
        assert_eq!(second.text(), wanted, "{mode}");
        let bytes = |direction| [("route", "all"), ("direction", direction), ("mode", mode)];
        let name = "forebay_transform_bytes_total";
        let taken = 2 * (before.len() + after.len());
        sidecar.wait_for_metric(name, &bytes("in"), taken as f64);
        sidecar.wait_for_metric(name, &bytes("out"), 2.0 * small.len() as f64);
        let labels = [("route", "all"), ("outcome", "trimmed"), ("mode", mode)];
        sidecar.wait_for_metric("forebay_transform_responses_total", &labels, 2.0);
    }
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
