use std::time::Duration;

use super::*;
use crate::cache::{
    early::Renewal,
    reuse::{self, Moment, Reuse},
    seconds::DeltaSeconds,
    testing::{at, date, get, headers, policy, stored},
    vary::Match,
};

type Line<'a> = (&'a str, &'a str);

fn freshened(old: &StoredMeta, request: &[Line<'_>], fields: &[Line<'_>]) -> Freshened {
    let (request, fields) = (headers(request), headers(fields));
    let answer = Confirmation {
        headers: &fields,
        request: &request,
        lookup: &get(&request),
        accept_encoding: AcceptEncoding::Verbatim,
        sent_at: at(100),
        received_at: at(100),
        draw: Draw::NEUTRAL,
    };
    freshen(old, &answer, &policy(Some(60)))
}

fn updated(old: &StoredMeta, fields: &[Line<'_>]) -> StoredMeta {
    match freshened(old, &[], fields) {
        Freshened::Updated(meta) => *meta,
        other => panic!("{other:?}"),
    }
}

fn text<'a>(meta: &'a StoredMeta, name: &str) -> Option<&'a str> {
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    let value = meta.head.get(&name)?;
    Some(str::from_utf8(value).unwrap())
}

const TAG: Line<'static> = ("etag", "\"x\"");

#[test]
fn the_clients_conditions_give_way_to_ours() {
    let client = [
        ("if-none-match", "\"theirs\""),
        ("if-none-match", "\"more\""),
        ("if-modified-since", "x"),
        ("if-range", "x"),
        ("accept", "y"),
    ];
    let mut request = headers(&client);
    assert_eq!(prepare(&Method::GET, &mut request, None), Asking::Plainly);
    assert_eq!(request, headers(&[("accept", "y")]));

    let modified = date(0);
    let old = stored(&[TAG, ("last-modified", &modified)], &[]);
    let mut request = headers(&client);
    assert_eq!(
        prepare(&Method::GET, &mut request, Some(&old)),
        Asking::Conditionally
    );
    let expected = [
        ("accept", "y"),
        ("if-none-match", "\"x\""),
        ("if-modified-since", modified.as_str()),
    ];
    assert_eq!(request, headers(&expected));

    let mut request = headers(&client);
    assert_eq!(
        prepare(&Method::GET, &mut request, Some(&stored(&[], &[]))),
        Asking::Plainly
    );
}

#[test]
fn only_a_304_to_a_condition_confirms() {
    use Asking::{Conditionally, Plainly};
    assert_eq!(
        Verdict::of(Conditionally, StatusCode::NOT_MODIFIED),
        Verdict::Confirmed
    );
    assert_eq!(
        Verdict::of(Conditionally, StatusCode::OK),
        Verdict::Replaced
    );
    assert_eq!(
        Verdict::of(Plainly, StatusCode::NOT_MODIFIED),
        Verdict::Replaced
    );
}

#[test]
fn a_304_renews_freshness_and_fields() {
    let old = stored(
        &[
            TAG,
            ("cache-control", "max-age=10"),
            ("content-length", "5"),
            ("content-encoding", "gzip"),
            ("content-type", "text/plain"),
            ("x-many", "1"),
            ("x-many", "2"),
            ("x-kept", "1"),
            ("age", "3"),
        ],
        &[],
    );
    let now = date(100);
    let new = updated(
        &old,
        &[
            ("etag", "W/\"x\""),
            ("cache-control", "max-age=30"),
            ("content-length", "0"),
            ("content-encoding", "br"),
            ("content-range", "bytes 0-1/2"),
            ("x-many", "3"),
            ("x-new", "4"),
            ("set-cookie", "a=b"),
            ("connection", "x-kept"),
            ("date", &now),
        ],
    );
    assert_eq!(new.lifetime.length, Duration::from_secs(30));
    assert_eq!(
        (new.initial_age, new.received_at),
        (Duration::ZERO, at(100).monotonic)
    );
    for (name, expected) in [
        ("etag", Some("\"x\"")),
        ("cache-control", Some("max-age=30")),
        ("content-length", Some("5")),
        ("content-encoding", Some("gzip")),
        ("content-type", Some("text/plain")),
        ("content-range", None),
        ("x-many", Some("3")),
        ("x-kept", Some("1")),
        ("x-new", Some("4")),
        // TRAPS row 15.
        ("set-cookie", None),
        ("age", None),
        ("date", Some(now.as_str())),
    ] {
        assert_eq!(text(&new, name), expected, "{name}");
    }
    let many = HeaderName::from_static("x-many");
    assert_eq!(new.head.get_all(&many).count(), 1);
}

/// TRAPS row 20: neither the old `Date` nor the old `Age` makes the confirmed response old again.
#[test]
fn a_bare_304_renews_too() {
    let long_ago = date(0);
    let old = stored(
        &[TAG, ("cache-control", "max-age=10"), ("date", &long_ago)],
        &[],
    );
    let new = updated(&old, &[]);
    let fresh = Reuse::Fresh {
        age: DeltaSeconds::ZERO,
        ttl: DeltaSeconds::new(10),
        renewal: Renewal::None,
    };
    assert_eq!(
        reuse::decide(&new, &get(&headers(&[])), &Moment::plain(at(100))),
        fresh
    );
    let aged = updated(&old, &[("age", "4")]);
    let fresh = Reuse::Fresh {
        age: DeltaSeconds::new(4),
        ttl: DeltaSeconds::new(6),
        renewal: Renewal::None,
    };
    assert_eq!(
        reuse::decide(&aged, &get(&headers(&[])), &Moment::plain(at(100))),
        fresh
    );
}

#[test]
fn a_304_about_something_else_is_not_taken() {
    let modified = date(0);
    let other = date(1);
    let tagged = stored(&[TAG, ("last-modified", &modified)], &[]);
    let dated = stored(&[("last-modified", &modified)], &[]);
    let weak = stored(&[("etag", "W/\"x\"")], &[]);
    for (old, fields, expected) in [
        (&tagged, vec![TAG], true),
        (&tagged, vec![("etag", "\"y\"")], false),
        (&tagged, vec![("etag", "W/\"x\"")], true),
        (&tagged, vec![("last-modified", modified.as_str())], true),
        (&tagged, vec![("last-modified", other.as_str())], false),
        (&tagged, vec![], true),
        (&weak, vec![TAG], true),
        (&dated, vec![TAG], false),
        (&dated, vec![("last-modified", modified.as_str())], true),
    ] {
        let taken = !matches!(freshened(old, &[], &fields), Freshened::Mismatch);
        assert_eq!(taken, expected, "{fields:?}");
    }
}

/// TRAPS row 17: `Vary` is read again from the 304.
#[test]
fn a_304_may_change_by_what_it_varies() {
    let old = stored(&[TAG, ("vary", "a")], &[("a", "1")]);
    let request = [("a", "1"), ("b", "2")];
    let Freshened::Updated(new) = freshened(&old, &request, &[("vary", "b")]) else {
        panic!("not updated");
    };
    assert_eq!(new.vary.matches(&headers(&[("b", "2")])), Match::Same);
    assert_eq!(new.vary.matches(&headers(&[("a", "1")])), Match::Different);
}

#[test]
fn a_304_that_forbids_storing_is_the_last() {
    let old = stored(&[TAG], &[]);
    for (field, expected) in [
        (("cache-control", "no-store"), SkipReason::NoStore),
        (("cache-control", "private"), SkipReason::Private),
        (("vary", "*"), SkipReason::VaryStar),
    ] {
        match freshened(&old, &[], &[field]) {
            Freshened::Last(meta, reason) => {
                assert_eq!(reason, expected);
                assert_eq!(text(&meta, "etag"), Some("\"x\""));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A 304 need not repeat what was told to us alone; if it does, that counts.
#[test]
fn our_own_directives_survive_a_304() {
    let ours = |value| ("forebay-cache-control", value);
    let old = stored(
        &[TAG, ours("max-age=50"), ("cache-control", "no-store")],
        &[],
    );
    assert_eq!(old.lifetime.length, Duration::from_secs(50));
    let bare = updated(&old, &[("cache-control", "private")]);
    assert_eq!(bare.lifetime.length, Duration::from_secs(50));
    assert!(!bare.head.to_headers().contains_key("forebay-cache-control"));
    let again = updated(&bare, &[ours("max-age=70")]);
    assert_eq!(again.lifetime.length, Duration::from_secs(70));
    let Freshened::Last(_, reason) = freshened(&again, &[], &[ours("no-store")]) else {
        panic!("kept");
    };
    assert_eq!(reason, SkipReason::NoStore);
}

/// What is asked for with a body gets no guessed lifetime from a 304 either.
#[test]
fn a_304_to_a_query_stays_a_query() {
    let modified = date(0);
    let old = stored(&[TAG, ("last-modified", &modified)], &[]);
    let (request, fields) = (headers(&[]), headers(&[TAG]));
    let lookup = Lookup {
        method: Retrieval::Query,
        ..Lookup::PLAIN_GET
    };
    let answer = |lookup| Confirmation {
        headers: &fields,
        request: &request,
        lookup,
        accept_encoding: AcceptEncoding::Verbatim,
        sent_at: at(5_000),
        received_at: at(5_000),
        draw: Draw::NEUTRAL,
    };
    let found = freshen(&old, &answer(&lookup), &policy(None));
    assert!(matches!(found, Freshened::Last(_, SkipReason::NoFreshness)));
    let found = freshen(&old, &answer(&Lookup::PLAIN_GET), &policy(None));
    assert!(matches!(found, Freshened::Updated(_)));
}
