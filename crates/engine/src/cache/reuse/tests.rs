use http::Method;
use proptest::prelude::*;

use super::*;
use crate::cache::testing::{
    at, date, get, headers, lookup, policy, stored, stored_at, stored_under,
};

type Line<'a> = (&'a str, &'a str);

fn reuse(fields: &[Line<'_>], request: &[Line<'_>], seconds: u64) -> Reuse {
    decide(
        &stored(fields, &[]),
        &get(&headers(request)),
        &Moment::plain(at(seconds)),
    )
}

fn fresh(age: u64, ttl: u64) -> Reuse {
    Reuse::Fresh {
        age: DeltaSeconds::new(age),
        ttl: DeltaSeconds::new(ttl),
        renewal: Renewal::None,
    }
}

fn cc(value: &str) -> Line<'_> {
    ("cache-control", value)
}

#[test]
fn fresh_until_its_lifetime_is_over() {
    let stale = Reuse::Revalidate(RevalidateReason::Stale);
    assert_eq!(reuse(&[cc("max-age=10")], &[], 0), fresh(0, 10));
    assert_eq!(reuse(&[cc("max-age=10")], &[], 9), fresh(9, 1));
    assert_eq!(reuse(&[cc("max-age=10")], &[], 10), stale);
    assert_eq!(reuse(&[cc("max-age=10")], &[], 1 << 40), stale);
    assert_eq!(reuse(&[], &[], 59), fresh(59, 1));
}

/// TRAPS row 20: the age that a response came with counts against its lifetime.
#[test]
fn upstream_age_and_date_count() {
    assert_eq!(
        reuse(&[cc("max-age=10"), ("age", "7")], &[], 2),
        fresh(9, 1)
    );
    let old = date(0);
    let meta = stored_at(at(100), &[cc("max-age=200"), ("date", &old)], &[]);
    assert_eq!(
        decide(&meta, &get(&headers(&[])), &Moment::plain(at(150))),
        fresh(150, 50)
    );
}

/// TRAPS row 20: a step of the wall clock changes nothing.
#[test]
fn only_the_monotonic_clock_ages() {
    let meta = stored(&[cc("max-age=10")], &[]);
    let back = Now {
        wall: at(0).wall - Duration::from_secs(86_400),
        ..at(5)
    };
    assert_eq!(
        decide(&meta, &get(&headers(&[])), &Moment::plain(back)),
        fresh(5, 5)
    );
}

#[test]
fn no_cache_and_the_clients_demands_ask_the_origin() {
    let demand = Reuse::Revalidate(RevalidateReason::Demand);
    let no_cache = [cc("no-cache, max-age=10"), ("etag", "\"x\"")];
    assert_eq!(
        reuse(&no_cache, &[], 0),
        Reuse::Revalidate(RevalidateReason::NoCache)
    );
    for (request, expected) in [
        (cc("no-cache"), demand),
        (("pragma", "no-cache"), demand),
        (cc("max-age=0"), demand),
        (cc("max-age=4"), demand),
        (cc("max-age=5"), fresh(5, 5)),
        (cc("max-age=x"), demand),
        (cc("min-fresh=5"), fresh(5, 5)),
        (cc("min-fresh=6"), demand),
        (cc("max-stale=100"), fresh(5, 5)),
        (cc("only-if-cached"), fresh(5, 5)),
    ] {
        assert_eq!(
            reuse(&[cc("max-age=10")], &[request], 5),
            expected,
            "{request:?}"
        );
    }
    // A reload is a reload, even in the very instant of storing.
    let reload = [cc("max-age=0")];
    assert_eq!(reuse(&[cc("max-age=10")], &reload, 0), demand);
}

#[test]
fn immutable_is_not_reloaded_while_fresh() {
    let fields = [cc("max-age=10, immutable")];
    assert_eq!(reuse(&fields, &[cc("max-age=0")], 5), fresh(5, 5));
    let demand = Reuse::Revalidate(RevalidateReason::Demand);
    assert_eq!(reuse(&fields, &[cc("no-cache")], 5), demand);
    let stale = Reuse::Revalidate(RevalidateReason::Stale);
    assert_eq!(reuse(&fields, &[cc("max-age=0")], 10), stale);
}

/// TRAPS row 14: cookies and credentials only get what was declared for them.
#[test]
fn credentials_and_cookies() {
    let (cookie, secret) = ([("cookie", "a=b")], [("authorization", "x")]);
    assert_eq!(
        reuse(&[], &cookie, 0),
        Reuse::Unusable(BypassReason::Cookie)
    );
    assert_eq!(reuse(&[cc("max-age=10")], &cookie, 0), fresh(0, 10));
    let refused = Reuse::Unusable(BypassReason::Authorization);
    assert_eq!(reuse(&[], &secret, 0), refused);
    assert_eq!(reuse(&[cc("max-age=10")], &secret, 0), refused);
    assert_eq!(reuse(&[cc("max-age=10, public")], &secret, 0), fresh(0, 10));
}

#[test]
fn head_is_answered_from_what_get_stored() {
    let meta = stored(&[cc("max-age=10")], &[]);
    let head = lookup(&Method::HEAD, &headers(&[]));
    assert_eq!(decide(&meta, &head, &Moment::plain(at(0))), fresh(0, 10));
}

#[test]
fn the_latest_matching_variant_is_selected() {
    let vary = ("vary", "a");
    let at_date = |seconds: u64, value| {
        stored_at(
            at(seconds),
            &[vary, ("date", date(seconds).as_str())],
            &[("a", value)],
        )
    };
    let all = [at_date(5, "1"), at_date(3, "2"), at_date(9, "1")];
    let pick = |value| select(all.iter(), &headers(&[("a", value)]));
    assert_eq!(pick("1"), Selected::Variant(2));
    assert_eq!(pick("2"), Selected::Variant(1));
    assert_eq!(pick("3"), Selected::Nothing(MissReason::Vary));
    let none = [];
    assert_eq!(
        select(none.iter(), &headers(&[])),
        Selected::Nothing(MissReason::Uri)
    );
}

/// TRAPS row 17: when `Vary` changes between variants, the newest response decides.
#[test]
fn the_newest_response_decides_by_what_to_vary() {
    let plain = |seconds| stored_at(at(seconds), &[], &[]);
    let varied = |seconds| stored_at(at(seconds), &[("vary", "a")], &[("a", "1")]);
    let (one, two) = (headers(&[("a", "1")]), headers(&[("a", "2")]));
    let newer_plain = [varied(1), plain(2)];
    assert_eq!(select(newer_plain.iter(), &one), Selected::Variant(1));
    assert_eq!(select(newer_plain.iter(), &two), Selected::Variant(1));
    let newer_varied = [plain(1), varied(2)];
    assert_eq!(select(newer_varied.iter(), &one), Selected::Variant(1));
    assert_eq!(
        select(newer_varied.iter(), &two),
        Selected::Nothing(MissReason::Vary)
    );
}

fn stale(age: u64, over: u64, reason: StaleReason) -> Reuse {
    Reuse::Stale {
        age: DeltaSeconds::new(age),
        over: DeltaSeconds::new(over),
        reason,
    }
}

/// RFC 5861, section 3, and RFC 9111, sections 4.2.4 and 5.2.1: ten seconds fresh, five more while it
/// is renewed.
#[test]
fn stale_use_needs_permission_and_nothing_against_it() {
    use StaleReason::{MaxStale, WhileRevalidate};
    let refused = Reuse::Revalidate(RevalidateReason::Stale);
    let with = "max-age=10, stale-while-revalidate=5";
    let without = "max-age=10";
    let strict = |directive: &str| format!("max-age=10, stale-while-revalidate=5, {directive}");
    let (must, proxy, shared) = (
        strict("must-revalidate"),
        strict("proxy-revalidate"),
        strict("s-maxage=10"),
    );
    for (response, request, seconds, expected) in [
        (with, "", 9, fresh(9, 1)),
        (with, "", 10, stale(10, 0, WhileRevalidate)),
        (with, "", 14, stale(14, 4, WhileRevalidate)),
        (with, "", 15, refused),
        (without, "", 10, refused),
        (with, "no-cache", 12, refused),
        (with, "max-age=100", 12, refused),
        (with, "min-fresh=0", 12, refused),
        (with, "max-stale", 12, stale(12, 2, WhileRevalidate)),
        (with, "max-stale=2", 12, stale(12, 2, WhileRevalidate)),
        (with, "max-stale=1", 12, refused),
        (with, "max-stale=7", 17, stale(17, 7, MaxStale)),
        (
            with,
            "max-stale, max-age=12",
            12,
            stale(12, 2, WhileRevalidate),
        ),
        (with, "max-stale, max-age=11", 12, refused),
        (with, "max-stale, max-age=0", 12, refused),
        (with, "max-stale, no-cache", 12, refused),
        (with, "max-stale, min-fresh=0", 12, refused),
        (without, "max-stale", 1_000, stale(1_000, 990, MaxStale)),
        (without, "max-stale=5", 15, stale(15, 5, MaxStale)),
        (without, "max-stale=4", 15, refused),
        (without, "max-stale=x", 11, refused),
        (&must, "max-stale", 12, refused),
        (&proxy, "max-stale", 12, refused),
        (&shared, "max-stale", 12, refused),
        (&must, "", 12, refused),
    ] {
        let found = reuse(&[cc(response)], &[cc(request)], seconds);
        assert_eq!(found, expected, "{response} / {request} / {seconds}");
    }
    let no_cache = [cc("no-cache, stale-while-revalidate=5"), ("etag", "\"x\"")];
    assert_eq!(
        reuse(&no_cache, &[cc("max-stale")], 1),
        Reuse::Revalidate(RevalidateReason::NoCache)
    );
}

#[test]
fn a_soft_purge_leaves_only_the_grace() {
    use StaleReason::WhileRevalidate;
    let purged = |response, request, seconds| {
        let moment = Moment {
            purged: Purged::Soft,
            ..Moment::plain(at(seconds))
        };
        let request = headers(&[cc(request)]);
        decide(&stored(&[cc(response)], &[]), &get(&request), &moment)
    };
    let refused = Reuse::Revalidate(RevalidateReason::Purged);
    let with = "max-age=10, stale-while-revalidate=5";
    assert_eq!(purged(with, "", 3), stale(3, 0, WhileRevalidate));
    assert_eq!(purged(with, "", 12), stale(12, 2, WhileRevalidate));
    assert_eq!(purged(with, "", 15), refused);
    assert_eq!(purged(with, "max-age=100", 3), refused);
    assert_eq!(purged("max-age=10", "", 3), refused);
    assert_eq!(purged("max-age=10", "max-stale", 3), refused);
    assert_eq!(purged("max-age=10, immutable", "", 3), refused);
}

/// RFC 5861, section 4.
#[test]
fn a_stored_response_stands_in_for_an_origin_that_fails() {
    let stand_in = |value, seconds| {
        let meta = stored(&[cc(value), ("etag", "\"x\"")], &[]);
        match on_error(&meta, at(seconds)) {
            StandIn::Refused => None,
            StandIn::Stale { age, over } => Some((age.get(), over.get())),
        }
    };
    for (value, seconds, expected) in [
        ("max-age=10, stale-if-error=5", 9, Some((9, 0))),
        ("max-age=10, stale-if-error=5", 10, Some((10, 0))),
        ("max-age=10, stale-if-error=5", 14, Some((14, 4))),
        ("max-age=10, stale-if-error=5", 15, None),
        ("max-age=10, stale-while-revalidate=5", 10, None),
        ("max-age=10, stale-if-error=5, must-revalidate", 9, None),
        ("s-maxage=10, stale-if-error=5", 12, None),
        ("no-cache, stale-if-error=5", 0, None),
    ] {
        assert_eq!(stand_in(value, seconds), expected, "{value} {seconds}");
    }
}

#[test]
fn what_counts_as_a_failure_of_the_origin() {
    for status in [500, 502, 503, 504] {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(Asked::with_status(status), Asked::Failed);
    }
    for status in [200, 304, 400, 404, 429, 499, 501, 505, 599] {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(Asked::with_status(status), Asked::Answered);
    }
    for failure in [
        Failure::ConnectFailed,
        Failure::ConnectTimedOut,
        Failure::FirstByteTimedOut,
        Failure::TotalTimedOut,
        Failure::UpstreamClosed,
        Failure::UpstreamGarbage,
        Failure::UpstreamStalled,
        Failure::UpstreamTruncated,
    ] {
        assert_eq!(Asked::with_failure(failure), Asked::Failed);
    }
    for failure in [
        Failure::ClientGone,
        Failure::ClientStalled,
        Failure::Internal,
        Failure::NotCached,
        Failure::RateLimited,
    ] {
        assert_eq!(Asked::with_failure(failure), Asked::Answered);
    }
}

/// TRAPS row 21: a hit near the end may renew; how near depends on how long the origin took.
#[test]
fn hits_near_the_end_renew_early() {
    let renewal = |age: &str, seconds, early| {
        let fields = [cc("max-age=100"), ("age", age)];
        let meta = StoredMeta {
            fetch_time: Duration::from_secs(1),
            ..stored(&fields, &[])
        };
        let moment = Moment {
            early,
            ..Moment::plain(at(seconds))
        };
        match decide(&meta, &get(&headers(&[])), &moment) {
            Reuse::Fresh { renewal, .. } => renewal,
            other => panic!("{other:?}"),
        }
    };
    // The logarithm of the smallest draw is about -37.
    let eager = Some(Draw::of(0));
    assert_eq!(renewal("0", 62, eager), Renewal::None);
    assert_eq!(renewal("0", 64, eager), Renewal::Early);
    assert_eq!(renewal("0", 64, None), Renewal::None);
    assert_eq!(renewal("0", 99, Some(Draw::NEUTRAL)), Renewal::None);
    // Came with 40 seconds left: nothing is renewed in the first 20 of them.
    assert_eq!(renewal("60", 19, eager), Renewal::None);
    assert_eq!(renewal("60", 20, eager), Renewal::Early);
}

#[test]
fn heuristic_and_negative_lifetimes_are_the_operators() {
    let modified = date(0);
    let meta = stored_under(
        &policy(None),
        at(1_000),
        &[("last-modified", modified.as_str())],
        &[],
    );
    assert_eq!(meta.declared(), Declared::ByOperator);
    let cookie = get(&headers(&[("cookie", "a=b")]));
    assert_eq!(
        decide(&meta, &cookie, &Moment::plain(at(1_000))),
        Reuse::Unusable(BypassReason::Cookie)
    );
    let plain = get(&headers(&[]));
    let found = decide(&meta, &plain, &Moment::plain(at(1_000)));
    assert_eq!(found, fresh(0, 100));
}

proptest! {
    /// Once stale, always stale; and the age told never shrinks.
    #[test]
    fn freshness_only_runs_out(max_age in 1u32..1 << 31, age in 0u32..1 << 31, t in 0u64..1 << 32, dt in 0u64..1 << 32) {
        let control = format!("max-age={max_age}");
        let meta = stored(&[cc(&control), ("age", &age.to_string()), ("etag", "\"x\"")], &[]);
        let lookup = get(&headers(&[]));
        let (first, later) = (decide(&meta, &lookup, &Moment::plain(at(t))), decide(&meta, &lookup, &Moment::plain(at(t + dt))));
        match (first, later) {
            (Reuse::Fresh { age: one, ttl: left, .. }, Reuse::Fresh { age: two, ttl: less, .. }) => {
                prop_assert!(one <= two && left >= less && one.get() >= age);
            }
            (first, Reuse::Fresh { .. }) => prop_assert!(false, "fresh again after {first:?}"),
            _ => {}
        }
    }
}
