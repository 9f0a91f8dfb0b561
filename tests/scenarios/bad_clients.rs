//! Whatever a client sends, it gets a clear answer or a clear end, and nobody else notices.

use harness::{Ask, Origin, Reply};

use crate::{forebay, in_front_of};

#[test]
fn garbage_is_refused_and_the_connection_ended() {
    let origin = Origin::saying("ok");
    let mut sidecar = in_front_of(&origin);
    let garbage: [&[u8]; 12] = [
        b"garbage\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1 extra\r\nHost: x\r\n\r\n",
        b"GET /\xff\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G\x80T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"GET relative HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:///x HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    let mut steady = sidecar.connect();
    for bytes in garbage {
        let mut client = sidecar.connect();
        client.send(bytes);
        client.half_close();
        let response = client.try_response("GET");
        let refused = response
            .as_ref()
            .map_or(true, |it| (400..=505).contains(&it.status));
        assert!(
            refused,
            "{:?}: {response:?}",
            String::from_utf8_lossy(bytes)
        );
        // Another client does not notice.
        assert_eq!(steady.ask(&Ask::get("/")).status, 200);
    }
    sidecar.assert_alive();
}

#[test]
fn a_malformed_request_is_told_so() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    for bytes in [
        "garbage\r\n\r\n",
        "GET / HTTP/1.1\r\nbad name: x\r\n\r\n",
        "GET /x y HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        assert_eq!(sidecar.raw(bytes).status, 400, "{bytes:?}");
    }
}

#[test]
fn garbage_behind_a_request_does_not_spoil_its_answer() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send([Ask::get("/").bytes(), b"garbage \0\xff\r\n\r\n".to_vec()].concat());
    assert_eq!(client.response("GET").text(), "ok");
    assert_eq!(client.response("GET").status, 400);
    client.assert_closed();
}

#[test]
fn an_oversized_head_is_431() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {max_head: 8KiB}")
        .start();
    let fits = Ask::get("/").header("X-Long", &"x".repeat(7000));
    assert_eq!(sidecar.ask(&fits).status, 200);
    let too_long = Ask::get("/").header("X-Long", &"x".repeat(20_000));
    assert_eq!(sidecar.ask(&too_long).status, 431);
    let target = Ask::get(&format!("/{}", "x".repeat(20_000)));
    let status = sidecar.ask(&target).status;
    assert!(matches!(status, 414 | 431), "{status}");
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_head_that_never_ends_is_ended() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\nX-Long: ");
    while client.try_send("x".repeat(100_000)).is_ok() {}
    assert_eq!(sidecar.get("/").status, 200);
}

#[test]
fn too_many_fields_are_431() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {max_headers: 20}")
        .start();
    let with =
        |count: usize| (1..count).fold(Ask::get("/"), |ask, i| ask.header(&format!("X-{i}"), "y"));
    assert_eq!(sidecar.ask(&with(20)).status, 200);
    assert_eq!(sidecar.ask(&with(21)).status, 431);
}

#[test]
fn a_body_that_is_declared_too_large_is_413_at_once() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {max_body: 1KiB}")
        .start();
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1025\r\n\r\n");
    client
        .response("POST")
        .assert_problem(413, "body-too-large");
    client.assert_closed();
    assert_eq!(origin.count(), 0);
    assert_eq!(sidecar.ask(&Ask::post("/", vec![b'x'; 1024])).status, 200);
}

#[test]
fn a_body_that_turns_out_too_large_is_413() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {max_body: 1KiB}")
        .start();
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("200\r\n").send("x".repeat(0x200)).send("\r\n");
    client.send("300\r\n").send("x".repeat(0x300)).send("\r\n");
    client
        .response("POST")
        .assert_problem(413, "body-too-large");
    client.assert_closed();
    let whole = origin
        .requests()
        .into_iter()
        .find(|request| request.method == "POST");
    assert!(whole.is_none(), "the origin took it for whole");
}

#[test]
fn a_slow_head_ends_the_connection() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {head_timeout: 300ms}")
        .start();
    let mut slow = sidecar.connect();
    slow.send("GET / HTTP/1.1\r\nHost: shop");
    let mut later = sidecar.connect();
    assert_eq!(later.ask(&Ask::get("/")).status, 200);
    later.send("GET / HTT");
    slow.assert_closed();
    later.assert_closed();
    let labels = [("outcome", "head-timed-out")];
    sidecar.wait_for_metric("forebay_client_connections_total", &labels, 2.0);
}

#[test]
fn a_slow_body_is_408() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {stall_timeout: 300ms}")
        .start();
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nhello");
    client
        .response("POST")
        .assert_problem(408, "client-stalled");
    client.assert_closed();
    assert_eq!(origin.count(), 0, "the origin took it for whole");
}

#[test]
fn a_client_that_leaves_within_its_body_completes_nothing() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nhello");
    client.reset();
    sidecar.wait_for_metric("forebay_failures_total", &[("failure", "client-gone")], 1.0);
    assert_eq!(origin.count(), 0);
}

#[test]
fn a_silent_connection_is_closed() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {idle_timeout: 300ms}")
        .start();
    let mut silent = sidecar.connect();
    let mut used = sidecar.connect();
    assert_eq!(used.ask(&Ask::get("/")).status, 200);
    silent.assert_closed();
    used.assert_closed();
}

#[test]
fn a_client_that_does_not_take_its_answer_is_given_up() {
    let origin = Origin::http(|_| Reply::ok(vec![b'x'; 50_000_000]));
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {stall_timeout: 300ms}")
        .start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    client.hear_until("\r\n\r\n");
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 0.0);
    assert!(client.try_hear(50_000_000).is_err(), "all of it came");
}

#[test]
fn connections_beyond_the_most_allowed_are_closed_at_once() {
    let origin = Origin::saying("ok");
    let sidecar = forebay()
        .origin(&origin)
        .top("clients: {max_connections: 3}")
        .start();
    let mut held: Vec<_> = (0..3).map(|_| sidecar.connect()).collect();
    for client in &mut held {
        assert_eq!(client.ask(&Ask::get("/")).status, 200);
    }
    sidecar.connect().assert_closed();
    // Those that are in stay in, and one that leaves makes room.
    assert_eq!(held[0].ask(&Ask::get("/")).status, 200);
    held.pop();
    harness::eventually("there is room again", || {
        let mut client = sidecar.connect();
        client.try_send(Ask::get("/").bytes()).ok()?;
        client
            .try_response("GET")
            .ok()
            .filter(|response| response.status == 200)
    });
}
