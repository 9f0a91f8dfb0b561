//! Tags that became weak on their way to the client come back to an origin that knows strong ones, and
//! parts of bytes that the client does not get are not asked for (TRAPS 18).

use harness::{Ask, Origin, Reply};

use super::{MINIFY, PRETTY, SELECT, SMALL, in_front, json, pretty};

/// An origin that compares tags as texts, list members apart.
fn literal() -> Origin {
    Origin::http(|request| {
        let lists = |name| {
            let list: &str = request.header(name)?;
            Some(list.split(", ").any(|tag| tag == "\"v1\""))
        };
        match (
            request.method.as_str(),
            lists("if-none-match"),
            lists("if-match"),
        ) {
            ("GET", Some(true), _) => Reply::status(304).header("ETag", "\"v1\""),
            ("PUT", _, Some(false)) => Reply::status(412),
            ("PUT", ..) => Reply::status(204),
            _ => pretty(request),
        }
    })
}

#[test]
fn a_tag_that_was_made_weak_still_says_not_modified() {
    let origin = literal();
    let sidecar = in_front(&origin, MINIFY);
    let tag = sidecar.get("/").header("etag").unwrap().to_owned();
    let response = sidecar.ask(&Ask::get("/").header("If-None-Match", &tag));
    assert_eq!(response.status, 304);
    assert_eq!(response.header("etag"), Some(&*tag));
}

#[test]
fn who_has_the_origins_bytes_keeps_their_tag() {
    let origin = literal();
    let sidecar = in_front(&origin, MINIFY);
    let response = sidecar.ask(&Ask::get("/").header("If-None-Match", "\"v1\""));
    assert_eq!(response.status, 304);
    assert_eq!(response.header("etag"), Some("\"v1\""));
}

/// What is never trimmed keeps its tag: in what the cache has, and for a client that asks by date.
#[test]
fn what_is_not_trimmed_is_confirmed_as_it_is() {
    let origin = Origin::http(|request| {
        let is_known = request.headers.has("if-none-match");
        let reply = match is_known || request.headers.has("if-modified-since") {
            true => Reply::status(304),
            false => Reply::ok("png").header("Content-Type", "image/png"),
        };
        let reply = reply.header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
        let reply = reply.header("Cache-Control", "max-age=0");
        reply.header("ETag", "\"v1\"")
    });
    let sidecar = in_front(&origin, "transform: {json: {fields: [id]}}\ncache: {}");
    for _ in 0..3 {
        let response = sidecar.get("/");
        assert_eq!(
            (response.status, response.header("etag")),
            (200, Some("\"v1\""))
        );
    }
    assert!(origin.last().headers.has("if-none-match"));
    let sidecar = in_front(&origin, SELECT);
    let by_date = Ask::get("/").header("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT");
    let response = sidecar.ask(&by_date);
    assert_eq!(
        (response.status, response.header("etag")),
        (304, Some("\"v1\""))
    );
}

#[test]
fn a_write_on_condition_means_what_the_client_has_seen() {
    let origin = literal();
    let sidecar = in_front(&origin, MINIFY);
    let tag = sidecar.get("/").header("etag").unwrap().to_owned();
    let put = |tag: &str| Ask::new("PUT", "/").header("If-Match", tag).body("x");
    assert_eq!(sidecar.ask(&put(&tag)).status, 204);
    assert_eq!(origin.last().header("if-match"), Some("\"v1\""));
    assert_eq!(sidecar.ask(&put("W/\"v2\"")).status, 412);
}

#[test]
fn a_part_is_not_asked_for_and_the_whole_is_given() {
    let origin = Origin::http(|request| {
        assert!(!request.headers.has("range") && !request.headers.has("if-range"));
        pretty(request)
    });
    let sidecar = in_front(&origin, MINIFY);
    let ask = Ask::get("/")
        .header("Range", "bytes=0-3")
        .header("If-Range", "\"v1\"");
    let response = sidecar.ask(&ask);
    assert_eq!((response.status, response.text()), (200, SMALL.to_owned()));
}

#[test]
fn a_part_of_what_is_stored_is_a_part_of_what_is_served() {
    let origin = Origin::http(|_| json(PRETTY).header("Cache-Control", "max-age=60"));
    let sidecar = in_front(&origin, "transform: {json: {}}\ncache: {}");
    assert_eq!(sidecar.get("/").text(), SMALL);
    let response = sidecar.ask(&Ask::get("/").header("Range", "bytes=2-5"));
    assert_eq!(response.status, 206);
    assert_eq!(response.text(), SMALL[2..6]);
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_head_says_nothing_about_bytes_that_nobody_gets() {
    let origin = Origin::http(pretty);
    let sidecar = in_front(&origin, MINIFY);
    let response = sidecar.ask(&Ask::new("HEAD", "/"));
    assert_eq!(response.header("etag"), Some("W/\"v1\""));
    for gone in ["content-length", "accept-ranges", "content-digest"] {
        assert!(!response.headers.has(gone), "{response:?}");
    }
}
