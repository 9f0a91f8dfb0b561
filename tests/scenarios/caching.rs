//! What is kept, for how long and for whom (RFC 9111; traps 14, 15 and 22).

mod keys;
mod validation;

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Ask, Origin, RawClient, Reply, Sidecar, eventually};

use crate::forebay;

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
    assert!(told(&Ask::get("/a").header("Range", "bytes=0-1")).contains("; hit"));
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
fn what_is_kept_stays_within_the_memory_that_was_promised() {
    const LIMIT: f64 = 16.0 * 1024.0 * 1024.0;
    let origin =
        Origin::http(|_| Reply::ok(vec![b'x'; 1_000_000]).header("Cache-Control", "max-age=60"));
    let sidecar = forebay()
        .origin(&origin)
        .top("memory: {limit: 16MiB}")
        .with_policies("cache: {}")
        .start();
    let before = sidecar.resident_memory();
    for i in 0..300 {
        assert_eq!(sidecar.get(&format!("/{i}")).body.len(), 1_000_000);
        assert!(sidecar.metric("forebay_cache_bytes", &[]) <= LIMIT);
    }
    // What the allocator holds back comes on top of the limit, and does not grow with the traffic.
    let growth = sidecar.resident_memory().saturating_sub(before);
    assert!(
        growth < 128 * 1024 * 1024,
        "it grew by {} MiB",
        growth / 1024 / 1024
    );
    assert!(
        sidecar.metric("forebay_cache_entries", &[]) >= 1.0,
        "nothing is kept"
    );
}

#[test]
fn clients_of_both_versions_share_what_is_kept() {
    let origin = counting(&[("Cache-Control", "max-age=60"), ("ETag", "\"v1\"")]);
    let sidecar = caching(&origin);
    let first = sidecar.connect_h2().get("/x");
    first.assert_forwarded();
    let second = sidecar.get("/x");
    second.assert_hit();
    let third = sidecar.connect_h2();
    third.get("/x").assert_hit();
    let conditions = [("if-none-match", "\"v1\"")];
    assert_eq!(
        third.ask("GET", "/x", &conditions, b"").unwrap().status,
        304
    );
    assert_eq!((origin.count(), second.body), (1, first.body));
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

/// RFC 9111, section 5.1: `Age` says that the origin did not make the response for this request.
#[test]
fn a_miss_has_no_age_and_a_hit_always_has_one() {
    let origin = Origin::http(|_| Reply::ok("x").header("Cache-Control", "max-age=60"));
    let sidecar = forebay().origin(&origin).with_policies("cache: {}").start();
    assert!(!sidecar.get("/").headers.has("age"));
    let mut hit = sidecar.get("/");
    while !hit.cache_status().contains("hit") {
        hit = sidecar.get("/");
    }
    assert!(hit.headers.has("age"), "{hit:?}");
}
