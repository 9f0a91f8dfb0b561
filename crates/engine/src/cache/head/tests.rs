use std::time::Duration;

use super::*;
use crate::cache::{
    draw::Draw,
    reuse::{self, Moment, Reuse},
    testing::{at, date, get, headers, lookup, policy, stored},
    vary::AcceptEncoding,
};

type Line<'a> = (&'a str, &'a str);

const TAG: Line<'static> = ("etag", "\"x\"");

/// What a HEAD a hundred seconds later makes of a stored body of five bytes.
fn headed(old: &StoredMeta, status: u16, fields: &[Line<'_>]) -> Headed {
    let (request, fields) = (headers(&[]), headers(fields));
    let answer = Confirmation {
        headers: &fields,
        request: &request,
        lookup: &lookup(&http::Method::HEAD, &request),
        accept_encoding: AcceptEncoding::Verbatim,
        sent_at: at(97),
        received_at: at(100),
        draw: Draw::NEUTRAL,
    };
    let status = StatusCode::from_u16(status).unwrap();
    decide(old, 5, status, &answer, &policy(Some(60)))
}

fn word(headed: &Headed) -> &'static str {
    match headed {
        Headed::Obsolete => "obsolete",
        Headed::Refreshed(_) => "refreshed",
        Headed::Unchanged => "unchanged",
    }
}

#[test]
fn validators_and_length_must_agree() {
    let (modified, other) = (date(0), date(1));
    let modified_line = ("last-modified", modified.as_str());
    let both = stored(&[TAG, modified_line], &[]);
    let dated = stored(&[modified_line], &[]);
    let weak = stored(&[("etag", "W/\"x\"")], &[]);
    let bare = stored(&[], &[]);
    for (old, fields, expected) in [
        (
            &both,
            vec![TAG, modified_line, ("content-length", "5")],
            "refreshed",
        ),
        (&both, vec![TAG], "refreshed"),
        (&both, vec![modified_line], "refreshed"),
        (&both, vec![], "refreshed"),
        (&both, vec![("content-length", "5")], "refreshed"),
        (&both, vec![("content-length", "6")], "obsolete"),
        (&both, vec![("content-length", "x")], "obsolete"),
        (&both, vec![TAG, ("content-length", "6")], "obsolete"),
        (&both, vec![("etag", "\"y\"")], "obsolete"),
        (&both, vec![("etag", "\"y\""), modified_line], "obsolete"),
        (
            &both,
            vec![TAG, ("last-modified", other.as_str())],
            "obsolete",
        ),
        (&dated, vec![TAG, modified_line], "obsolete"),
        (&weak, vec![TAG], "refreshed"),
        (&bare, vec![TAG], "obsolete"),
        (&bare, vec![modified_line], "obsolete"),
        (&bare, vec![], "refreshed"),
        (&both, vec![TAG, ("cache-control", "no-store")], "obsolete"),
        (&both, vec![TAG, ("vary", "*")], "obsolete"),
    ] {
        assert_eq!(word(&headed(old, 200, &fields)), expected, "{fields:?}");
    }
}

#[test]
fn only_success_speaks_about_what_is_stored() {
    let old = stored(&[TAG], &[]);
    for status in [204, 206, 301, 304, 404, 500, 503] {
        let found = headed(&old, status, &[("etag", "\"y\"")]);
        assert_eq!(word(&found), "unchanged", "{status}");
    }
    let moved = StoredMeta {
        status: StatusCode::MOVED_PERMANENTLY,
        ..old
    };
    assert_eq!(word(&headed(&moved, 200, &[TAG])), "obsolete");
}

#[test]
fn fields_and_freshness_are_renewed() {
    let old = stored(
        &[
            TAG,
            ("cache-control", "max-age=10"),
            ("content-length", "5"),
            ("content-encoding", "gzip"),
            ("x-old", "1"),
            ("x-both", "1"),
        ],
        &[],
    );
    let now = date(100);
    let fields = [
        TAG,
        ("cache-control", "max-age=30"),
        ("content-encoding", "br"),
        ("x-both", "2"),
        ("date", now.as_str()),
    ];
    let Headed::Refreshed(new) = headed(&old, 200, &fields) else {
        panic!("not refreshed");
    };
    assert_eq!(new.fetch_time, Duration::ZERO);
    for (name, expected) in [
        ("content-length", "5"),
        ("content-encoding", "gzip"),
        ("cache-control", "max-age=30"),
        ("x-old", "1"),
        ("x-both", "2"),
    ] {
        assert_eq!(new.head.to_headers()[name], expected);
    }
    let found = reuse::decide(&new, &get(&headers(&[])), &Moment::plain(at(110)));
    assert!(matches!(found, Reuse::Fresh { age, .. } if age.get() == 13));
}
