//! What goes out with a part, and what is read from one.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::super::*;
use crate::cache::testing::headers;

fn extent(first: u64, last: u64, length: u64) -> Extent {
    Extent::new(Span::new(first, last).unwrap(), length).unwrap()
}

fn whole_fields() -> HeaderMap {
    headers(&[
        ("access-control-allow-origin", "*"),
        ("cache-control", "max-age=5"),
        ("content-digest", "sha-256=:x:"),
        ("content-encoding", "br"),
        ("content-language", "de"),
        ("content-length", "10"),
        ("content-md5", "x"),
        ("content-type", "text/plain"),
        ("date", "d"),
        ("etag", "\"x\""),
        ("last-modified", "m"),
        ("repr-digest", "sha-256=:x:"),
        ("vary", "accept-encoding"),
    ])
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_part_goes_with_the_fields_of_the_whole() {
    let sent = single_headers(&whole_fields(), &HeaderMap::new(), extent(2, 4, 10));
    let mut expected = whole_fields();
    expected.remove("content-digest");
    expected.remove("content-md5");
    expected.insert("content-length", HeaderValue::from(3));
    expected.insert("content-range", HeaderValue::from_static("bytes 2-4/10"));
    assert_eq!(sent, expected);
}

#[test]
fn who_holds_the_rest_is_not_told_again_what_it_is() {
    let request = headers(&[("if-range", "\"x\"")]);
    let sent = single_headers(&whole_fields(), &request, extent(2, 4, 10));
    let expected = [
        "access-control-allow-origin",
        "cache-control",
        "content-length",
        "content-range",
        "date",
        "etag",
        "repr-digest",
        "vary",
    ];
    assert_eq!(names(&sent), expected);
}

/// TRAPS row 19: the length goes along with a refusal.
#[test]
fn a_refusal_tells_the_length_and_who_may_read_it() {
    let sent = unsatisfiable_headers(&whole_fields(), 10);
    let expected = headers(&[
        ("access-control-allow-origin", "*"),
        ("content-length", "0"),
        ("content-range", "bytes */10"),
        ("vary", "accept-encoding"),
    ]);
    assert_eq!(sent, expected);
}

fn several(range: &str, length: u64) -> Spans {
    match Wanted::parse(range.as_bytes(), length) {
        Wanted::Several(spans) => spans,
        other => panic!("{other:?}"),
    }
}

fn written(multipart: Multipart, body: &Bytes) -> Vec<u8> {
    let held = Held::whole(body.clone());
    let mut written = Vec::new();
    for segment in multipart.segments() {
        match segment {
            Segment::Head(bytes) | Segment::Tail(bytes) => written.extend_from_slice(&bytes),
            Segment::Span(span) => written.extend_from_slice(&held.cut(span).unwrap()),
        }
    }
    written
}

#[test]
fn several_parts_are_framed() {
    let body = Bytes::from_static(b"0123456789");
    let media_type = HeaderValue::from_static("text/plain");
    let multipart = Multipart::new(
        several("bytes=7-8,0-1", 10),
        10,
        Some(&media_type),
        Boundary::new(0xabc),
    );
    let boundary = "00000000000000000000000000000abc";
    let sent = multipart_headers(&whole_fields(), &HeaderMap::new(), &multipart);
    assert_eq!(
        sent["content-type"],
        format!("multipart/byteranges; boundary={boundary}")
    );
    assert!(!sent.contains_key("content-range"));
    let expected = format!(
        "--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 7-8/10\r\n\r\n78\r\n\
         --{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n\
         --{boundary}--\r\n"
    );
    assert_eq!(sent["content-length"], expected.len().to_string());
    assert_eq!(written(multipart, &body), expected.into_bytes());
    let untyped = Multipart::new(several("bytes=0-0,2-2", 3), 3, None, Boundary::new(1));
    let text = String::from_utf8(written(untyped, &body)).unwrap();
    assert!(!text.contains("Content-Type"), "{text}");
}

#[test]
fn what_is_not_held_cannot_be_cut() {
    let held = Held::part(Bytes::from_static(b"345"), 3);
    let cut = |first, last| held.cut(Span::new(first, last).unwrap());
    assert_eq!(cut(3, 5).unwrap(), "345");
    assert_eq!(cut(4, 4).unwrap(), "4");
    for (first, last) in [(2, 3), (5, 6), (6, 6), (0, 9), (0, u64::MAX - 1)] {
        assert_eq!(cut(first, last), None, "{first}-{last}");
    }
}

#[test]
fn spans_are_never_empty_and_never_out_of_reach() {
    assert_eq!(Span::new(2, 1), None);
    assert_eq!(Span::new(0, u64::MAX), None);
    assert_eq!(Span::whole(0), None);
    assert_eq!(Span::whole(u64::MAX).unwrap().len(), u64::MAX);
    assert_eq!(Extent::new(Span::new(0, 5).unwrap(), 5), None);
    assert_eq!(Extent::whole(0), None);
}

#[test]
fn content_ranges_are_read_strictly() {
    for (text, expected) in [
        ("bytes 0-4/10", Some((0, 4, Some(10)))),
        ("Bytes 0-4/10", Some((0, 4, Some(10)))),
        ("bytes 0-4/*", Some((0, 4, None))),
        ("bytes 9-9/10", Some((9, 9, Some(10)))),
        ("bytes 0-4/4", None),
        ("bytes 5-4/10", None),
        ("bytes */10", None),
        ("bytes 0-/10", None),
        ("bytes -4/10", None),
        ("bytes 0-4", None),
        ("bytes 0-4/", None),
        ("bytes  0-4/10", None),
        ("bytes=0-4/10", None),
        ("bytes 0 - 4/10", None),
        ("bytes 0-4/10/10", None),
        ("bytes 0-4/+10", None),
        ("bytes 0-4/18446744073709551616", None),
        ("bytes 18446744073709551616-18446744073709551617/*", None),
        ("items 0-4/10", None),
        ("bytes", None),
        ("", None),
    ] {
        let read = ContentRange::parse(text.as_bytes())
            .map(|range| (range.span.first(), range.span.last(), range.length));
        assert_eq!(read, expected, "{text:?}");
    }
}

#[test]
fn a_part_must_agree_with_itself() {
    let range = ("content-range", "bytes 0-4/10");
    for (fields, expected) in [
        (vec![range], "part"),
        (vec![range, ("content-length", "5")], "part"),
        (vec![range, ("content-length", "6")], "unclear"),
        (vec![range, ("content-length", "x")], "unclear"),
        (vec![range, range], "unclear"),
        (vec![], "unclear"),
        (vec![("content-range", "bytes */10")], "unclear"),
        (
            vec![("content-type", "Multipart/ByteRanges ; boundary=a")],
            "multipart",
        ),
        (
            vec![range, ("content-type", "multipart/byteranges")],
            "multipart",
        ),
        (vec![range, ("content-type", "multipart/mixed")], "part"),
    ] {
        assert_eq!(
            Received::of(&headers(&fields)).as_str(),
            expected,
            "{fields:?}"
        );
    }
}

proptest! {
    #[test]
    fn the_total_is_known_beforehand(
        starts in proptest::collection::btree_set(0u64..100, 2..=8),
        boundary in any::<u128>(),
    ) {
        let body: Bytes = (0..=255).collect();
        let members: Vec<_> = starts.iter().map(|n| format!("{}-{}", n * 2, n * 2)).collect();
        let spans = several(&format!("bytes={}", members.join(",")), 256);
        let multipart = Multipart::new(spans, 256, None, Boundary::new(boundary));
        let total = multipart.total();
        prop_assert_eq!(written(multipart, &body).len() as u64, total);
    }

    #[test]
    fn what_is_written_is_read(first in 0u64..1000, more in 0u64..1000, rest in 1u64..1000) {
        let extent = extent(first, first + more, first + more + rest);
        let read = ContentRange::parse(extent.header_value().as_bytes()).unwrap();
        prop_assert_eq!(read.extent(), Some(extent));
    }
}
