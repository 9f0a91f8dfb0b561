//! Answers to what a body asks for: `QUERY` always (RFC 10008), `POST` where the operator says that it
//! only reads.

use std::sync::{Mutex, mpsc::channel};

use harness::{Ask, Gate, Origin, Reply, Response, Sidecar, eventually};

use crate::{forebay, numbered};

const FRESH: &[&str] = &["Cache-Control: max-age=60"];

fn caching(origin: &Origin, policy: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies(&format!("cache: {{{policy}}}"))
        .start()
}

fn query(body: impl Into<Vec<u8>>) -> Ask {
    Ask::new("QUERY", "/search")
        .header("Content-Type", "text/plain")
        .body(body)
}

/// Answers with the method and the body it was asked with.
fn echoing(line: &'static str) -> Origin {
    Origin::http(move |request| {
        Reply::ok(format!("{} {}", request.method, request.text())).line(line)
    })
}

#[track_caller]
fn assert_detail(response: &Response, detail: &str) {
    let detail = format!("detail={detail}");
    assert!(response.cache_status().contains(&detail), "{response:?}");
}

#[test]
fn a_query_is_kept_by_its_body() {
    let origin = echoing("Cache-Control: max-age=60");
    let sidecar = caching(&origin, "");
    for body in ["red", "blue", ""] {
        let ask = query(body);
        let first = sidecar.ask(&ask);
        first.assert_forwarded();
        assert_eq!(first.text(), format!("QUERY {body}"));
        let second = sidecar.ask(&ask);
        second.assert_hit();
        assert_eq!(second.body, first.body);
    }
    assert_eq!(origin.count(), 3);
}

#[test]
fn what_the_body_means_is_part_of_the_key() {
    let origin = numbered(FRESH);
    let sidecar = caching(&origin, "");
    let with = |name: &str, value: &str| Ask::new("QUERY", "/search").header(name, value).body("x");
    let asks = [
        with("Content-Type", "text/plain"),
        with("Content-Type", "application/json"),
        with("Content-Encoding", "gzip"),
        Ask::new("QUERY", "/search").body("x"),
        Ask::new("QUERY", "/search?page=2").body("x"),
    ];
    for (number, ask) in asks.iter().enumerate() {
        assert_eq!(sidecar.ask(ask).text(), format!("answer {}", number + 1));
        sidecar.ask(ask).assert_hit();
    }
    // Nor does a GET get what a QUERY asked for.
    assert_eq!(sidecar.get("/search").text(), "answer 6");
    assert_eq!(sidecar.ask(&query("x")).text(), "answer 1");
}

#[test]
fn a_post_is_only_kept_where_it_only_reads() {
    let origin = echoing("Cache-Control: max-age=60");
    let cautious = caching(&origin, "");
    let ask = Ask::post("/search", "red");
    for _ in 0..2 {
        assert_detail(&cautious.ask(&ask), "method");
    }
    let told = caching(&origin, "key: {body: {methods: [POST]}}");
    told.ask(&ask).assert_forwarded();
    told.ask(&ask).assert_hit();
    assert_eq!(told.ask(&Ask::post("/search", "blue")).text(), "POST blue");
    // The list replaces the usual one, and the method is part of the key.
    assert_detail(&told.ask(&query("red")), "method");
    // Reading makes nothing obsolete.
    told.get("/search");
    told.ask(&Ask::post("/search", "green"));
    told.get("/search").assert_hit();
    told.ask(&ask).assert_hit();
}

#[test]
fn no_method_may_be_kept_by_its_body() {
    let origin = numbered(FRESH);
    let sidecar = caching(&origin, "key: {body: {methods: []}}");
    for _ in 0..2 {
        assert_detail(&sidecar.ask(&query("x")), "method");
    }
}

#[test]
fn a_body_larger_than_the_key_may_be_passes_through_complete() {
    let origin = Origin::http(|request| {
        Reply::ok(request.body.clone()).header("Cache-Control", "max-age=60")
    });
    let sidecar = caching(&origin, "key: {body: {max_size: 1KiB}}");
    let body = |length: usize| (0..length).map(|at| at as u8).collect::<Vec<_>>();
    for length in [1025, 5_000, 300_000] {
        for _ in 0..2 {
            let response = sidecar.ask(&query(body(length)));
            assert_detail(&response, "body-too-large");
            assert!(response.body == body(length), "{length} bytes changed");
        }
    }
    // Without a length it is only seen once it has begun.
    for length in [1025, 300_000] {
        let mut client = sidecar.connect();
        client.send(
            "QUERY /search HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        for piece in body(length).chunks(700) {
            client.send(format!("{:x}\r\n", piece.len()));
            client.send(piece).send("\r\n");
        }
        client.send("0\r\n\r\n");
        let response = client.response("QUERY");
        assert_detail(&response, "body-too-large");
        assert!(response.body == body(length), "{length} bytes changed");
    }
    let ask = query(body(1024));
    sidecar.ask(&ask);
    sidecar.ask(&ask).assert_hit();
    sidecar.wait_for_metric("forebay_cache_entries", &[], 1.0);
}

#[test]
fn how_a_body_is_framed_does_not_matter() {
    let origin = echoing("Cache-Control: max-age=60");
    let sidecar = caching(&origin, "");
    assert_eq!(sidecar.ask(&query("red")).text(), "QUERY red");
    let mut client = sidecar.connect();
    client.send(
        "QUERY /search HTTP/1.1\r\nHost: shop.test\r\nContent-Type: text/plain\r\n\
         Transfer-Encoding: chunked\r\n\r\n1\r\nr\r\n2\r\ned\r\n0\r\n\r\n",
    );
    client.response("QUERY").assert_hit();
    let h2 = sidecar.connect_h2();
    let fields = [("content-type", "text/plain")];
    let third = h2.ask("QUERY", "/search", &fields, b"red").unwrap();
    third.assert_hit();
    assert_eq!(third.text(), "QUERY red");
    let other = h2.ask("QUERY", "/search", &fields, b"blue").unwrap();
    assert_eq!(other.text(), "QUERY blue");
    sidecar.ask(&query("blue")).assert_hit();
    assert_eq!(origin.count(), 2);
}

#[test]
fn a_body_that_ends_early_is_neither_asked_nor_kept() {
    let origin = numbered(FRESH);
    let sidecar = caching(&origin, "");
    for head in ["Content-Length: 10", "Transfer-Encoding: chunked"] {
        let mut client = sidecar.connect();
        client.send(format!(
            "QUERY /search HTTP/1.1\r\nHost: shop.test\r\n{head}\r\n\r\n3\r\nre"
        ));
        client.half_close();
        if let Ok(response) = client.try_response("QUERY") {
            assert_eq!(response.status, 400, "{response:?}");
        }
    }
    assert_eq!(origin.count(), 0);
    assert_eq!(sidecar.metric("forebay_cache_entries", &[]), 0.0);
}

#[test]
fn a_body_that_stalls_is_cut_off() {
    let origin = numbered(FRESH);
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {stall_timeout: 100ms}")
        .with_policies("cache: {}")
        .start();
    let mut client = sidecar.connect();
    client.send("QUERY /search HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nre");
    assert_eq!(client.response("QUERY").status, 408);
    assert_eq!(origin.count(), 0);
}

#[test]
fn a_write_makes_what_a_query_kept_obsolete() {
    let origin = numbered(FRESH);
    let sidecar = caching(&origin, "");
    let asks = [query("red"), query("blue"), Ask::get("/search")];
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for ask in &asks {
            sidecar.ask(ask);
            sidecar.ask(ask).assert_hit();
        }
        sidecar.ask(&Ask::new(method, "/search").body("x"));
        for ask in &asks {
            sidecar.ask(ask).assert_forwarded();
        }
    }
    // Of this URL, and of no other.
    sidecar.ask(&asks[0]);
    sidecar.ask(&Ask::post("/search/1", "x"));
    sidecar.ask(&asks[0]).assert_hit();
}

#[test]
fn a_query_is_asked_again_with_its_body() {
    let origin = Origin::http(|request| {
        match request.header("if-none-match") {
            Some("\"v\"") => Reply::status(304),
            _ => Reply::ok(format!("QUERY {}", request.text())),
        }
        .header("ETag", "\"v\"")
        .header("Cache-Control", "max-age=0")
    });
    let sidecar = caching(&origin, "");
    for _ in 0..3 {
        assert_eq!(sidecar.ask(&query("red")).text(), "QUERY red");
        let asked = origin.last();
        assert_eq!(
            (asked.method.as_str(), asked.text().as_str()),
            ("QUERY", "red")
        );
        assert_eq!(asked.header("content-length"), Some("3"));
    }
    assert_eq!(origin.count(), 3);
    assert_eq!(origin.last().header("if-none-match"), Some("\"v\""));
}

#[test]
fn a_query_that_is_renewed_behind_the_clients_back_carries_its_body() {
    let origin = Origin::http(|request| {
        Reply::ok(format!("QUERY {}", request.text()))
            .header("Cache-Control", "max-age=60, stale-while-revalidate=60")
            .header("Age", "70")
    });
    let sidecar = caching(&origin, "");
    sidecar.ask(&query("red"));
    let stale = sidecar.ask(&query("red"));
    assert_eq!(stale.text(), "QUERY red");
    origin.wait_for(2);
    let renewal = origin.last();
    assert_eq!(
        (renewal.method.as_str(), renewal.text().as_str()),
        ("QUERY", "red")
    );
    assert_eq!(renewal.header("content-type"), Some("text/plain"));
}

#[test]
fn a_query_is_retried_with_its_body() {
    let origin = Origin::scripted(|mut conversation| {
        // The first connection is kept alive and breaks at its second request.
        while let Some(request) = conversation.request() {
            if conversation.index == 0 && request.text() == "breaks" {
                return conversation.reset();
            }
            let body = format!("QUERY {}", request.text());
            conversation.say(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nCache-Control: max-age=60\r\n\r\n{body}",
                body.len()
            ));
        }
    });
    let sidecar = caching(&origin, "");
    let mut client = sidecar.connect();
    assert_eq!(client.ask(&query("first")).text(), "QUERY first");
    assert_eq!(client.ask(&query("breaks")).text(), "QUERY breaks");
    assert_eq!(client.ask(&query("breaks")).text(), "QUERY breaks");
    assert_eq!(origin.count(), 3);
}

#[test]
fn equal_queries_in_flight_are_one_and_different_ones_are_not() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            gate.wait();
            Reply::ok(format!("QUERY {}", request.text())).header("Cache-Control", "max-age=60")
        }
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {}\ndeduplication: {}")
        .start();
    let address = sidecar.address();
    let clients: Vec<_> = (0..6)
        .map(|client| std::thread::spawn(move || query(format!("{}", client % 2)).send(address)))
        .collect();
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 6.0);
    gate.open();
    for (client, response) in clients.into_iter().enumerate() {
        assert_eq!(
            response.join().unwrap().text(),
            format!("QUERY {}", client % 2)
        );
    }
    assert_eq!(origin.count(), 2);
}

#[test]
fn an_answer_to_a_query_that_arrives_slowly_is_kept_at_its_end() {
    let (send, pieces) = channel();
    let pieces = Mutex::new(Some(pieces));
    let origin = Origin::http(move |_| {
        let pieces = pieces.lock().unwrap().take().expect("a single fetch");
        Reply::streamed(pieces).header("Cache-Control", "max-age=60")
    });
    let sidecar = caching(&origin, "");
    let mut client = sidecar.connect();
    client.send(query("red").bytes());
    send.send(b"one".to_vec()).unwrap();
    assert_eq!(client.response_head().status, 200);
    assert_eq!(client.chunk(), b"one");
    send.send(b"two".to_vec()).unwrap();
    drop(send);
    assert_eq!(client.chunk(), b"two");
    assert!(client.chunk().is_empty());
    let hit = eventually("it is kept", || {
        let ask = query("red").header("Cache-Control", "only-if-cached");
        Some(sidecar.ask(&ask)).filter(|response| response.status == 200)
    });
    assert_eq!(hit.text(), "onetwo");
}
