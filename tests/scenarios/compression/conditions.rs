//! What comes back with the tag of a compressed answer (trap 18).

use harness::{Ask, Origin, Reply, Request, Sidecar};

use super::{ask, decoded, text};
use crate::forebay;

/// An origin that compares tags as RFC 9110 says: one strong tag, and one weak one of its own.
fn strict(request: &Request) -> Reply {
    let ours = match request.target.as_str() {
        "/weak" => "W/\"v1\"",
        _ => "\"v1\"",
    };
    let named = |name: &str| {
        let line = request.header(name).unwrap_or_default().to_owned();
        line.split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    let opaque = |tag: &str| tag.trim_start_matches("W/").to_owned();
    if request.header("if-match").is_some() {
        let holds = named("if-match").iter().any(|tag| tag == ours) && !ours.starts_with('W');
        return Reply::status(if holds { 204 } else { 412 });
    }
    let since = request.header("if-modified-since").is_some();
    let tags = named("if-none-match");
    if since || tags.iter().any(|tag| opaque(tag) == opaque(ours)) {
        return Reply::status(304).header("ETag", ours);
    }
    let kind = match request.target.as_str() {
        "/image" => "image/png",
        _ => "application/json",
    };
    Reply::ok(text())
        .header("Content-Type", kind)
        .header("ETag", ours)
        .header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
}

fn passing(policies: &str) -> (Origin, Sidecar) {
    let origin = Origin::http(strict);
    let sidecar = forebay().origin(&origin).with_policies(policies).start();
    (origin, sidecar)
}

fn varies(fields: &[&str]) -> bool {
    fields
        .join(",")
        .to_ascii_lowercase()
        .contains("accept-encoding")
}

#[test]
fn a_304_that_is_passed_on_names_what_the_client_has() {
    // Without a cache, and past it.
    for policies in ["compression: {}", "cache: {}\ncompression: {}"] {
        let (origin, sidecar) = passing(policies);
        for (target, accepted, tag) in [
            ("/", "gzip", "W/\"v1\""),
            ("/", "identity", "\"v1\""),
            ("/weak", "gzip", "W/\"v1\""),
            ("/image", "gzip", "\"v1\""),
        ] {
            let ask = || ask(target, accepted).header("Cache-Control", "no-store");
            let whole = sidecar.ask(&ask());
            assert_eq!(whole.header("etag"), Some(tag), "{target} {accepted}");
            let again = sidecar.ask(&ask().header("If-None-Match", tag));
            assert_eq!(again.status, 304, "{target} {accepted}");
            assert_eq!(again.header("etag"), Some(tag), "{target} {accepted}");
            assert!(varies(&again.headers.all("vary")), "{target} {accepted}");
            let kept = origin.last();
            assert!(kept.header("if-none-match").unwrap().contains("\"v1\""));
        }
        let since = ask("/", "gzip")
            .header("Cache-Control", "no-store")
            .header("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(sidecar.ask(&since).header("etag"), Some("W/\"v1\""));
    }
}

#[test]
fn an_origin_that_looks_for_its_own_words_finds_them() {
    let origin = Origin::http(|request| match request.header("if-none-match") {
        Some("\"v1\", W/\"v1\"") => Reply::status(304),
        _ => Reply::ok("x"),
    });
    let policies = "compression: {}";
    let sidecar = forebay().origin(&origin).with_policies(policies).start();
    let again = sidecar.ask(&ask("/", "gzip").header("If-None-Match", "W/\"v1\""));
    assert_eq!(again.status, 304);
}

#[test]
fn who_writes_with_the_tag_it_was_given_may() {
    let (origin, sidecar) = passing("cache: {}\ncompression: {}");
    let edit = |target: &str, tag: &str| {
        let ask = Ask::new("PUT", target).body("{}");
        sidecar.ask(&ask.header("If-Match", tag)).status
    };
    let given = sidecar.ask(&ask("/", "gzip"));
    assert_eq!(edit("/", given.header("etag").unwrap()), 204);
    assert_eq!(origin.last().header("if-match"), Some("\"v1\""));
    assert_eq!(edit("/", "\"v1\""), 204);
    assert_eq!(edit("/", "W/\"v0\""), 412);
    // What the origin itself made weak does not match there.
    assert_eq!(edit("/weak", "W/\"v1\""), 412);
}

#[test]
fn where_nothing_is_compressed_conditions_pass_as_they_are() {
    for policies in ["cache: {}", "compression: {mode: shadow}"] {
        let (origin, sidecar) = passing(policies);
        let edit = Ask::new("PUT", "/").header("If-Match", "W/\"v1\"");
        assert_eq!(sidecar.ask(&edit).status, 412);
        assert_eq!(origin.last().header("if-match"), Some("W/\"v1\""));
        let again = ask("/", "gzip").header("If-None-Match", "W/\"v1\"");
        let again = sidecar.ask(&again.header("Cache-Control", "no-store"));
        assert_eq!(again.header("etag"), Some("\"v1\""));
        assert!(!varies(&again.headers.all("vary")));
    }
}

/// The origin, which compares weakly where it must not, would give a part of other bytes.
#[test]
fn a_part_is_not_asked_for_with_an_unsure_condition() {
    let origin = Origin::http(|request| match request.header("range") {
        Some(_) => Reply::ok("0123")
            .with_status(206)
            .header("Content-Type", "application/json")
            .header("ETag", "\"v1\"")
            .header("Content-Range", "bytes 0-3/10"),
        None => Reply::ok(text()).header("Content-Type", "application/json"),
    });
    let policies = "compression: {}";
    let sidecar = forebay().origin(&origin).with_policies(policies).start();
    let part = ask("/", "gzip").header("Range", "bytes=0-3");
    let unsure = sidecar.ask(&part.clone().header("If-Range", "W/\"v1\""));
    assert_eq!(unsure.status, 200);
    assert!(decoded(&unsure) == text());
    // What this client has may be coded, and has the same date.
    let date = part
        .clone()
        .header("If-Range", "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(sidecar.ask(&date).status, 200);
    let plain = ask("/", "identity").header("Range", "bytes=0-3");
    let date = plain.header("If-Range", "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(sidecar.ask(&date).status, 206);
    // A part says what the whole would have said.
    let sure = sidecar.ask(&part.header("If-Range", "\"v1\""));
    assert_eq!((sure.status, sure.text().as_str()), (206, "0123"));
    assert_eq!(sure.header("etag"), Some("\"v1\""));
    assert!(varies(&sure.headers.all("vary")));
}
