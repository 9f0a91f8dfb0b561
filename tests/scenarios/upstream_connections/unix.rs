//! Endpoints behind a Unix socket.

use harness::{Ask, Front, H2Origin, Origin, Reply, h2::H2Reply};

use crate::forebay;

#[test]
fn an_endpoint_may_be_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.sock");
    let origin = Origin::http(|request| Reply::ok(request.body.clone()));
    let _front = Front::unix(&path, origin.address(), None);
    let sidecar = forebay()
        .endpoint(&format!("http+unix:{}", path.display()))
        .start();
    for _ in 0..3 {
        let response = sidecar.ask(&Ask::post("/x", "hello"));
        assert_eq!(
            (response.status, response.text()),
            (200, "hello".to_owned())
        );
    }
    assert_eq!(origin.last().header("host"), Some("shop.test"));
}

#[test]
fn a_unix_socket_may_speak_http2() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.sock");
    let origin = H2Origin::new(|_| H2Reply::ok(b"x"));
    let _front = Front::unix(&path, origin.address(), None);
    let sidecar = forebay()
        .endpoint(&format!("http+unix:{}", path.display()))
        .upstream("protocol: http2")
        .start();
    assert_eq!(sidecar.get("/").text(), "x");
}

#[test]
fn a_unix_socket_that_is_not_there_is_502() {
    let sidecar = forebay()
        .endpoint("http+unix:{directory}/none.sock")
        .start();
    sidecar.get("/").assert_problem(502, "connect-failed");
    assert!(
        sidecar.stderr().contains("none.sock"),
        "{}",
        sidecar.stderr()
    );
}
