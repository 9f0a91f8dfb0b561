//! The page about caching a legacy API: its configurations run, its commands work, and what it says of
//! them is so.

use std::{os::unix::fs::symlink, path::Path, process::Command};

use harness::{Ask, Origin, Page, Reply, Response, Sidecar, command::run_command};

use super::BINARY;
use crate::forebay;

const PAGE: Page = Page::new(include_str!("../../../docs/guide/caching-a-legacy-api.md"));

/// An API without a word about caching.
fn legacy() -> Origin {
    Origin::http(|request| {
        let path = request.target.split('?').next().unwrap();
        match path {
            "/api/products/none" => Reply::status(404),
            _ => Reply::ok(path).header("Set-Cookie", "sid=1"),
        }
    })
}

/// How many configurations the page has; the last is the one that it ends with.
fn configurations() -> usize {
    PAGE.blocks("yaml").len()
}

fn configured(number: usize, origin: &Origin) -> Sidecar {
    PAGE.configured(forebay(), number, origin, &[]).start()
}

fn ask(sidecar: &Sidecar, path: &str, cookie: &str) -> Response {
    sidecar.ask(
        &Ask::get(path)
            .header("Host", "shop.example.com")
            .header("Cookie", cookie),
    )
}

#[test]
fn each_configuration_runs_and_keeps_what_it_says() {
    let kept: Vec<_> = (0..configurations())
        .map(|number| {
            let origin = legacy();
            let sidecar = configured(number, &origin);
            ask(&sidecar, "/api/products/7", "sid=2");
            let again = ask(&sidecar, "/api/products/7", "sid=3");
            again.cache_status().contains("hit")
        })
        .collect();
    // Shadow, a lifetime alone, then cookies that do not matter.
    assert_eq!(kept[..3], [false, false, true]);
    assert_eq!(kept.last(), Some(&true));
}

#[test]
fn the_last_configuration_does_what_the_page_says() {
    let origin = legacy();
    let sidecar = configured(configurations() - 1, &origin);
    origin.wait_for(1);
    let warmed = harness::in_time(|| {
        let answer = ask(&sidecar, "/api/products/1", "a=b");
        answer.cache_status().contains("hit").then_some(answer)
    });
    assert!(!warmed.unwrap().headers.has("set-cookie"));
    let before = origin.count();
    for target in ["/api/products/none", "/api/products/2?page=1&utm_source=x"] {
        ask(&sidecar, target, "a=b");
    }
    let missing = ask(&sidecar, "/api/products/none", "a=b");
    assert_eq!(missing.status, 404);
    assert!(missing.cache_status().contains("hit"), "{missing:?}");
    let campaign = ask(&sidecar, "/api/products/2?utm_source=y&page=1", "a=b");
    assert!(campaign.cache_status().contains("hit"), "{campaign:?}");
    assert_eq!(origin.count() - before, 2);
    let order = ask(&sidecar, "/api/orders", "a=b");
    assert!(order.headers.has("set-cookie"), "{order:?}");
}

#[test]
fn each_command_works() {
    let origin = legacy();
    let sidecar = configured(configurations() - 1, &origin);
    let directory = sidecar.directory();
    prepare(directory);
    let mut ran = 0;
    for line in PAGE.commands() {
        let line = line
            .replace(
                "http://127.0.0.1:3000",
                &format!("http://{}", origin.address()),
            )
            .replace("127.0.0.1:9901", &sidecar.admin_address().to_string())
            .replace("localhost:8080", &sidecar.address().to_string());
        let script = format!("PATH=\"$PWD/bin:$PATH\"; {line}");
        let mut shell = Command::new("sh");
        let done = run_command(shell.current_dir(directory).args(["-c", &script]));
        assert_eq!(done.code, Some(0), "{line}\n{}{}", done.text(), done.stderr);
        assert!(!done.text().is_empty(), "{line}");
        ran += 1;
    }
    assert_eq!(ran, 12);
}

/// What the commands of the page expect around them.
fn prepare(directory: &Path) {
    std::fs::create_dir(directory.join("bin")).unwrap();
    symlink(BINARY, directory.join("bin/forebay")).unwrap();
    let line = "::1 - - [t] \"GET /api/products/3 HTTP/1.1\" 200 1\n";
    std::fs::write(directory.join("access.log"), line).unwrap();
    let map = "<urlset><url><loc>http://shop.example.com/api/products/4</loc></url></urlset>";
    std::fs::write(directory.join("sitemap.xml"), map).unwrap();
}
