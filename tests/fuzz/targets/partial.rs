//! Parts put together: only of the same bytes, and each byte in its place.

use bytes::Bytes;
use engine::cache::{
    draw::Draw,
    partial::{Combined, Known, Part, PartialAnswer, accept, combine},
    range::Extent,
    request::Lookup,
    vary::AcceptEncoding,
};
use http::{HeaderMap, StatusCode, header};
use policy::CachePolicy;

use super::Target;
use crate::{
    input::Input,
    oracle::{plainly_forbids_storing, response},
};

pub(crate) const TARGET: Target = Target {
    name: "partial",
    words: &[
        "content-range: bytes 0-9/30",
        "content-range: bytes 10-19/30",
        "content-range: bytes 5-29/30",
        "etag: \"a\"",
        "etag: W/\"a\"",
        "etag: \"b\"",
        "cache-control: max-age=60",
        "cache-control: no-store",
        "content-encoding: gzip",
        "content-length: 10",
        "if-range: \"a\"",
        "vary: accept",
        "accept: text/html",
        "date: Mon, 01 Jan 2024 00:00:10 GMT",
        "\n",
        "\n\n",
    ],
    run,
};

/// Parts up to this size are made and put together.
const SMALL: u64 = 10_000;

fn run(data: &[u8]) {
    let mut input = Input::of(data);
    let most = input.number();
    let [one, other] = [(); 2].map(|()| part(&input.fields(), &input.fields()));
    let (Some(stored), Some(new)) = (one, other) else {
        return;
    };
    let known = Known {
        meta: &stored.meta,
        extent: stored.extent,
    };
    let is_whole;
    let merged = match combine(known, &new, most) {
        Combined::Longer(merged) => {
            is_whole = false;
            merged
        }
        Combined::Whole(merged) => {
            is_whole = true;
            merged
        }
        Combined::Obsolete | Combined::Replaced | Combined::Unrelated => return,
    };
    let tags = [&stored.meta, &new.meta, &merged.meta].map(|meta| {
        let tag = meta.head.get(&header::ETAG).unwrap();
        assert!(
            tag.trim_ascii().starts_with(b"\""),
            "a weak tag proves nothing"
        );
        tag.trim_ascii().to_vec()
    });
    assert!(tags[0] == tags[1] && tags[1] == tags[2]);
    let (span, old) = (merged.extent.span(), stored.extent.span());
    assert!(span.covers(old) && span.covers(new.extent.span()));
    assert!(span.len() <= most.max(old.len()));
    assert_eq!(is_whole, span.len() == merged.extent.length());
    if span.len() <= SMALL {
        let bodies = [stored.extent, new.extent].map(body);
        let together = merged.layout.assemble(&bodies[0], &bodies[1]);
        assert_eq!(together, Some(body(merged.extent)));
    }
}

fn part(request: &HeaderMap, headers: &HeaderMap) -> Option<Part> {
    let answer = PartialAnswer {
        response: response(StatusCode::PARTIAL_CONTENT, headers),
        request,
        lookup: &Lookup::PLAIN_GET,
        accept_encoding: AcceptEncoding::Verbatim,
        draw: Draw::NEUTRAL,
    };
    let part = accept(&answer, &CachePolicy::default()).ok()?;
    assert!(!plainly_forbids_storing(headers));
    assert_eq!(part.meta.status, StatusCode::OK);
    assert!(!part.meta.head.contains(&header::CONTENT_RANGE));
    let length = part.extent.length().to_string();
    let told = part.meta.head.get(&header::CONTENT_LENGTH);
    assert_eq!(told, Some(length.as_bytes()));
    Some(part)
}

/// The bytes of a part of the one representation there is.
fn body(extent: Extent) -> Bytes {
    let span = extent.span();
    if span.len() > SMALL {
        return Bytes::new();
    }
    (span.first()..span.end())
        .map(|at| (at % 251) as u8)
        .collect()
}
