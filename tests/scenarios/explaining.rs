//! "Why is this not cached?", asked of the command line and of a running process.

mod guide;
mod protecting;

use harness::{Origin, Reply, command::run};

use crate::forebay;

const BINARY: &str = env!("CARGO_BIN_EXE_sidecar");

/// What `/cache/lookup` says about a path.
fn lookup(sidecar: &harness::Sidecar, path: &str) -> serde_json::Value {
    // The name that every request of these tests has in `Host`.
    let answer = sidecar.admin(&format!("/cache/lookup?url=http://shop.test{path}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.text()).unwrap()
}

#[test]
fn a_running_process_says_what_it_holds_and_why_not() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/mine" => Reply::ok("x").header("Cache-Control", "private"),
        "/cookie" => Reply::ok("x").header("Set-Cookie", "a=b"),
        "/gone" => Reply::status(404),
        _ => Reply::ok("four").header("ETag", "\"v\""),
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}")
        .start();
    let nothing = lookup(&sidecar, "/held");
    assert_eq!(nothing["cache"], "miss");
    assert!(nothing["last_answer"].is_null(), "{nothing}");
    for path in ["/held", "/mine", "/cookie", "/gone"] {
        sidecar.get(path);
    }
    let held = lookup(&sidecar, "/held");
    assert_eq!(
        (&held["cache"], &held["route"]),
        (&"hit".into(), &"all".into())
    );
    let variant = &held["variants"][0];
    assert_eq!(variant["selected"], true);
    assert_eq!(variant["status"], 200);
    assert_eq!(variant["size_bytes"], 4);
    assert_eq!(variant["lifetime_source"], "operator-ttl");
    assert!(variant["ttl_seconds"].as_u64().unwrap() <= 60, "{held}");
    assert!(held["advice"]["yaml"].is_null(), "{held}");
    for (path, status, reason, yaml) in [
        ("/mine", 200, "private", None),
        (
            "/cookie",
            200,
            "set-cookie",
            Some("cache: {set_cookie: strip}"),
        ),
        (
            "/gone",
            404,
            "status",
            Some("cache: {negative_ttl: {404: 10s}}"),
        ),
    ] {
        let found = lookup(&sidecar, path);
        assert_eq!(found["cache"], "miss", "{found}");
        assert_eq!(found["last_answer"]["status"], status, "{found}");
        assert_eq!(found["last_answer"]["reason"], reason, "{found}");
        assert_eq!(found["advice"]["yaml"].as_str(), yaml, "{found}");
    }
    assert_eq!(origin.count(), 4, "a lookup asks nobody");
}

#[test]
fn explain_asks_the_upstream_once_and_judges_its_answer() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/private" => Reply::ok("x").header("Cache-Control", "private"),
        "/cut" => Reply::until_close("x"),
        _ => Reply::ok("x"),
    });
    let upstream = format!("http://{}", origin.address());
    let explained = |path: &str| {
        let arguments = [
            "explain",
            "GET",
            path,
            "--upstream",
            &upstream,
            "--ask",
            "-o",
            "json",
        ];
        let ran = run(BINARY, &arguments);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let all: serde_json::Value = serde_json::from_str(&ran.text()).unwrap();
        all["verdict"].clone()
    };
    let silent = explained("/silent");
    assert_eq!(silent["answer_of"], "asked");
    assert_eq!(silent["stored"], false, "{silent}");
    assert_eq!(silent["advice"]["yaml"], "cache: {ttl: 60s}", "{silent}");
    assert_eq!(explained("/private")["reason"], "private");
    assert_eq!(explained("/cut")["reason"], "close-delimited");
    assert_eq!(origin.count(), 3);
}

#[test]
fn explain_says_when_the_upstream_does_not_answer() {
    let gone = Origin::saying("x").address();
    let upstream = format!("http://{gone}");
    let arguments = [
        "explain",
        "GET",
        "/",
        "--upstream",
        "http://127.0.0.1:9",
        "--ask",
    ];
    let ran = run(BINARY, &arguments);
    assert_eq!(ran.code, Some(1), "{upstream}: {}", ran.text());
    assert!(ran.stderr.contains("gave no answer"), "{}", ran.stderr);
    let arguments = ["explain", "POST", "/", "--upstream", &upstream, "--ask"];
    let ran = run(BINARY, &arguments);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("only GET and HEAD"), "{}", ran.stderr);
}
