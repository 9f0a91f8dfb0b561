//! Whatever an upstream does, the client gets a clear answer or a clear end, and nobody else notices.

use harness::{Ask, Conversation, Mischief, Origin, Relay, Reply, Sidecar};

use crate::{forebay, in_front_of};

const IMPATIENT: &str = "timeouts: {connect: 300ms, first_byte: 300ms, idle: 300ms}";

fn impatient(origin: &Origin) -> Sidecar {
    forebay().origin(origin).upstream(IMPATIENT).start()
}

/// Says this to every request, and then does the last thing.
fn answers(bytes: &'static str, then: fn(Conversation)) -> Origin {
    Origin::scripted(move |mut conversation| {
        conversation.request();
        conversation.say(bytes);
        then(conversation);
    })
}

fn hang(mut conversation: Conversation) {
    while !conversation.hear().is_empty() {}
}

fn close(_conversation: Conversation) {}

#[test]
fn an_upstream_that_refuses_is_502() {
    let gone = Origin::saying("").address();
    let sidecar = forebay().endpoint(&format!("http://{gone}")).start();
    sidecar.get("/").assert_problem(502, "connect-failed");
}

#[test]
fn an_upstream_that_closes_without_an_answer_is_502() {
    let origin = answers("", close);
    let sidecar = impatient(&origin);
    let response = sidecar.get("/");
    response.assert_problem(502, "upstream-closed");
    assert!(
        response
            .header("proxy-status")
            .unwrap()
            .contains("connection_terminated")
    );
}

#[test]
fn an_upstream_that_resets_before_its_answer_is_502() {
    let origin = answers("", Conversation::reset);
    let sidecar = impatient(&origin);
    sidecar.get("/").assert_problem(502, "upstream-closed");
    sidecar
        .ask(&Ask::post("/", "x"))
        .assert_problem(502, "upstream-closed");
}

#[test]
fn an_upstream_that_resets_within_its_head_is_502() {
    let origin = answers("HTTP/1.1 200 OK\r\nContent-Le", Conversation::reset);
    let sidecar = impatient(&origin);
    assert_eq!(sidecar.get("/").status, 502);
}

#[test]
fn an_upstream_that_hangs_is_504_and_soon() {
    for partial in ["", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let origin = answers(partial, hang);
        let sidecar = impatient(&origin);
        let response = sidecar.get("/");
        response.assert_problem(504, "first-byte-timed-out");
        assert!(
            response
                .header("proxy-status")
                .unwrap()
                .contains("http_response_timeout")
        );
    }
}

#[test]
fn an_upstream_that_only_ever_says_it_will_answer_is_504() {
    let origin = answers(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
        hang,
    );
    let sidecar = impatient(&origin);
    sidecar.get("/").assert_problem(504, "first-byte-timed-out");
}

#[test]
fn an_upstream_that_talks_garbage_is_502() {
    for garbage in [
        "garbage\r\n\r\n",
        "HTTP/1.1 99999 No\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
    ] {
        let origin = answers(garbage, hang);
        let sidecar = impatient(&origin);
        let response = sidecar.get("/");
        assert_eq!(response.status, 502, "{garbage:?}: {response:?}");
        assert_eq!(
            response.header("content-type"),
            Some("application/problem+json")
        );
    }
}

#[test]
fn a_head_that_never_ends_is_502() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.say("HTTP/1.1 200 OK\r\n");
        while conversation
            .try_say("X-More: and more and more and more\r\n".repeat(100))
            .is_ok()
        {}
    });
    let sidecar = in_front_of(&origin);
    assert_eq!(sidecar.get("/").status, 502);
}

#[test]
fn a_body_that_ends_early_ends_the_clients_early_too() {
    for body in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nshort\r\n",
    ] {
        for then in [close as fn(Conversation), Conversation::reset, hang] {
            let origin = answers(body, then);
            let sidecar = impatient(&origin);
            let mut client = sidecar.connect();
            client.send(Ask::get("/").bytes());
            // Cut short, not made whole: the client can tell.
            let response = client.try_response("GET");
            let told = response
                .as_ref()
                .map_or(true, |response| response.status >= 500);
            assert!(told, "{body:?}: {response:?}");
        }
    }
}

#[test]
fn a_body_that_ends_early_is_an_error_in_http2_too() {
    let origin = answers("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", close);
    let sidecar = impatient(&origin);
    let client = sidecar.connect_h2();
    let response = client.ask("GET", "/", &[], b"");
    assert!(
        response
            .as_ref()
            .map_or(true, |response| response.status >= 500),
        "{response:?}"
    );
    sidecar.wait_for_metric(
        "forebay_failures_total",
        &[("failure", "upstream-truncated")],
        1.0,
    );
}

#[test]
fn a_response_of_one_byte_at_a_time_arrives_whole() {
    let origin = Origin::http(|_| Reply::chunked(["slow", " but", " sure"]).header("X-Y", "z"));
    let relay = Relay::to(origin.address(), Mischief::Drip);
    let sidecar = forebay()
        .endpoint(&format!("http://{}", relay.address()))
        .start();
    for _ in 0..3 {
        let response = sidecar.get("/");
        assert_eq!(response.text(), "slow but sure");
        assert_eq!(response.header("x-y"), Some("z"));
    }
}

#[test]
fn a_network_that_swallows_everything_is_504() {
    let origin = Origin::saying("x");
    let relay = Relay::to(origin.address(), Mischief::Blackhole);
    let sidecar = forebay()
        .endpoint(&format!("http://{}", relay.address()))
        .upstream(IMPATIENT)
        .start();
    sidecar.get("/").assert_problem(504, "first-byte-timed-out");
    relay.now(Mischief::None);
    assert_eq!(sidecar.get("/").text(), "x");
}

#[test]
fn wherever_a_connection_breaks_the_client_can_tell() {
    const ANSWER: usize = 60;
    let origin = Origin::saying("a body of thirty-one characters");
    for bytes in (1..ANSWER).step_by(7) {
        for mischief in [Mischief::ResetAfter(bytes), Mischief::TruncateAfter(bytes)] {
            let relay = Relay::to(origin.address(), mischief);
            let sidecar = forebay()
                .endpoint(&format!("http://{}", relay.address()))
                .upstream(IMPATIENT)
                .start();
            let mut client = sidecar.connect();
            client.send(Ask::get("/").bytes());
            let response = client.try_response("GET");
            let told = response
                .as_ref()
                .map_or(true, |response| response.status == 502);
            assert!(told, "{mischief:?}: {response:?}");
        }
    }
}

/// Answers once per connection and closes it when the next request has arrived.
fn closes_on_reuse() -> Origin {
    Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        conversation.request();
    })
}

/// Trap 23.
#[test]
fn a_kept_connection_that_was_closed_is_no_error_for_a_get() {
    let origin = closes_on_reuse();
    let sidecar = in_front_of(&origin);
    for _ in 0..5 {
        let response = sidecar.get("/");
        assert_eq!((response.status, response.text().as_str()), (200, "ok"));
    }
}

/// Trap 23: it may have been carried out.
#[test]
fn a_post_that_was_sent_is_not_sent_again() {
    for body in ["order", ""] {
        let origin = closes_on_reuse();
        let sidecar = in_front_of(&origin);
        // On one connection of a client it is always the same worker, with the same connections.
        let mut client = sidecar.connect();
        assert_eq!(client.ask(&Ask::get("/")).status, 200);
        let response = client.ask(&Ask::post("/", body));
        response.assert_problem(502, "upstream-closed");
        let requests = origin.requests();
        let posts = requests.iter().filter(|request| request.method == "POST");
        assert_eq!(posts.count(), 1, "{body:?}");
    }
}

/// Trap 23: a request with a body that was certainly not sent is.
#[test]
fn an_idle_connection_that_the_upstream_closed_is_not_used_for_a_post() {
    let origin = Origin::scripted(|mut conversation| {
        let Some(_request) = conversation.request() else {
            return;
        };
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    for _ in 0..5 {
        assert_eq!(client.ask(&Ask::get("/")).status, 200);
        sidecar.wait_for_metric("forebay_upstream_connections", &[("state", "idle")], 0.0);
        assert_eq!(client.ask(&Ask::post("/", "order")).status, 200);
        sidecar.wait_for_metric("forebay_upstream_connections", &[("state", "idle")], 0.0);
    }
}

#[test]
fn a_failing_upstream_leaves_other_connections_unharmed() {
    let bad = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.reset();
    });
    let good = Origin::saying("good");
    let sidecar = forebay()
        .config(&format!(
            "version: 1\nlisteners: [{{address: \"{{listen}}\"}}]\n\
             admin: {{address: off, telemetry_address: \"{{telemetry}}\"}}\n\
             upstreams:\n  bad: {{endpoints: [\"http://{}\"]}}\n  good: {{endpoints: [\"http://{}\"]}}\n\
             routes:\n  - {{name: bad, match: {{path: /bad}}, upstream: bad}}\n  \
             - {{name: good, upstream: good}}\n",
            bad.address(),
            good.address()
        ))
        .start();
    let mut steady = sidecar.connect();
    let streams = sidecar.connect_h2();
    for _ in 0..10 {
        assert_eq!(steady.ask(&Ask::get("/bad")).status, 502);
        assert_eq!(steady.ask(&Ask::get("/")).text(), "good");
        assert_eq!(streams.get("/bad").status, 502);
        assert_eq!(streams.get("/").text(), "good");
    }
    // Each client's worker keeps one connection.
    assert!(
        good.connections() <= 2,
        "{} connections",
        good.connections()
    );
}

#[test]
fn an_upstream_that_answers_twice_poisons_nobody() {
    let origin = Origin::scripted(|mut conversation| {
        while conversation.request().is_some() {
            conversation.say(
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst\
                 HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
            );
        }
    });
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    for _ in 0..5 {
        let response = client.ask(&Ask::get("/"));
        assert_ne!(response.text(), "poison");
    }
}

#[test]
fn the_total_deadline_ends_what_keeps_trickling() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while conversation.try_say("1\r\nx\r\n").is_ok() {}
    });
    let sidecar = forebay()
        .origin(&origin)
        .upstream("timeouts: {connect: 200ms, first_byte: 300ms, total: 400ms}")
        .start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    assert!(client.try_response("GET").is_err());
    sidecar.wait_for_metric(
        "forebay_failures_total",
        &[("failure", "total-timed-out")],
        1.0,
    );
}
