//! A connection that is in doubt serves nobody else: what follows on it might be taken for the answer
//! to somebody else's question (traps 5 and 8).

use harness::{Ask, Origin, Sidecar, eventually};

use super::closed;
use crate::forebay;

/// An origin whose first connection answers with these bytes, then leaves it open; the others answer
/// `second`, one request after the other.
fn first_says(bytes: &'static str) -> Origin {
    Origin::scripted(move |mut conversation| {
        if conversation.index == 0 {
            conversation.head();
            conversation.say(bytes);
            // Whatever else comes here came to the wrong place.
            while conversation.head().is_some() {
                conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
            }
            return;
        }
        while conversation.request().is_some() {
            conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
        }
    })
}

fn one_worker(origin: &Origin) -> Sidecar {
    forebay().origin(origin).threads(1).start()
}

/// Trap 8: what is behind an answer is no answer.
#[test]
fn what_follows_an_answer_is_never_the_next_answer() {
    let poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    for (method, answer) in [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n",
        ),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let origin = first_says(Box::leak(format!("{answer}{poison}").into_boxed_str()));
        let sidecar = one_worker(&origin);
        let first = sidecar.ask(&Ask::new(method, "/"));
        assert!(
            matches!(first.status, 200 | 204 | 304),
            "{answer:?}: {first:?}"
        );
        for _ in 0..3 {
            assert_eq!(sidecar.get("/").text(), "second", "{answer:?}");
        }
        assert_eq!(origin.connections(), 2, "{answer:?}");
        closed(&sidecar, "error", 1.0);
    }
}

/// Trap 8: bodies where there is none by definition.
#[test]
fn a_body_that_must_not_be_there_is_never_the_next_answer() {
    for (method, answer) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"),
        (
            "GET",
            "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nfirst",
        ),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nfirst",
        ),
    ] {
        let origin = first_says(answer);
        let sidecar = one_worker(&origin);
        sidecar.ask(&Ask::new(method, "/"));
        assert_eq!(sidecar.get("/").text(), "second", "{answer:?}");
        assert_eq!(origin.connections(), 2, "{answer:?}");
    }
}

/// Trap 5: an answer that is shorter or longer than it says ends its connection.
#[test]
fn an_answer_of_another_length_than_it_says_ends_its_connection() {
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfirst";
    let origin = first_says(long);
    let sidecar = one_worker(&origin);
    assert_eq!(sidecar.get("/").text(), "fir");
    assert_eq!(sidecar.get("/").text(), "second");
    assert_eq!(origin.connections(), 2);

    let origin = Origin::scripted(|mut conversation| {
        conversation.request();
        if conversation.index == 0 {
            conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst");
            conversation.half_close();
            assert_eq!(conversation.hear_to_end().unwrap(), b"");
            return;
        }
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
    });
    let sidecar = one_worker(&origin);
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    assert!(client.try_response("GET").is_err());
    assert_eq!(sidecar.get("/").text(), "second");
    closed(&sidecar, "error", 1.0);
}

/// Trap 8: what comes while nobody has asked ends the connection at once.
#[test]
fn an_answer_that_nobody_asked_for_ends_its_connection() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst");
        if conversation.index == 0 {
            // Only when the first answer is through: it comes alone.
            while conversation
                .try_say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
                .is_ok()
            {}
            return;
        }
        conversation.hear();
    });
    let sidecar = one_worker(&origin);
    assert_eq!(sidecar.get("/").text(), "first");
    eventually("the connection is given up", || {
        let closes = "forebay_upstream_connection_closes_total";
        (sidecar.metric(closes, &[]) == 1.0).then_some(())
    });
    assert_eq!(sidecar.get("/").text(), "first");
    assert_eq!(origin.connections(), 2);
}

/// Trap 8: an answer to an upload that is not over leaves the rest of it behind.
#[test]
fn an_early_answer_to_an_upload_ends_its_connection() {
    let origin = Origin::scripted(|mut conversation| {
        if conversation.index == 0 {
            conversation.head();
            conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly");
            let rest = conversation.hear_to_end().unwrap_or_default();
            assert!(!String::from_utf8_lossy(&rest).contains("/second"));
            return;
        }
        while conversation.request().is_some() {
            conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
        }
    });
    let sidecar = one_worker(&origin);
    let mut client = sidecar.connect();
    client.send("POST /first HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1000\r\n\r\nbegun");
    assert_eq!(client.response("POST").text(), "early");
    assert_eq!(sidecar.get("/second").text(), "second");
    assert_eq!(origin.connections(), 2);
    closed(&sidecar, "error", 1.0);
}
