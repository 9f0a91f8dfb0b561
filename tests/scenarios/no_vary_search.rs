//! What the origin says about the query: which parameters its responses do not depend on.

use harness::{Ask, Origin, Reply, Sidecar};

use crate::forebay;

/// Answers with the target it was asked for, and says this about the query.
fn saying(rule: &'static str) -> Origin {
    Origin::http(move |request| {
        let reply = Reply::ok(request.target.clone()).header("Cache-Control", "max-age=60");
        match request.method.as_str() {
            "GET" => reply.header("No-Vary-Search", rule),
            _ => Reply::status(204),
        }
    })
}

/// It has heard about `/a` already: what comes first is kept before anything is known about the path.
fn listening(origin: &Origin) -> Sidecar {
    let sidecar = forebay()
        .origin(origin)
        .with_policies("cache: {key: {query: {no_vary_search: true}}}")
        .start();
    sidecar.get("/a?before=1&x=0");
    sidecar
}

/// After the first of these was fetched, exactly these others are answered with it.
#[track_caller]
fn same(rule: &'static str, first: &str, others: &[(&str, bool)]) {
    for (other, expected) in others {
        let origin = saying(rule);
        let sidecar = listening(&origin);
        sidecar.get(first).assert_forwarded();
        sidecar.get(first).assert_hit();
        let answer = sidecar.get(other);
        let is_same = answer.text() == first;
        assert_eq!(is_same, *expected, "{rule}: {first} and {other}");
        if !is_same {
            assert_eq!(answer.text(), *other);
        }
    }
}

#[test]
fn parameters_that_do_not_matter_are_left_out() {
    same(
        "params=(\"utm\")",
        "/a?x=1&utm=2",
        &[
            ("/a?x=1&utm=3", true),
            ("/a?x=1", true),
            ("/a?utm=9&x=1", true),
            ("/a?x=2&utm=2", false),
            ("/a?x=1&y=1", false),
            ("/b?x=1&utm=2", false),
        ],
    );
}

#[test]
fn all_parameters_may_be_left_out_but_for_some() {
    same(
        "params, except=(\"x\")",
        "/a?x=1&y=2",
        &[
            ("/a?x=1", true),
            ("/a?z=3&x=1", true),
            ("/a?x=2&y=2", false),
        ],
    );
    same("params", "/a?x=1", &[("/a?y=2", true)]);
}

#[test]
fn the_order_may_not_matter() {
    same(
        "key-order",
        "/a?x=1&y=2",
        &[("/a?y=2&x=1", true), ("/a?y=2&x=2", false)],
    );
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    for rule in [
        "params=(utm)",
        "params=\"utm\"",
        "nonsense, (",
        "except=(\"x\")",
    ] {
        same(
            rule,
            "/a?x=1&utm=2",
            &[("/a?x=1&utm=3", false), ("/a?x=1", false)],
        );
    }
}

#[test]
fn without_the_operators_word_the_origin_is_not_listened_to() {
    let origin = saying("params=(\"utm\")");
    let sidecar = forebay().origin(&origin).with_policies("cache: {}").start();
    sidecar.get("/a?utm=1");
    sidecar.get("/a?utm=2").assert_forwarded();
    sidecar.get("/a?utm=1").assert_hit();
}

#[test]
fn a_write_makes_it_obsolete_however_the_query_was_spelled() {
    for written in ["/a?x=1", "/a?x=1&utm=2", "/a?utm=7&x=1"] {
        let origin = saying("params=(\"utm\")");
        let sidecar = listening(&origin);
        sidecar.get("/a?x=1&utm=2");
        sidecar.get("/a?x=1&utm=3").assert_hit();
        sidecar.ask(&Ask::post(written, "x"));
        sidecar.get("/a?x=1&utm=2").assert_forwarded();
    }
}

#[test]
fn a_purge_hits_it_however_the_query_is_spelled() {
    for purged in ["/a?x=1", "/a?x=1&utm=2", "/a?utm=7&x=1"] {
        let origin = saying("params=(\"utm\")");
        let sidecar = listening(&origin);
        sidecar.get("/a?x=1&utm=2");
        sidecar.get("/a?x=1&utm=3").assert_hit();
        let order = format!("{{\"url\": \"http://shop.test{purged}\", \"hard\": true}}");
        let answer = Ask::post("/cache/purge", order)
            .header("Host", "localhost")
            .header("Content-Type", "application/json")
            .send(sidecar.admin_address());
        assert_eq!(answer.status, 200);
        sidecar.get("/a?x=1&utm=2").assert_forwarded();
    }
}

#[test]
fn the_latest_word_counts() {
    let origin = Origin::http(|request| {
        let rule = match request.target.contains("new") {
            true => "params=()",
            false => "params=(\"utm\")",
        };
        Reply::ok(request.target.clone())
            .header("Cache-Control", "max-age=60")
            .header("No-Vary-Search", rule)
    });
    let sidecar = listening(&origin);
    sidecar.get("/a?utm=1");
    sidecar.get("/a?utm=2").assert_hit();
    sidecar.get("/a?new=1");
    assert_eq!(sidecar.get("/a?utm=3").text(), "/a?utm=3");
}
