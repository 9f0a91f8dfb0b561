//! A shield in shadow mode: it sees the same, tells of it, and changes nothing.

use harness::{Ask, Origin, h2::pieces};

use super::{decided, from, shielding};

#[test]
fn a_shield_in_shadow_mode_tells_what_it_would_have_refused() {
    let origin = Origin::saying("x");
    let rules = "mode: shadow, deny: [203.0.113.0/24], methods: [GET, POST], max_json_depth: 2";
    let sidecar = shielding(&origin, rules).start();
    let json = |body: &str| Ask::post("/", body).header("Content-Type", "application/json");
    for ask in [
        from("203.0.113.1", Ask::get("/")),
        Ask::new("DELETE", "/"),
        Ask::get("/a%2fb"),
        Ask::get("/?id=1%27+union+select+password+from+users--+"),
        json("[[[]]]"),
        json(r#"{"name": "1' union select password from users--"}"#),
        Ask::get("/fine"),
    ] {
        assert_eq!(sidecar.ask(&ask).status, 200);
    }
    assert_eq!(origin.count(), 7);
    for (decision, count) in [
        ("address-refused", 1.0),
        ("method-refused", 1.0),
        ("path-ambiguous", 1.0),
        ("json-too-deep", 1.0),
        ("attack-pattern", 2.0),
        ("allow", 1.0),
    ] {
        decided(&sidecar, decision, "shadow", count);
    }
    for kind in ["request_refused", "attack_pattern"] {
        let event = sidecar.wait_for_security_event(kind);
        assert_eq!(event["action"], "shadowed", "{event}");
    }
}

#[test]
fn a_shield_in_shadow_mode_holds_no_body_back() {
    let origin = Origin::scripted(|mut conversation| {
        let head = conversation.head().unwrap();
        // It answers when it has seen the first piece; only then does the client send the rest.
        conversation.hear();
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        conversation.body(&head);
    });
    let sidecar = shielding(&origin, "mode: shadow").start();
    let client = sidecar.connect_h2();
    let (writer, body) = pieces();
    writer.data(b"[1, ");
    let kind = [("content-type", "application/json")];
    let answered = client.begin("POST", "/", &kind, body).unwrap();
    writer.data(b"2]");
    drop(writer);
    assert_eq!(answered.rest().unwrap().text(), "ok");
}
