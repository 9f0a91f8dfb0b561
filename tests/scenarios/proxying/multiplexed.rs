//! HTTP/2 from clients and to origins.

use harness::{
    Gate, H2Origin, Origin, Reply, Request, eventually,
    h2::{H2Reply, pieces},
    raw_h2::{End, RawH2},
};

use super::every_byte;
use crate::{forebay, in_front_of};

#[test]
fn http2_clients_are_served_from_an_http1_origin() {
    let origin = Origin::http(|request: &Request| {
        Reply::chunked([request.body.clone()])
            .trailer("x-sum", "1")
            .header("Trailer", "x-sum")
    });
    let sidecar = in_front_of(&origin);
    let client = sidecar.connect_h2();
    let body = every_byte();
    for _ in 0..3 {
        let response = client
            .ask("POST", "/x?y", &[("te", "trailers")], &body)
            .unwrap();
        assert!(response.body == body, "the bytes differ");
        assert_eq!(response.trailers.get("x-sum"), Some("1"));
    }
    let request = origin.last();
    assert_eq!(
        (request.target.as_str(), request.version.as_str()),
        ("/x?y", "HTTP/1.1")
    );
    assert_eq!(request.header("host"), Some("shop.test"));
}

/// The end of a request may come in a frame of its own (RFC 9113, section 8.1).
#[test]
fn connections_to_the_origin_are_used_again_for_http2_clients() {
    let requests: [(&str, &[&[u8]]); 5] = [
        ("GET", &[]),
        ("GET", &[b""]),
        ("POST", &[b"hello"]),
        ("POST", &[b"hello", b""]),
        ("POST", &[b"", b"hello", b"", b""]),
    ];
    let mut reused = Vec::new();
    for (method, content) in requests {
        let origin = Origin::saying("x");
        let sidecar = in_front_of(&origin);
        let mut client = RawH2::connect(sidecar.address());
        for stream in [1, 3, 5, 7, 9] {
            client.headers(stream, &RawH2::request(method, &[]), content.is_empty());
            for (i, piece) in content.iter().enumerate() {
                client.data(stream, piece, i + 1 == content.len());
            }
            assert_eq!(client.end_of(stream), End::Status(200));
            sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 0.0);
        }
        assert_eq!(origin.count(), 5);
        reused.push((method, content, origin.connections()));
    }
    assert!(
        reused.iter().all(|(_, _, connections)| *connections == 1),
        "{reused:?}"
    );
}

#[test]
fn streams_of_one_http2_connection_do_not_wait_for_each_other() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            if request.target == "/slow" {
                gate.wait();
            }
            Reply::ok(request.target.clone())
        }
    });
    let sidecar = in_front_of(&origin);
    let client = sidecar.connect_h2();
    let slow = std::thread::spawn({
        let client = client.clone();
        move || client.get("/slow").text()
    });
    origin.wait_for(1);
    assert_eq!(client.get("/fast").text(), "/fast");
    gate.open();
    assert_eq!(slow.join().unwrap(), "/slow");
}

#[test]
fn grpc_passes_with_its_trailers() {
    let origin = H2Origin::new(|request| {
        assert_eq!(request.header("te"), Some("trailers"));
        let (writer, body) = pieces();
        writer.data(b"\0\0\0\0\x02hi");
        writer.trailers(&[("grpc-status", "0"), ("grpc-message", "fine")]);
        H2Reply {
            head: http::Response::builder().header("content-type", "application/grpc"),
            body,
        }
    });
    let sidecar = forebay()
        .endpoint(&format!("http://{}", origin.address()))
        .upstream("protocol: http2")
        .start();
    let client = sidecar.connect_h2();
    let headers = [("te", "trailers"), ("content-type", "application/grpc")];
    for _ in 0..2 {
        let response = client
            .ask("POST", "/Shop/Buy", &headers, b"\0\0\0\0\x02yo")
            .unwrap();
        assert_eq!(response.body, b"\0\0\0\0\x02hi");
        assert_eq!(response.trailers.get("grpc-status"), Some("0"));
        assert_eq!(response.trailers.get("grpc-message"), Some("fine"));
    }
    let request = &origin.requests()[0];
    assert_eq!(request.body, b"\0\0\0\0\x02yo");
    assert!(request.target.ends_with("/Shop/Buy"), "{}", request.target);
}

#[test]
fn a_grpc_stream_arrives_message_by_message() {
    let writers = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let origin = H2Origin::new({
        let writers = std::sync::Arc::clone(&writers);
        move |_| {
            let (writer, body) = pieces();
            writers.lock().unwrap().push(writer);
            H2Reply {
                head: http::Response::builder().header("content-type", "application/grpc"),
                body,
            }
        }
    });
    let sidecar = forebay()
        .endpoint(&format!("http://{}", origin.address()))
        .upstream("protocol: http2")
        .start();
    let (_, request) = pieces();
    let client = sidecar.connect_h2();
    let mut arriving = client
        .begin("POST", "/Shop/Watch", &[("te", "trailers")], request)
        .unwrap();
    let writer = eventually("the origin has answered", || writers.lock().unwrap().pop());
    for message in [b"one", b"two"] {
        writer.data(message);
        assert_eq!(arriving.piece().unwrap(), message);
    }
    writer.trailers(&[("grpc-status", "5")]);
    drop(writer);
    assert_eq!(arriving.piece(), None);
    assert_eq!(arriving.head.trailers.get("grpc-status"), Some("5"));
}
