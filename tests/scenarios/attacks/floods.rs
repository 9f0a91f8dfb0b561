//! Too many connections, and too much on one.

use harness::{Ask, Origin, RawClient, Sidecar, eventually};

use super::{ENDED, assert_grew_by_less_than, assert_others_are_served, assert_told, limited};

/// A connection that was let in and has been served.
fn served(sidecar: &Sidecar, before: &str) -> Option<RawClient> {
    let mut client = sidecar.connect();
    client.try_send(before).ok()?;
    client.try_send(Ask::get("/").bytes()).ok()?;
    let answered = client.try_response("GET").ok()?;
    (answered.status == 200).then_some(client)
}

#[test]
fn one_address_has_so_many_connections_and_gets_them_back_however_they_end() {
    let origin = Origin::saying("ok");
    let limits = "max_connections_per_ip: 3, head_timeout: 1s, idle_timeout: 5s";
    let sidecar = limited(&origin, limits).start();
    for end in ["half-close", "reset", "drop", "garbage", "half a head"] {
        let mut held: Vec<_> = (0..3)
            .map(|_| eventually("there is room", || served(&sidecar, "")))
            .collect();
        sidecar.connect().assert_closed();
        assert_eq!(held[1].ask(&Ask::get("/")).status, 200);
        for mut client in held {
            match end {
                "half-close" => client.half_close(),
                "reset" => {
                    client.reset();
                    continue;
                }
                "garbage" => drop(client.try_send("garbage\r\n\r\n")),
                "half a head" => drop(client.try_send("GET / HT")),
                _ => continue,
            }
            while client.hear_some().is_ok_and(|heard| !heard.is_empty()) {}
        }
    }
    assert_told(&sidecar, "connection_flood");
    assert!(sidecar.metric(ENDED, &[("outcome", "refused")]) >= 5.0);
    eventually("there is room at the end", || served(&sidecar, ""));
}

/// Whom a trusted proxy names is who counts, and a network of IPv6 is one.
#[test]
fn clients_behind_a_proxy_have_places_of_their_own() {
    let origin = Origin::saying("ok");
    let sidecar = limited(&origin, "max_connections_per_ip: 2")
        .listener("proxy_protocol: true\ntrusted_proxies: [127.0.0.0/8]")
        .start();
    let v4 = |last: u8| format!("PROXY TCP4 192.0.2.{last} 127.0.0.1 1000 80\r\n");
    let v6 = |tail: &str| format!("PROXY TCP6 2001:db8::{tail} ::1 1000 80\r\n");
    let mut held: Vec<_> = [v4(1), v4(1), v4(2), v6("1"), v6("2:0:0:1")]
        .iter()
        .map(|header| served(&sidecar, header).expect("there is room"))
        .collect();
    for header in [v4(1), v6("3")] {
        assert!(served(&sidecar, &header).is_none(), "{header}");
    }
    assert!(served(&sidecar, &v4(2)).is_some());
    let events = eventually("both refusals are told", || {
        let events = sidecar.security_events();
        (events.len() >= 2).then_some(events)
    });
    assert_eq!(events[0]["event"], "connection_flood");
    assert_eq!(events[0]["client.address"], "192.0.2.1");
    assert_eq!(events[1]["client.address"], "2001:db8::3");
    held.remove(0);
    eventually("there is room again", || served(&sidecar, &v4(1)));
}

#[test]
fn too_many_connections_of_everybody_are_told_too() {
    let origin = Origin::saying("ok");
    let sidecar = limited(&origin, "max_connections: 2").start();
    let _held: Vec<_> = (0..2).map(|_| served(&sidecar, "")).collect();
    sidecar.connect().assert_closed();
    assert_told(&sidecar, "connection_flood");
}

/// Requests are read as fast as answers are taken, and no faster.
#[test]
fn a_flood_of_pipelined_requests_waits_for_its_answers() {
    let origin = Origin::saying("ok");
    let sidecar = limited(&origin, "stall_timeout: 1s")
        .with_policies("cache: {ttl: 60s}")
        .start();
    assert_others_are_served(&sidecar);
    let before = sidecar.resident_memory();
    let requests = "GET /innocent HTTP/1.1\r\nHost: shop.test\r\n\r\n".repeat(500);
    for _ in 0..2 {
        let mut attacker = sidecar.connect();
        // Until nothing more is taken, because no answer is.
        while attacker.try_send(&requests).is_ok() {}
        assert_others_are_served(&sidecar);
        assert_grew_by_less_than(&sidecar, before, 16);
    }
    sidecar.wait_for_metric(ENDED, &[("outcome", "stalled")], 2.0);
    assert_told(&sidecar, "slow_client");
}

/// What comes between and behind the chunks costs as much as content, and is none.
#[test]
fn chunk_extensions_and_trailers_without_end_are_ended() {
    let origin = Origin::saying("ok");
    let sidecar = limited(&origin, "max_body: 1KiB").start();
    let before = sidecar.resident_memory();
    let head = "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    let many_small = "1;".to_owned() + &"e".repeat(500) + "\r\nx\r\n";
    for (start, more) in [
        ("5;", "extension=x;".repeat(1000)),
        ("", many_small.repeat(100)),
        ("1\r\nx\r\n0\r\nX-T: ", "t".repeat(10_000)),
        ("1\r\nx\r\n0\r\n", "X-T: t\r\n".repeat(1000)),
    ] {
        let mut attacker = sidecar.connect();
        attacker.send(head).send(start);
        let mut sent: u64 = 0;
        while attacker.try_send(&more).is_ok() {
            sent += more.len() as u64;
            assert!(sent < 256 * super::MIB, "{start:?} has no end");
        }
        assert_others_are_served(&sidecar);
    }
    assert_grew_by_less_than(&sidecar, before, 16);
    let whole = origin.requests();
    assert!(whole.iter().all(|request| request.method == "GET"));
}
