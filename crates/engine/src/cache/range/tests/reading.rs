//! Which bytes `Range` and `If-Range` ask for.

use http::Method;
use proptest::prelude::*;

use super::super::*;
use crate::cache::testing::{at, date, get, headers, lookup, stored, stored_at};

/// What is wanted, as text: `0-1,5-9`, `416`, or the reason for the whole.
fn told(wanted: Wanted) -> String {
    let text = |span: &Span| format!("{}-{}", span.first(), span.last());
    match wanted {
        Wanted::Several(spans) => spans
            .as_slice()
            .iter()
            .map(text)
            .collect::<Vec<_>>()
            .join(","),
        Wanted::Single(span) => text(&span),
        Wanted::Unsatisfiable => "416".into(),
        Wanted::Whole(reason) => reason.as_str().into(),
    }
}

/// TRAPS row 19: few ranges, merged, checked arithmetic, 416 only behind the end.
#[test]
fn ranges_are_read_against_the_length() {
    for (range, length, expected) in [
        // One range.
        ("bytes=0-0", 10, "0-0"),
        ("bytes=0-9", 10, "0-9"),
        ("bytes=0-", 10, "0-9"),
        ("bytes=9-", 10, "9-9"),
        ("bytes=3-5", 10, "3-5"),
        ("bytes=3-99", 10, "3-9"),
        ("bytes=0-0", 1, "0-0"),
        ("bytes=000-0003", 10, "0-3"),
        ("BYTES=1-2", 10, "1-2"),
        // The last bytes.
        ("bytes=-1", 10, "9-9"),
        ("bytes=-10", 10, "0-9"),
        ("bytes=-11", 10, "0-9"),
        ("bytes=-99999999999999999999999", 10, "0-9"),
        ("bytes=-18446744073709551615", 10, "0-9"),
        // Behind the end.
        ("bytes=10-", 10, "416"),
        ("bytes=10-11", 10, "416"),
        ("bytes=-0", 10, "416"),
        ("bytes=10-,-0,20-30", 10, "416"),
        ("bytes=18446744073709551615-", 10, "416"),
        ("bytes=99999999999999999999-", 10, "416"),
        ("bytes=18446744073709551616-18446744073709551617", 10, "416"),
        ("bytes=0-18446744073709551616", 10, "0-9"),
        // What can be had, of several.
        ("bytes=10-,0-1", 10, "0-1"),
        ("bytes=-0,0-1,4-5", 10, "0-1,4-5"),
        // Several, in their order.
        ("bytes=0-0,-1", 10, "0-0,9-9"),
        ("bytes=-1,0-0", 10, "9-9,0-0"),
        ("bytes=0-1,4-5,8-9", 10, "0-1,4-5,8-9"),
        // White space and empty members.
        (" bytes=0-1 ", 10, "0-1"),
        ("bytes= 0-1 ,\t4-5 ", 10, "0-1,4-5"),
        ("bytes=,0-1,,", 10, "0-1"),
        // Overlapping and touching, in the place of the first.
        ("bytes=0-3,2-5", 10, "0-5"),
        ("bytes=0-3,4-5", 10, "0-5"),
        ("bytes=4-5,0-3", 10, "0-5"),
        ("bytes=8-9,0-1,1-2", 10, "8-9,0-2"),
        ("bytes=0-1,8-9,2-3", 10, "0-3,8-9"),
        ("bytes=0-1,4-5,8-8,2-3", 10, "0-5,8-8"),
        ("bytes=8-8,0-0,4-4,1-3", 10, "8-8,0-4"),
        ("bytes=0-4,5-9", 10, "0-9"),
        ("bytes=0-0,0-0,0-0", 10, "0-0"),
        // Together more than there is.
        ("bytes=0-,0-", 10, "excessive"),
        ("bytes=0-9,0-0", 10, "excessive"),
        ("bytes=0-,-1", 10, "excessive"),
        ("bytes=0-5,0-4", 10, "excessive"),
        ("bytes=0-18446744073709551614,0-", u64::MAX, "excessive"),
        // Too many, also when all are the same or behind the end.
        ("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14", 99, {
            "0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14"
        }),
        (
            "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16",
            99,
            "too-many",
        ),
        ("bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0", 99, "too-many"),
        ("bytes=10-,10-,10-,10-,10-,10-,10-,10-,10-", 10, "too-many"),
        // Nothing there.
        ("bytes=0-0", 0, "416"),
        ("bytes=0-", 0, "416"),
        ("bytes=-0", 0, "416"),
        ("bytes=-1", 0, "empty"),
        ("bytes=0-,-1", 0, "empty"),
        // Very long.
        ("bytes=0-", u64::MAX, "0-18446744073709551614"),
        (
            "bytes=-1",
            u64::MAX,
            "18446744073709551614-18446744073709551614",
        ),
        // Other units.
        ("items=0-1", 10, "other-unit"),
        ("bytes =0-1", 10, "other-unit"),
        ("=0-1", 10, "other-unit"),
        // Not ranges.
        ("", 10, "invalid"),
        ("bytes", 10, "invalid"),
        ("bytes 0-1", 10, "invalid"),
        ("bytes=", 10, "invalid"),
        ("bytes=,", 10, "invalid"),
        ("bytes=-", 10, "invalid"),
        ("bytes=5", 10, "invalid"),
        ("bytes=5-4", 10, "invalid"),
        ("bytes=0-1,5-4", 10, "invalid"),
        ("bytes=a-b", 10, "invalid"),
        ("bytes=0-1-2", 10, "invalid"),
        ("bytes=--1", 10, "invalid"),
        ("bytes=0 - 1", 10, "invalid"),
        ("bytes=0-1;2-3", 10, "invalid"),
        ("bytes=0-1 2-3", 10, "invalid"),
        ("bytes=+0-1", 10, "invalid"),
        ("bytes=0x0-1", 10, "invalid"),
        ("bytes=0-1,*", 10, "invalid"),
    ] {
        let wanted = Wanted::parse(range.as_bytes(), length);
        assert_eq!(told(wanted), expected, "{range:?} of {length}");
    }
}

fn decided(fields: &[(&str, &str)], request: &[(&str, &str)]) -> String {
    let request = headers(request);
    let stored = stored(fields, &[]);
    told(decide(
        &get(&request_without_ranges()),
        &request,
        &stored,
        10,
        at(0).wall,
    ))
}

fn request_without_ranges() -> HeaderMap {
    HeaderMap::new()
}

/// TRAPS row 18: a weak tag, as compression makes it, never counts.
#[test]
fn if_range_needs_proof() {
    let dated = [("last-modified", date(0)), ("date", date(1))];
    let [modified, made] = dated
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let rfc850 = "Monday, 01-Jan-24 00:00:00 GMT";
    let (moment, later) = (date(0), date(1));
    let tag = ("etag", "\"x\"");
    for (fields, condition, expected) in [
        (vec![tag], "\"x\"", "0-1"),
        (vec![tag], " \"x\" ", "0-1"),
        (vec![tag], "\"y\"", "if-range"),
        (vec![tag], "W/\"x\"", "if-range"),
        (vec![("etag", "W/\"x\"")], "W/\"x\"", "if-range"),
        (vec![("etag", "W/\"x\"")], "\"x\"", "if-range"),
        (vec![tag], "\"x\", \"y\"", "if-range"),
        (vec![tag], "*", "if-range"),
        (vec![tag], "x", "if-range"),
        (vec![tag], "", "if-range"),
        (vec![tag], "\"x", "if-range"),
        (vec![("a", "b")], "\"x\"", "if-range"),
        (vec![modified, made], &moment, "0-1"),
        (vec![modified, made], rfc850, "0-1"),
        (vec![modified, made], &later, "if-range"),
        // Made in the same second: another change may follow within it.
        (vec![modified, ("date", &moment)], &moment, "if-range"),
        (vec![("last-modified", "x"), made], &moment, "if-range"),
        (vec![tag, made], &moment, "if-range"),
    ] {
        let request = [("range", "bytes=0-1"), ("if-range", condition)];
        assert_eq!(decided(&fields, &request), expected, "{condition:?}");
    }
    let twice = [
        ("range", "bytes=0-1"),
        ("if-range", "\"x\""),
        ("if-range", "\"x\""),
    ];
    assert_eq!(decided(&[tag], &twice), "if-range");
    assert_eq!(decided(&[tag], &[("if-range", "\"y\"")]), "not-asked");
}

/// The date that counts is the stored one, a missing one being the time of receipt.
#[test]
fn a_response_without_date_was_made_when_it_came() {
    let stored = stored_at(at(5), &[("last-modified", &date(0))], &[]);
    let request = headers(&[("range", "bytes=0-1"), ("if-range", &date(0))]);
    let wanted = decide(&Lookup::PLAIN_GET, &request, &stored, 10, at(6).wall);
    assert_eq!(told(wanted), "0-1");
}

#[test]
fn only_get_and_only_success_have_ranges() {
    let request = headers(&[("range", "bytes=0-1")]);
    let head = lookup(&Method::HEAD, &request_without_ranges());
    let mut held = stored(&[("etag", "\"x\"")], &[]);
    let now = at(0).wall;
    assert_eq!(told(decide(&head, &request, &held, 10, now)), "method");
    held.status = StatusCode::GONE;
    let wanted = decide(&Lookup::PLAIN_GET, &request, &held, 10, now);
    assert_eq!(told(wanted), "status");
    let twice = [("range", "bytes=0-1"), ("range", "bytes=0-1")];
    assert_eq!(decided(&[("a", "b")], &twice), "repeated");
    assert_eq!(decided(&[("a", "b")], &[]), "not-asked");
    assert_eq!(decided(&[("a", "b")], &[("range", "bytes=10-")]), "416");
    let (one, two) = (("range", "bytes=0-1"), ("range", "bytes=0-1,4-5"));
    assert_eq!(decided(&[("a", "b")], &[two]), "0-1,4-5");
    assert_eq!(decided(&[("content-encoding", "br")], &[two]), "encoded");
    assert_eq!(decided(&[("content-encoding", "br")], &[one]), "0-1");
}

/// A member of a `Range` field that is nearly one.
fn member() -> impl Strategy<Value = String> {
    let number = || {
        prop_oneof![
            (0u64..40).prop_map(|n| n.to_string()),
            any::<u64>().prop_map(|n| n.to_string()),
            Just(String::new()),
        ]
    };
    (number(), number()).prop_map(|(first, last)| format!("{first}-{last}"))
}

/// Which bytes a member names, byte by byte; `None` when it is not one.
fn named(member: &str, length: u64) -> Option<Vec<u64>> {
    let (first, last) = member.split_once('-')?;
    let number = |text: &str| text.parse::<u64>().ok();
    Some(match (number(first), number(last)) {
        (None, None) => return None,
        (Some(first), Some(last)) if last < first => return None,
        (Some(first), last) => (0..length)
            .filter(|byte| *byte >= first && last.is_none_or(|last| *byte <= last))
            .collect(),
        (None, Some(count)) => (0..length).filter(|byte| length - byte <= count).collect(),
    })
}

fn spans_of(wanted: &Wanted) -> Vec<Span> {
    match wanted {
        Wanted::Several(spans) => spans.as_slice().to_vec(),
        Wanted::Single(span) => vec![*span],
        Wanted::Unsatisfiable | Wanted::Whole(_) => vec![],
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        text in proptest::collection::vec(any::<u8>(), 0..200),
        length in any::<u64>(),
    ) {
        Wanted::parse(&text, length);
        Wanted::parse(&[b"bytes=", &text[..]].concat(), length);
        ContentRange::parse(&text);
        ContentRange::parse(&[b"bytes ", &text[..]].concat());
    }

    #[test]
    fn spans_lie_within_the_length_and_apart(
        members in proptest::collection::vec(member(), 0..12),
        length in prop_oneof![0u64..50, any::<u64>()],
    ) {
        let wanted = Wanted::parse(format!("bytes={}", members.join(",")).as_bytes(), length);
        let mut spans = spans_of(&wanted);
        prop_assert!(spans.len() <= MAX_SPANS);
        prop_assert_eq!(matches!(wanted, Wanted::Several(_)), spans.len() > 1);
        prop_assert!(spans.iter().map(|span| u128::from(span.len())).sum::<u128>() <= length.into());
        spans.sort_by_key(|span| span.first());
        for pair in spans.windows(2) {
            prop_assert!(pair[0].end() < pair[1].first());
        }
        prop_assert!(spans.iter().all(|span| span.last() < length));
    }

    #[test]
    fn exactly_the_bytes_that_were_named_are_wanted(
        members in proptest::collection::vec(member(), 1..12),
        length in 0u64..40,
    ) {
        let wanted = Wanted::parse(format!("bytes={}", members.join(",")).as_bytes(), length);
        let named: Option<Vec<_>> = members.iter().map(|member| named(member, length)).collect();
        match (wanted, named) {
            (Wanted::Whole(reason), None) => {
                prop_assert!(matches!(reason, WholeReason::Invalid | WholeReason::TooMany));
            }
            (wanted, None) => prop_assert!(false, "{wanted:?}"),
            (Wanted::Whole(reason), Some(named)) => {
                let bytes = named.iter().map(Vec::len).sum::<usize>() as u64;
                prop_assert_eq!(reason == WholeReason::TooMany, members.len() > MAX_SPANS);
                prop_assert!(reason != WholeReason::Excessive || bytes > length);
                prop_assert!(reason != WholeReason::Empty || length == 0);
            }
            (wanted, Some(named)) => {
                let mut named: Vec<_> = named.concat();
                named.sort_unstable();
                named.dedup();
                let spans = spans_of(&wanted);
                let mut sent: Vec<_> = spans.iter().flat_map(|it| it.first()..it.end()).collect();
                sent.sort_unstable();
                prop_assert_eq!(sent, named);
            }
        }
    }
}
