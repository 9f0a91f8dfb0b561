//! SIGTERM: not ready any more, what is in flight ends in order, exit code 0.

use harness::{Ask, Gate, Origin, RawClient, Reply, deadline::timed, eventually};

use crate::forebay;

fn gated(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::http(move |request| {
        if request.target == "/slow" {
            gate.wait();
        }
        Reply::ok("done")
    })
}

#[test]
fn without_requests_it_ends_at_once_with_0() {
    let origin = Origin::saying("x");
    for signal in ["TERM", "INT"] {
        let mut sidecar = forebay().origin(&origin).start();
        let mut idle = sidecar.connect();
        assert_eq!(idle.ask(&Ask::get("/")).status, 200);
        sidecar.signal(signal);
        assert_eq!(
            sidecar.wait().code(),
            Some(0),
            "{signal}: {}",
            sidecar.stderr()
        );
        idle.assert_closed();
    }
}

#[test]
fn what_is_in_flight_is_finished() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let mut sidecar = forebay().origin(&origin).start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/slow").bytes());
    origin.wait_for(1);
    sidecar.signal("TERM");
    eventually("it is not ready", || {
        (sidecar.telemetry("/readyz").status == 503).then_some(())
    });
    // Alive all the same, or the orchestrator would kill it.
    assert_eq!(sidecar.telemetry("/livez").status, 200);
    gate.open();
    let response = client.response("GET");
    assert_eq!((response.status, response.text().as_str()), (200, "done"));
    assert_eq!(response.header("connection"), Some("close"));
    client.assert_closed();
    assert_eq!(sidecar.wait().code(), Some(0));
}

#[test]
fn a_body_under_way_is_finished() {
    let (send, pieces) = std::sync::mpsc::channel();
    let pieces = std::sync::Mutex::new(Some(pieces));
    let origin = Origin::http(move |_| Reply::streamed(pieces.lock().unwrap().take().unwrap()));
    let mut sidecar = forebay().origin(&origin).start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    send.send(b"before".to_vec()).unwrap();
    assert_eq!(client.response_head().status, 200);
    assert_eq!(client.chunk(), b"before");
    sidecar.signal("TERM");
    eventually("it is not ready", || {
        (sidecar.telemetry("/readyz").status == 503).then_some(())
    });
    send.send(b"after".to_vec()).unwrap();
    assert_eq!(client.chunk(), b"after");
    drop(send);
    assert!(client.chunk().is_empty());
    assert_eq!(sidecar.wait().code(), Some(0));
}

#[test]
fn streams_of_http2_are_finished() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let mut sidecar = forebay().origin(&origin).start();
    let client = sidecar.connect_h2();
    let slow = std::thread::spawn(move || client.get("/slow").text());
    origin.wait_for(1);
    sidecar.signal("TERM");
    eventually("it is not ready", || {
        (sidecar.telemetry("/readyz").status == 503).then_some(())
    });
    gate.open();
    assert_eq!(slow.join().unwrap(), "done");
    assert_eq!(sidecar.wait().code(), Some(0));
}

#[test]
fn after_the_deadline_what_is_left_is_cut_short() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let mut sidecar = forebay()
        .origin(&origin)
        .top("shutdown: {deadline: 300ms}")
        .start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/slow").bytes());
    origin.wait_for(1);
    sidecar.signal("TERM");
    let (status, took) = timed(|| sidecar.wait());
    assert_eq!(status.code(), Some(0), "{}", sidecar.stderr());
    assert!(took.as_secs() < 10, "{took:?}");
    gate.open();
    assert!(client.try_response("GET").is_err());
}

#[test]
fn within_the_delay_new_connections_are_still_served() {
    let origin = Origin::saying("x");
    let mut sidecar = forebay()
        .origin(&origin)
        .top("shutdown: {delay: 2s}")
        .start();
    sidecar.signal("TERM");
    eventually("it is not ready", || {
        (sidecar.telemetry("/readyz").status == 503).then_some(())
    });
    let mut late = RawClient::connect(sidecar.address());
    let response = late.ask(&Ask::get("/"));
    assert_eq!(response.text(), "x");
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(sidecar.wait().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let gate = Gate::new();
    let origin = gated(&gate);
    let mut sidecar = forebay().origin(&origin).start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/slow").bytes());
    origin.wait_for(1);
    sidecar.signal("TERM");
    eventually("it is not ready", || {
        (sidecar.telemetry("/readyz").status == 503).then_some(())
    });
    sidecar.signal("TERM");
    let status = sidecar.wait();
    assert!(!status.success(), "{status}");
    gate.open();
}
