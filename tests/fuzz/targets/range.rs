//! `Range`: at most eight parts, within what there is, no byte twice.

use std::str;

use bytes::Bytes;
use engine::cache::range::{Boundary, Held, MAX_SPANS, Multipart, Segment, Span, Wanted};
use http::HeaderValue;

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "range",
    words: &[
        "bytes=", "BYTES=", "items=", "0-", "-0", "-1", "0-0", "0-499", "500-999", ",", ", ,", "-",
        "\n", "1000\n", "0\n",
    ],
    run,
};

/// Bodies up to this size are made and cut.
const SMALL: u64 = 10_000;

fn run(data: &[u8]) {
    let mut input = Input::of(data);
    let length = input.number();
    let several = match Wanted::parse(input.rest(), length) {
        Wanted::Single(span) => {
            assert_within(&[span], length);
            return assert_all_asked(input.rest(), &[span], length);
        }
        Wanted::Several(spans) => spans,
        Wanted::Unsatisfiable | Wanted::Whole(_) => return,
    };
    let spans = several.as_slice();
    assert!((2..=MAX_SPANS).contains(&spans.len()));
    assert_within(spans, length);
    assert_all_asked(input.rest(), spans, length);
    assert!(several.bytes() <= length);
    let media_type = HeaderValue::from_static("text/plain");
    let multipart = Multipart::new(several, length, Some(&media_type), Boundary::new(7));
    let total = multipart.total();
    let sent: u64 = multipart
        .segments()
        .map(|segment| match segment {
            Segment::Head(bytes) | Segment::Tail(bytes) => bytes.len() as u64,
            Segment::Span(span) => span.len(),
        })
        .sum();
    assert_eq!(sent, total);
}

fn assert_within(spans: &[Span], length: u64) {
    for (index, span) in spans.iter().enumerate() {
        assert!(span.first() <= span.last() && span.last() < length);
        let others = &spans[index + 1..];
        assert!(others.iter().all(|other| span.joined(*other).is_none()));
    }
    if length <= SMALL {
        let body: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let held = Held::whole(Bytes::from(body));
        for span in spans {
            let part = held.cut(*span).unwrap();
            assert_eq!(part.len() as u64, span.len());
            assert_eq!(part[0], span.first() as u8);
        }
    }
}

/// Byte by byte: what was asked for is sent, and nothing else.
fn assert_all_asked(range: &[u8], spans: &[Span], length: u64) {
    if length > SMALL {
        return;
    }
    let text = str::from_utf8(range).unwrap();
    let (_, set) = text.split_once('=').unwrap();
    let mut asked = vec![false; usize::try_from(length).unwrap()];
    for member in set.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let (first, last) = member.split_once('-').unwrap();
        // Too large for a number is behind the end, too.
        let number = |text: &str| text.parse().unwrap_or(u64::MAX);
        let (from, end) = match (first, last) {
            ("", count) => (length.saturating_sub(number(count)), length),
            (first, "") => (number(first), length),
            (first, last) => (number(first), number(last).saturating_add(1)),
        };
        for at in from..end.min(length) {
            asked[usize::try_from(at).unwrap()] = true;
        }
    }
    for (at, asked) in (0..).zip(asked) {
        let sent = spans
            .iter()
            .any(|it| (it.first()..=it.last()).contains(&at));
        assert_eq!(sent, asked, "byte {at}");
    }
}
