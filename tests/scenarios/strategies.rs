//! What the operator says where the origin is silent: strategies, errors that are remembered, cookies
//! that are taken off, and whose wishes are heard.

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Ask, Builder, Origin, Reply, Response, Sidecar};

use crate::{forebay, numbered};

fn with_policy(origin: &Origin, policy: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies(&format!("cache: {{{policy}}}"))
        .start()
}

/// How long it is fresh, in seconds, as its first hit says.
#[track_caller]
fn lifetime(sidecar: &Sidecar, target: &str) -> u32 {
    sidecar.get(target);
    let hit = sidecar.get(target);
    let told = hit.cache_status();
    let ttl = told.split("; hit; ttl=").nth(1).expect("a hit");
    ttl.split(';').next().unwrap().parse().unwrap()
}

#[track_caller]
fn assert_lifetime(sidecar: &Sidecar, target: &str, least: u32, most: u32) {
    let found = lifetime(sidecar, target);
    assert!((least..=most).contains(&found), "{target}: {found} s");
}

#[test]
fn a_built_in_strategy_gives_what_the_origin_does_not_say() {
    // Shortened by its jitter, and by the second that has begun.
    for (strategy, least, most) in [
        ("static", 86_400 * 9 / 10 - 1, 86_400),
        ("api", 27, 30),
        ("analytics", 269, 300),
        ("user", 4, 5),
    ] {
        let origin = numbered(&[]);
        let sidecar = with_policy(&origin, &format!("strategy: {strategy}"));
        assert_lifetime(&sidecar, "/", least, most);
        assert_eq!(origin.count(), 1);
    }
}

#[test]
fn the_origin_is_obeyed_whatever_the_strategy() {
    for line in [
        "Cache-Control: no-store",
        "Cache-Control: private",
        "Cache-Control: no-cache",
        "Cache-Control: max-age=0, must-revalidate",
    ] {
        let origin = Origin::http(move |_| Reply::ok("x").line(line));
        let sidecar = with_policy(&origin, "strategy: static");
        sidecar.get("/");
        sidecar.get("/").assert_forwarded();
    }
    let origin = numbered(&["Cache-Control: max-age=1000"]);
    assert_lifetime(&with_policy(&origin, "strategy: api"), "/", 998, 1000);
}

#[test]
fn a_field_refines_the_strategy_it_stands_beside() {
    let origin = numbered(&[]);
    let sidecar = with_policy(&origin, "strategy: static, ttl: 100s, jitter: 0%");
    assert_lifetime(&sidecar, "/", 98, 100);
}

#[test]
fn a_case_is_about_particular_responses() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/image" => Reply::ok("x").header("Content-Type", "image/png"),
        "/page" => Reply::ok("x").header("Content-Type", "text/html; charset=utf-8"),
        "/moved" => Reply::status(301).header("Location", "/page"),
        _ => Reply::ok("x").header("Content-Type", "application/json"),
    });
    let sidecar = forebay()
        .origin(&origin)
        .top(
            "cache: {strategies: {shop: {ttl: 50s, jitter: 0%, cases: [\
             {content_type: [\"image/*\"], ttl: 1000s}, \
             {status: [301], ttl: 2000s}, \
             {content_type: [text/html], ttl: 0s}]}}}",
        )
        .with_policies("cache: {strategy: shop}")
        .start();
    assert_lifetime(&sidecar, "/image", 998, 1000);
    assert_lifetime(&sidecar, "/moved", 1998, 2000);
    assert_lifetime(&sidecar, "/data", 48, 50);
    sidecar.get("/page");
    sidecar.get("/page").assert_forwarded();
}

#[test]
fn errors_are_remembered_where_the_operator_says_so() {
    let origin = Origin::http(|request| match &request.target[1..] {
        "strict" => Reply::status(404).header("Cache-Control", "no-store"),
        "cookie" => Reply::status(404).header("Set-Cookie", "a=b"),
        status => Reply::status(status.parse().unwrap()),
    });
    let sidecar = with_policy(&origin, "negative_ttl: {404: 60s, 410: 60s, 503: 2s}");
    for (target, kept) in [
        ("/404", true),
        ("/410", true),
        ("/503", true),
        ("/405", false),
        ("/500", false),
        ("/strict", false),
        ("/cookie", false),
    ] {
        let first = sidecar.get(target);
        let second = sidecar.get(target);
        assert_eq!(first.status, second.status);
        let hit = second.cache_status().contains("; hit");
        assert_eq!(hit, kept, "{target}: {second:?}");
    }
    // Nobody asked for anything else to be kept.
    let origin = Origin::http(|_| Reply::status(404));
    let sidecar = with_policy(&origin, "ttl: 60s");
    sidecar.get("/");
    sidecar.get("/").assert_forwarded();
}

#[test]
fn an_error_that_is_remembered_does_not_replace_what_may_stand_in() {
    let count = AtomicUsize::new(0);
    let origin = Origin::http(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::ok("good")
            .header("Cache-Control", "max-age=60, stale-if-error=600")
            .header("Age", "70"),
        _ => Reply::status(503),
    });
    let sidecar = with_policy(&origin, "negative_ttl: {503: 60s}");
    sidecar.get("/");
    for _ in 0..3 {
        assert_eq!(sidecar.get("/").text(), "good");
    }
}

/// Sets a cookie with a number that goes up.
fn setting_cookies() -> Origin {
    let count = AtomicUsize::new(0);
    Origin::http(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        Reply::ok("x")
            .header("Cache-Control", "max-age=60")
            .header("Set-Cookie", format!("id={number}"))
            .header("Set-Cookie", "theme=dark")
    })
}

fn cookies(response: &Response) -> Vec<&str> {
    response.headers.all("set-cookie")
}

#[test]
fn a_cookie_that_is_stripped_reaches_the_client_that_asked_and_nobody_else() {
    for policies in [
        "cache: {set_cookie: strip}",
        "cache: {set_cookie: strip}\ndeduplication: {}",
        "cache: {set_cookie: strip}\ncompression: {min_size: 1B}",
    ] {
        let origin = setting_cookies();
        let sidecar = forebay().origin(&origin).with_policies(policies).start();
        let first = sidecar.get("/");
        assert_eq!(cookies(&first), ["id=1", "theme=dark"], "{policies}");
        for ask in [
            Ask::get("/"),
            Ask::new("HEAD", "/"),
            Ask::get("/").header("Accept-Encoding", "gzip"),
            Ask::get("/").header("Range", "bytes=0-0"),
        ] {
            let other = sidecar.ask(&ask);
            assert!(other.cache_status().contains("; hit"), "{other:?}");
            assert_eq!(cookies(&other), [] as [&str; 0], "{policies}");
        }
        assert_eq!(origin.count(), 1);
    }
}

#[test]
fn followers_do_not_get_the_leaders_cookie() {
    let gate = harness::Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |_| {
            gate.wait();
            Reply::ok("x")
                .header("Cache-Control", "max-age=60")
                .header("Set-Cookie", "id=1")
        }
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {set_cookie: strip}\ndeduplication: {}")
        .start();
    let address = sidecar.address();
    let clients: Vec<_> = (0..5)
        .map(|_| std::thread::spawn(move || Ask::get("/").send(address)))
        .collect();
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 5.0);
    gate.open();
    let responses = clients.into_iter().map(|client| client.join().unwrap());
    let with_cookie = responses.filter(|response| !cookies(response).is_empty());
    assert_eq!((with_cookie.count(), origin.count()), (1, 1));
}

#[test]
fn a_confirmations_cookie_is_for_the_one_who_asked() {
    let origin = Origin::http(|request| {
        let reply = match request.header("if-none-match") {
            Some(_) => Reply::status(304).header("Set-Cookie", "id=2"),
            None => Reply::ok("x").header("Set-Cookie", "id=1"),
        };
        reply
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"v\"")
    });
    let sidecar = with_policy(&origin, "set_cookie: strip");
    assert_eq!(cookies(&sidecar.get("/")), ["id=1"]);
    let insisting = Ask::get("/").header("Cache-Control", "no-cache");
    assert_eq!(cookies(&sidecar.ask(&insisting)), ["id=2"]);
    let other = sidecar.get("/");
    other.assert_hit();
    assert_eq!(cookies(&other), [] as [&str; 0]);
}

fn honoring(origin: &Origin, whose: &str) -> Builder {
    forebay()
        .origin(origin)
        .with_policies(&format!("cache: {{honor_request: {whose}}}"))
}

#[test]
fn what_clients_wish_is_heard_as_the_operator_says() {
    let wishes = [
        ("Cache-Control", "no-cache"),
        ("Cache-Control", "max-age=0"),
        ("Cache-Control", "min-fresh=1000"),
        ("Pragma", "no-cache"),
    ];
    let trusting = "trusted_proxies: [127.0.0.0/8]";
    for (whose, listener, heard) in [
        ("always", "", true),
        ("never", "", false),
        ("trusted", "", false),
        ("trusted", trusting, true),
        ("never", trusting, false),
    ] {
        let origin = numbered(&["Cache-Control: max-age=60"]);
        let sidecar = honoring(&origin, whose).listener(listener).start();
        sidecar.get("/");
        for (name, value) in wishes {
            let response = sidecar.ask(&Ask::get("/").header(name, value));
            let forwarded = response.cache_status().contains("fwd=");
            assert_eq!(forwarded, heard, "{whose} {listener}: {name}: {value}");
        }
        // These two are always heard: neither costs the origin more than a cache that is not there.
        let ask = Ask::get("/").header("Cache-Control", "no-store");
        sidecar.ask(&ask).assert_forwarded();
        let ask = Ask::get("/new").header("Cache-Control", "only-if-cached");
        assert_eq!(sidecar.ask(&ask).status, 504);
    }
}
