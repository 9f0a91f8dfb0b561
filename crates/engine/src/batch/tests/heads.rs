//! Heads of answers to batches.

use http::StatusCode;

use super::*;
use crate::batch::{BatchOutcome, judge, share_headers};

const JSON: (&str, &str) = ("content-type", "application/json");

fn judged(status: u16, fields: &[(&str, &str)], asked: &[(&str, &str)]) -> BatchOutcome {
    let plan = users();
    let member = get(&plan, "/users/1", &headers(asked)).unwrap();
    let status = StatusCode::from_u16(status).unwrap();
    judge(status, &headers(fields), &[&member])
}

#[test]
fn only_whole_json_with_200_is_taken_apart() {
    assert_eq!(judged(200, &[JSON], &[]), BatchOutcome::Split);
    for status in [201, 203, 204, 206, 304, 404, 429, 500] {
        assert_eq!(
            judged(status, &[JSON], &[]),
            BatchOutcome::Status,
            "{status}"
        );
    }
    for fields in [
        &[][..],
        &[("content-type", "text/html")],
        &[JSON, ("content-encoding", "gzip")],
    ] {
        assert_eq!(
            judged(200, fields, &[]),
            BatchOutcome::NotJson,
            "{fields:?}"
        );
    }
    let fields = [
        ("content-type", "application/problem+json"),
        ("content-encoding", "identity"),
    ];
    assert_eq!(judged(200, &fields, &[]), BatchOutcome::Split);
}

/// Traps 14 to 16.
#[test]
fn what_is_for_one_is_for_nobody_else() {
    for field in [
        ("set-cookie", "id=1"),
        ("cache-control", "private"),
        ("cache-control", "max-age=60, private=\"x\""),
        ("vary", "*"),
        ("vary", "Accept, User-Agent"),
        ("vary", "X-Forwarded-For"),
        ("vary", "X-Request-Id"),
        ("vary", "Priority"),
    ] {
        assert_eq!(
            judged(200, &[JSON, field], &[]),
            BatchOutcome::Unshareable,
            "{field:?}"
        );
    }
    for field in [
        ("cache-control", "no-store"),
        ("vary", "Accept-Encoding, Accept, Authorization"),
    ] {
        assert_eq!(
            judged(200, &[JSON, field], &[]),
            BatchOutcome::Split,
            "{field:?}"
        );
    }
}

#[test]
fn what_is_one_users_may_go_to_that_user() {
    let private = [JSON, ("cache-control", "private, max-age=60")];
    for asked in [("authorization", "Bearer a"), ("cookie", "id=1")] {
        assert_eq!(
            judged(200, &private, &[asked]),
            BatchOutcome::Split,
            "{asked:?}"
        );
    }
    let cookie = [JSON, ("set-cookie", "id=1")];
    let asked = [("authorization", "Bearer a")];
    assert_eq!(judged(200, &cookie, &asked), BatchOutcome::Unshareable);
}

#[test]
fn an_answer_says_nothing_about_bytes_that_are_not_its_own() {
    let fields = headers(&[
        JSON,
        ("cache-control", "max-age=60"),
        ("content-length", "999"),
        ("content-digest", "sha-256=:x:"),
        ("content-location", "/users?ids=1,2"),
        ("date", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("etag", "\"all\""),
        ("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("vary", "Accept"),
        ("x-own", "1"),
        ("x-request-id", "somebody-elses"),
    ]);
    let own = share_headers(&fields, 7);
    let mut names: Vec<_> = own.keys().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "cache-control",
            "content-length",
            "content-type",
            "date",
            "vary",
            "x-own"
        ]
    );
    assert_eq!(own["content-length"], "7");
}
