use http::Method;
use proptest::prelude::*;

use super::*;
use crate::cache::testing::{at, date, get, headers, lookup, stored, stored_at};

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
    let stale = reuse(&[cc("max-age=10")], &[cc("max-stale")], 11);
    assert_eq!(stale, Reuse::Revalidate(RevalidateReason::Stale));
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
