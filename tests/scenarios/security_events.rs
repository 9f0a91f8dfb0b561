//! One line for each security event, and a number for those that have none.

use harness::{Ask, Origin, Sidecar, eventually};
use serde_json::Value;

use crate::forebay;

const EVENTS: &str = "forebay_security_events_total";

/// One request an hour, and no more.
fn strict(origin: &Origin, mode: &str) -> Sidecar {
    let limit = format!("rate_limit: [{{name: strict, rate: 1/h, burst: 1, mode: {mode}}}]");
    forebay().origin(origin).with_policies(&limit).start()
}

fn told(sidecar: &Sidecar, count: usize) -> Vec<Value> {
    eventually("the events are written", || {
        let events = sidecar.security_events();
        (events.len() >= count).then_some(events)
    })
}

#[test]
fn an_event_tells_what_happened_to_whom_and_by_which_policy() {
    let origin = Origin::saying("x");
    let sidecar = strict(&origin, "enforce");
    sidecar.get("/");
    let refused = sidecar.ask(&Ask::get("/").header("X-Request-Id", "asked-twice"));
    refused.assert_problem(429, "rate-limited");
    let events = told(&sidecar, 1);
    assert_eq!(events.len(), 1, "{events:?}");
    let event = &events[0];
    for (field, value) in [
        ("kind", "security"),
        ("event", "rate_limited"),
        ("severity", "notice"),
        ("action", "blocked"),
        ("client.address", "127.0.0.1"),
        ("route", "all"),
        ("policy", "strict"),
        ("request_id", "asked-twice"),
    ] {
        assert_eq!(event[field], value, "{field} of {event}");
    }
    assert!(!event["evidence"].as_str().unwrap().is_empty(), "{event}");
    assert!(event["timestamp"].as_str().unwrap().ends_with('Z'));
    sidecar.wait_for_metric(
        EVENTS,
        &[("kind", "rate_limited"), ("action", "blocked")],
        1.0,
    );
    // Each request has its line in the access log all the same.
    eventually("both requests are logged", || {
        (sidecar.access_log().len() == 2).then_some(())
    });
}

#[test]
fn in_shadow_mode_the_event_tells_what_would_have_been() {
    let origin = Origin::saying("x");
    let sidecar = strict(&origin, "shadow");
    for _ in 0..2 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    let events = told(&sidecar, 1);
    assert_eq!(events[0]["action"], "shadowed", "{events:?}");
    sidecar.wait_for_metric(
        EVENTS,
        &[("kind", "rate_limited"), ("action", "shadowed")],
        1.0,
    );
    sidecar.wait_for_metric(EVENTS, &[], 1.0);
}

/// Whoever floods Forebay does not flood its log; what is left out is counted.
#[test]
fn a_flood_is_counted_and_not_written() {
    const REQUESTS: usize = 2_000;
    let origin = Origin::saying("x");
    let sidecar = strict(&origin, "enforce");
    sidecar.get("/");
    let mut client = sidecar.connect();
    for _ in 0..REQUESTS / 100 {
        client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n".repeat(100));
        for _ in 0..100 {
            assert_eq!(client.response("GET").status, 429);
        }
    }
    sidecar.wait_for_metric(EVENTS, &[("kind", "rate_limited")], REQUESTS as f64);
    let left_out = sidecar.metric("forebay_security_log_dropped_total", &[("reason", "rate")]);
    let written = REQUESTS - left_out as usize;
    let events = told(&sidecar, written);
    assert_eq!(events.len(), written);
    assert!(written < REQUESTS / 2, "{written} lines");
    // The lines that came after a silence tell how long it was.
    let suppressed = events
        .iter()
        .filter_map(|event| event["suppressed"].as_u64());
    assert!(suppressed.sum::<u64>() <= left_out as u64);
}

/// A line is one line, whatever its client calls itself.
#[test]
fn nothing_a_client_sends_forges_an_event() {
    let origin = Origin::saying("x");
    let sidecar = strict(&origin, "enforce");
    for _ in 0..2 {
        sidecar.ask(
            &Ask::get("/?token=hunter2")
                .header("X-Request-Id", "\"},{\"kind\":\"security\"")
                .header("X-Forwarded-For", "\"},{\"forged\":\"yes\""),
        );
    }
    let events = told(&sidecar, 1);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["client.address"], "127.0.0.1");
    let text = sidecar.stdout();
    assert!(
        !text.contains("forged") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn the_log_is_as_long_as_the_operator_wants() {
    for (wanted, most) in [("off", 0), ("{max_rate: 1/h}", 1)] {
        let origin = Origin::saying("x");
        let sidecar = forebay()
            .origin(&origin)
            .top(&format!("security_log: {wanted}"))
            .with_policies("rate_limit: [{name: strict, rate: 1/h, burst: 1}]")
            .start();
        for _ in 0..11 {
            sidecar.get("/");
        }
        sidecar.wait_for_metric(EVENTS, &[("kind", "rate_limited")], 10.0);
        eventually("all requests are logged", || {
            (sidecar.access_log().len() == 11).then_some(())
        });
        let written = sidecar.security_events().len();
        assert!(written <= 2 * most, "{written} lines with {wanted}");
        let left_out = sidecar.metric("forebay_security_log_dropped_total", &[("reason", "rate")]);
        let untold = if wanted == "off" { 0 } else { 10 - written };
        assert_eq!(left_out, untold as f64, "{wanted}");
    }
}
