//! How much what is purged is gone, and when: softly or for good, while it is held or being fetched.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use harness::{Ask, Gate, Origin, Reply, Sidecar, eventually};

use super::order;
use crate::forebay;

const SOFT: &str = r#"{"url": "http://shop.test/a"}"#;
const HARD: &str = r#"{"url": "http://shop.test/a", "hard": true}"#;

fn caching(origin: &Origin) -> Sidecar {
    forebay().origin(origin).with_policies("cache: {}").start()
}

/// Answers with a number that goes up; with 304 to a tag it knows, if it is to.
fn answering(control: &'static str, confirming: bool) -> Origin {
    let count = AtomicUsize::new(0);
    Origin::http(move |request| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let reply = match request.header("if-none-match") {
            Some("\"v\"") if confirming => Reply::status(304),
            _ => Reply::ok(format!("answer {number}")),
        };
        reply
            .header("Cache-Control", control)
            .header("ETag", "\"v\"")
    })
}

#[test]
fn softly_purged_within_its_grace_it_is_served_while_it_is_renewed() {
    let origin = answering("max-age=60, stale-while-revalidate=60", false);
    let sidecar = caching(&origin);
    sidecar.get("/a");
    order(&sidecar, SOFT);
    let stale = sidecar.get("/a");
    assert_eq!(stale.text(), "answer 1");
    assert!(stale.cache_status().contains("; hit"), "{stale:?}");
    origin.wait_for(2);
    assert_eq!(origin.last().header("if-none-match"), Some("\"v\""));
    let renewed = eventually("it is renewed", || {
        Some(sidecar.get("/a")).filter(|response| response.text() == "answer 2")
    });
    renewed.assert_hit();
    assert_eq!(origin.count(), 2);
}

#[test]
fn softly_purged_without_grace_it_is_confirmed_first() {
    let origin = answering("max-age=60", true);
    let sidecar = caching(&origin);
    sidecar.get("/a");
    order(&sidecar, SOFT);
    let confirmed = sidecar.get("/a");
    assert_eq!(
        (confirmed.status, confirmed.text().as_str()),
        (200, "answer 1")
    );
    confirmed.assert_forwarded();
    assert_eq!(origin.last().header("if-none-match"), Some("\"v\""));
    // Confirmed, it is as good as new.
    sidecar.get("/a").assert_hit();
    assert_eq!(origin.count(), 2);
}

#[test]
fn softly_purged_it_stands_in_for_an_origin_that_fails() {
    let count = AtomicUsize::new(0);
    let origin = Origin::http(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::ok("answer 1").header("Cache-Control", "max-age=60, stale-if-error=60"),
        _ => Reply::status(503),
    });
    let sidecar = caching(&origin);
    sidecar.get("/a");
    order(&sidecar, SOFT);
    for _ in 0..5 {
        assert_eq!(sidecar.get("/a").text(), "answer 1");
    }
    assert!(origin.count() >= 2);
}

#[test]
fn a_client_cannot_bring_it_back_with_max_stale() {
    let origin = answering("max-age=60", false);
    let sidecar = caching(&origin);
    sidecar.get("/a");
    order(&sidecar, SOFT);
    let ask = Ask::get("/a").header("Cache-Control", "max-stale");
    assert_eq!(sidecar.ask(&ask).text(), "answer 2");
}

#[test]
fn purged_hard_it_is_a_miss_whatever_its_grace() {
    let origin = answering(
        "max-age=60, stale-while-revalidate=60, stale-if-error=60",
        true,
    );
    let sidecar = caching(&origin);
    sidecar.get("/a");
    order(&sidecar, HARD);
    let miss = sidecar.get("/a");
    assert!(miss.cache_status().contains("fwd=uri-miss"), "{miss:?}");
    assert_eq!(miss.text(), "answer 2");
    assert_eq!(origin.last().header("if-none-match"), None);
    sidecar.get("/a").assert_hit();
}

#[test]
fn of_a_soft_and_a_hard_purge_the_hard_one_counts() {
    for orders in [[SOFT, HARD], [HARD, SOFT]] {
        let origin = answering("max-age=60, stale-while-revalidate=60", true);
        let sidecar = caching(&origin);
        sidecar.get("/a");
        for what in orders {
            order(&sidecar, what);
        }
        assert_eq!(sidecar.get("/a").text(), "answer 2");
    }
}

#[test]
fn an_origin_that_is_gone_does_not_bring_back_what_was_purged_hard() {
    let origin = Origin::http(|_| {
        let reply = Reply::ok("x").header("Cache-Control", "max-age=60, stale-if-error=60");
        reply.closing()
    });
    let sidecar = caching(&origin);
    sidecar.get("/a");
    drop(origin);
    sidecar.get("/a").assert_hit();
    order(&sidecar, HARD);
    assert_eq!(sidecar.get("/a").status, 502);
}

#[test]
fn a_purge_hits_what_is_being_fetched() {
    for (what, text) in [
        (SOFT, "answer 2"),
        (HARD, "answer 2"),
        (r#"{"all": true}"#, "answer 2"),
        (r#"{"tag": "red"}"#, "answer 2"),
        (r#"{"prefix": "/a", "hard": true}"#, "answer 2"),
        (r#"{"url": "http://shop.test/b", "hard": true}"#, "answer 1"),
    ] {
        let gate = Gate::new();
        let origin = Origin::http({
            let gate = gate.clone();
            move |request| {
                gate.wait();
                Reply::ok(format!("answer {}", request.number))
                    .header("Cache-Control", "max-age=60")
                    .header("Surrogate-Key", "red")
            }
        });
        let sidecar = caching(&origin);
        let address = sidecar.address();
        let fetching = thread::spawn(move || Ask::get("/a").send(address));
        origin.wait_for(1);
        order(&sidecar, what);
        gate.open();
        assert_eq!(fetching.join().unwrap().text(), "answer 1");
        assert_eq!(sidecar.get("/a").text(), text, "{what}");
        sidecar.get("/a").assert_hit();
    }
}

#[test]
fn what_comes_after_a_purge_is_not_hit_by_it() {
    let origin = answering("max-age=60", false);
    let sidecar = caching(&origin);
    for what in [
        HARD,
        SOFT,
        r#"{"all": true, "hard": true}"#,
        r#"{"pattern": "/**"}"#,
    ] {
        let before = sidecar.get("/a");
        order(&sidecar, what);
        let after = sidecar.get("/a");
        assert_ne!(before.body, after.body, "{what}");
        for _ in 0..2 {
            let again = sidecar.get("/a");
            again.assert_hit();
            assert_eq!(again.body, after.body, "{what}");
        }
    }
}

#[test]
fn a_head_and_a_range_see_the_purge_too() {
    let origin = answering("max-age=60", false);
    let sidecar = caching(&origin);
    for ask in [
        Ask::new("HEAD", "/a"),
        Ask::get("/a").header("Range", "bytes=0-3"),
        Ask::get("/a").header("If-None-Match", "\"v\""),
    ] {
        sidecar.get("/a");
        assert!(sidecar.ask(&ask).cache_status().contains("; hit"));
        order(&sidecar, HARD);
        let response = sidecar.ask(&ask);
        assert!(
            response.cache_status().contains("fwd="),
            "{ask:?}: {response:?}"
        );
    }
}
