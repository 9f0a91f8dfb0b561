//! Who does too much of what is not wanted is shut out for a while, and nobody else (trap 25).

mod blame;
mod waiting;

use harness::{Ask, Builder, Origin, Reply, Response, Sidecar, eventually};

use crate::forebay;

/// A login that knows one password; a page that is there, and one that is not.
fn login() -> Origin {
    Origin::http(|request| match &*request.target {
        "/login" if request.text() != "right" => Reply::status(401),
        "/gone" => Reply::status(404).header("Cache-Control", "max-age=60"),
        _ => Reply::ok("welcome"),
    })
}

/// The usual sidecar with these boxes; clients are named by their proxies.
fn boxing(origin: &Origin, boxes: &str) -> Builder {
    forebay()
        .origin(origin)
        .listener("trusted_proxies: [127.0.0.0/8]")
        .with_policies(&format!("bans: {boxes}"))
}

fn guess(client: &str) -> Ask {
    Ask::post("/login", "wrong").header("X-Forwarded-For", client)
}

fn get(client: &str, target: &str) -> Ask {
    Ask::get(target).header("X-Forwarded-For", client)
}

fn bans(sidecar: &Sidecar) -> serde_json::Value {
    serde_json::from_str(&sidecar.admin("/bans").text()).unwrap()
}

fn lift(sidecar: &Sidecar, order: &str) -> Response {
    Ask::post("/bans/lift", order)
        .header("Host", "localhost")
        .header("Content-Type", "application/json")
        .send(sidecar.admin_address())
}

#[track_caller]
fn assert_banned(response: &Response, at_most: u64) {
    response.assert_problem(403, "banned");
    let wait: u64 = response.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=at_most).contains(&wait), "{response:?}");
}

const GUESSING: &str = "{name: guessing, when: {status: [401, 403]}, count: 3, within: 1m}";

#[test]
fn who_guesses_passwords_is_shut_out_and_nobody_else() {
    let origin = login();
    let sidecar = boxing(&origin, &format!("[{GUESSING}]")).start();
    for _ in 0..3 {
        assert_eq!(sidecar.ask(&guess("203.0.113.7")).status, 401);
    }
    let before = origin.count();
    for ask in [guess("203.0.113.7"), get("203.0.113.7", "/")] {
        assert_banned(&sidecar.ask(&ask), 300);
    }
    assert_eq!(origin.count(), before);
    assert_eq!(sidecar.ask(&guess("203.0.113.8")).status, 401);
    assert_eq!(sidecar.ask(&get("203.0.113.8", "/")).status, 200);
    let event = sidecar.wait_for_security_event("ban_began");
    assert_eq!(event["policy"], "guessing", "{event}");
    assert_eq!(event["evidence"], "203.0.113.7, 300 s, ban 1");
    let event = sidecar.wait_for_security_event("banned");
    assert_eq!(event["client.address"], "203.0.113.7", "{event}");
    let labels = [("box", "guessing"), ("mode", "enforce")];
    sidecar.wait_for_metric("forebay_bans", &labels, 1.0);
    sidecar.wait_for_metric("forebay_bans_total", &labels, 1.0);
}

/// Trap 25: an address of IPv6 is one of many that its client has.
#[test]
fn a_client_with_many_addresses_is_one() {
    let origin = login();
    let sidecar = boxing(&origin, &format!("[{GUESSING}]")).start();
    for last in 1..=3 {
        sidecar.ask(&guess(&format!("2001:db8::{last}")));
    }
    assert_banned(&sidecar.ask(&get("2001:db8::4", "/")), 300);
    assert_eq!(sidecar.ask(&get("2001:db8:0:1::4", "/")).status, 200);
    assert_eq!(bans(&sidecar)[0]["caller"], "2001:db8::/64");
}

#[test]
fn what_the_cache_answers_is_no_failure_of_the_caller() {
    let origin = login();
    let sidecar = boxing(
        &origin,
        "[{name: scanning, when: {status: [404]}, count: 3}]",
    )
    .with_policies("cache: {}")
    .start();
    for _ in 0..6 {
        assert_eq!(sidecar.ask(&get("203.0.113.7", "/gone")).status, 404);
    }
    assert_eq!(origin.count(), 1);
    assert_eq!(sidecar.ask(&get("203.0.113.7", "/")).status, 200);
}

#[test]
fn who_runs_into_limits_is_shut_out() {
    let origin = login();
    let limits = "rate_limit: [{name: slow, rate: 1/h, burst: 1}, \
                  {name: loose, rate: 1000/s, burst: 1000}]";
    for (when, banned) in [("any", true), ("slow", true), ("loose", false)] {
        let of = format!("[{{name: pushing, when: {{limited: {when}}}, count: 2}}]");
        let sidecar = boxing(&origin, &of).with_policies(limits).start();
        let statuses: Vec<_> = (0..4)
            .map(|_| sidecar.ask(&get("203.0.113.7", "/")).status)
            .collect();
        let last = if banned { 403 } else { 429 };
        assert_eq!(statuses, [200, 429, 429, last], "{when}");
    }
}

#[test]
fn who_attacks_is_shut_out() {
    let origin = login();
    let sidecar = boxing(
        &origin,
        "[{name: attacking, when: {score: 5}, count: 2, duration: 1h}]",
    )
    .with_policies("shield: {}")
    .start();
    let attack = "/?id=1%27+union+select+password+from+users--+";
    let body = Ask::post("/", r#"["1' union select password from users--"]"#)
        .header("Content-Type", "application/json")
        .header("X-Forwarded-For", "203.0.113.7");
    assert_eq!(sidecar.ask(&get("203.0.113.7", attack)).status, 403);
    sidecar.ask(&body).assert_problem(403, "attack-pattern");
    assert_banned(&sidecar.ask(&get("203.0.113.7", "/")), 3600);
}

#[test]
fn each_ban_lasts_longer_than_the_one_before() {
    let origin = login();
    let of = "[{name: guessing, when: {status: [401]}, count: 1, duration: 1s, max_duration: 1h}]";
    let sidecar = boxing(&origin, of).start();
    for (count, at_most) in [(1, 1), (2, 2), (3, 4)] {
        eventually("it may guess again", || {
            (sidecar.ask(&guess("203.0.113.7")).status == 401).then_some(())
        });
        assert_banned(&sidecar.ask(&get("203.0.113.7", "/")), at_most);
        assert_eq!(bans(&sidecar)[0]["count"], count);
    }
    let labels = [("box", "guessing"), ("mode", "enforce")];
    sidecar.wait_for_metric("forebay_bans_total", &labels, 3.0);
}

#[test]
fn an_operator_sees_who_is_shut_out_and_lets_them_in() {
    let origin = login();
    let sidecar = boxing(&origin, &format!("[{GUESSING}]")).start();
    assert_eq!(bans(&sidecar), serde_json::json!([]));
    for client in ["203.0.113.7", "203.0.113.8", "203.0.113.9"] {
        for _ in 0..3 {
            sidecar.ask(&guess(client));
        }
    }
    let listed = bans(&sidecar);
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(listed[0]["box"], "guessing", "{listed}");
    assert_eq!(listed[0]["caller"], "203.0.113.7");
    assert_eq!(listed[0]["mode"], "enforce");
    assert_eq!(listed[0]["count"], 1);
    assert!((1..=300).contains(&listed[0]["ends_in_seconds"].as_u64().unwrap()));
    let one = r#"{"box": "guessing", "caller": "203.0.113.7"}"#;
    assert_eq!(lift(&sidecar, one).text(), r#"{"lifted":1}"#);
    assert_eq!(sidecar.ask(&get("203.0.113.7", "/")).status, 200);
    assert_banned(&sidecar.ask(&get("203.0.113.8", "/")), 300);
    let event = sidecar.wait_for_security_event("ban_lifted");
    assert_eq!(event["evidence"], "203.0.113.7", "{event}");
    assert_eq!(lift(&sidecar, r#"{"all": true}"#).text(), r#"{"lifted":2}"#);
    assert_eq!(sidecar.ask(&get("203.0.113.8", "/")).status, 200);
    assert_eq!(lift(&sidecar, r#"{"all": true}"#).status, 404);
}

#[test]
fn a_secret_that_names_a_caller_is_not_shown() {
    let origin = login();
    let of = "[{name: guessing, when: {status: [401]}, count: 1, key: {header: X-Api-Key}}]";
    let sidecar = boxing(&origin, of).start();
    let with = |key: &str| guess("203.0.113.7").header("X-Api-Key", key);
    assert_eq!(sidecar.ask(&with("s3cret-key")).status, 401);
    assert_banned(&sidecar.ask(&with("s3cret-key")), 300);
    // Another key is another caller, and who has none is nobody's.
    assert_eq!(sidecar.ask(&with("other")).status, 401);
    for _ in 0..2 {
        assert_eq!(sidecar.ask(&guess("203.0.113.7")).status, 401);
    }
    let listed = bans(&sidecar).to_string();
    assert!(listed.contains("header:x-api-key#"), "{listed}");
    sidecar.wait_for_security_event("ban_began");
    for text in [listed, sidecar.stdout()] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn routes_with_a_box_of_the_same_name_share_it() {
    let origin = login();
    let routes = format!(
        "- {{name: login, match: {{path: /login}}, upstream: origin, bans: [{GUESSING}]}}
- {{name: api, match: {{path: \"/api/{{*rest}}\"}}, upstream: origin, bans: [{GUESSING}]}}
- {{name: rest, match: {{path: \"/{{*rest}}\"}}, upstream: origin}}
"
    );
    let sidecar = forebay()
        .origin(&origin)
        .listener("trusted_proxies: [127.0.0.0/8]")
        .routes(&routes)
        .start();
    for _ in 0..3 {
        sidecar.ask(&guess("203.0.113.7"));
    }
    assert_banned(&sidecar.ask(&get("203.0.113.7", "/api/x")), 300);
    assert_eq!(sidecar.ask(&get("203.0.113.7", "/x")).status, 200);
}

#[test]
fn a_box_in_shadow_mode_shuts_nobody_out() {
    let origin = login();
    let of = "[{name: guessing, when: {status: [401]}, count: 2, mode: shadow}]";
    let sidecar = boxing(&origin, of).start();
    for _ in 0..4 {
        assert_eq!(sidecar.ask(&guess("203.0.113.7")).status, 401);
    }
    assert_eq!(bans(&sidecar)[0]["mode"], "shadow");
    for kind in ["ban_began", "banned"] {
        let event = sidecar.wait_for_security_event(kind);
        assert_eq!(event["action"], "shadowed", "{event}");
    }
    let labels = [("box", "guessing"), ("mode", "shadow")];
    sidecar.wait_for_metric("forebay_bans_total", &labels, 1.0);
}

/// What would only have been refused brings nobody into a box that acts.
#[test]
fn a_trial_has_no_consequences() {
    let origin = login();
    let sidecar = boxing(
        &origin,
        "[{name: pushing, when: {limited: any}, count: 1}, \
         {name: watched, when: {limited: any}, count: 1, mode: shadow}]",
    )
    .with_policies("rate_limit: [{name: slow, rate: 1/h, burst: 1, mode: shadow}]")
    .start();
    for _ in 0..3 {
        assert_eq!(sidecar.ask(&get("203.0.113.7", "/")).status, 200);
    }
    assert_eq!(bans(&sidecar).as_array().unwrap().len(), 1);
    assert_eq!(bans(&sidecar)[0]["box"], "watched");
}
