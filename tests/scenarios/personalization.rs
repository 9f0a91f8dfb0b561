//! Responses that differ by who asks, as the operator says: one variant for each kind of client that
//! the origin tells apart, and no more than that.

use std::{thread, thread::JoinHandle};

use harness::{Ask, Gate, Origin, Reply, Response, Sidecar, eventually};

use crate::{forebay, numbered};

/// Everything is fresh for a minute, whoever asks.
const FRESH: &[&str] = &["Cache-Control: max-age=60"];

fn keyed_by(origin: &Origin, key: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies(&format!("cache: {{key: {{{key}}}}}"))
        .start()
}

/// Every one of these gets an answer of its own, and again when it asks again.
#[track_caller]
fn all_apart(key: &str, asks: &[Ask]) {
    let origin = numbered(FRESH);
    let sidecar = keyed_by(&origin, key);
    let first: Vec<Response> = asks.iter().map(|ask| sidecar.ask(ask)).collect();
    assert_eq!(origin.count(), asks.len(), "{key}: {first:?}");
    for (ask, first) in asks.iter().zip(&first) {
        let again = sidecar.ask(ask);
        again.assert_hit();
        assert_eq!(again.body, first.body, "{key}: {ask:?}");
    }
}

/// All of these get the same answer.
#[track_caller]
fn all_alike(key: &str, asks: &[Ask]) {
    let origin = numbered(FRESH);
    let sidecar = keyed_by(&origin, key);
    for ask in asks {
        assert_eq!(sidecar.ask(ask).text(), "answer 1", "{key}: {ask:?}");
    }
    assert_eq!(origin.count(), 1);
}

fn with(name: &str, value: &str) -> Ask {
    Ask::get("/").header(name, value)
}

#[test]
fn what_the_operator_names_keeps_responses_apart() {
    let plans = [
        with("X-Plan", "free"),
        with("X-Plan", "paid"),
        with("X-Plan", "Paid"),
    ];
    all_apart("headers: [X-Plan]", &plans);
    let themes = [
        with("Cookie", "theme=dark"),
        with("Cookie", "id=7; theme=light"),
    ];
    all_apart("cookies: [theme]", &themes);
    let languages = [with("Accept-Language", "en"), with("Accept-Language", "de")];
    all_apart("language: [en, de]", &languages);
    let devices = [
        with("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
        with("User-Agent", "Mozilla/5.0 (iPhone) Mobile/1"),
        with("User-Agent", "Mozilla/5.0 (iPad)"),
        with("User-Agent", "Examplebot/2.1"),
    ];
    all_apart("device: true", &devices);
}

#[test]
fn what_is_absent_is_not_what_is_empty() {
    let plans = [Ask::get("/"), with("X-Plan", ""), with("X-Plan", "-")];
    all_apart("headers: [X-Plan]", &plans);
    let themes = [
        with("Cookie", "id=7"),
        with("Cookie", "theme="),
        with("Cookie", "theme=\"\""),
    ];
    all_apart("cookies: [theme]", &themes);
}

#[test]
fn two_values_never_look_like_one() {
    let pairs = [
        Ask::get("/").header("X-A", "ab").header("X-B", "c"),
        Ask::get("/").header("X-A", "a").header("X-B", "bc"),
        Ask::get("/").header("X-A", "abc"),
        Ask::get("/").header("X-B", "abc"),
    ];
    all_apart("headers: [X-A, X-B]", &pairs);
}

#[test]
fn what_the_operator_does_not_name_does_not_matter() {
    let visitors = [
        with("Cookie", "id=1"),
        with("Cookie", "id=2"),
        with("Cookie", "other=3"),
        Ask::get("/"),
    ];
    all_alike("cookies: [theme]", &visitors);
    let lines = [
        with("X-Plan", "a,b"),
        with("X-Plan", "a").header("X-Plan", "b"),
    ];
    all_alike("headers: [X-Plan]", &lines);
}

#[test]
fn ten_spellings_of_a_language_are_one_variant() {
    let spellings = [
        "de",
        "DE",
        "de-DE",
        "de-CH-1996",
        "de;q=1.000",
        "de , en;q=0.1",
        "en;q=0.2,de",
        "fr, de;q=0.7, en;q=0.3",
        "*;q=0.1, de",
        "de-AT;q=0.9, en-GB;q=0.8, xx;q=nonsense",
    ];
    let asks = spellings.map(|spelling| with("Accept-Language", spelling));
    all_alike("language: [en, de, pt-BR]", &asks);
}

#[test]
fn a_language_that_is_not_on_offer_gets_the_first() {
    let asks = ["en", "fr", "", "tlh;q=0.3", "en;q=0, fr"];
    let asks = asks.map(|value| with("Accept-Language", value));
    all_alike(
        "language: [en, de]",
        &[&asks[..], &[Ask::get("/")]].concat(),
    );
}

#[test]
fn a_persona_is_a_named_set_of_these() {
    let origin = numbered(FRESH);
    let sidecar = forebay()
        .origin(&origin)
        .top("cache: {personas: {shopper: {headers: [X-Plan], language: [en, de], device: true}}}")
        .with_policies("cache: {key: {persona: shopper, cookies: [theme]}}")
        .start();
    let shopper = || with("X-Plan", "a").header("Accept-Language", "de");
    let others = [
        shopper(),
        shopper().header("User-Agent", "iPhone"),
        shopper().header("Cookie", "theme=dark"),
        with("X-Plan", "a"),
        with("X-Plan", "b").header("Accept-Language", "de"),
    ];
    for (number, ask) in others.iter().enumerate() {
        assert_eq!(sidecar.ask(ask).text(), format!("answer {}", number + 1));
    }
    for ask in &others {
        sidecar.ask(ask).assert_hit();
    }
}

#[test]
fn one_persona_too_many_drives_another_out_and_the_cache_does_not_grow() {
    let origin = numbered(FRESH);
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {max_variants: 3, key: {headers: [X-Plan]}}")
        .start();
    let ask = |plan: usize| sidecar.ask(&with("X-Plan", &format!("p{plan:03}")));
    for plan in 0..3 {
        ask(plan);
        ask(plan).assert_hit();
    }
    for plan in 0..3 {
        ask(plan).assert_hit();
    }
    let bytes = || sidecar.metric("forebay_cache_bytes", &[]);
    let full = eventually("they are counted", || Some(bytes()).filter(|it| *it > 0.0));
    for plan in 3..60 {
        ask(plan).assert_forwarded();
    }
    assert!(bytes() <= 8.0 * full, "{} after {full}", bytes());
    let held = (0..60).filter(|plan| {
        let ask = with("X-Plan", &format!("p{plan:03}")).header("Cache-Control", "only-if-cached");
        sidecar.ask(&ask).status == 200
    });
    assert_eq!(held.collect::<Vec<_>>(), [57, 58, 59]);
}

#[test]
fn absurd_values_pass_the_cache_by() {
    let origin = numbered(FRESH);
    let sidecar = keyed_by(&origin, "headers: [X-Plan], cookies: [theme]");
    let long = "x".repeat(257);
    let absurd = [
        with("X-Plan", &long),
        with("Cookie", &format!("theme={long}")),
        with("X-Plan", &long[..128]).header("X-Plan", &long[..128]),
    ];
    for ask in &absurd {
        for _ in 0..2 {
            let response = sidecar.ask(ask);
            assert!(response.cache_status().contains("detail=persona"));
            assert_eq!(response.status, 200);
        }
    }
    assert_eq!(origin.count(), 2 * absurd.len());
    assert_eq!(sidecar.metric("forebay_cache_entries", &[]), 0.0);
    let longest = with("X-Plan", &long[..256]);
    sidecar.ask(&longest);
    sidecar.ask(&longest).assert_hit();
}

#[test]
fn a_write_makes_what_every_persona_has_obsolete() {
    let origin = numbered(FRESH);
    let sidecar = keyed_by(&origin, "headers: [X-Plan]");
    let plans = ["a", "b"].map(|plan| with("X-Plan", plan));
    for ask in &plans {
        sidecar.ask(ask);
        sidecar.ask(ask).assert_hit();
    }
    sidecar.ask(&Ask::post("/", "x").header("X-Plan", "c"));
    for ask in &plans {
        sidecar.ask(ask).assert_forwarded();
    }
}

#[test]
fn personas_do_not_share_a_fetch_that_is_under_way() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            gate.wait();
            Reply::ok(request.header("x-plan").unwrap_or("none"))
                .header("Cache-Control", "max-age=60")
        }
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {key: {headers: [X-Plan]}}\ndeduplication: {}")
        .start();
    let address = sidecar.address();
    let clients: Vec<JoinHandle<Response>> = (0..6)
        .map(|client| {
            let ask = with("X-Plan", &format!("p{}", client % 2));
            thread::spawn(move || ask.send(address))
        })
        .collect();
    sidecar.wait_for_metric("forebay_http_requests_in_flight", &[], 6.0);
    gate.open();
    for (client, response) in clients.into_iter().enumerate() {
        assert_eq!(response.join().unwrap().text(), format!("p{}", client % 2));
    }
    assert_eq!(origin.count(), 2);
}

#[test]
fn a_strategy_may_treat_personalized_responses_differently() {
    let origin = numbered(&[]);
    let sidecar = forebay()
        .origin(&origin)
        .top(
            "cache: {strategies: {shop: {ttl: 60s, cases: [\
             {personalized: true, content_type: [text/html], ttl: 0s}, \
             {personalized: false, ttl: 0s}]}}}",
        )
        .routes(
            "  - name: mine\n    upstream: origin\n    match: {path: /mine}\n    \
             cache: {strategy: shop, key: {headers: [X-Plan]}}\n  \
             - name: rest\n    upstream: origin\n    cache: {strategy: shop}",
        )
        .start();
    sidecar.get("/mine");
    sidecar.get("/mine").assert_hit();
    sidecar.get("/others");
    sidecar.get("/others").assert_forwarded();
}
