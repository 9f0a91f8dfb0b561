//! What clients will ask for is there before they do.

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Ask, Origin, Reply, Sidecar, command::run};

use crate::forebay;

const BINARY: &str = env!("CARGO_BIN_EXE_sidecar");

fn warm(sidecar: &Sidecar, arguments: &[&str]) -> serde_json::Value {
    let through = sidecar.address().to_string();
    let arguments = [
        &[
            "warm",
            "--through",
            &through,
            "-o",
            "json",
            "--rate",
            "1000/s",
        ],
        arguments,
    ]
    .concat();
    let ran = run(BINARY, &arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(&ran.text()).unwrap()
}

fn shop() -> Origin {
    Origin::http(|request| match request.target.as_str() {
        "/mine" => Reply::ok("x").header("Cache-Control", "private"),
        "/sitemap.xml" => Reply::ok(
            "<sitemapindex><sitemap><loc>http://shop.test/list.xml</loc></sitemap></sitemapindex>",
        ),
        "/list.xml" => Reply::ok(
            "<urlset><url><loc>http://shop.test/a?x=1&amp;y=2</loc></url>\
             <url><loc>http://shop.test/b</loc></url></urlset>",
        ),
        _ => Reply::ok("x"),
    })
}

#[test]
fn urls_are_fetched_once_and_clients_find_them() {
    let origin = shop();
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}")
        .start();
    let urls = [
        "http://shop.test/a",
        "http://shop.test/b",
        "http://shop.test/mine",
    ];
    let arguments = urls.map(|url| ["--url", url]).concat();
    let summary = warm(&sidecar, &arguments);
    assert_eq!(summary["fetched"], 2, "{summary}");
    assert_eq!(summary["not_cacheable"]["private"], 1, "{summary}");
    let again = warm(&sidecar, &arguments);
    assert_eq!(again["held"], 2, "{again}");
    assert_eq!(origin.count(), 4);
    let answer = sidecar.ask(&Ask::get("/a").header("Host", "shop.test"));
    assert!(answer.cache_status().contains("hit"), "{answer:?}");
}

#[test]
fn a_sitemap_is_asked_for_through_the_same_door() {
    let origin = shop();
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}")
        .start();
    let summary = warm(&sidecar, &["--sitemap", "http://shop.test/sitemap.xml"]);
    assert_eq!(summary["fetched"], 2, "{summary}");
    let targets: Vec<_> = origin.requests().into_iter().map(|it| it.target).collect();
    assert!(targets.contains(&"/a?x=1&y=2".to_owned()), "{targets:?}");
}

#[test]
fn the_most_popular_of_an_access_log_come_first() {
    let origin = shop();
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}")
        .start();
    let line = |path: &str| format!("- - - [t] \"GET {path} HTTP/1.1\" 200 1\n");
    let log = ["/seldom", "/often", "/often", "/more", "/more", "/more"].map(line);
    let file = sidecar.directory().join("access.log");
    std::fs::write(&file, log.concat()).unwrap();
    let file = file.display().to_string();
    let arguments = ["--access-log", &file, "--top", "2", "--concurrency", "1"];
    let summary = warm(&sidecar, &arguments);
    assert_eq!(summary["fetched"], 2, "{summary}");
    let targets: Vec<_> = origin.requests().into_iter().map(|it| it.target).collect();
    assert_eq!(targets, ["/more", "/often"]);
}

#[test]
fn what_the_configuration_names_is_there_after_the_start() {
    let origin = shop();
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}")
        .top("cache: {warm: {urls: [\"http://shop.test/a\", \"http://shop.test/mine\"], url_file: /nowhere}}")
        .start();
    origin.wait_for(2);
    harness::eventually("it says that it has warmed", || {
        sidecar.stderr().contains("\"warmed\"").then_some(())
    });
    let answer = sidecar.ask(&Ask::get("/a").header("Host", "shop.test"));
    assert!(answer.cache_status().contains("hit"), "{answer:?}");
    assert!(
        sidecar.stderr().contains("cannot be read"),
        "{}",
        sidecar.stderr()
    );
}

#[test]
fn warming_waits_for_an_origin_that_is_not_there_yet() {
    let count = AtomicUsize::new(0);
    let origin = Origin::http(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::status(503),
        _ => Reply::ok("x"),
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 60s}")
        .top("cache: {warm: {urls: [\"http://shop.test/a\", \"http://shop.test/b\"]}}")
        .start();
    origin.wait_for(3);
    harness::eventually("it says that it has warmed", || {
        sidecar.stderr().contains("\"warmed\"").then_some(())
    });
    for target in ["/a", "/b"] {
        sidecar
            .ask(&Ask::get(target).header("Host", "shop.test"))
            .assert_hit();
    }
}

#[test]
fn what_cannot_be_fetched_is_counted_and_told() {
    let ran = run(
        BINARY,
        &[
            "warm",
            "--through",
            "127.0.0.1:9",
            "--url",
            "http://x/",
            "-o",
            "json",
        ],
    );
    assert_eq!(ran.code, Some(1));
    assert!(ran.text().contains("\"failed\""), "{}", ran.text());
    for wrong in ["/relative", "ftp://x/"] {
        let ran = run(BINARY, &["warm", "--url", wrong]);
        assert_eq!(ran.code, Some(1), "{wrong}");
    }
    assert_eq!(run(BINARY, &["warm"]).code, Some(2));
}

#[test]
fn what_was_popular_is_fetched_after_a_restart() {
    let origin = shop();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("popular");
    let start = || {
        let remembered = format!(
            "cache: {{warm: {{popularity: {{file: {}}}}}}}",
            file.display()
        );
        let sidecar = forebay().origin(&origin).top(&remembered);
        sidecar.with_policies("cache: {ttl: 60s}").start()
    };
    let sidecar = start();
    let hot = Ask::get("/hot").header("Host", "shop.test");
    let mut client = sidecar.connect();
    // One in sixteen is counted; that none of these is happens once in many billions of runs.
    for _ in 0..400 {
        client.ask(&hot);
    }
    drop(client);
    assert!(sidecar.stop().success());
    let known = std::fs::read_to_string(&file).unwrap();
    assert!(known.contains("/hot"), "{known}");
    let before = origin.count();
    let sidecar = start();
    origin.wait_for(before + 1);
    let answer = harness::eventually("it is held", || {
        let answer = sidecar.ask(&hot);
        answer.cache_status().contains("hit").then_some(answer)
    });
    assert_eq!(answer.text(), "x");
    drop(sidecar);
    std::fs::write(&file, "not a snapshot").unwrap();
    let sidecar = start();
    harness::eventually("it says that the file is damaged", || {
        sidecar.stderr().contains("cannot be read").then_some(())
    });
    assert_eq!(sidecar.ask(&hot).status, 200);
}
