//! With every policy off, what comes out is what went in.

mod multiplexed;

use std::sync::mpsc;

use harness::{Ask, Gate, Origin, Reply};

use crate::{forebay, in_front_of};

fn every_byte() -> Vec<u8> {
    (0..100_000_u32).map(|i| (i * 31 % 256) as u8).collect()
}

#[test]
fn methods_targets_and_bodies_arrive_as_they_were_sent() {
    let origin = Origin::http(|request| Reply::ok(request.body.clone()));
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    for method in [
        "GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "M-SEARCH",
    ] {
        let body = every_byte();
        let target = "/a;b=1/%C3%A9/c,d//?q=%20+&empty=&q=2??";
        let response = client.ask(&Ask::new(method, target).body(body.clone()));
        assert_eq!(response.body, body, "{method}");
        let request = origin.last();
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            (method, target)
        );
    }
}

#[test]
fn fields_arrive_unchanged_in_both_directions() {
    let origin = Origin::http(|_| {
        Reply::ok("x")
            .with_status(203)
            .header("X-Twice", "1")
            .header("X-Twice", "2")
            .header("Set-Cookie", "a=1; Path=/")
            .header("Set-Cookie", "b=2")
            .header("Server", "theirs")
            .header("Date", "Tue, 15 Nov 1994 08:12:31 GMT")
            .header("X-Empty", "")
    });
    let sidecar = in_front_of(&origin);
    let response = sidecar.ask(
        &Ask::get("/")
            .header("X-List", "a, b")
            .header("X-List", "c")
            .header("Cookie", "z=1")
            .header("Accept-Encoding", "gzip, br;q=0.5"),
    );
    let request = origin.last();
    assert_eq!(request.headers.all("x-list"), ["a, b", "c"]);
    assert_eq!(request.header("cookie"), Some("z=1"));
    assert_eq!(request.header("accept-encoding"), Some("gzip, br;q=0.5"));
    assert_eq!(response.status, 203);
    assert_eq!(response.headers.all("x-twice"), ["1", "2"]);
    assert_eq!(response.headers.all("set-cookie"), ["a=1; Path=/", "b=2"]);
    assert_eq!(response.header("server"), Some("theirs"));
    assert_eq!(
        response.header("date"),
        Some("Tue, 15 Nov 1994 08:12:31 GMT")
    );
    assert_eq!(response.header("x-empty"), Some(""));
}

#[test]
fn a_head_has_the_length_of_the_get_and_no_body() {
    let origin = Origin::saying("twelve bytes");
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    for _ in 0..2 {
        let response = client.ask(&Ask::new("HEAD", "/"));
        assert_eq!(response.header("content-length"), Some("12"));
        assert_eq!(client.ask(&Ask::get("/")).text(), "twelve bytes");
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn responses_that_have_no_body_end_with_their_head() {
    let origin = Origin::http(|request| {
        Reply::status(request.target.trim_start_matches('/').parse().unwrap())
    });
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    for status in [204, 304, 204, 200] {
        let response = client.ask(&Ask::get(&format!("/{status}")));
        assert_eq!((response.status, response.body.len()), (status, 0));
    }
}

#[test]
fn options_for_the_server_as_a_whole_stays_that() {
    let origin = Origin::saying("");
    let sidecar = in_front_of(&origin);
    assert_eq!(sidecar.ask(&Ask::new("OPTIONS", "*")).status, 200);
    assert_eq!(origin.last().target, "*");
    let response = sidecar.raw("GET * HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    assert_eq!(response.status, 400);
}

#[test]
fn connect_and_trace_mean_nothing_here() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    assert_eq!(sidecar.ask(&Ask::new("TRACE", "/")).status, 501);
    let connect = sidecar.raw("CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test:443\r\n\r\n");
    assert!((400..=501).contains(&connect.status), "{connect:?}");
    assert_eq!(origin.count(), 0);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::http(|request| Reply::ok(request.target.clone()));
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    let together: Vec<u8> = (0..20)
        .flat_map(|i| Ask::get(&format!("/{i}")).bytes())
        .collect();
    client.send(together);
    for i in 0..20 {
        assert_eq!(client.response("GET").text(), format!("/{i}"));
    }
}

#[test]
fn the_last_of_pipelined_requests_is_answered_before_the_connection_closes() {
    let origin = Origin::http(|request| Reply::ok(request.target.clone()));
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    let last = Ask::get("/2").header("Connection", "close").bytes();
    client.send([Ask::get("/1").bytes(), last, Ask::get("/3").bytes()].concat());
    assert_eq!(client.response("GET").text(), "/1");
    assert_eq!(client.response("GET").text(), "/2");
    client.assert_closed();
    assert_eq!(origin.count(), 2);
}

#[test]
fn connections_to_the_origin_are_used_again() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    for _ in 0..20 {
        assert_eq!(client.ask(&Ask::get("/")).text(), "x");
    }
    assert_eq!((origin.count(), origin.connections()), (20, 1));
}

#[test]
fn chunks_go_both_ways() {
    let origin = Origin::http(|request| {
        assert_eq!(request.header("transfer-encoding"), Some("chunked"));
        Reply::chunked(request.body.chunks(1000).map(<[u8]>::to_vec))
    });
    let sidecar = in_front_of(&origin);
    let body = every_byte();
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    for chunk in body.chunks(777) {
        client
            .send(format!("{:x}\r\n", chunk.len()))
            .send(chunk)
            .send("\r\n");
    }
    client.send("0\r\n\r\n");
    let response = client.response("POST");
    assert_eq!(response.header("transfer-encoding"), Some("chunked"));
    assert!(response.body == body, "the bytes differ");
}

#[test]
fn trailers_go_both_ways_in_http1() {
    let origin = Origin::http(|request| {
        assert_eq!(
            request.trailers.get("x-sum"),
            Some("up"),
            "{}",
            request.head
        );
        Reply::chunked(["a", "b"])
            .header("Trailer", "X-Sum")
            .trailer("X-Sum", "down")
    });
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: shop.test\r\nTE: trailers\r\nConnection: TE\r\nTrailer: X-Sum\r\n\
         Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: up\r\n\r\n",
    );
    let response = client.response("POST");
    assert_eq!(response.text(), "ab");
    assert_eq!(response.trailers.get("x-sum"), Some("down"));
}

#[test]
fn interim_responses_are_never_taken_for_the_final_one_nor_cached() {
    let origin = Origin::http(|_| {
        Reply::ok("final")
            .header("Cache-Control", "max-age=60")
            .after_interim("103 Early Hints\r\nLink: </style.css>\r\nCache-Control: max-age=1000")
            .after_interim("102 Processing")
    });
    let sidecar = forebay().origin(&origin).with_policies("cache: {}").start();
    for expected in ["fwd=uri-miss", "hit"] {
        let response = sidecar.get("/");
        assert_eq!((response.status, response.text().as_str()), (200, "final"));
        assert!(response.cache_status().contains(expected), "{response:?}");
        assert!(!response.headers.has("link"));
        assert_eq!(response.headers.all("cache-control"), ["max-age=60"]);
    }
}

#[test]
fn an_answer_before_the_end_of_the_upload_reaches_the_client() {
    let origin = Origin::scripted(|mut conversation| {
        let Some(_head) = conversation.head() else {
            return;
        };
        conversation
            .say("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        while !conversation.hear().is_empty() {}
    });
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 100000000\r\n\r\nbegin");
    let response = client.response("POST");
    assert_eq!((response.status, response.text().as_str()), (403, "no"));
}

#[test]
fn a_client_that_half_closes_still_gets_its_answer() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("patience")
        }
    });
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    client.half_close();
    origin.wait_for(1);
    gate.open();
    assert_eq!(client.response("GET").text(), "patience");
}

#[test]
fn an_origin_that_half_closes_after_its_answer_is_understood() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.say("HTTP/1.1 200 OK\r\n\r\nuntil the end");
        conversation.half_close();
        // The sidecar's end of the connection closes, too.
        assert!(conversation.hear().is_empty());
    });
    let sidecar = in_front_of(&origin);
    for _ in 0..2 {
        let response = sidecar.get("/");
        assert_eq!(response.text(), "until the end");
    }
}

#[test]
fn events_arrive_one_by_one() {
    let (send, pieces) = mpsc::channel();
    let pieces = std::sync::Mutex::new(Some(pieces));
    let origin = Origin::http(move |_| {
        let pieces = pieces.lock().unwrap().take().unwrap();
        Reply::streamed(pieces).header("Content-Type", "text/event-stream")
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {}\ncompression: {}\ndeduplication: {}")
        .start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    let head = client.response_head();
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    for i in 0..5 {
        let event = format!("data: {i}\n\n");
        send.send(event.clone().into_bytes()).unwrap();
        // The next one is not sent before this one has arrived.
        assert_eq!(client.chunk(), event.as_bytes());
    }
    drop(send);
    assert!(client.chunk().is_empty());
}

#[test]
fn an_upload_arrives_piece_by_piece() {
    let (tell, told) = mpsc::channel();
    let origin = Origin::scripted(move |mut conversation| {
        conversation.head();
        for _ in 0..3 {
            tell.send(conversation.hear_exactly(5).unwrap()).unwrap();
        }
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 15\r\n\r\n");
    for piece in ["first", "secnd", "third"] {
        client.send(piece);
        assert_eq!(told.recv().unwrap(), piece.as_bytes());
    }
    assert_eq!(client.response("POST").status, 200);
}

#[test]
fn a_path_is_forwarded_in_its_one_spelling() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    for (sent, forwarded) in [
        ("/a/../b", "/b"),
        ("/%7Euser/%2d", "/~user/-"),
        ("/a/./b?x=/../y", "/a/b?x=/../y"),
        ("/../../etc", "/etc"),
        ("/%c3%a9", "/%C3%A9"),
        ("/a%2Fb", "/a%2Fb"),
    ] {
        assert_eq!(sidecar.get(sent).status, 200, "{sent}");
        assert_eq!(origin.last().target, forwarded);
    }
}
