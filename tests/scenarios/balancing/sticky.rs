//! Cookies that bind a client to its endpoint.

use harness::{Ask, Builder, Origin, Reply, Response};

use super::{dead, url};
use crate::forebay;

const KEY: &str = "a key that everybody has\n";
const STICKY: &str = "sticky: {cookie: at, key_file: \"{directory}/sticky.key\"}";

fn bound_to(origins: &[&Origin]) -> Builder {
    let builder = origins
        .iter()
        .fold(forebay(), |builder, origin| builder.origin(origin));
    builder.file("sticky.key", KEY).upstream(STICKY)
}

/// The cookie that an answer sets, as it is sent back.
fn cookie(response: &Response) -> Option<String> {
    let all = response.headers.all("set-cookie");
    assert!(all.len() <= 1, "{all:?}");
    let first = all.first()?.split(';').next();
    first.map(str::to_owned)
}

fn with(cookie: &str) -> Ask {
    Ask::get("/").header("Cookie", cookie)
}

#[test]
fn a_client_stays_at_the_endpoint_that_answered_it_first() {
    let origins = [
        Origin::saying("a"),
        Origin::saying("b"),
        Origin::saying("c"),
    ];
    let sidecar = bound_to(&origins.each_ref()).start();
    for _ in 0..3 {
        let first = sidecar.get("/");
        let cookie = cookie(&first).unwrap();
        assert!(cookie.starts_with("at="), "{cookie}");
        for _ in 0..5 {
            let next = sidecar.ask(&with(&cookie));
            assert_eq!(next.text(), first.text());
            assert!(!next.headers.has("set-cookie"), "it has one already");
        }
    }
}

#[test]
fn the_cookie_is_no_business_of_scripts_and_other_sites() {
    let origin = Origin::saying("a");
    let sidecar = bound_to(&[&origin]).start();
    let response = sidecar.get("/");
    let set = response.header("set-cookie").unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    let sidecar = forebay()
        .origin(&origin)
        .upstream("sticky: {ttl: 90s}")
        .start();
    let response = sidecar.get("/");
    let set = response.header("set-cookie").unwrap();
    assert!(set.starts_with("forebay_endpoint="), "{set}");
    assert!(set.ends_with("; Max-Age=90"), "{set}");
}

#[test]
fn it_keeps_to_https_where_the_client_came_by_it() {
    let origin = Origin::saying("a");
    let told = Ask::get("/").header("X-Forwarded-Proto", "https");
    let believing = bound_to(&[&origin]).listener("trusted_proxies: [127.0.0.0/8]");
    for (builder, secure) in [(believing, true), (bound_to(&[&origin]), false)] {
        let response = builder.start().ask(&told);
        let set = response.header("set-cookie").unwrap();
        assert_eq!(set.ends_with("; Secure"), secure, "{set}");
    }
}

#[test]
fn upstreams_do_not_see_it() {
    let origin = Origin::http(|_| Reply::ok("x").header("Set-Cookie", "own=1"));
    let sidecar = bound_to(&[&origin]).start();
    let first = sidecar.get("/");
    let all = first.headers.all("set-cookie");
    assert_eq!(all.len(), 2, "the origin's own is passed on: {all:?}");
    let ours = all.iter().find(|it| it.starts_with("at=")).unwrap();
    let ours = ours.split(';').next().unwrap();
    sidecar.ask(&with(&format!("theme=dark; {ours}; sid=1")));
    assert_eq!(origin.last().header("cookie"), Some("theme=dark; sid=1"));
    sidecar.ask(&with(ours));
    assert_eq!(origin.last().header("cookie"), None);
}

#[test]
fn forged_cookies_are_ignored() {
    let origins = [Origin::saying("a"), Origin::saying("b")];
    let sidecar = bound_to(&origins.each_ref()).start();
    let true_one = cookie(&sidecar.get("/")).unwrap();
    let other_key = bound_to(&origins.each_ref())
        .file("sticky.key", "a key that nobody else has")
        .start();
    let of_another_key = cookie(&other_key.get("/")).unwrap();
    let cut = &true_one[..true_one.len() - 4];
    for forged in [&of_another_key, cut, "at=", "at=http://127.0.0.1:1"] {
        let response = sidecar.ask(&with(forged));
        assert_eq!(response.status, 200, "{forged}");
        let new = cookie(&response).unwrap();
        assert_eq!(sidecar.ask(&with(&new)).text(), response.text());
    }
}

#[test]
fn when_the_endpoint_is_gone_the_client_moves_once() {
    let origins = [
        Origin::saying("a"),
        Origin::saying("b"),
        Origin::saying("c"),
    ];
    let before = bound_to(&origins.each_ref()).start();
    let response = before.get("/");
    let old = cookie(&response).unwrap();
    let left: Vec<_> = origins
        .iter()
        .zip(["a", "b", "c"])
        .filter(|(_, name)| *name != response.text())
        .map(|(origin, _)| origin)
        .collect();
    let after = bound_to(&left).start();
    let moved = after.ask(&with(&old));
    assert_eq!(moved.status, 200);
    let new = cookie(&moved).unwrap();
    assert_ne!(new, old);
    for _ in 0..4 {
        assert_eq!(after.ask(&with(&new)).text(), moved.text());
    }
    // Another instance with the same key knows those that are left.
    assert_eq!(before.ask(&with(&new)).text(), moved.text());
}

#[test]
fn when_the_endpoint_refuses_the_client_moves() {
    let (alive, dead) = (Origin::saying("alive"), dead());
    let sidecar = bound_to(&[&alive]).endpoint(&url(dead)).start();
    for _ in 0..4 {
        let response = sidecar.get("/");
        assert_eq!(response.text(), "alive");
        let cookie = cookie(&response).unwrap();
        let next = sidecar.ask(&with(&cookie));
        assert_eq!(next.text(), "alive");
        assert!(!next.headers.has("set-cookie"));
    }
}

#[test]
fn what_is_stored_has_no_cookie_in_it() {
    let origins = [Origin::saying("a"), Origin::saying("b")];
    let sidecar = bound_to(&origins.each_ref())
        .with_policies("cache: {ttl: 60s}")
        .start();
    let first = sidecar.get("/");
    let cookie = cookie(&first).unwrap();
    // Neither for somebody else, nor for the one who has it: the cache does not see it.
    for ask in [Ask::get("/"), with(&cookie), with("at=forged")] {
        let hit = sidecar.ask(&ask);
        hit.assert_hit();
        assert!(!hit.headers.has("set-cookie"));
    }
    assert_eq!(origins[0].count() + origins[1].count(), 1);
}

#[test]
fn a_key_that_is_too_short_is_refused_with_its_name() {
    let origin = Origin::saying("a");
    let ran = bound_to(&[&origin])
        .file("sticky.key", "fifteen bytes!!\n")
        .run("run", &[]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("sticky.key"), "{}", ran.stderr);
    assert!(ran.stderr.contains("16"), "{}", ran.stderr);
}

#[test]
fn in_shadow_nobody_is_bound() {
    let origins = [Origin::saying("a"), Origin::saying("b")];
    let sidecar = bound_to(&origins.each_ref())
        .upstream("balance_mode: shadow")
        .start();
    let response = sidecar.ask(&with("at=x"));
    assert!(!response.headers.has("set-cookie"));
    let saw = origins.iter().filter(|origin| origin.count() == 1);
    let saw: Vec<_> = saw
        .map(|origin| origin.last().header("cookie").map(str::to_owned))
        .collect();
    assert_eq!(saw, [Some("at=x".to_owned())], "it is not ours");
}

#[test]
fn a_websocket_binds_like_any_other_answer() {
    let switching = || {
        Origin::scripted(|mut conversation| {
            conversation.head();
            conversation.say(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            );
            conversation.hear_to_end().ok();
        })
    };
    let origins = [switching(), switching()];
    let sidecar = bound_to(&origins.each_ref()).start();
    let handshake = |fields: &str| {
        let handshake = format!(
            "GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
        );
        let mut client = sidecar.connect();
        let response = client.send(handshake).response("GET");
        assert_eq!(response.status, 101);
        response
    };
    let counts = || origins.each_ref().map(Origin::count);
    let cookie = cookie(&handshake("")).unwrap();
    let home = counts();
    for more in 1..=3 {
        let again = handshake(&format!("Cookie: {cookie}\r\n"));
        assert!(!again.headers.has("set-cookie"));
        assert_eq!(counts(), home.map(|count| count * (1 + more)));
    }
}
