use super::*;
use crate::cache::testing::{at, get, headers, response};

fn share(status: u16, request: &[(&str, &str)], fields: &[(&str, &str)]) -> Share {
    let fields = headers(fields);
    decide(
        &get(&headers(request)),
        &response(status, &fields, at(0)),
        SetCookie::Refuse,
    )
}

/// TRAPS row 16: nothing meant for the leader alone reaches a follower.
#[test]
fn what_is_forbidden_is_not_shared() {
    use SkipReason::{
        Authorization, NoCache, NoStore, Partial, Private, SetCookie, Stale, Status, VaryStar,
    };
    for (status, field, expected) in [
        (200, ("cache-control", "no-store"), NoStore),
        (200, ("cache-control", "private"), Private),
        (200, ("cache-control", "no-cache"), NoCache),
        (200, ("cache-control", "max-age=0"), Stale),
        (200, ("expires", "0"), Stale),
        (200, ("set-cookie", "a=b"), SetCookie),
        (200, ("vary", "*"), VaryStar),
        (206, ("a", "b"), Partial),
        (304, ("a", "b"), Status),
    ] {
        assert_eq!(
            share(status, &[], &[field]),
            Share::No(expected),
            "{field:?}"
        );
    }
    let credentials = [("authorization", "x")];
    assert_eq!(share(200, &credentials, &[]), Share::No(Authorization));
    assert_eq!(
        share(200, &credentials, &[("cache-control", "public")]),
        Share::Yes
    );
}

#[test]
fn silence_about_freshness_may_be_shared() {
    for (status, fields) in [
        (200, vec![]),
        (404, vec![]),
        (500, vec![]),
        (200, vec![("cache-control", "max-age=1")]),
        (200, vec![("cache-control", "private=\"x-user\"")]),
        (
            200,
            vec![("set-cookie", "a=b"), ("cache-control", "public")],
        ),
        (200, vec![("vary", "accept")]),
    ] {
        assert_eq!(share(status, &[], &fields), Share::Yes, "{fields:?}");
    }
    assert_eq!(share(200, &[("cookie", "a=b")], &[]), Share::Yes);
}

/// TRAPS row 15: an operator may vouch for what comes with a cookie, and nothing else.
#[test]
fn stripping_the_cookie_lets_the_rest_be_shared() {
    let shared = |fields: &[(&str, &str)], set_cookie| {
        let fields = headers(fields);
        let facts = response(200, &fields, at(0));
        decide(&get(&headers(&[])), &facts, set_cookie)
    };
    let cookie = ("set-cookie", "a=b");
    let refused = Share::No(SkipReason::SetCookie);
    assert_eq!(shared(&[cookie], SetCookie::Refuse), refused);
    assert_eq!(shared(&[cookie], SetCookie::Strip), Share::Yes);
    let private = [cookie, ("cache-control", "private")];
    let refused = Share::No(SkipReason::Private);
    assert_eq!(shared(&private, SetCookie::Strip), refused);
}
