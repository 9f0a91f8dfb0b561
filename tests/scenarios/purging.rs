//! Telling a running process that what it holds is no longer true.

mod manners;
mod targets;

use harness::{Ask, Origin, Sidecar, command::run};

use crate::forebay;

const BINARY: &str = env!("CARGO_BIN_EXE_sidecar");

fn purge(sidecar: &Sidecar, arguments: &[&str]) -> harness::command::Ran {
    let admin = sidecar.admin_address().to_string();
    run(BINARY, &[&["purge", "--admin", &admin], arguments].concat())
}

/// Sends an order to the admin listener.
#[track_caller]
fn order(sidecar: &Sidecar, order: &str) {
    let answer = Ask::post("/cache/purge", order)
        .header("Host", "localhost")
        .header("Content-Type", "application/json")
        .send(sidecar.admin_address());
    assert_eq!(answer.status, 200, "{order}: {}", answer.text());
}

/// Whether this is answered from the cache, and if so as something fresh.
#[track_caller]
fn is_held(sidecar: &Sidecar, ask: &Ask) -> bool {
    let response = sidecar.ask(ask);
    assert_eq!(response.status, 200, "{response:?}");
    response.cache_status().contains("; hit")
}

#[test]
fn the_command_prints_what_was_recorded_and_the_log_keeps_it() {
    let origin = Origin::saying("x");
    let sidecar = forebay().origin(&origin).start();
    for (arguments, said) in [
        (
            &["--url", "http://a/b"][..],
            r#"{"url":"http://a/b","manner":"soft"}"#,
        ),
        (
            &["--prefix", "/a/", "--hard"],
            r#"{"prefix":"/a/","manner":"hard"}"#,
        ),
        (
            &["--pattern", "a/*/b"],
            r#"{"pattern":"a/*/b","manner":"soft"}"#,
        ),
        (&["--tag", "p-1"], r#"{"tag":"p-1","manner":"soft"}"#),
        (
            &["--group", "https://a g"],
            r#"{"group":"https://a g","manner":"soft"}"#,
        ),
        (&["--all"], r#"{"all":true,"manner":"soft"}"#),
    ] {
        let ran = purge(&sidecar, arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.text().trim(), format!("{{\"purged\":{said}}}"));
    }
    harness::eventually("the log says who was purged", || {
        let log = sidecar.stderr();
        (log.contains("p-1") && log.contains("\"purged\"")).then_some(())
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    let sidecar = forebay().origin(&Origin::saying("x")).start();
    let ran = purge(&sidecar, &["--prefix", "/a?b=c"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("use a pattern"), "{}", ran.stderr);
    for arguments in [&[][..], &["--all", "--tag", "x"], &["--hard"]] {
        assert_eq!(purge(&sidecar, arguments).code, Some(2), "{arguments:?}");
    }
    let nobody = run(BINARY, &["purge", "--admin", "127.0.0.1:9", "--all"]);
    assert_eq!(nobody.code, Some(1));
}

#[test]
fn nobody_purges_by_asking_or_from_another_site() {
    let sidecar = forebay().origin(&Origin::saying("x")).start();
    assert_eq!(sidecar.admin("/cache/purge").status, 405);
    let order = Ask::post("/cache/purge", r#"{"all": true}"#).header("Host", "localhost");
    let as_form = order.clone().header("Content-Type", "text/plain");
    assert_eq!(as_form.send(sidecar.admin_address()).status, 415);
    let elsewhere = order
        .header("Content-Type", "application/json")
        .header("Origin", "http://evil.example");
    assert_eq!(elsewhere.send(sidecar.admin_address()).status, 403);
}
