//! A HEAD is answered with the fields of the GET (RFC 9110, section 9.3.2).

use harness::{Ask, Origin, Reply, Response, Sidecar};

use super::{ask, text};
use crate::forebay;

fn head(sidecar: &Sidecar, target: &str, accepted: &str) -> Response {
    let head = Ask::new("HEAD", target).header("Accept-Encoding", accepted);
    let head = sidecar.ask(&head);
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    head
}

/// All but the length, which nobody knows before the body has been encoded.
#[track_caller]
fn assert_describes(head: &Response, get: &Response) {
    for name in ["content-encoding", "content-type", "etag", "accept-ranges"] {
        assert_eq!(head.header(name), get.header(name), "{name}: {head:?}");
    }
    assert_eq!(head.headers.all("vary"), get.headers.all("vary"));
    if let Some(length) = head.header("content-length") {
        assert_eq!(length, get.body.len().to_string(), "{head:?}");
    }
}

fn origin() -> Origin {
    Origin::http(|request| {
        let body = match request.target.as_str() {
            "/small" => "{}".to_owned(),
            _ => text(),
        };
        let kind = match request.target.as_str() {
            "/image" => "image/png",
            _ => "application/json",
        };
        let lasts = match request.target.as_str() {
            "/kept" => "max-age=60",
            _ => "no-store",
        };
        Reply::ok(body)
            .header("Content-Type", kind)
            .header("ETag", "\"v1\"")
            .header("Accept-Ranges", "bytes")
            .header("Cache-Control", lasts)
    })
}

#[test]
fn a_head_that_is_passed_on_has_the_fields_of_the_get() {
    let origin = origin();
    for policies in ["compression: {}", "cache: {}\ncompression: {}"] {
        let sidecar = forebay().origin(&origin).with_policies(policies).start();
        for target in ["/", "/small", "/image", "/kept"] {
            for accepted in ["gzip", "br;q=0.5, gzip;q=0.1", "identity", "gzip;q=0", "*"] {
                let described = head(&sidecar, target, accepted);
                assert_describes(&described, &sidecar.ask(&ask(target, accepted)));
            }
        }
        let coded = head(&sidecar, "/", "gzip");
        assert_eq!(coded.header("content-encoding"), Some("gzip"));
        assert_eq!(coded.header("etag"), Some("W/\"v1\""));
        assert!(!coded.headers.has("content-length"), "{coded:?}");
    }
}

/// Before a coding is kept, and after.
#[test]
fn a_head_from_the_cache_has_the_fields_of_the_get() {
    let origin = origin();
    let policies = "cache: {}\ncompression: {}";
    let sidecar = forebay().origin(&origin).with_policies(policies).start();
    sidecar.get("/kept");
    let before = head(&sidecar, "/kept", "gzip");
    assert!(before.cache_status().contains("; hit"));
    assert!(!before.headers.has("content-length"), "{before:?}");
    let get = sidecar.ask(&ask("/kept", "gzip"));
    let after = head(&sidecar, "/kept", "gzip");
    let length = get.body.len().to_string();
    assert_eq!(after.header("content-length"), Some(&*length));
    for described in [before, after] {
        assert_eq!(described.header("content-encoding"), Some("gzip"));
        assert_describes(&described, &get);
    }
    assert_eq!(origin.count(), 1);
}

/// Nothing was compressed, and nothing is told of it.
#[test]
fn a_head_is_counted_as_one_without_a_body() {
    let origin = origin();
    for mode in ["enforce", "shadow"] {
        let policies = format!("compression: {{mode: {mode}}}");
        let sidecar = forebay().origin(&origin).with_policies(&policies).start();
        head(&sidecar, "/", "gzip");
        let labels = [("route", "all"), ("outcome", "no-body"), ("mode", mode)];
        sidecar.wait_for_metric("forebay_compression_responses_total", &labels, 1.0);
    }
}
