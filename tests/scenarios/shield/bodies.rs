//! What is judged by the body: before the request goes on, and while it does.

use std::sync::mpsc::channel;

use harness::{Ask, Origin, Reply, h2::pieces};

use super::{assert_refused, decided, shielding};

const ATTACK: &str = r#"{"name": "1' union select password from users--"}"#;

fn json(body: impl Into<Vec<u8>>) -> Ask {
    Ask::post("/api", body).header("Content-Type", "application/json")
}

/// Answers with what it was sent, and with how that was framed.
fn echo() -> Origin {
    Origin::http(|request| {
        let framing = request
            .header("content-length")
            .or(request.header("transfer-encoding"));
        let trailer = request.trailers.get("x-sum").unwrap_or("none");
        Reply::ok(request.body.clone())
            .header("X-Framing", framing.unwrap_or("none"))
            .header("X-Trailer", trailer)
    })
}

/// The same, and counts a request by its head.
fn by_heads() -> Origin {
    Origin::scripted(|mut conversation| {
        while let Some(head) = conversation.head() {
            let Some((body, _)) = conversation.body(&head) else {
                return;
            };
            let length = body.len();
            conversation.say(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
            ));
            conversation.say(body);
        }
    })
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn an_attack_in_a_body_does_not_reach_the_origin() {
    let origin = echo();
    let sidecar = shielding(&origin, "").start();
    let refused = sidecar.ask(&json(ATTACK));
    assert_refused(&refused, 403, "attack-pattern", &origin, 0);
    let form = Ask::post("/login", "user=admin'+or+'1'='1&password=x")
        .header("Content-Type", "application/x-www-form-urlencoded");
    assert_refused(&sidecar.ask(&form), 403, "attack-pattern", &origin, 0);
    let client = sidecar.connect_h2();
    let kind = [("content-type", "application/json")];
    let refused = client
        .ask("POST", "/api", &kind, ATTACK.as_bytes())
        .unwrap();
    assert_refused(&refused, 403, "attack-pattern", &origin, 0);
    let fine = client.ask("POST", "/api", &kind, b"{\"name\": \"O'Brien\"}");
    assert_eq!(fine.unwrap().status, 200);
    decided(&sidecar, "attack-pattern", "enforce", 3.0);
    decided(&sidecar, "allow", "enforce", 1.0);
}

#[test]
fn a_body_that_was_looked_at_goes_on_as_it_came() {
    let origin = echo();
    let sidecar = shielding(&origin, "").start();
    let mut client = sidecar.connect();
    let whole = client.ask(&json(r#"{"a": 1}"#));
    assert_eq!(whole.text(), r#"{"a": 1}"#);
    assert_eq!(whole.header("x-framing"), Some("8"));
    let head = "POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n";
    client.send(format!(
        "{head}4\r\n{{\"a\"\r\n4\r\n: 2}}\r\n0\r\nX-Sum: 7\r\n\r\n"
    ));
    let chunked = client.response("POST");
    assert_eq!(chunked.text(), r#"{"a": 2}"#);
    assert_eq!(chunked.header("x-framing"), Some("chunked"));
    assert_eq!(chunked.header("x-trailer"), Some("7"));
    // Larger than what is looked at, both ways.
    let large = format!("[{}0]", "1234567,".repeat(20_000));
    let whole = client.ask(&json(large.as_str()));
    assert_eq!(whole.text(), large);
    assert_eq!(whole.header("x-framing"), Some("160003"));
    client.send(format!(
        "{head}{:x}\r\n{large}\r\n0\r\nX-Sum: 8\r\n\r\n",
        large.len()
    ));
    let chunked = client.response("POST");
    assert_eq!(chunked.text(), large);
    assert_eq!(chunked.header("x-trailer"), Some("8"));
    decided(&sidecar, "allow", "enforce", 4.0);
}

#[test]
fn what_is_looked_at_has_a_bound() {
    let origin = echo();
    let sidecar = shielding(&origin, "rules: {body: 1KiB}").start();
    let behind = format!(r#"{{"pad": "{}", {}"#, "x".repeat(2000), &ATTACK[1..]);
    assert_eq!(sidecar.ask(&json(behind)).status, 200);
    let before = format!(r#"{{"pad": "{}", {}"#, "x".repeat(500), &ATTACK[1..]);
    let large = format!("{before}{}", " ".repeat(100_000));
    let refused = sidecar.ask(&json(large));
    assert_refused(&refused, 403, "attack-pattern", &origin, 1);
}

#[test]
fn a_client_that_waits_to_be_asked_is_asked() {
    let origin = echo();
    let sidecar = shielding(&origin, "").start();
    let head = |length: usize| {
        format!(
            "POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        )
    };
    for (body, status) in [("[1, 2]", 200), (ATTACK, 403)] {
        let mut client = sidecar.connect();
        client.send(head(body.len()));
        assert_eq!(client.response_head().status, 100);
        client.send(body);
        assert_eq!(client.response("POST").status, status, "{body}");
    }
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_body_that_comes_slowly_goes_on_when_it_was_seen() {
    let origin = by_heads();
    let sidecar = shielding(&origin, "").threads(1).start();
    let mut client = sidecar.connect();
    client.send(
        "POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n\
         Content-Length: 6\r\n\r\n[1,",
    );
    // Whatever comes after it is answered: it has been taken up.
    assert_eq!(sidecar.get("/other").status, 200);
    assert_eq!(origin.count(), 1);
    client.send(" 2]");
    assert_eq!(client.response("POST").text(), "[1, 2]");
}

#[test]
fn a_body_that_never_comes_goes_nowhere() {
    let origin = by_heads();
    let sidecar = shielding(&origin, "").threads(1).start();
    let mut client = sidecar.connect();
    client.send(
        "POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n\
         Content-Length: 6\r\n\r\n[1,",
    );
    client.half_close();
    let _refused_or_closed = client.try_response("POST");
    assert_eq!(sidecar.get("/other").status, 200);
    assert_eq!(origin.count(), 1);
}

#[test]
fn deep_json_is_refused_before_it_goes_on() {
    let origin = echo();
    let sidecar = shielding(&origin, "max_json_depth: 5").start();
    assert_eq!(sidecar.ask(&json(nested(5))).status, 200);
    let refused = sidecar.ask(&json(nested(6)));
    assert_refused(&refused, 400, "json-too-deep", &origin, 1);
    // An origin may take it for JSON where nobody says what it is.
    let unsaid = sidecar.ask(&Ask::post("/api", nested(6)));
    assert_refused(&unsaid, 400, "json-too-deep", &origin, 1);
    let text = Ask::post("/api", nested(6)).header("Content-Type", "text/plain");
    assert_eq!(sidecar.ask(&text).status, 200);
    assert_eq!(sidecar.ask(&json("\"[[[[[[[[[\"")).status, 200);
}

/// The upstream must not take half a body for a whole one (trap 5).
#[test]
fn json_that_proves_too_deep_on_its_way_is_broken_off() {
    let (seen, sight) = channel();
    let origin = Origin::scripted(move |mut conversation| {
        let Some(head) = conversation.head() else {
            return;
        };
        let _test_is_over = seen.send(conversation.body(&head).is_some());
    });
    let sidecar = shielding(&origin, "max_json_depth: 5").start();
    let deep = format!("[{}{}]", "1234567,".repeat(50_000), nested(9));
    let refused = sidecar.ask(&json(deep));
    refused.assert_problem(400, "json-too-deep");
    assert!(!sight.recv().unwrap(), "a whole body has arrived");
    decided(&sidecar, "json-too-deep", "enforce", 1.0);
}

#[test]
fn a_body_without_a_length_is_too_long_when_it_proves_so() {
    let (seen, sight) = channel();
    let origin = Origin::scripted(move |mut conversation| {
        let Some(head) = conversation.head() else {
            return;
        };
        let _test_is_over = seen.send(conversation.body(&head).is_some());
    });
    let sidecar = shielding(&origin, "max_body: 40000B").start();
    let mut client = sidecar.connect();
    let piece = "1".repeat(30_000);
    client.send(format!(
        "POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Type: text/plain\r\n\
         Transfer-Encoding: chunked\r\n\r\n7530\r\n{piece}\r\n7530\r\n{piece}\r\n0\r\n\r\n"
    ));
    client.response("POST").assert_problem(413, "body-too-long");
    assert!(!sight.recv().unwrap(), "a whole body has arrived");
}

#[test]
fn an_http2_body_that_comes_in_pieces_is_seen_as_one() {
    let origin = echo();
    let sidecar = shielding(&origin, "").start();
    let client = sidecar.connect_h2();
    let (writer, body) = pieces();
    let (before, after) = ATTACK.as_bytes().split_at(20);
    for piece in [before, after] {
        writer.data(piece);
    }
    writer.trailers(&[("x-sum", "7")]);
    drop(writer);
    let kind = [("content-type", "application/json")];
    let refused = client.begin("POST", "/api", &kind, body).unwrap();
    let refused = refused.rest().unwrap();
    assert_refused(&refused, 403, "attack-pattern", &origin, 0);
}

#[test]
fn a_body_that_is_part_of_a_key_is_looked_at_as_well() {
    let origin = echo();
    let sidecar = shielding(&origin, "")
        .with_policies("cache: {ttl: 60s, key: {body: {methods: [POST]}}}")
        .start();
    let fine = json(r#"{"q": "red"}"#);
    sidecar.ask(&fine).assert_forwarded();
    sidecar.ask(&fine).assert_hit();
    let refused = sidecar.ask(&json(ATTACK));
    assert_refused(&refused, 403, "attack-pattern", &origin, 1);
    decided(&sidecar, "allow", "enforce", 2.0);
}

/// Memory for bodies is bounded, and whoever uses it up must not open a way past the rules.
#[test]
fn a_body_that_there_is_no_room_to_look_at_is_refused() {
    let origin = echo();
    let sidecar = shielding(&origin, "rules: {body: 1MiB}")
        .top("memory: {limit: 16MiB}")
        .start();
    let mut slow = sidecar.connect();
    let head = "POST /api HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    slow.send(format!("{head}1\r\n[\r\n"));
    sidecar.wait_for_metric("forebay_cache_fills_bytes", &[], f64::from(2 << 20));
    let mut second = sidecar.connect();
    second.send(format!("{head}2\r\n[]\r\n0\r\n\r\n"));
    let refused = second.response("POST");
    assert_refused(&refused, 503, "no-room-to-look", &origin, 0);
    assert!(refused.headers.has("retry-after"), "{refused:?}");
    // What says that it is short fits.
    assert_eq!(sidecar.ask(&json("[]")).status, 200);
    slow.send("1\r\n]\r\n0\r\n\r\n");
    assert_eq!(slow.response("POST").text(), "[]");
}
