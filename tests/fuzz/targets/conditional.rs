//! `If-None-Match`, `If-Modified-Since` and `If-Range`: nobody is told that they hold what they may
//! not hold.

use engine::cache::{
    conditional::{Conditional, decide, not_modified_headers},
    date::HttpDate,
    range::IfRange,
    request::Lookup,
};
use http::{HeaderMap, header};

use super::Target;
use crate::{
    input::Input,
    oracle::{at, stored},
};

pub(crate) const TARGET: Target = Target {
    name: "conditional",
    words: &[
        "if-none-match: ",
        "if-modified-since: ",
        "if-range: ",
        "etag: ",
        "last-modified: ",
        "date: ",
        "\"a\"",
        "W/\"a\"",
        "\"b,c\"",
        "*",
        ", ",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:38 1994",
        "Mon, 01 Jan 2024 00:00:00 GMT",
        "\n",
        "\n\n",
    ],
    run,
};

fn run(data: &[u8]) {
    let mut input = Input::of(data);
    let (request, answer) = (input.fields(), input.fields());
    let meta = stored(&answer, &request);
    let now = at(0).wall;
    let read = |value: &[u8]| HttpDate::parse(value, now);
    let tag = meta.head.get(&header::ETAG).map(<[u8]>::trim_ascii);
    let modified = meta.head.get(&header::LAST_MODIFIED).and_then(read);

    if IfRange::evaluate(&request, &meta, now) == IfRange::Holds {
        let lines = lines(&request, &header::IF_RANGE);
        assert_eq!(lines.len(), 1);
        let theirs = lines[0].trim_ascii();
        let same_tag = tag == Some(theirs) && theirs.starts_with(b"\"");
        let same_date = modified.is_some() && read(theirs) == modified;
        assert!(same_tag || same_date && modified < Some(meta.date));
    }

    let lookup = Lookup {
        conditional: true,
        ..Lookup::PLAIN_GET
    };
    if decide(&lookup, &request, &meta, now) == Conditional::NotModified {
        let asked = lines(&request, &header::IF_NONE_MATCH);
        if asked.is_empty() {
            let since = lines(&request, &header::IF_MODIFIED_SINCE);
            assert_eq!(since.len(), 1);
            assert!(modified.unwrap_or(meta.date) <= read(since[0]).unwrap());
        } else {
            let opaque = tag.map(|tag| tag.strip_prefix(b"W/").unwrap_or(tag));
            let named = |line: &&[u8]| {
                let has = |opaque: &[u8]| line.windows(opaque.len()).any(|it| it == opaque);
                line.contains(&b'*') || opaque.is_some_and(has)
            };
            assert!(asked.iter().any(named), "304 for another tag");
        }
        let told = not_modified_headers(&meta.head);
        assert!(!told.contains_key(header::CONTENT_LENGTH));
    }
    let unconditional = decide(&Lookup::PLAIN_GET, &request, &meta, now);
    assert_eq!(unconditional, Conditional::Send);
}

fn lines<'a>(fields: &'a HeaderMap, name: &header::HeaderName) -> Vec<&'a [u8]> {
    let lines = fields.get_all(name).iter();
    lines.map(http::HeaderValue::as_bytes).collect()
}
