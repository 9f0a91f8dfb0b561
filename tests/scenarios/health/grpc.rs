//! `grpc.health.v1.Health/Check`.

use harness::{
    H2Origin,
    h2::{H2Reply, pieces},
};

use super::{wait_for_check, wait_for_health};
use crate::forebay;

/// A server that answers checks with this enum value of `ServingStatus`, and other requests with 200.
fn serving(status: u8) -> H2Origin {
    H2Origin::new(move |request| {
        if !request.target.ends_with("/grpc.health.v1.Health/Check") {
            return H2Reply::ok(b"x");
        }
        let (writer, body) = pieces();
        writer.data(&[0, 0, 0, 0, 2, 0x08, status]);
        writer.trailers(&[("grpc-status", "0")]);
        H2Reply {
            head: http::Response::builder().header("content-type", "application/grpc"),
            body,
        }
    })
}

/// A server that does not know the service: its answer is nothing but trailers.
fn unknowing() -> H2Origin {
    H2Origin::new(|_| {
        let (_, body) = pieces();
        H2Reply {
            head: http::Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-status", "5"),
            body,
        }
    })
}

#[test]
fn only_a_server_that_says_serving_is_asked() {
    let (serving, not_serving, unknowing) = (serving(1), serving(2), unknowing());
    let sidecar = forebay()
        .endpoint(&format!("http://{}", serving.address()))
        .endpoint(&format!("http://{}", not_serving.address()))
        .endpoint(&format!("http://{}", unknowing.address()))
        .upstream(
            "protocol: http2\n\
             panic_below: 0%\n\
             health_check: {kind: grpc, service: shop.Orders, interval: 20ms, timeout: 5s, \
             unhealthy_after: 1}",
        )
        .start();
    wait_for_check(&sidecar, serving.address(), "passed");
    wait_for_check(&sidecar, not_serving.address(), "not-serving");
    wait_for_check(&sidecar, unknowing.address(), "not-serving");
    wait_for_health(&sidecar, &not_serving.address().to_string(), 0.0);
    wait_for_health(&sidecar, &unknowing.address().to_string(), 0.0);
    for _ in 0..10 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    let of_clients = |origin: &H2Origin| {
        let requests = origin.requests();
        requests
            .iter()
            .filter(|request| request.method == "GET")
            .count()
    };
    assert_eq!(of_clients(&serving), 10);
    assert_eq!(of_clients(&not_serving), 0);
    let check = &serving.requests()[0];
    assert_eq!(check.method, "POST");
    assert_eq!(check.header("content-type"), Some("application/grpc"));
    assert_eq!(check.header("te"), Some("trailers"));
    assert_eq!(check.body, b"\0\0\0\0\x0d\x0a\x0bshop.Orders");
}

#[test]
fn a_server_of_http_1_is_no_grpc_server() {
    let plain = harness::Origin::saying("x");
    let sidecar = forebay()
        .origin(&plain)
        .upstream("health_check: {kind: grpc, interval: 20ms, timeout: 5s}")
        .start();
    wait_for_check(&sidecar, plain.address(), "garbage");
}
