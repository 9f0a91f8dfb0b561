//! What is kept, for how long and for whom (RFC 9111; traps 10 to 18).

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Ask, Origin, RawClient, Reply, Request, Response, Sidecar, eventually};

use crate::forebay;

const DAY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn caching(origin: &Origin) -> Sidecar {
    forebay().origin(origin).with_policies("cache: {}").start()
}

/// Answers with a number that goes up, and with these fields.
fn counting(fields: &'static [(&'static str, &'static str)]) -> Origin {
    let count = AtomicUsize::new(0);
    Origin::http(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let reply = Reply::ok(format!("answer {number}"));
        fields
            .iter()
            .fold(reply, |reply, (name, value)| reply.header(name, *value))
    })
}

/// Asks twice and tells whether the second was answered from the cache.
#[track_caller]
fn kept(sidecar: &Sidecar, ask: &Ask) -> bool {
    let first = sidecar.ask(ask);
    assert!(
        !first.cache_status().contains("; hit"),
        "already there: {first:?}"
    );
    let second = sidecar.ask(ask);
    let hit = second.cache_status().contains("; hit");
    assert_eq!(hit, first.body == second.body, "{first:?}\n{second:?}");
    hit
}

#[test]
fn what_the_origin_says_is_fresh_is_kept() {
    let fields: [&'static [(&str, &str)]; 5] = [
        &[("Cache-Control", "max-age=60")],
        &[("Cache-Control", "s-maxage=60, max-age=0")],
        &[("Cache-Control", "public, max-age=60")],
        &[("Expires", "Fri, 31 Dec 2038 23:59:59 GMT")],
        &[("Cache-Control", "max-age=\"60\""), ("X-Other", "y")],
    ];
    for fields in fields {
        let origin = counting(fields);
        assert!(kept(&caching(&origin), &Ask::get("/")), "{fields:?}");
    }
}

#[test]
fn what_may_not_be_shared_is_not_kept() {
    let fields: [&'static [(&str, &str)]; 9] = [
        &[],
        &[("Cache-Control", "no-store, max-age=60")],
        &[("Cache-Control", "private, max-age=60")],
        &[("Cache-Control", "max-age=60"), ("Set-Cookie", "a=b")],
        &[("Cache-Control", "max-age=60"), ("Vary", "*")],
        &[("Cache-Control", "max-age=0")],
        &[("Cache-Control", "max-age=60"), ("Age", "61")],
        &[("Cache-Control", "s-maxage=0, max-age=60")],
        &[("Expires", "0")],
    ];
    for fields in fields {
        let origin = counting(fields);
        assert!(!kept(&caching(&origin), &Ask::get("/")), "{fields:?}");
    }
}

/// Trap 14: `private` wins over the operator.
#[test]
fn the_operators_ttl_speaks_only_where_the_origin_is_silent() {
    let cases: [(&'static [(&str, &str)], bool); 6] = [
        (&[], true),
        (&[("Cache-Control", "private")], false),
        (&[("Cache-Control", "no-store")], false),
        (&[("Cache-Control", "max-age=0")], false),
        (&[("Set-Cookie", "a=b")], false),
        (&[("Expires", "0")], false),
    ];
    for (fields, expected) in cases {
        let origin = counting(fields);
        let sidecar = forebay()
            .origin(&origin)
            .with_policies("cache: {ttl: 60s}")
            .start();
        assert_eq!(kept(&sidecar, &Ask::get("/")), expected, "{fields:?}");
    }
}

/// Trap 22: errors are not kept because an operator named a time.
#[test]
fn the_operators_ttl_is_not_for_errors() {
    let count = AtomicUsize::new(0);
    let origin = Origin::http(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        Reply::ok(format!("{number}")).with_status(500)
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}")
        .start();
    assert_eq!(sidecar.get("/").text(), "0");
    assert_eq!(sidecar.get("/").text(), "1");
}

/// Trap 14.
#[test]
fn an_answer_to_credentials_is_shared_only_when_the_origin_says_so() {
    let ask = Ask::get("/").header("Authorization", "Bearer secret");
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    assert!(!kept(&sidecar, &ask));
    // Nor is what was kept for everybody given to somebody who shows credentials, unless allowed.
    let origin = counting(&[("Cache-Control", "max-age=60, public")]);
    let sidecar = caching(&origin);
    assert!(kept(&sidecar, &ask));
    sidecar.get("/").assert_hit();
}

/// Trap 15: unless the origin itself says `public`.
#[test]
fn a_cookie_is_never_set_for_somebody_else() {
    let origin = Origin::http(|_| {
        Reply::ok("x")
            .header("Cache-Control", "s-maxage=60")
            .header("Set-Cookie", "id=1")
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s, request_cookies: ignore}")
        .start();
    for _ in 0..3 {
        assert!(!sidecar.get("/").cache_status().contains("; hit"));
    }
    assert_eq!(origin.count(), 3);
}

/// Trap 14.
#[test]
fn requests_with_cookies_go_past_the_cache_unless_the_operator_vouches() {
    let ask = Ask::get("/").header("Cookie", "session=1");
    let origin = counting(&[]);
    let careful = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}")
        .start();
    assert!(!kept(&careful, &ask));
    let sure = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s, request_cookies: ignore}")
        .start();
    assert!(kept(&sure, &ask));
}

#[test]
fn the_age_of_a_response_is_told() {
    let origin = counting(&[("Cache-Control", "max-age=100"), ("Age", "40")]);
    let sidecar = caching(&origin);
    sidecar.get("/");
    let hit = sidecar.get("/");
    hit.assert_hit();
    let age: u32 = hit.header("age").unwrap().parse().unwrap();
    assert!((40..50).contains(&age), "{hit:?}");
    assert_eq!(hit.headers.all("age").len(), 1);
    let ttl = hit.cache_status().split("ttl=").nth(1).unwrap();
    let ttl: u32 = ttl.split(';').next().unwrap().parse().unwrap();
    // Both are cut to whole seconds.
    assert!((99..=100).contains(&(age + ttl)), "{hit:?}");
}

#[test]
fn each_variant_that_vary_names_is_kept_apart() {
    let origin = Origin::http(|request| {
        Reply::ok(
            request
                .header("accept-language")
                .unwrap_or("none")
                .to_owned(),
        )
        .header("Cache-Control", "max-age=60")
        .header("Vary", "Accept-Language")
    });
    let sidecar = caching(&origin);
    let ask = |language: &str| sidecar.ask(&Ask::get("/").header("Accept-Language", language));
    for language in ["de", "fr"] {
        let first = ask(language);
        assert_eq!(first.text(), language);
        first.assert_forwarded();
    }
    for language in ["de", "fr"] {
        let second = ask(language);
        second.assert_hit();
        assert_eq!(second.text(), language);
    }
    let none = sidecar.get("/");
    assert_eq!(none.text(), "none");
    assert!(none.cache_status().contains("fwd=vary-miss"), "{none:?}");
}

/// Stale at once, with a validator, and as the request says changed or not.
fn revalidating(request: &Request) -> Reply {
    let reply = Reply::status(304)
        .header("ETag", "\"v1\"")
        .header("Cache-Control", "max-age=0")
        .header("X-Round", "later");
    match (request.header("if-none-match"), request.target.as_str()) {
        (Some("\"v1\""), "/same") => reply,
        (None, _) => Reply::ok("version 1")
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=0")
            .header("X-Round", "first"),
        _ => Reply::ok("version 2")
            .header("ETag", "\"v2\"")
            .header("Cache-Control", "max-age=0"),
    }
}

#[test]
fn a_stale_response_is_confirmed_with_its_tag() {
    let origin = Origin::http(revalidating);
    let sidecar = caching(&origin);
    assert_eq!(sidecar.get("/same").header("x-round"), Some("first"));
    let confirmed = sidecar.get("/same");
    assert_eq!(
        (confirmed.status, confirmed.text().as_str()),
        (200, "version 1")
    );
    assert_eq!(confirmed.header("x-round"), Some("later"));
    assert!(
        confirmed
            .cache_status()
            .contains("fwd=stale; fwd-status=304"),
        "{confirmed:?}"
    );
    assert_eq!(origin.last().header("if-none-match"), Some("\"v1\""));
}

#[test]
fn a_stale_response_that_has_changed_is_replaced() {
    let origin = Origin::http(revalidating);
    let sidecar = caching(&origin);
    assert_eq!(sidecar.get("/other").text(), "version 1");
    let changed = sidecar.get("/other");
    assert_eq!(
        (changed.status, changed.text().as_str()),
        (200, "version 2")
    );
    assert!(
        changed.cache_status().contains("fwd-status=200"),
        "{changed:?}"
    );
    sidecar.get("/other");
    assert_eq!(origin.last().header("if-none-match"), Some("\"v2\""));
}

#[test]
fn clients_that_hold_a_response_get_304_from_the_cache() {
    let origin = counting(&[
        ("Cache-Control", "max-age=60"),
        ("ETag", "\"v1\""),
        ("Last-Modified", DAY),
    ]);
    let sidecar = caching(&origin);
    sidecar.get("/");
    let ask = |name: &str, value: &str| sidecar.ask(&Ask::get("/").header(name, value));
    let not_modified = |response: Response| {
        assert_eq!(response.status, 304, "{response:?}");
        assert!(response.cache_status().contains("; hit"), "{response:?}");
        assert_eq!(response.header("etag"), Some("\"v1\""));
        assert!(!response.headers.has("content-length"), "{response:?}");
    };
    for tags in ["\"v1\"", "W/\"v1\"", "\"v0\", \"v1\"", "*"] {
        not_modified(ask("If-None-Match", tags));
    }
    not_modified(ask("If-Modified-Since", DAY));
    not_modified(ask("If-Modified-Since", "Mon, 07 Nov 1994 08:49:37 GMT"));
    assert_eq!(ask("If-None-Match", "\"v2\"").status, 200);
    assert_eq!(
        ask("If-Modified-Since", "Sat, 05 Nov 1994 08:49:37 GMT").status,
        200
    );
    // The tag goes before the date (RFC 9110, section 13.1.3).
    let both = Ask::get("/")
        .header("If-None-Match", "\"v2\"")
        .header("If-Modified-Since", DAY);
    assert_eq!(sidecar.ask(&both).status, 200);
    assert_eq!(origin.count(), 1);
}

/// A 304 is for the one who asked with a condition.
#[test]
fn a_client_that_asks_plainly_never_gets_304() {
    let origin = Origin::http(|request| match request.header("if-none-match") {
        Some(_) => Reply::status(304)
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=60"),
        None => Reply::ok("whole")
            .header("ETag", "\"v1\"")
            .header("Cache-Control", "max-age=60"),
    });
    let sidecar = caching(&origin);
    // Nothing is stored yet: what the client holds must not become what everybody gets.
    let conditional = sidecar.ask(&Ask::get("/").header("If-None-Match", "\"v1\""));
    assert!(matches!(conditional.status, 200 | 304), "{conditional:?}");
    let plain = sidecar.get("/");
    assert_eq!((plain.status, plain.text().as_str()), (200, "whole"));
}

#[test]
fn a_head_is_answered_from_what_a_get_left() {
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    let head = sidecar.ask(&Ask::new("HEAD", "/"));
    head.assert_forwarded();
    // A head is no answer to a GET.
    let get = sidecar.get("/");
    get.assert_forwarded();
    assert!(!get.body.is_empty());
    let head = sidecar.ask(&Ask::new("HEAD", "/"));
    head.assert_hit();
    assert_eq!(
        head.header("content-length"),
        Some(get.body.len().to_string().as_str())
    );
    assert!(head.body.is_empty());
}

#[test]
fn every_response_tells_what_the_cache_did() {
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    let told = |ask: &Ask| sidecar.ask(ask).cache_status().to_owned();
    let stored = told(&Ask::get("/a"));
    assert!(
        stored.starts_with("Forebay; fwd=uri-miss; fwd-status=200; ttl="),
        "{stored}"
    );
    assert!(stored.ends_with("; stored"), "{stored}");
    assert!(told(&Ask::get("/a")).starts_with("Forebay; hit; ttl="));
    assert_eq!(
        told(&Ask::post("/b", "x")),
        "Forebay; fwd=method; fwd-status=200; detail=method"
    );
    assert!(told(&Ask::get("/a").header("Range", "bytes=0-1")).contains("detail=range"));
    assert!(told(&Ask::get("/a").header("Cache-Control", "no-store")).contains("fwd=request"));
    assert!(told(&Ask::get("/a").header("Cache-Control", "no-cache")).contains("fwd=request"));
    assert_eq!(
        told(&Ask::get("/c").header("Cache-Control", "only-if-cached")),
        "Forebay; detail=only-if-cached"
    );
    assert!(told(&Ask::get("/a%2fb")).contains("detail=ambiguous-path"));
    let plain = forebay().origin(&origin).start();
    assert_eq!(
        plain.get("/").cache_status(),
        "Forebay; fwd=bypass; fwd-status=200; detail=off"
    );
}

#[test]
fn only_if_cached_gets_what_is_there_or_504() {
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    let ask = Ask::get("/").header("Cache-Control", "only-if-cached");
    sidecar.ask(&ask).assert_problem(504, "not-cached");
    sidecar.get("/");
    sidecar.ask(&ask).assert_hit();
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_write_that_succeeds_makes_what_is_kept_obsolete() {
    let origin = Origin::http(
        |request| match (request.method.as_str(), request.target.as_str()) {
            ("GET", _) => Reply::ok("x").header("Cache-Control", "max-age=60"),
            (_, "/fails") => Reply::status(500),
            _ => Reply::status(201).header("Location", "/listed"),
        },
    );
    let sidecar = caching(&origin);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for target in ["/item", "/listed"] {
            sidecar.get(target);
            sidecar.get(target).assert_hit();
        }
        sidecar.ask(&Ask::new(method, "/item").body("x"));
        for target in ["/item", "/listed"] {
            sidecar.get(target).assert_forwarded();
        }
    }
    sidecar.get("/fails");
    sidecar.ask(&Ask::post("/fails", "x"));
    sidecar.get("/fails").assert_hit();
}

/// Trap 10.
#[test]
fn the_same_path_of_two_hosts_is_two_things() {
    let origin = Origin::http(|request| {
        Reply::ok(request.header("host").unwrap_or_default()).header("Cache-Control", "max-age=60")
    });
    let sidecar = caching(&origin);
    for host in ["a.test", "b.test", "a.test:81"] {
        let ask = Ask::get("/same").header("Host", host);
        assert_eq!(sidecar.ask(&ask).text(), host);
        let hit = sidecar.ask(&ask);
        hit.assert_hit();
        assert_eq!(hit.text(), host);
    }
}

#[test]
fn queries_are_told_apart_but_for_what_the_operator_ignores() {
    let origin = Origin::http(|request| {
        Reply::ok(request.target.clone()).header("Cache-Control", "max-age=60")
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {key: {query: {ignore: [\"utm_*\"]}}}")
        .start();
    assert_eq!(sidecar.get("/?a=1").text(), "/?a=1");
    assert_eq!(sidecar.get("/?a=2").text(), "/?a=2");
    assert_eq!(sidecar.get("/").text(), "/");
    assert_eq!(sidecar.get("/?").text().trim_end_matches('?'), "/");
    for same in ["/?a=1&utm_source=x", "/?utm_medium=y&a=1"] {
        let hit = sidecar.get(same);
        hit.assert_hit();
        assert_eq!(hit.text(), "/?a=1", "{same}");
    }
}

/// Trap 12: what is not in the key must not be able to change what is kept.
#[test]
fn a_get_with_a_body_and_overrides_go_past_the_cache() {
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    for ask in [
        Ask::get("/").body("x"),
        Ask::get("/").header("X-HTTP-Method-Override", "POST"),
        Ask::get("/").header("X-Original-URL", "/admin"),
    ] {
        assert!(!kept(&sidecar, &ask), "{ask:?}");
    }
}

/// Trap 12.
#[test]
fn what_a_client_says_about_forwarding_cannot_poison_the_cache() {
    let origin = Origin::http(|request| {
        let host = request
            .header("x-forwarded-host")
            .unwrap_or("none")
            .to_owned();
        Reply::ok(format!("<script src=//{host}/x.js>")).header("Cache-Control", "max-age=60")
    });
    let sidecar = caching(&origin);
    sidecar.ask(&Ask::get("/").header("X-Forwarded-Host", "evil.test"));
    let hit = sidecar.get("/");
    hit.assert_hit();
    assert!(!hit.text().contains("evil"), "{}", hit.text());
}

/// Trap 13.
#[test]
fn a_path_that_can_be_read_in_two_ways_is_never_kept() {
    let origin = counting(&[("Cache-Control", "max-age=60")]);
    let sidecar = caching(&origin);
    for path in [
        "/account%2fx.css",
        "/a%5cb",
        "/a%00b",
        "/a%252fb",
        "/a/..%2fb",
        "/a\\b",
    ] {
        for _ in 0..2 {
            let response = sidecar.get(path);
            assert!(
                !response.cache_status().contains("; hit"),
                "{path}: {response:?}"
            );
        }
    }
    // A spelling that every server reads alike has one entry.
    sidecar.get("/a/../b");
    sidecar.get("/b").assert_hit();
    sidecar.get("/%62").assert_hit();
}

/// Trap 22.
#[test]
fn a_body_that_ends_early_is_never_kept() {
    let heads = [
        "Content-Length: 100\r\n\r\nshort",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n0\r\n",
    ];
    for rest in heads {
        let origin = Origin::scripted(move |mut conversation| {
            conversation.request();
            conversation.say(format!(
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n{rest}"
            ));
        });
        let sidecar = caching(&origin);
        for _ in 0..2 {
            let mut client = sidecar.connect();
            client.send(Ask::get("/").bytes());
            // Whatever the client has seen by then, it must not look whole.
            let response = client.try_response("GET");
            assert!(
                response
                    .as_ref()
                    .map_or(true, |response| response.status == 502),
                "{response:?}"
            );
        }
        assert_eq!(origin.count(), 2, "{rest:?}");
        assert_eq!(sidecar.metric("forebay_cache_entries", &[]), 0.0);
    }
}

/// Trap 22: the end of such a body cannot be told from a connection that broke.
#[test]
fn a_body_that_ends_with_the_connection_is_not_kept() {
    let origin = Origin::http(|_| Reply::until_close("x").header("Cache-Control", "max-age=60"));
    let sidecar = caching(&origin);
    for _ in 0..2 {
        let response = sidecar.get("/");
        assert_eq!(response.text(), "x");
        assert!(
            response.cache_status().contains("detail=close-delimited"),
            "{response:?}"
        );
    }
}

#[test]
fn a_chunked_body_is_kept_and_then_has_a_length() {
    let origin =
        Origin::http(|_| Reply::chunked(["a", "bc"]).header("Cache-Control", "max-age=60"));
    let sidecar = caching(&origin);
    assert_eq!(sidecar.get("/").text(), "abc");
    let hit = eventually("it is stored", || {
        let response = sidecar.get("/");
        response
            .cache_status()
            .contains("; hit")
            .then_some(response)
    });
    assert_eq!(
        (hit.text().as_str(), hit.header("content-length")),
        ("abc", Some("3"))
    );
}

#[test]
fn what_is_larger_than_the_operator_wants_is_passed_on_unkept() {
    let origin = Origin::http(|request| {
        let body = vec![b'x'; 5000];
        let reply = if request.target == "/chunked" {
            Reply::chunked([body])
        } else {
            Reply::ok(body)
        };
        reply.header("Cache-Control", "max-age=60")
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {max_object: 4KiB}")
        .start();
    for target in ["/sized", "/chunked"] {
        for _ in 0..2 {
            let response = sidecar.get(target);
            assert_eq!(response.body.len(), 5000);
            assert!(!response.cache_status().contains("; hit"), "{response:?}");
        }
    }
}

#[test]
fn a_client_that_leaves_does_not_spoil_what_others_get() {
    let origin =
        Origin::http(|_| Reply::ok(vec![b'x'; 4_000_000]).header("Cache-Control", "max-age=60"));
    let sidecar = caching(&origin);
    let mut leaver = sidecar.connect();
    leaver.send(Ask::get("/").bytes());
    leaver.hear_until("\r\n\r\n");
    RawClient::reset(leaver);
    for _ in 0..2 {
        let response = sidecar.get("/");
        assert_eq!(response.body.len(), 4_000_000);
    }
}
