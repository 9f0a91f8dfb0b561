//! The page about protecting an API: its configurations run, its commands work, and what it says of
//! them is so.

use std::process::Command;

use harness::{Ask, Builder, Origin, Page, Reply, command::run_command};

use crate::forebay;

const PAGE: Page = Page::new(include_str!("../../../docs/guide/protecting-an-api.md"));

const ATTACK: &str = "/?id=1%27+union+select+password+from+users--+";

/// An API that knows no password.
fn api() -> Origin {
    Origin::http(|request| match &*request.target {
        "/login" => Reply::status(401),
        _ => Reply::ok("x"),
    })
}

/// A configuration of the page, with the test as its proxy.
fn configured(number: usize, origin: &Origin) -> Builder {
    let proxies = ("10.0.0.0/8", "127.0.0.0/8");
    PAGE.configured(forebay(), number, origin, &[proxies])
}

fn guess() -> Ask {
    Ask::post("/login", "user=a&password=b")
        .header("Content-Type", "application/x-www-form-urlencoded")
}

#[test]
fn watching_refuses_nothing_and_tells_of_everything() {
    let origin = api();
    let sidecar = configured(1, &origin).start();
    for _ in 0..12 {
        assert_eq!(sidecar.ask(&guess()).status, 401);
    }
    assert_eq!(sidecar.get(ATTACK).status, 200);
    for kind in ["rate_limited", "ban_began", "attack_pattern"] {
        let event = sidecar.wait_for_security_event(kind);
        assert_eq!(event["action"], "shadowed", "{event}");
    }
    assert!(sidecar.admin("/bans").text().contains("\"shadow\""));
}

#[test]
fn the_shield_takes_what_each_route_needs() {
    let origin = api();
    let sidecar = configured(2, &origin).start();
    let from = |client: &str| Ask::get("/admin/users").header("X-Forwarded-For", client);
    let order = |kind: &str, body: &str| Ask::post("/orders", body).header("Content-Type", kind);
    let comment = |target: &str| Ask::get(target);
    for (ask, status) in [
        (from("192.0.2.1"), 200),
        (from("192.0.2.66"), 403),
        (from("198.51.100.1"), 403),
        (order("application/json", "[1]"), 200),
        (order("text/xml", "<x/>"), 415),
        (order("application/json", &"[".repeat(11)), 400),
        (order("application/json", &" ".repeat(70_000)), 413),
        (Ask::new("DELETE", "/orders"), 405),
        (comment(&ATTACK.replace("/?id=", "/comments?text=")), 200),
        (comment(&ATTACK.replace("/?id=", "/comments?by=")), 403),
        (Ask::get("/a%2fb"), 400),
    ] {
        assert_eq!(sidecar.ask(&ask).status, status, "{ask:?}");
    }
}

#[test]
fn who_does_not_stop_is_shut_out_and_let_in_again() {
    let origin = api();
    let sidecar = configured(3, &origin).start();
    for _ in 0..10 {
        assert_eq!(sidecar.ask(&guess()).status, 401);
    }
    sidecar.ask(&guess()).assert_problem(403, "banned");
    assert_eq!(sidecar.get("/").status, 200);
    for _ in 0..3 {
        sidecar.get(ATTACK).assert_problem(403, "attack-pattern");
    }
    sidecar.get("/").assert_problem(403, "banned");
    let mut said = Vec::new();
    for line in PAGE.commands() {
        let line = line.replace("127.0.0.1:9901", &sidecar.admin_address().to_string());
        let mut shell = Command::new("sh");
        let done = run_command(shell.args(["-c", &line]));
        assert_eq!(done.code, Some(0), "{line}\n{}{}", done.text(), done.stderr);
        said.push(done.text().to_owned());
    }
    assert!(said[0].contains("\"box\":\"guessing\""), "{said:?}");
    assert_eq!(said[1..], ["{\"lifted\":1}", "{\"lifted\":1}"]);
    assert_eq!(sidecar.get("/").status, 200);
    assert_eq!(sidecar.ask(&guess()).status, 401);
}
