//! What is judged before a body is read.

use harness::{Ask, Origin};

use super::{assert_refused, decided, from, shielding};
use crate::forebay;

/// Trap 25: an address is what trusted proxies say it is, and nothing that a client says.
#[test]
fn addresses_are_those_that_trusted_proxies_name() {
    let origin = Origin::saying("x");
    let rules = "allow: [203.0.113.0/24, 2001:db8::/32], deny: [203.0.113.7]";
    let sidecar = shielding(&origin, rules).start();
    for client in ["203.0.113.1", "2001:db8::9", "203.0.113.7, 203.0.113.1"] {
        assert_eq!(sidecar.ask(&from(client, Ask::get("/"))).status, 200);
    }
    for client in ["203.0.113.7", "198.51.100.1", "203.0.113.1, 203.0.113.7"] {
        let refused = sidecar.ask(&from(client, Ask::get("/")));
        assert_refused(&refused, 403, "address-refused", &origin, 3);
    }
    decided(&sidecar, "allow", "enforce", 3.0);
    decided(&sidecar, "address-refused", "enforce", 3.0);
    let event = sidecar.wait_for_security_event("request_refused");
    assert_eq!(event["client.address"], "203.0.113.7", "{event}");
    assert_eq!(event["action"], "blocked");
    assert_eq!(event["evidence"], "address-refused: 203.0.113.7");
    // Who is not trusted may say what it likes, once or twice.
    let origin = Origin::saying("x");
    let open = forebay()
        .origin(&origin)
        .with_policies("shield: {allow: [203.0.113.0/24]}")
        .start();
    let forged = from("203.0.113.1", from("203.0.113.2", Ask::get("/")));
    assert_refused(&open.ask(&forged), 403, "address-refused", &origin, 0);
}

#[test]
fn a_method_that_is_not_taken_is_told_which_are() {
    let origin = Origin::saying("x");
    let sidecar = shielding(&origin, "methods: [GET, HEAD]").start();
    assert_eq!(sidecar.get("/").status, 200);
    let refused = sidecar.ask(&Ask::post("/", "x"));
    assert_refused(&refused, 405, "method-refused", &origin, 1);
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
}

#[test]
fn bodies_are_of_a_type_that_is_taken() {
    let origin = Origin::saying("x");
    let sidecar = shielding(&origin, "content_types: [application/json]").start();
    let json = Ask::post("/", "{}").header("Content-Type", "application/json; charset=utf-8");
    assert_eq!(sidecar.ask(&json).status, 200);
    // Nothing has no type.
    assert_eq!(sidecar.ask(&Ask::post("/", "")).status, 200);
    let xml = Ask::post("/", "<x/>").header("Content-Type", "text/xml");
    for ask in [xml, Ask::post("/", "{}")] {
        let refused = sidecar.ask(&ask);
        assert_refused(&refused, 415, "content-type-refused", &origin, 2);
    }
}

#[test]
fn what_is_too_long_is_refused_by_what_it_is() {
    let origin = Origin::saying("x");
    let rules = "max_url: 200B, max_query: 100B, max_header: 300B, max_body: 1KiB, rules: off";
    let sidecar = shielding(&origin, rules).start();
    let long = |length: usize| "x".repeat(length);
    let fits = Ask::get(&format!("/?{}", long(100))).header("X-Long", &long(300));
    assert_eq!(sidecar.ask(&fits).status, 200);
    for (ask, status, kind) in [
        (Ask::get(&format!("/{}", long(200))), 414, "url-too-long"),
        (Ask::get(&format!("/?{}", long(101))), 414, "query-too-long"),
        (
            Ask::get("/").header("X-Long", &long(301)),
            431,
            "header-too-long",
        ),
        (Ask::post("/", long(1025)), 413, "body-too-long"),
    ] {
        assert_refused(&sidecar.ask(&ask), status, kind, &origin, 1);
    }
}

/// Trap 13: what one server reads so and another otherwise goes to neither.
#[test]
fn paths_that_read_in_two_ways_are_refused() {
    let origin = Origin::saying("x");
    let sidecar = shielding(&origin, "rules: off").start();
    for path in ["/a/../b", "/a//b", "/a;v=1/b", "/caf%C3%A9", "/100%25"] {
        assert_eq!(sidecar.get(path).status, 200, "{path}");
    }
    let passed = origin.count();
    for path in [
        "/a%2fb",
        "/a%5cb",
        "/a\\b",
        "/%2e%2e/etc/passwd",
        "/static/.%2E/admin",
        "/..;/admin",
        "/%252e%252e/",
        "/%25%32%65/",
        "/%c0%ae%c0%ae/",
        "/a%00.png",
        "/a%0d%0aSet-Cookie:x",
        "/%u002e/",
        "/100%",
    ] {
        // One of these is no URL at all, and is refused before.
        let refused = sidecar.raw(format!("GET {path} HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
        assert_refused(&refused, 400, "path-ambiguous", &origin, passed);
    }
    let lenient = shielding(&origin, "paths: lenient, rules: off").start();
    assert_eq!(lenient.get("/a%2fb").status, 200);
}

/// Trap 13: the rules of what the origin finds are not passed by in another spelling.
#[test]
fn an_ambiguous_path_does_not_pass_the_shield_of_another_route_by() {
    let origin = Origin::saying("x");
    let routes = |open: &str, guarded: &str| {
        format!(
            "  - {{name: admin, match: {{path: \"/admin/{{*rest}}\"}}, upstream: origin, \
             shield: {{deny: [0.0.0.0/0], {guarded}}}}}\n\
             \x20 - {{name: all, match: {{path: \"/{{*rest}}\"}}, upstream: origin, {open}}}"
        )
    };
    let elsewhere = [
        "//admin/x",
        "/admin//x",
        "/admin;a=b/x",
        "/;x/admin/x",
        "/a/..;/admin/x",
        "/a//../admin/x",
        "/a/;/../../admin/x",
        "/a/..%2fadmin/x",
        "/a%2f../admin/x",
        "/a/%252e%252e%252fadmin/x",
        "/adm%2569n/x",
        "/admin\\x",
        "/admin%5cx",
        "/%zz/../admin/x",
        // For servers that decode once, twice, or what nobody should have encoded so.
        "/x%2f..%2fadmin/%252f..%252f..%252fz",
        "/x%2f..%2fadmin/\\..\\..\\z",
        "/a/%25%32%65%25%32%65/admin/x",
        "/a/..%c0%afadmin/x",
        "/a/..%u002fadmin/x",
    ];
    for (open, guarded) in [
        ("", "rules: off"),
        ("shield: {rules: off}", "paths: lenient"),
        ("shield: {rules: off}", "rules: off"),
        ("shield: {mode: shadow}", "rules: off"),
    ] {
        let sidecar = forebay()
            .origin(&origin)
            .routes(&routes(open, guarded))
            .start();
        let asked =
            |path: &str| sidecar.raw(format!("GET {path} HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
        let before = origin.count();
        for path in elsewhere {
            let refused = asked(path);
            assert!(matches!(refused.status, 400 | 403), "{path}: {refused:?}");
        }
        for path in [
            "/admin/x",
            "/a/../admin/x",
            "/%61dmin/x",
            "/a/%2e%2E/admin/x",
        ] {
            let refused = asked(path);
            assert!(matches!(refused.status, 400 | 403), "{path}: {refused:?}");
        }
        assert_eq!(origin.count(), before, "{open} {guarded}");
        for path in ["/a//b", "/a;v=1/b", "/caf%C3%A9", "/caf\u{e9}", "/a.b//"] {
            assert_eq!(asked(path).status, 200, "{path}");
        }
    }
    let shadow = forebay()
        .origin(&origin)
        .routes(&routes("", "mode: shadow"))
        .start();
    assert_eq!(shadow.get("//admin/x").status, 200);
    let labels = [
        ("route", "admin"),
        ("decision", "path-ambiguous"),
        ("mode", "shadow"),
    ];
    shadow.wait_for_metric("forebay_shield_decisions_total", &labels, 1.0);
    let event = shadow.wait_for_security_event("request_refused");
    assert_eq!(event["evidence"], "path-ambiguous: another route");
}

/// Trap 13: what is routed is what goes upstream.
#[test]
fn a_path_goes_on_as_it_was_routed() {
    let origin = Origin::saying("x");
    let sidecar = forebay().origin(&origin).start();
    for (asked, sent) in [
        ("/a/b?c=/../d", "/a/b?c=/../d"),
        ("/a/../b", "/b"),
        ("/a/./b/", "/a/b/"),
        ("/%7euser/%2e%2e/x", "/x"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/a%2fb", "/a%2fb"),
        ("/a;x=1/b", "/a;x=1/b"),
        ("//a", "//a"),
        ("/a#fragment", "/a"),
        ("http://shop.test/a/../b", "/b"),
        ("http://shop.test", "/"),
        ("http://shop.test//b?c", "//b?c"),
    ] {
        let response = sidecar.raw(format!("GET {asked} HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
        assert_eq!(response.status, 200, "{asked}");
        assert_eq!(origin.last().target, sent, "{asked}");
    }
    let passed = origin.count();
    for refused in [
        "GET /a\0b",
        "GET /a b",
        "GET /a\u{7f}b",
        "GET a/b",
        "GET *",
        "GET ftp://shop.test/a",
        "GET shop.test:80",
        "CONNECT shop.test:80",
        "CONNECT /a",
    ] {
        let response = sidecar.raw(format!("{refused} HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
        assert!(
            matches!(response.status, 400 | 501),
            "{refused}: {response:?}"
        );
    }
    assert_eq!(origin.count(), passed);
    let asterisk = sidecar.raw("OPTIONS * HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    assert_eq!(
        (asterisk.status, origin.last().target),
        (200, "*".to_owned())
    );
}

#[test]
fn a_websocket_handshake_is_a_request_like_any_other() {
    let origin = Origin::saying("x");
    let sidecar = shielding(&origin, "deny: [203.0.113.0/24]").start();
    let handshake = Ask::get("/chat")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let refused = sidecar.ask(&from("203.0.113.1", handshake));
    assert_refused(&refused, 403, "address-refused", &origin, 0);
}

#[test]
fn what_looks_like_an_attack_is_refused_and_told_by_rule() {
    let origin = Origin::saying("x");
    let sidecar = shielding(&origin, "").start();
    for target in ["/?q=O'Brien", "/?q=select+a+colour", "/a/b?c=1%2B1"] {
        assert_eq!(sidecar.get(target).status, 200, "{target}");
    }
    let passed = origin.count();
    for target in [
        "/?id=1%27+union+select+password+from+users--+",
        "/?q=%3Cscript%3Ealert(1)%3C/script%3E",
    ] {
        let refused = sidecar.get(target);
        assert_refused(&refused, 403, "attack-pattern", &origin, passed);
        assert!(!refused.text().contains("union"), "{refused:?}");
    }
    let event = sidecar.wait_for_security_event("attack_pattern");
    assert!(
        event["policy"].as_str().unwrap().starts_with("rules 1"),
        "{event}"
    );
    let evidence = event["evidence"].as_str().unwrap();
    assert!(evidence.contains("query id: "), "{event}");
    decided(&sidecar, "attack-pattern", "enforce", 2.0);
    for category in ["sql_injection", "xss"] {
        let labels = [("route", "all"), ("category", category)];
        sidecar.wait_for_metric("forebay_shield_matches_total", &labels, 1.0);
    }
}

#[test]
fn what_is_kept_is_guarded_like_everything_else() {
    let origin = Origin::saying("x");
    let sidecar = shielding(&origin, "deny: [203.0.113.0/24]")
        .with_policies("cache: {ttl: 60s}")
        .start();
    sidecar.get("/a");
    sidecar.get("/a").assert_hit();
    let refused = sidecar.ask(&from("203.0.113.1", Ask::get("/a")));
    assert_refused(&refused, 403, "address-refused", &origin, 1);
}
