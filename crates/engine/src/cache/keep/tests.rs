use std::time::Duration;

use http::Method;
use policy::RequestCookies;

use super::*;
use crate::cache::freshness::LifetimeSource;
use crate::cache::testing::{at, date, get, headers, lookup, policy, response};

type Line<'a> = (&'a str, &'a str);

/// Decides about a response to a GET with the fields `request`, the operator's TTL being a minute.
fn keep(status: u16, request: &[Line<'_>], fields: &[Line<'_>]) -> Keep {
    let fields = headers(fields);
    let facts = response(status, &fields, at(0));
    decide(
        &get(&headers(request)),
        &facts,
        &policy(Some(60)),
        Draw::NEUTRAL,
    )
}

fn stores(seconds: u64, source: LifetimeSource) -> Keep {
    let length = Duration::from_secs(seconds);
    Keep::Store(Terms {
        lifetime: Lifetime { length, source },
        grace: Grace::NONE,
    })
}

fn cc(value: &str) -> Line<'_> {
    ("cache-control", value)
}

#[test]
fn the_origin_speaks_first() {
    use LifetimeSource::{Expires, MaxAge, OperatorTtl, SharedMaxAge};
    let soon = date(9);
    for (fields, expected) in [
        (vec![], stores(60, OperatorTtl)),
        (vec![cc("public")], stores(60, OperatorTtl)),
        (vec![cc("max-age=5")], stores(5, MaxAge)),
        (vec![cc("max-age=5, s-maxage=7")], stores(7, SharedMaxAge)),
        (vec![("expires", soon.as_str())], stores(9, Expires)),
        (vec![cc("no-store")], Keep::Skip(SkipReason::NoStore)),
        (
            vec![cc("NO-STORE, max-age=5")],
            Keep::Skip(SkipReason::NoStore),
        ),
        (vec![cc("max-age=0")], Keep::Skip(SkipReason::Stale)),
        (
            vec![cc("max-age=5"), ("age", "5")],
            Keep::Skip(SkipReason::Stale),
        ),
        (vec![cc("max-age=5"), ("age", "4")], stores(5, MaxAge)),
        (vec![cc("max-age=0"), ("etag", "\"x\"")], stores(0, MaxAge)),
        (
            vec![("expires", "0"), ("last-modified", "x")],
            stores(0, Expires),
        ),
        (vec![cc("no-cache")], Keep::Skip(SkipReason::Stale)),
        (
            vec![cc("no-cache"), ("etag", "\"x\"")],
            stores(0, LifetimeSource::NoCache),
        ),
        (
            vec![cc("no-cache, max-age=5")],
            Keep::Skip(SkipReason::Stale),
        ),
        (vec![cc("no-cache=\"x\"")], stores(60, OperatorTtl)),
        (
            vec![("vary", "accept, *"), cc("max-age=5")],
            Keep::Skip(SkipReason::VaryStar),
        ),
    ] {
        assert_eq!(keep(200, &[], &fields), expected, "{fields:?}");
    }
}

/// TRAPS row 14: `private` wins over the operator's TTL; so do credentials (RFC 9111, section 3.5).
#[test]
fn private_responses_and_credentials() {
    let credentials = [("authorization", "Bearer x")];
    let refused = Keep::Skip(SkipReason::Authorization);
    let taken = LifetimeSource::MaxAge;
    assert_eq!(
        keep(200, &[], &[cc("private")]),
        Keep::Skip(SkipReason::Private)
    );
    assert_eq!(
        keep(200, &[], &[cc("private, public, s-maxage=9")]),
        Keep::Skip(SkipReason::Private),
    );
    assert_eq!(
        keep(200, &[], &[cc("private=\"x\", max-age=5")]),
        stores(5, taken)
    );
    for (value, expected) in [
        ("max-age=5", refused),
        ("max-age=5, proxy-revalidate", refused),
        ("max-age=5, public", stores(5, taken)),
        ("max-age=5, must-revalidate", stores(5, taken)),
        ("s-maxage=5", stores(5, LifetimeSource::SharedMaxAge)),
        ("private=\"x\", max-age=5", refused),
    ] {
        assert_eq!(keep(200, &credentials, &[cc(value)]), expected, "{value}");
    }
    assert_eq!(keep(200, &credentials, &[]), refused);
}

/// TRAPS row 14: a request with a cookie is only answered from what the origin declared.
#[test]
fn cookies_keep_the_operators_ttl_away() {
    let cookie = [("cookie", "a=b")];
    assert_eq!(keep(200, &cookie, &[]), Keep::Skip(SkipReason::Cookie));
    assert_eq!(
        keep(200, &cookie, &[cc("max-age=5")]),
        stores(5, LifetimeSource::MaxAge)
    );
    let vouched = CachePolicy {
        request_cookies: RequestCookies::Ignore,
        ..policy(Some(60))
    };
    let lookup = Lookup {
        cookies: false,
        ..get(&headers(&cookie))
    };
    let none = headers(&[]);
    let decided = decide(
        &lookup,
        &response(200, &none, at(0)),
        &vouched,
        Draw::NEUTRAL,
    );
    assert_eq!(decided, stores(60, LifetimeSource::OperatorTtl));
}

/// TRAPS row 15: `Set-Cookie` is not stored, unless the origin says that the rest may be.
#[test]
fn set_cookie_needs_the_origins_word() {
    let cookie = ("set-cookie", "a=b");
    let refused = Keep::Skip(SkipReason::SetCookie);
    assert_eq!(keep(200, &[], &[cookie]), refused);
    assert_eq!(keep(200, &[], &[cookie, cc("max-age=5")]), refused);
    let taken = stores(5, LifetimeSource::MaxAge);
    assert_eq!(keep(200, &[], &[cookie, cc("max-age=5, public")]), taken);
    assert_eq!(
        keep(200, &[], &[cookie, cc("max-age=5, private=\"Set-Cookie\"")]),
        taken
    );
    assert_eq!(
        keep(200, &[], &[cookie, cc("max-age=5, no-cache=Set-Cookie")]),
        taken
    );
}

/// TRAPS rows 13 and 22: the operator's TTL is for success, the origin's word for any final status.
#[test]
fn statuses() {
    let explicit = stores(5, LifetimeSource::MaxAge);
    let operator = stores(60, LifetimeSource::OperatorTtl);
    for status in [200, 203, 204, 300, 301, 308, 410] {
        assert_eq!(keep(status, &[], &[]), operator, "{status}");
    }
    for status in [
        201, 302, 307, 400, 401, 403, 404, 405, 429, 500, 502, 503, 504, 599,
    ] {
        assert_eq!(
            keep(status, &[], &[]),
            Keep::Skip(SkipReason::Status),
            "{status}"
        );
        assert_eq!(keep(status, &[], &[cc("max-age=5")]), explicit, "{status}");
    }
    let partial = keep(206, &[], &[cc("max-age=5")]);
    assert_eq!(partial, Keep::Skip(SkipReason::Partial));
    for status in [100, 103, 304] {
        let decided = keep(status, &[], &[cc("max-age=5")]);
        assert_eq!(decided, Keep::Skip(SkipReason::Status), "{status}");
    }
}

#[test]
fn must_understand_replaces_no_store_for_known_statuses() {
    let value = cc("must-understand, no-store, max-age=5");
    assert_eq!(keep(200, &[], &[value]), stores(5, LifetimeSource::MaxAge));
    assert_eq!(keep(299, &[], &[value]), Keep::Skip(SkipReason::Status));
    let without = cc("must-understand, max-age=5");
    assert_eq!(keep(599, &[], &[without]), Keep::Skip(SkipReason::Status));
}

/// TRAPS row 22: a body whose end looks like a broken connection is not stored.
#[test]
fn close_delimited_bodies_are_not_stored() {
    use http::Version;
    let fields = headers(&[cc("max-age=5")]);
    let framing = Framing::of(Version::HTTP_11, StatusCode::OK, &fields);
    assert_eq!(framing, Framing::CloseDelimited);
    let mut facts = response(200, &fields, at(0));
    facts.head.framing = framing;
    let decided = decide(&get(&headers(&[])), &facts, &policy(None), Draw::NEUTRAL);
    assert_eq!(decided, Keep::Skip(SkipReason::CloseDelimited));
    for (version, status, lines) in [
        (Version::HTTP_2, 200, vec![]),
        (Version::HTTP_11, 204, vec![]),
        (Version::HTTP_11, 200, vec![("content-length", "3")]),
        (
            Version::HTTP_11,
            200,
            vec![("transfer-encoding", "chunked")],
        ),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(
            Framing::of(version, status, &headers(&lines)),
            Framing::Delimited
        );
    }
}

#[test]
fn without_ttl_a_silent_origin_is_not_stored_and_head_never() {
    let none = headers(&[]);
    let facts = response(200, &none, at(0));
    let silent = decide(&get(&none), &facts, &policy(None), Draw::NEUTRAL);
    assert_eq!(silent, Keep::Skip(SkipReason::NoFreshness));
    let head = decide(
        &lookup(&Method::HEAD, &none),
        &facts,
        &policy(Some(60)),
        Draw::NEUTRAL,
    );
    assert_eq!(head, Keep::Skip(SkipReason::Method));
}

#[test]
fn a_body_announced_too_large_is_not_stored() {
    let length = |bytes: u64| keep(200, &[], &[("content-length", &bytes.to_string())]);
    assert_eq!(length(1 << 20), stores(60, LifetimeSource::OperatorTtl));
    assert_eq!(length((1 << 20) + 1), Keep::Skip(SkipReason::TooLarge));
}

/// TRAPS row 20: what was already old when it came has only the rest of its life left.
#[test]
fn an_old_date_counts() {
    let old = date(0);
    let fields = headers(&[cc("max-age=50"), ("date", old.as_str())]);
    let at_once = decide(
        &get(&headers(&[])),
        &response(200, &fields, at(49)),
        &policy(None),
        Draw::NEUTRAL,
    );
    assert_eq!(at_once, stores(50, LifetimeSource::MaxAge));
    let too_late = decide(
        &get(&headers(&[])),
        &response(200, &fields, at(50)),
        &policy(None),
        Draw::NEUTRAL,
    );
    assert_eq!(too_late, Keep::Skip(SkipReason::Stale));
}

/// Under the operator's TTL of a minute, changed by `change`.
fn keep_under(
    change: impl Fn(&mut CachePolicy),
    lookup: &Lookup,
    status: u16,
    fields: &[Line<'_>],
) -> Keep {
    let mut policy = policy(Some(60));
    change(&mut policy);
    let fields = headers(fields);
    decide(
        lookup,
        &response(status, &fields, at(1_000)),
        &policy,
        Draw::of(0),
    )
}

#[test]
fn heuristics_speak_last() {
    use policy::Lifetimes;
    let modified = date(0);
    let modified = ("last-modified", modified.as_str());
    let silent = |policy: &mut CachePolicy| {
        policy.lifetimes = Lifetimes {
            jitter: policy::Percent::of(0),
            ..Lifetimes::default()
        };
    };
    let plain = get(&headers(&[]));
    let guessed = stores(100, LifetimeSource::Heuristic);
    for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501] {
        let found = keep_under(silent, &plain, status, &[modified]);
        assert_eq!(found, guessed, "{status}");
    }
    let nothing = Keep::Skip(SkipReason::NoFreshness);
    for status in [201, 302, 307, 403, 500, 503, 599] {
        assert_eq!(keep_under(silent, &plain, status, &[modified]), nothing);
        let public = [modified, cc("public")];
        assert_eq!(keep_under(silent, &plain, status, &public), guessed);
    }
    assert_eq!(keep_under(silent, &plain, 200, &[]), nothing);
    let origin = [modified, cc("max-age=5")];
    assert_eq!(
        keep_under(silent, &plain, 200, &origin),
        stores(5, LifetimeSource::MaxAge)
    );
    let cookie = get(&headers(&[("cookie", "a=b")]));
    let refused = Keep::Skip(SkipReason::Cookie);
    assert_eq!(keep_under(silent, &cookie, 200, &[modified]), refused);
    let query = Lookup {
        method: Retrieval::Query,
        ..plain
    };
    assert_eq!(keep_under(silent, &query, 200, &[modified]), nothing);
    // The operator's TTL goes before them, and where it does not speak, they do.
    let exact = |policy: &mut CachePolicy| policy.lifetimes.jitter = policy::Percent::of(0);
    let operator = stores(60, LifetimeSource::OperatorTtl);
    assert_eq!(keep_under(exact, &plain, 200, &[modified]), operator);
    assert_eq!(keep_under(exact, &plain, 404, &[modified]), guessed);
    assert_eq!(keep_under(exact, &query, 200, &[]), operator);
}

/// TRAPS row 21.
#[test]
fn only_what_the_origin_did_not_choose_is_shortened() {
    let plain = get(&headers(&[]));
    let half = |policy: &mut CachePolicy| policy.lifetimes.jitter = policy::Percent::of(50);
    let Keep::Store(terms) = keep_under(half, &plain, 200, &[]) else {
        panic!("not stored");
    };
    assert_eq!(terms.lifetime.length.as_secs(), 30);
    let origin = keep_under(half, &plain, 200, &[cc("max-age=60")]);
    assert_eq!(origin, stores(60, LifetimeSource::MaxAge));
}

#[test]
fn errors_the_operator_names_are_kept_where_the_origin_is_silent() {
    let negative = |policy: &mut CachePolicy| {
        policy.lifetimes.jitter = policy::Percent::of(0);
        policy.lifetimes.negative = vec![policy::NegativeTtl {
            status: StatusCode::NOT_FOUND,
            ttl: Duration::from_secs(7),
        }];
    };
    let plain = get(&headers(&[]));
    let kept = stores(7, LifetimeSource::Negative);
    assert_eq!(keep_under(negative, &plain, 404, &[]), kept);
    let origin = keep_under(negative, &plain, 404, &[cc("max-age=5")]);
    assert_eq!(origin, stores(5, LifetimeSource::MaxAge));
    let forbidden = keep_under(negative, &plain, 404, &[cc("no-store")]);
    assert_eq!(forbidden, Keep::Skip(SkipReason::NoStore));
    let cookie = get(&headers(&[("cookie", "a=b")]));
    let refused = Keep::Skip(SkipReason::Cookie);
    assert_eq!(keep_under(negative, &cookie, 404, &[]), refused);
    let other = keep_under(negative, &plain, 403, &[]);
    assert_eq!(other, Keep::Skip(SkipReason::Status));
}

/// TRAPS row 14: in one user's partition credentials and cookies are part of the question, and
/// `private` still says no.
#[test]
fn one_users_partition() {
    use crate::cache::request::{RequestClass, RequestHead, RequestRules, classify};
    let request = headers(&[("authorization", "x"), ("cookie", "a=b")]);
    let head = RequestHead {
        method: &Method::GET,
        headers: &request,
        has_body: false,
    };
    let rules = RequestRules {
        partition: Partition::User,
        ..RequestRules::default()
    };
    let RequestClass::Lookup(user) = classify(head, &rules) else {
        panic!("bypassed");
    };
    let personal = |policy: &mut CachePolicy| {
        policy.lifetimes.jitter = policy::Percent::of(0);
        policy.lifetimes.cases = vec![policy::LifetimeCase {
            personalized: Some(true),
            times: policy::Times {
                ttl: Some(Duration::from_secs(9)),
                ..policy::Times::default()
            },
            ..policy::LifetimeCase::default()
        }];
    };
    let operator = |seconds| stores(seconds, LifetimeSource::OperatorTtl);
    assert_eq!(keep_under(personal, &user, 200, &[]), operator(9));
    let private = keep_under(personal, &user, 200, &[cc("private")]);
    assert_eq!(private, Keep::Skip(SkipReason::Private));
    let cookie = keep_under(personal, &user, 200, &[("set-cookie", "a=b")]);
    assert_eq!(cookie, Keep::Skip(SkipReason::SetCookie));
    let everybody = get(&headers(&[]));
    assert_eq!(keep_under(personal, &everybody, 200, &[]), operator(60));
    let alike = |policy: &mut CachePolicy| {
        personal(policy);
        policy.key.dimensions = vec![policy::Dimension::Device];
    };
    assert_eq!(keep_under(alike, &everybody, 200, &[]), operator(9));
}

/// TRAPS row 15.
#[test]
fn an_operator_may_vouch_for_the_rest_beside_set_cookie() {
    let strip = |policy: &mut CachePolicy| policy.set_cookie = policy::SetCookie::Strip;
    let plain = get(&headers(&[]));
    let fields = [("set-cookie", "a=b"), cc("max-age=5")];
    let found = keep_under(strip, &plain, 200, &fields);
    assert_eq!(found, stores(5, LifetimeSource::MaxAge));
    let fields = headers(&fields);
    let facts = response(200, &fields, at(0));
    let Keep::Store(terms) = found else { return };
    let meta = crate::cache::stored::StoredMeta::new(
        &facts,
        &headers(&[]),
        terms,
        crate::cache::vary::AcceptEncoding::Verbatim,
    );
    assert!(!meta.head.to_headers().contains_key("set-cookie"));
}

#[test]
fn what_is_stale_on_arrival_is_kept_for_its_grace() {
    let plain = get(&headers(&[]));
    let none = |_: &mut CachePolicy| {};
    for (fields, kept) in [
        (vec![cc("max-age=0")], false),
        (vec![cc("max-age=0, stale-while-revalidate=5")], true),
        (vec![cc("max-age=0, stale-if-error=5")], true),
        (vec![cc("max-age=0, stale-if-error=5"), ("age", "5")], false),
        (
            vec![cc("max-age=0, stale-if-error=5, must-revalidate")],
            false,
        ),
        (vec![cc("no-cache, stale-if-error=5")], false),
    ] {
        let found = keep_under(none, &plain, 200, &fields);
        assert_eq!(matches!(found, Keep::Store(_)), kept, "{fields:?}");
    }
    let operator = |policy: &mut CachePolicy| {
        policy.lifetimes.times.stale_if_error = Some(Duration::from_secs(5));
    };
    let Keep::Store(terms) = keep_under(operator, &plain, 200, &[cc("max-age=0")]) else {
        panic!("not stored");
    };
    assert_eq!(terms.grace.if_error.as_secs(), 5);
}

/// RFC 9213: the targeted field decides, whatever the plain one says.
#[test]
fn targeted_directives_replace_the_plain_ones() {
    let plain = get(&headers(&[]));
    let none = |_: &mut CachePolicy| {};
    let cdn = |value| ("cdn-cache-control", value);
    for (fields, expected) in [
        (
            vec![cc("no-store, private"), cdn("max-age=5")],
            stores(5, LifetimeSource::MaxAge),
        ),
        (
            vec![cc("max-age=5"), cdn("no-store")],
            Keep::Skip(SkipReason::NoStore),
        ),
        (
            vec![cc("max-age=5, public"), cdn("private")],
            Keep::Skip(SkipReason::Private),
        ),
        (
            vec![cc("public"), cdn("max-age=5"), ("set-cookie", "a=b")],
            Keep::Skip(SkipReason::SetCookie),
        ),
        (
            vec![cc("max-age=5"), cdn("No-Store")],
            stores(5, LifetimeSource::MaxAge),
        ),
        (
            vec![cdn("no-store"), ("forebay-cache-control", "max-age=3")],
            stores(3, LifetimeSource::MaxAge),
        ),
    ] {
        assert_eq!(
            keep_under(none, &plain, 200, &fields),
            expected,
            "{fields:?}"
        );
    }
}
