use policy::Percent;

use super::*;
use crate::cache::{
    targeted::Directives,
    testing::{at, date, headers},
};

fn lifetime(lines: &[(&str, &str)]) -> Option<(u64, LifetimeSource)> {
    let headers = headers(lines);
    let read = Directives::of(&headers);
    let date = HttpDate::of(at(0).wall);
    let found = explicit(&read.control, read.governing, &headers, date, at(0).wall)?;
    Some((found.length.as_secs(), found.source))
}

#[test]
fn the_shared_directive_goes_first() {
    use LifetimeSource::{Expires, MaxAge, SharedMaxAge};
    let soon = date(100);
    let soon = soon.as_str();
    let expires = ("expires", soon);
    for (lines, expected) in [
        (vec![], None),
        (vec![expires], Some((100, Expires))),
        (vec![expires, expires], Some((100, Expires))),
        (vec![expires, ("expires", "0")], Some((0, Expires))),
        (vec![("expires", "0")], Some((0, Expires))),
        (vec![("expires", "-1")], Some((0, Expires))),
        (
            vec![("expires", "Thu, 01 Jan 1970 00:00:00 GMT")],
            Some((0, Expires)),
        ),
        (
            vec![expires, ("cache-control", "max-age=5")],
            Some((5, MaxAge)),
        ),
        (
            vec![expires, ("cache-control", "max-age=x")],
            Some((0, MaxAge)),
        ),
        (
            vec![("cache-control", "max-age=5, max-age=3")],
            Some((3, MaxAge)),
        ),
        (
            vec![
                ("cache-control", "max-age=5"),
                ("cache-control", "S-MaxAge=\"9\""),
            ],
            Some((9, SharedMaxAge)),
        ),
        (
            vec![("cache-control", "max-age=5, s-maxage=0")],
            Some((0, SharedMaxAge)),
        ),
    ] {
        assert_eq!(lifetime(&lines), expected, "{lines:?}");
    }
}

/// A targeted field that is silent about time leaves `Expires` unread (RFC 9213, section 2.2).
#[test]
fn expires_is_not_read_beside_a_targeted_field() {
    let soon = date(100);
    let lines = [("expires", soon.as_str()), ("cdn-cache-control", "public")];
    assert_eq!(lifetime(&lines), None);
    let lines = [
        ("cache-control", "s-maxage=9"),
        ("cdn-cache-control", "max-age=5"),
    ];
    assert_eq!(lifetime(&lines), Some((5, LifetimeSource::MaxAge)));
}

#[test]
fn heuristics_take_a_share_of_the_time_unchanged() {
    let rule = |share, max| Heuristic {
        share: Percent::of(share),
        max: Duration::from_secs(max),
    };
    // Received 2000 seconds after the beginning, made 1000 seconds after it.
    let guess = |rule: Heuristic, modified: &str| {
        let fields = headers(&[("last-modified", modified)]);
        let made = HttpDate::of(at(1_000).wall);
        heuristic(&rule, &fields, made, at(2_000).wall).map(|found| {
            assert_eq!(found.source, LifetimeSource::Heuristic);
            found.length.as_secs()
        })
    };
    for (share, max, modified, expected) in [
        (10, 3_600, date(0), Some(100)),
        (10, 50, date(0), Some(50)),
        (100, 3_600, date(0), Some(1_000)),
        (10, 3_600, date(1), Some(99)),
        (33, 3_600, date(950), Some(16)),
        (0, 3_600, date(0), None),
        (10, 0, date(0), None),
        (10, 3_600, date(995), None),
        (10, 3_600, date(1_000), None),
        // Made before it was modified, whatever our own clock says.
        (100, 3_600, date(1_500), None),
        (10, 3_600, "yesterday".to_owned(), None),
        (10, 3_600, "0".to_owned(), None),
    ] {
        let found = guess(rule(share, max), &modified);
        assert_eq!(found, expected, "{share} {max} {modified}");
    }
    let none = headers(&[]);
    let now = at(0).wall;
    let guessed = heuristic(&rule(10, 9), &none, HttpDate::of(now), now);
    assert_eq!(guessed, None);
    let ancient = guess(rule(100, u64::MAX), "Mon, 01 Jan 0001 00:00:00 GMT");
    assert_eq!(ancient, Some(1 << 31));
}

#[test]
fn the_origin_chooses_its_grace_and_may_forbid_any() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let operator = Times {
        ttl: seconds(1),
        stale_while_revalidate: seconds(20),
        stale_if_error: seconds(30),
    };
    let grace = |value, times: &Times| {
        let control = Directives::of(&headers(&[("cache-control", value)])).control;
        let grace = Grace::of(&control, times);
        assert_eq!(grace.longest(), grace.if_error.max(grace.while_revalidate));
        (grace.while_revalidate.as_secs(), grace.if_error.as_secs())
    };
    for (value, expected) in [
        ("max-age=5", (20, 30)),
        ("stale-while-revalidate=7", (7, 30)),
        ("stale-if-error=8", (20, 8)),
        ("stale-while-revalidate=7, stale-if-error=8", (7, 8)),
        ("stale-while-revalidate=0", (0, 30)),
        ("stale-if-error=x", (20, 0)),
        ("immutable, proxy-revalidat", (20, 30)),
        ("no-cache=\"x\"", (20, 30)),
        ("no-cache", (0, 0)),
        ("must-revalidate, stale-if-error=8", (0, 0)),
        ("proxy-revalidate", (0, 0)),
        ("s-maxage=5, stale-while-revalidate=7", (0, 0)),
    ] {
        assert_eq!(grace(value, &operator), expected, "{value}");
    }
    assert_eq!(grace("max-age=5", &Times::default()), (0, 0));
    assert_eq!(grace("stale-if-error=8", &Times::default()), (0, 8));
}
