use super::*;
use crate::cache::testing::{at, date, get, headers, stored};

fn answer(fields: &[(&str, &str)], request: &[(&str, &str)]) -> Conditional {
    let request = headers(request);
    decide(&get(&request), &request, &stored(fields, &[]), at(0).wall)
}

/// TRAPS row 18: a tag that compression weakened still matches; no condition, no 304.
#[test]
fn tags_are_compared_weakly() {
    use Conditional::{NotModified, Send};
    let tag = ("etag", "\"x\"");
    for (fields, value, expected) in [
        (tag, "\"x\"", NotModified),
        (tag, "W/\"x\"", NotModified),
        (("etag", "W/\"x\""), "\"x\"", NotModified),
        (tag, "\"a\", W/\"x\"", NotModified),
        (tag, "*", NotModified),
        (tag, "\"y\"", Send),
        (tag, "x", Send),
        (tag, "", Send),
        (("a", "b"), "\"x\"", Send),
        (("a", "b"), "*", NotModified),
        (("etag", "\"a,b\""), "\"c\", \"a,b\"", NotModified),
        (("etag", "\"a"), "\"a", Send),
    ] {
        assert_eq!(
            answer(&[fields], &[("if-none-match", value)]),
            expected,
            "{value}"
        );
    }
    let lines = [("if-none-match", "\"a\""), ("if-none-match", "\"x\"")];
    assert_eq!(answer(&[tag], &lines), NotModified);
    assert_eq!(answer(&[tag], &[]), Send);
}

#[test]
fn dates_count_only_without_tags() {
    use Conditional::{NotModified, Send};
    let (before, modified, after) = (date(1), date(2), date(3));
    let fields = [("last-modified", modified.as_str()), ("etag", "\"x\"")];
    assert_eq!(answer(&fields, &[("if-modified-since", &before)]), Send);
    assert_eq!(
        answer(&fields, &[("if-modified-since", &modified)]),
        NotModified
    );
    assert_eq!(
        answer(&fields, &[("if-modified-since", &after)]),
        NotModified
    );
    assert_eq!(answer(&fields, &[("if-modified-since", "x")]), Send);
    assert_eq!(
        answer(
            &fields,
            &[("if-modified-since", &after), ("if-modified-since", &after)]
        ),
        Send
    );
    let none_match = ("if-none-match", "\"y\"");
    assert_eq!(
        answer(&fields, &[("if-modified-since", &after), none_match]),
        Send
    );
    // Without Last-Modified the Date stands in for it (RFC 9111, section 4.3.2).
    assert_eq!(
        answer(&[("date", &modified)], &[("if-modified-since", &modified)]),
        NotModified
    );
    assert_eq!(
        answer(&[("date", &modified)], &[("if-modified-since", &before)]),
        Send
    );
    assert_eq!(
        answer(&[("last-modified", "x")], &[("if-modified-since", &after)]),
        Send
    );
}

#[test]
fn only_success_becomes_304() {
    let request = headers(&[("if-none-match", "*")]);
    let mut gone = stored(&[("etag", "\"x\"")], &[]);
    gone.status = StatusCode::GONE;
    let decided = decide(&get(&request), &request, &gone, at(0).wall);
    assert_eq!(decided, Conditional::Send);
}

#[test]
fn a_304_carries_what_updates_a_cache() {
    let fields = headers(&[
        ("cache-control", "max-age=5"),
        ("cache-control", "public"),
        ("content-location", "/x"),
        ("content-type", "text/plain"),
        ("content-length", "5"),
        ("date", "d"),
        ("etag", "\"x\""),
        ("expires", "e"),
        ("last-modified", "m"),
        ("vary", "a"),
    ]);
    let expected = headers(&[
        ("cache-control", "max-age=5"),
        ("cache-control", "public"),
        ("content-location", "/x"),
        ("date", "d"),
        ("etag", "\"x\""),
        ("expires", "e"),
        ("vary", "a"),
    ]);
    assert_eq!(not_modified_headers(&StoredHead::new(&fields)), expected);
    let untagged = headers(&[("last-modified", "m")]);
    assert_eq!(not_modified_headers(&StoredHead::new(&untagged)), untagged);
}
