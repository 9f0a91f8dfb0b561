use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    cache::{
        range::{self, Held, Span},
        response::Framing,
        testing::{at, date, get, headers, policy, stored_at},
    },
    time::Now,
};

const TAG: (&str, &str) = ("etag", "\"x\"");
const FRESH: (&str, &str) = ("cache-control", "max-age=60");

fn part_at(
    received: Now,
    fields: &[(&str, &str)],
    request: &[(&str, &str)],
) -> Result<Part, SkipReason> {
    let (fields, request) = (headers(fields), headers(request));
    let answer = PartialAnswer {
        response: ResponseHead {
            status: StatusCode::PARTIAL_CONTENT,
            headers: &fields,
            framing: Framing::Delimited,
            sent_at: received,
            received_at: received,
        },
        request: &request,
        lookup: &get(&HeaderMap::new()),
        accept_encoding: AcceptEncoding::Verbatim,
        draw: Draw::NEUTRAL,
    };
    accept(&answer, &policy(None))
}

fn part(fields: &[(&str, &str)]) -> Part {
    part_at(at(0), fields, &[]).unwrap()
}

fn skipped(fields: &[(&str, &str)]) -> &'static str {
    match part_at(at(0), fields, &[]) {
        Ok(_) => "stored",
        Err(reason) => reason.as_str(),
    }
}

fn known(part: &Part) -> Known<'_> {
    Known {
        meta: &part.meta,
        extent: part.extent,
    }
}

fn told(stored: &Part, new: &Part) -> &'static str {
    combine(known(stored), new, 1 << 20).as_str()
}

#[test]
fn a_part_is_kept_with_the_fields_of_the_whole() {
    let fields = [
        TAG,
        FRESH,
        ("content-digest", "x"),
        ("content-length", "5"),
        ("content-range", "bytes 5-9/20"),
        ("content-type", "text/plain"),
        ("date", &date(0)),
    ];
    let part = part(&fields);
    assert_eq!(part.meta.status, StatusCode::OK);
    assert_eq!(part.extent.span(), Span::new(5, 9).unwrap());
    assert_eq!(part.extent.length(), 20);
    let expected = headers(&[
        TAG,
        FRESH,
        ("content-length", "20"),
        ("content-type", "text/plain"),
        ("date", &date(0)),
    ]);
    assert_eq!(part.meta.head.to_headers(), expected);
}

/// HTTP-CACHING, storing: 206 only as partial content we understand.
#[test]
fn what_is_not_understood_is_not_kept() {
    let range = ("content-range", "bytes 0-4/20");
    for (fields, expected) in [
        (vec![TAG, FRESH, range], "stored"),
        (vec![TAG, FRESH], "partial"),
        (
            vec![TAG, FRESH, ("content-range", "bytes 0-4/*")],
            "partial",
        ),
        (
            vec![TAG, FRESH, ("content-range", "bytes 5-4/20")],
            "partial",
        ),
        (vec![TAG, FRESH, range, ("content-length", "4")], "partial"),
        (vec![FRESH, range], "partial"),
        (vec![("etag", "W/\"x\""), FRESH, range], "partial"),
        (vec![("etag", "x"), FRESH, range], "partial"),
        (
            vec![
                TAG,
                FRESH,
                ("content-type", "multipart/byteranges; boundary=a"),
            ],
            "partial",
        ),
        (vec![TAG, ("cache-control", "no-store"), range], "no-store"),
        (vec![TAG, ("cache-control", "private"), range], "private"),
        (vec![TAG, FRESH, range, ("vary", "*")], "vary-star"),
        // The part is small enough, however large the whole is.
        (
            vec![TAG, FRESH, ("content-range", "bytes 0-4/9999999999999")],
            "stored",
        ),
        (
            vec![TAG, FRESH, ("content-range", "bytes 0-1048576/2000000")],
            "too-large",
        ),
    ] {
        assert_eq!(skipped(&fields), expected, "{fields:?}");
    }
}

fn span(range: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![TAG, FRESH, ("content-range", range)]
}

#[test]
fn parts_of_the_same_are_joined_when_nothing_lies_between() {
    for (stored, new, expected) in [
        ("bytes 0-4/20", "bytes 5-9/20", "longer"),
        ("bytes 5-9/20", "bytes 0-4/20", "longer"),
        ("bytes 0-9/20", "bytes 2-3/20", "longer"),
        ("bytes 0-9/20", "bytes 10-19/20", "whole"),
        ("bytes 1-19/20", "bytes 0-0/20", "whole"),
        ("bytes 1-2/20", "bytes 0-19/20", "whole"),
        ("bytes 0-19/20", "bytes 1-2/20", "whole"),
        // A gap: the longer stays, or the newer.
        ("bytes 0-4/20", "bytes 6-9/20", "unrelated"),
        ("bytes 0-4/20", "bytes 6-10/20", "replaced"),
        ("bytes 0-4/20", "bytes 6-19/20", "replaced"),
        // Another length is another thing.
        ("bytes 0-4/20", "bytes 5-9/21", "replaced"),
    ] {
        assert_eq!(told(&part(&span(stored)), &part(&span(new))), expected);
    }
}

#[test]
fn parts_are_joined_up_to_the_size_of_an_object() {
    let (stored, new) = (part(&span("bytes 0-4/20")), part(&span("bytes 5-9/20")));
    assert_eq!(combine(known(&stored), &new, 10).as_str(), "longer");
    assert_eq!(combine(known(&stored), &new, 9).as_str(), "replaced");
    // What is stored may be larger than the policy allows by now; it is not cut.
    let inner = part(&span("bytes 1-2/20"));
    assert_eq!(combine(known(&stored), &inner, 3).as_str(), "longer");
}

#[test]
fn only_the_same_strong_tag_joins() {
    let stored = part(&span("bytes 0-4/20"));
    let other = |fields: &[(&str, &str)]| {
        let mut all = vec![FRESH, ("content-range", "bytes 5-9/20")];
        all.extend(fields);
        part(&all)
    };
    assert_eq!(told(&stored, &other(&[("etag", "\"y\"")])), "replaced");
    assert_eq!(
        told(&stored, &other(&[TAG, ("content-encoding", "br")])),
        "replaced"
    );
    assert_eq!(
        told(&stored, &other(&[TAG, ("vary", "accept")])),
        "replaced"
    );
    // An answer that was made before what is stored does not take its place.
    let fields = [
        FRESH,
        ("content-range", "bytes 5-9/20"),
        ("etag", "\"y\""),
        ("date", &date(0)),
    ];
    let new = part_at(at(9), &fields, &[]).unwrap();
    let stored = part_at(at(5), &span("bytes 0-4/20"), &[]).unwrap();
    assert_eq!(told(&stored, &new), "unrelated");
    // A whole response without strong tag is replaced as well.
    let whole = stored_at(at(0), &[("etag", "W/\"x\""), FRESH], &[]);
    let extent = Extent::whole(20).unwrap();
    let weak = Known {
        meta: &whole,
        extent,
    };
    let new = part(&span("bytes 0-4/20"));
    assert_eq!(combine(weak, &new, 1 << 20).as_str(), "replaced");
}

/// RFC 9110, section 15.3.7: such an answer may leave out what describes the whole.
#[test]
fn the_answer_to_if_range_is_not_kept_alone() {
    let typed = [&span("bytes 0-4/20")[..], &[("content-type", "text/plain")]].concat();
    let stored = part(&typed);
    let lean = |range: &'static str, tag: &'static str| {
        let fields = [FRESH, ("content-range", range), ("etag", tag)];
        let part = part_at(at(1), &fields, &[("if-range", "\"x\"")]).unwrap();
        assert_eq!(part.fields, Fields::Lean);
        part
    };
    let Combined::Whole(merged) = combine(known(&stored), &lean("bytes 5-19/20", "\"x\""), 99)
    else {
        panic!("not whole");
    };
    assert_eq!(merged.meta.head.to_headers()["content-type"], "text/plain");
    assert_eq!(told(&stored, &lean("bytes 9-19/20", "\"x\"")), "unrelated");
    assert_eq!(told(&stored, &lean("bytes 5-19/20", "\"y\"")), "obsolete");
    // Another variant is no reason to forget this one.
    let varying = [&span("bytes 5-19/20")[..], &[("vary", "accept")]].concat();
    let variant = part_at(at(1), &varying, &[("if-range", "\"x\"")]).unwrap();
    assert_eq!(told(&stored, &variant), "unrelated");
}

/// RFC 9111, section 3.4.
#[test]
fn the_fields_of_the_newer_part_replace_the_others() {
    let old = [
        ("cache-control", "max-age=60"),
        ("content-encoding", "br"),
        ("content-range", "bytes 0-4/20"),
        ("date", &date(0)),
        ("etag", "\"x\""),
        ("x-a", "1"),
        ("x-a", "2"),
        ("x-b", "old"),
    ];
    let new = [
        ("cache-control", "max-age=90"),
        ("content-encoding", "br"),
        ("content-range", "bytes 5-9/20"),
        ("date", &date(9)),
        ("etag", "\"x\""),
        ("x-a", "3"),
    ];
    let (old, new) = (part(&old), part_at(at(9), &new, &[]).unwrap());
    let expected = headers(&[
        ("cache-control", "max-age=90"),
        ("content-encoding", "br"),
        ("content-length", "20"),
        ("date", &date(9)),
        ("etag", "\"x\""),
        ("x-a", "3"),
        ("x-b", "old"),
    ]);
    let Combined::Longer(merged) = combine(known(&old), &new, 99) else {
        panic!("not joined");
    };
    assert_eq!(merged.meta.head.to_headers(), expected);
    assert_eq!(merged.meta.lifetime, new.meta.lifetime);
    assert_eq!(merged.meta.received_at, at(9).monotonic);
    assert_eq!(merged.extent.span(), Span::new(0, 9).unwrap());
    // The other way round the stored part is the newer one, and its fields stay.
    let Combined::Longer(merged) = combine(known(&new), &old, 99) else {
        panic!("not joined");
    };
    assert_eq!(merged.meta.head.to_headers(), new.meta.head.to_headers());
}

#[test]
fn a_silent_part_does_not_loosen_what_the_stored_one_was_told() {
    let stored = part(&[
        TAG,
        ("cache-control", "no-cache, must-revalidate, max-age=60"),
        ("content-range", "bytes 0-4/20"),
    ]);
    let expires = date(90);
    let silent = [
        TAG,
        ("content-range", "bytes 5-9/20"),
        ("expires", &expires),
    ];
    let new = part(&silent);
    let Combined::Longer(merged) = combine(known(&stored), &new, 99) else {
        panic!("not joined");
    };
    assert!(merged.meta.rules.no_cache && merged.meta.rules.must_revalidate);
    assert_eq!(merged.meta.lifetime.length.as_secs(), 60);
}

#[test]
fn a_part_answers_what_it_covers() {
    let extent = Extent::new(Span::new(5, 9).unwrap(), 20).unwrap();
    for (range, expected) in [
        ("bytes=5-9", "covered"),
        ("bytes=6-6", "covered"),
        ("bytes=5-5,9-9", "covered"),
        ("bytes=4-9", "lacking"),
        ("bytes=5-10", "lacking"),
        ("bytes=5-5,10-10", "lacking"),
        ("bytes=-1", "lacking"),
        ("bytes=5-", "lacking"),
        ("bytes=20-", "covered"),
        ("bytes=x", "lacking"),
    ] {
        let wanted = Wanted::parse(range.as_bytes(), 20);
        assert_eq!(coverage(extent, &wanted).as_str(), expected, "{range}");
    }
    let whole = Wanted::Whole(range::WholeReason::NotAsked);
    let all = Extent::whole(20).unwrap();
    assert_eq!(coverage(all, &whole), Coverage::Covered);
}

/// What a small cache of one object does with the parts it is given.
#[derive(Default)]
struct Cache(Option<(Part, Bytes)>);

impl Cache {
    fn take_in(&mut self, new: Part, body: Bytes, max_object: u64) {
        let Some((stored, held)) = &self.0 else {
            if new.fields == Fields::Complete {
                self.0 = Some((new, body));
            }
            return;
        };
        match combine(known(stored), &new, max_object) {
            Combined::Longer(merged) | Combined::Whole(merged) => {
                let bytes = merged.layout.assemble(held, &body).unwrap();
                let part = Part {
                    meta: merged.meta,
                    extent: merged.extent,
                    fields: Fields::Complete,
                };
                self.0 = Some((part, bytes));
            }
            Combined::Obsolete => self.0 = None,
            Combined::Replaced => self.0 = Some((new, body)),
            Combined::Unrelated => {}
        }
    }
}

/// One exchange with the origin: a version of the object, a span of it, and how it was asked for.
fn exchange() -> impl Strategy<Value = (usize, usize, usize, bool)> {
    (0usize..2, 0usize..40, 0usize..40, any::<bool>())
}

proptest! {
    /// Whatever parts come in whatever order, what is served are the true bytes of the version
    /// whose tag goes with them.
    #[test]
    fn what_is_served_is_what_the_origin_has(
        bodies in [proptest::collection::vec(any::<u8>(), 1..40), proptest::collection::vec(any::<u8>(), 1..40)],
        exchanges in proptest::collection::vec(exchange(), 1..20),
        wanted in proptest::collection::vec((0u64..40, 0u64..40), 1..8),
        max_object in 1u64..60,
    ) {
        let mut cache = Cache::default();
        for (now, (version, one, other, lean)) in exchanges.into_iter().enumerate() {
            let body = &bodies[version];
            let (one, other) = (one % body.len(), other % body.len());
            let (first, last) = (one.min(other), one.max(other));
            let range = format!("bytes {first}-{last}/{}", body.len());
            let tag = format!("\"{version}\"");
            let fields = [FRESH, ("etag", &tag), ("content-range", &range)];
            let request: &[_] = if lean { &[("if-range", "\"0\"")] } else { &[] };
            let new = part_at(at(now as u64), &fields, request).unwrap();
            cache.take_in(new, Bytes::copy_from_slice(&body[first..=last]), max_object);
            let Some((stored, bytes)) = &cache.0 else { continue };
            prop_assert_eq!(bytes.len() as u64, stored.extent.span().len());
            let truth = &bodies[usize::from(stored.meta.head.get(&header::ETAG) == Some(b"\"1\""))];
            prop_assert_eq!(stored.extent.length(), truth.len() as u64);
            let held = Held::part(bytes.clone(), stored.extent.span().first());
            for (first, last) in &wanted {
                let asked = Wanted::parse(format!("bytes={first}-{last}").as_bytes(), stored.extent.length());
                let (Wanted::Single(span), Coverage::Covered) = (asked, coverage(stored.extent, &asked)) else {
                    continue;
                };
                let expected = &truth[span.first() as usize..span.end() as usize];
                prop_assert_eq!(&held.cut(span).unwrap()[..], expected);
            }
        }
    }

    /// Cut into spans that come in any order, all of which touch what is there, a body becomes
    /// whole again.
    #[test]
    fn the_pieces_of_a_body_become_the_body(
        body in proptest::collection::vec(any::<u8>(), 2..60),
        middle in any::<proptest::sample::Index>(),
        downwards in any::<bool>(),
    ) {
        let mut cache = Cache::default();
        let middle = middle.index(body.len() - 1) + 1;
        let mut cuts: Vec<_> = body.chunks(middle.div_ceil(2)).scan(0, |at, piece| {
            *at += piece.len();
            Some((*at - piece.len(), piece))
        }).collect();
        if downwards {
            cuts.reverse();
        }
        for (first, piece) in cuts {
            let range = format!("bytes {first}-{}/{}", first + piece.len() - 1, body.len());
            let new = part(&[TAG, FRESH, ("content-range", &range)]);
            cache.take_in(new, Bytes::copy_from_slice(piece), 60);
        }
        let (part, bytes) = cache.0.unwrap();
        prop_assert_eq!(part.extent, Extent::whole(body.len() as u64).unwrap());
        prop_assert_eq!(&bytes[..], &body[..]);
    }
}
