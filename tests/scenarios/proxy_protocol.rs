//! The PROXY protocol: clients that a proxy in front names, and endpoints that are told of them.

use std::net::SocketAddr;

use harness::{Ask, Builder, Origin, RawClient, Reply, command::curl};

use crate::forebay;

const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const REFUSED: (&str, &[(&str, &str)]) = (
    "forebay_client_connections_total",
    &[("outcome", "proxy-header-refused")],
);

/// A sidecar that wants a header of everybody, and believes this machine.
fn demanding(origin: &Origin) -> Builder {
    forebay()
        .origin(origin)
        .listener("proxy_protocol: true\ntrusted_proxies: [127.0.0.0/8]")
}

/// A header of version 2 for IPv4, with further fields behind the addresses.
fn block(source: [u8; 4], port: u16, fields: &[u8]) -> Vec<u8> {
    let mut bytes = V2.to_vec();
    bytes.extend([0x21, 0x11]);
    bytes.extend(u16::try_from(12 + fields.len()).unwrap().to_be_bytes());
    bytes.extend(source);
    bytes.extend([192, 0, 2, 1]);
    bytes.extend(port.to_be_bytes());
    bytes.extend(443_u16.to_be_bytes());
    bytes.extend(fields);
    bytes
}

#[test]
fn the_client_is_who_the_header_names() {
    let origin =
        Origin::http(|request| Reply::ok(request.header("x-forwarded-for").unwrap_or_default()));
    let sidecar = demanding(&origin).start();
    for (header, client) in [
        (
            b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n".to_vec(),
            "203.0.113.7",
        ),
        (
            b"PROXY TCP6 2001:db8::7 ::1 56324 443\r\n".to_vec(),
            "2001:db8::7",
        ),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
        (block([203, 0, 113, 8], 1, &[]), "203.0.113.8"),
        (
            block([203, 0, 113, 9], 1, &[0x03, 0, 4, 1, 2, 3, 4]),
            "203.0.113.9",
        ),
        ([V2, &[0x20, 0, 0, 0]].concat(), "127.0.0.1"),
    ] {
        let mut connection = sidecar.connect();
        connection.send(&header);
        for _ in 0..2 {
            assert_eq!(connection.ask(&Ask::get("/")).text(), client);
        }
    }
}

/// However the bytes come, not one behind the header is lost or read twice.
#[test]
fn a_header_may_come_byte_by_byte_or_with_the_request() {
    let origin =
        Origin::http(|request| Reply::ok(request.header("x-forwarded-for").unwrap_or_default()));
    let sidecar = demanding(&origin).start();
    let line = b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n";
    let mut slow = sidecar.connect();
    for byte in line {
        slow.send([*byte]);
    }
    assert_eq!(slow.ask(&Ask::get("/")).text(), "203.0.113.7");
    for header in [line.to_vec(), block([203, 0, 113, 7], 1, &[0; 40])] {
        let mut quick = sidecar.connect();
        quick.send([header, Ask::get("/").bytes()].concat());
        assert_eq!(quick.response("GET").text(), "203.0.113.7");
    }
}

#[test]
fn what_is_no_header_ends_the_connection_without_a_word() {
    let origin = Origin::saying("x");
    let sidecar = demanding(&origin).start();
    let none: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 056324 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PROXY TCP4 nobody 192.0.2.1 1 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PROXY UNKNOWN xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xffxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        b"\r\n\r\n\0\r\nQUIT\n\x2f\x11\0\0GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    for (count, bytes) in none.into_iter().enumerate() {
        let mut client = sidecar.connect();
        client.send(bytes);
        // A close with bytes unread is a reset; either way nothing is said.
        let heard = client.hear_some().unwrap_or_default();
        assert!(heard.is_empty(), "{:?}", String::from_utf8_lossy(&heard));
        sidecar.wait_for_metric(REFUSED.0, REFUSED.1, count as f64 + 1.0);
    }
    assert_eq!(origin.count(), 0);
}

#[test]
fn only_trusted_proxies_may_name_a_client() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .listener("proxy_protocol: true\ntrusted_proxies: [10.0.0.0/8]")
        .start();
    let mut client = sidecar.connect();
    let _gone = client.try_send("PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n");
    let _gone = client.try_send(Ask::get("/").bytes());
    assert!(client.hear_some().unwrap_or_default().is_empty());
    sidecar.wait_for_metric(REFUSED.0, REFUSED.1, 1.0);
    assert_eq!(origin.count(), 0);
}

#[test]
fn a_header_has_to_come_in_time() {
    let origin = Origin::saying("x");
    let sidecar = demanding(&origin)
        .top("clients: {head_timeout: 200ms}")
        .start();
    let mut client = sidecar.connect();
    client.send("PROXY TCP4 203.0.113.7");
    client.assert_closed();
    sidecar.wait_for_metric(REFUSED.0, REFUSED.1, 1.0);
}

/// Trap 25.
#[test]
fn rate_limits_count_the_client_that_is_named() {
    let origin = Origin::saying("x");
    let sidecar = demanding(&origin)
        .with_policies("rate_limit: [{name: one, rate: 1/h, burst: 1, key: client_ip}]")
        .start();
    for (client, status) in [
        ("203.0.113.7", 200),
        ("203.0.113.7", 429),
        ("203.0.113.8", 200),
    ] {
        let mut connection = sidecar.connect();
        connection.send(format!("PROXY TCP4 {client} 192.0.2.1 1 2\r\n"));
        assert_eq!(connection.ask(&Ask::get("/")).status, status, "{client}");
    }
}

/// The one who is named is the peer from then on: what it claims itself is not believed.
#[test]
fn a_client_that_is_named_is_not_trusted_for_the_proxys_sake() {
    let origin =
        Origin::http(|request| Reply::ok(request.header("x-forwarded-for").unwrap_or_default()));
    let sidecar = demanding(&origin).start();
    let mut connection = sidecar.connect();
    connection.send("PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n");
    let lying = Ask::get("/").header("X-Forwarded-For", "198.51.100.1");
    assert_eq!(connection.ask(&lying).text(), "203.0.113.7");
}

#[test]
fn the_header_comes_before_tls() {
    let origin =
        Origin::http(|request| Reply::ok(request.header("x-forwarded-for").unwrap_or_default()));
    let made = rcgen::generate_simple_self_signed(["shop.test".to_owned()]).unwrap();
    let sidecar = demanding(&origin)
        .listener("tls: {certificate_file: \"{directory}/crt\", key_file: \"{directory}/key\"}")
        .file("crt", &made.cert.pem())
        .file("key", &made.signing_key.serialize_pem())
        .start();
    let port = sidecar.address().port();
    let authority = sidecar.directory().join("crt").display().to_string();
    let ran = curl(&[
        "--haproxy-protocol",
        "--cacert",
        &authority,
        "--resolve",
        &format!("shop.test:{port}:127.0.0.1"),
        &format!("https://shop.test:{port}/"),
    ]);
    assert_eq!(
        (ran.code, ran.text()),
        (Some(0), "127.0.0.1".to_owned()),
        "{}",
        ran.stderr
    );
}

/// An origin that wants a header of so many bytes, and tells what it was before each answer.
fn told(length: usize) -> Origin {
    Origin::scripted(move |mut conversation| {
        let Ok(header) = conversation.hear_exactly(length) else {
            return;
        };
        while conversation.request().is_some() {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            conversation.say([head.as_bytes(), &header].concat());
        }
    })
}

fn line(client: &RawClient, sidecar: SocketAddr) -> String {
    let client = client.stream().local_addr().unwrap();
    format!(
        "PROXY TCP4 127.0.0.1 127.0.0.1 {} {}\r\n",
        client.port(),
        sidecar.port()
    )
}

#[test]
fn an_endpoint_is_told_each_client_before_the_first_byte() {
    // Ports of five digits, so that every line is as long.
    let origin = told("PROXY TCP4 127.0.0.1 127.0.0.1 12345 12345\r\n".len());
    let sidecar = forebay()
        .origin(&origin)
        .upstream("connections: {proxy_protocol: v1}")
        .start();
    let mut clients: Vec<_> = (0..3).map(|_| sidecar.connect()).collect();
    let lines = clients.iter().map(|it| line(it, sidecar.address()));
    let expected: Vec<_> = lines.collect();
    for _ in 0..2 {
        for (client, expected) in clients.iter_mut().zip(&expected) {
            assert_eq!(&client.ask(&Ask::get("/")).text(), expected);
        }
    }
    // A connection that names one client is nobody else's.
    assert_eq!(origin.connections(), 6);
}

#[test]
fn an_endpoint_may_be_told_in_binary() {
    let origin = told(28);
    let sidecar = forebay()
        .origin(&origin)
        .upstream("connections: {proxy_protocol: v2}")
        .start();
    let mut client = sidecar.connect();
    let from = client.stream().local_addr().unwrap().port().to_be_bytes();
    let to = sidecar.address().port().to_be_bytes();
    let heard = client.ask(&Ask::get("/")).body;
    let expected = [
        V2,
        &[0x21, 0x11, 0, 12],
        &[127, 0, 0, 1, 127, 0, 0, 1],
        &from,
        &to,
    ];
    assert_eq!(heard, expected.concat());
    let spent = [("reason", "spent")];
    sidecar.wait_for_metric("forebay_upstream_connection_closes_total", &spent, 1.0);
}

/// A chain of proxies passes the first client on.
#[test]
fn the_client_that_was_named_is_named_again() {
    let line = "PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n";
    let origin = told(line.len());
    let sidecar = demanding(&origin)
        .upstream("connections: {proxy_protocol: v1}")
        .start();
    let mut client = sidecar.connect();
    client.send(line);
    assert_eq!(client.ask(&Ask::get("/")).text(), line);
}
