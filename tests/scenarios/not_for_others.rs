//! What one client sends or may have must not decide what others get.

use std::thread;

use harness::{Ask, Gate, Origin, Reply, Sidecar};

use crate::{forebay, numbered};

fn caching(origin: &Origin, policies: &str) -> Sidecar {
    forebay().origin(origin).with_policies(policies).start()
}

/// Trap 12: of two cookies of one name the origin believes now the first, now the last.
#[test]
fn a_cookie_given_twice_is_no_persona() {
    let origin = Origin::http(|request| Reply::ok(request.header("cookie").unwrap().to_owned()));
    let sidecar = caching(
        &origin,
        "cache: {ttl: 60s, request_cookies: ignore, key: {cookies: [cur]}}",
    );
    let poisoned = sidecar.ask(&Ask::get("/").header("Cookie", "cur=usd; cur=xxx"));
    assert!(
        poisoned.cache_status().contains("detail=persona"),
        "{poisoned:?}"
    );
    let honest = sidecar.ask(&Ask::get("/").header("Cookie", "cur=usd"));
    assert_eq!(honest.text(), "cur=usd");
}

/// Trap 12.
#[test]
fn a_query_that_says_twice_what_it_is_is_not_kept() {
    let origin = Origin::http(|request| {
        let types: Vec<_> = request.headers.all("content-type");
        Reply::ok(types.last().unwrap().to_string()).header("Cache-Control", "max-age=60")
    });
    let sidecar = caching(&origin, "cache: {}");
    let query = || Ask::new("QUERY", "/").header("Content-Type", "application/json");
    let double = query().header("Content-Type", "text/evil").body("{}");
    assert_eq!(sidecar.ask(&double).text(), "text/evil");
    assert_eq!(sidecar.ask(&query().body("{}")).text(), "application/json");
}

#[test]
fn a_head_does_not_bring_back_what_was_purged_for_good() {
    let origin = numbered(&["Cache-Control: max-age=60", "ETag: \"same\""]);
    let sidecar = caching(&origin, "cache: {}");
    assert_eq!(sidecar.get("/x").text(), "answer 1");
    let order = r#"{"prefix": "/x", "hard": true}"#;
    let purge = Ask::post("/cache/purge", order)
        .header("Content-Type", "application/json")
        .header("Host", &sidecar.admin_address().to_string());
    assert_eq!(purge.send(sidecar.admin_address()).status, 200);
    sidecar.ask(&Ask::new("HEAD", "/x"));
    assert_eq!(sidecar.get("/x").text(), "answer 3");
}

#[test]
fn a_head_with_a_cookie_leaves_what_others_share() {
    let origin = numbered(&[]);
    let sidecar = caching(&origin, "cache: {ttl: 60s}");
    assert_eq!(sidecar.get("/x").text(), "answer 1");
    for (name, value) in [("Cookie", "a=1"), ("Authorization", "Basic eA==")] {
        sidecar.ask(&Ask::new("HEAD", "/x").header(name, value));
        sidecar.get("/x").assert_hit();
    }
}

#[test]
fn a_read_begun_after_a_write_does_not_join_one_begun_before() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        let reads = std::sync::atomic::AtomicUsize::new(0);
        move |request| {
            if request.method == "POST" {
                return Reply::ok("written");
            }
            let number = reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            if number == 1 {
                gate.wait();
            }
            Reply::ok(format!("state {number}")).header("Cache-Control", "max-age=60")
        }
    });
    let sidecar = caching(&origin, "cache: {}\ndeduplication: {}");
    let address = sidecar.address();
    let before = thread::spawn(move || Ask::get("/x").send(address));
    origin.wait_for(1);
    sidecar.ask(&Ask::post("/x", "new"));
    assert_eq!(sidecar.get("/x").text(), "state 2");
    gate.open();
    assert_eq!(before.join().unwrap().text(), "state 1");
    assert_eq!(sidecar.get("/x").text(), "state 2");
}

#[test]
fn a_head_without_a_length_gets_none_from_us() {
    let origin = Origin::scripted(|mut conversation| {
        while conversation.head().is_some() {
            conversation.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        }
    });
    let sidecar = caching(&origin, "cache: {}\ndeduplication: {}");
    let answer = sidecar.ask(&Ask::new("HEAD", "/x"));
    assert_eq!(answer.header("content-length"), None, "{answer:?}");
}

/// A renewal of a part confirms a part; who wants the whole meanwhile gets the whole.
#[test]
fn the_renewal_of_a_part_is_no_answer_to_who_wants_the_whole() {
    let gate = Gate::new();
    let origin = Origin::http({
        let gate = gate.clone();
        move |request| {
            let reply = match (request.header("if-none-match"), request.header("range")) {
                (Some(_), _) => {
                    gate.wait();
                    Reply::status(304)
                }
                (None, Some(_)) => Reply::ok("0123456789")
                    .with_status(206)
                    .header("Content-Range", "bytes 0-9/20")
                    .header("Age", "60"),
                (None, None) => Reply::ok("01234567890123456789"),
            };
            reply
                .header("Cache-Control", "max-age=30, stale-while-revalidate=600")
                .header("ETag", "\"v\"")
        }
    });
    let sidecar = caching(&origin, "cache: {ranges: parts}\ndeduplication: {}");
    let part = Ask::get("/x").header("Range", "bytes=0-9");
    assert_eq!(sidecar.ask(&part).text(), "0123456789");
    let stale = sidecar.ask(&part);
    assert!(
        stale.cache_status().contains("stale-while-revalidate"),
        "{stale:?}"
    );
    origin.wait_for(2);
    let whole = sidecar.get("/x");
    assert_eq!((whole.status, whole.text().len()), (200, 20));
    gate.open();
}
