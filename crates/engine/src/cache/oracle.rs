//! Our answers beside those of `http-cache-semantics`, over generated exchanges.
//!
//! Two implementations by different people agree by being right, or by the same mistake; where they
//! differ, one is wrong or both are allowed. Every difference is one line of [`difference`], with the
//! reason; anything else fails the test.

use std::{
    cmp::Ordering,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_cache_semantics::{CacheOptions, CachePolicy as Oracle};
use proptest::prelude::*;

use super::{
    draw::Draw,
    keep::{self, Keep},
    reuse::{self, Moment, Reuse},
    testing::{at, date, get, headers, policy, response, stored},
};
use crate::outcome::SkipReason;

/// A generated exchange.
#[derive(Clone, Debug)]
struct Exchange {
    status: u16,
    request: Vec<(String, String)>,
    response: Vec<(String, String)>,
}

/// Which way we may differ.
#[derive(Clone, Copy, Debug, Default)]
struct Difference {
    /// We may keep it fresh longer, or at all.
    longer: bool,
    /// We may keep it for less, or not at all.
    shorter: bool,
}

/// How long it is fresh after arrival, zero when it is not or not stored.
fn ours(exchange: &Exchange) -> (Duration, Keep) {
    let (request, fields) = (map(&exchange.request), map(&exchange.response));
    let facts = response(exchange.status, &fields, at(0));
    let keep = keep::decide(&get(&request), &facts, &policy(None), Draw::NEUTRAL);
    let left = match keep {
        Keep::Store(terms) if !facts.is_no_cache() => {
            terms.lifetime.length.saturating_sub(facts.initial_age)
        }
        _ => Duration::ZERO,
    };
    (left, keep)
}

fn theirs(exchange: &Exchange) -> Duration {
    let mut request = Request::builder()
        .method(Method::GET)
        .uri("https://a.example/");
    *request.headers_mut().unwrap() = map(&exchange.request);
    let mut response = Response::builder().status(exchange.status);
    *response.headers_mut().unwrap() = map(&exchange.response);
    let options = CacheOptions {
        // As ours.
        cache_heuristic: 0.1,
        // `immutable` alone is no lifetime (RFC 8246).
        immutable_min_time_to_live: Duration::ZERO,
        ..CacheOptions::default()
    };
    let now: SystemTime = at(0).wall;
    let (request, response) = (request.body(()).unwrap(), response.body(()).unwrap());
    let oracle = Oracle::new_options(&request, &response, now, options);
    if oracle.is_storable() {
        oracle.time_to_live(now)
    } else {
        Duration::ZERO
    }
}

fn map(lines: &[(String, String)]) -> HeaderMap {
    let lines: Vec<_> = lines
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    headers(&lines)
}

/// The deliberate differences.
fn difference(exchange: &Exchange) -> Difference {
    let fields = map(&exchange.response);
    let facts = response(exchange.status, &fields, at(0));
    let control = &facts.control;
    let status = StatusCode::from_u16(exchange.status).unwrap();
    let text = |name| {
        fields
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    // The oracle knows fourteen statuses; RFC 9111, section 3 lets any final status with explicit
    // freshness be stored.
    let unknown_to_them = matches!(status.as_u16(), 201 | 400 | 403 | 500 | 503 | 599);
    // It reads `private="x"` as `private`, `no-cache="x"` as `no-cache` (sections 5.2.2.4 and
    // 5.2.2.7 let the rest be used).
    let field_form = text("cache-control").contains("=\"x-");
    // It takes `proxy-revalidate` for "never fresh"; section 5.2.2.8 forbids only stale use.
    let proxy_revalidate = control.proxy_revalidate;
    // It does not take `must-understand` for anything (section 5.2.2.3).
    let must_understand = control.must_understand;
    // It stores `Set-Cookie` with `immutable`, which says nothing about sharing (RFC 8246).
    let immutable_cookie = control.immutable && fields.contains_key("set-cookie");
    // It looks at a `Vary` that is `*` and nothing else; a list with it matches no more (4.1).
    let star_in_list = text("vary").contains("*");
    // It leaves apparent age out of account (section 4.2.3).
    let old_date = fields.contains_key("date");
    Difference {
        longer: unknown_to_them || field_form || proxy_revalidate || must_understand,
        shorter: immutable_cookie || star_in_list || old_date,
    }
}

fn directive() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0u32..100).prop_map(|seconds| format!("max-age={seconds}")),
        2 => (0u32..100).prop_map(|seconds| format!("s-maxage={seconds}")),
        8 => proptest::sample::select(vec![
            "public", "private", "no-store", "no-cache", "must-revalidate", "proxy-revalidate",
            "immutable", "no-transform", "must-understand", "max-age=x", "unknown=\"a\"",
            "private=\"x-user\"", "no-cache=\"x-user\"",
        ]).prop_map(str::to_owned),
    ]
}

fn field() -> impl Strategy<Value = (String, String)> {
    let named = |name: &'static str| move |value: String| (name.to_owned(), value);
    prop_oneof![
        2 => (0u64..100).prop_map(date).prop_map(named("expires")),
        1 => (0u64..10).prop_map(|age| age.to_string()).prop_map(named("age")),
        1 => (1u64..50).prop_map(past_date).prop_map(named("date")),
        2 => (0u64..30_000).prop_map(past_date).prop_map(named("last-modified")),
        2 => proptest::sample::select(vec![
            ("expires", "0"), ("set-cookie", "a=b"), ("vary", "accept"), ("vary", "*"),
            ("vary", "accept, *"), ("etag", "\"x\""), ("x-user", "y"),
        ]).prop_map(|(name, value)| (name.to_owned(), value.to_owned())),
    ]
}

fn past_date(seconds: u64) -> String {
    httpdate::fmt_http_date(at(0).wall - Duration::from_secs(seconds))
}

/// Each directive and each field at most once: the oracle gives repeated ones another meaning, as
/// RFC 9111, section 4.2.1 permits, and ours is shown in the tables of `directives` and `freshness`.
fn exchanges() -> impl Strategy<Value = Exchange> {
    let statuses = vec![
        200u16, 201, 203, 204, 206, 301, 302, 304, 400, 403, 404, 410, 500, 503, 599,
    ];
    (
        proptest::sample::select(statuses),
        any::<bool>(),
        proptest::collection::vec(directive(), 0..4),
        proptest::collection::vec(field(), 0..3),
    )
        .prop_map(|(status, authorization, mut directives, mut response)| {
            let name = |text: &String| text.split('=').next().unwrap_or_default().to_owned();
            directives.sort();
            directives.dedup_by_key(|directive| name(directive));
            response.sort();
            response.dedup_by_key(|(name, _)| name.clone());
            if !directives.is_empty() {
                response.push(("cache-control".to_owned(), directives.join(", ")));
            }
            let secret = ("authorization".to_owned(), "Basic x".to_owned());
            let request = if authorization { vec![secret] } else { vec![] };
            Exchange {
                status,
                request,
                response,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn we_agree_or_know_why(exchange in exchanges()) {
        let ((ours, keep), theirs) = (ours(&exchange), theirs(&exchange));
        let difference = difference(&exchange);
        let allowed = match ours.cmp(&theirs) {
            Ordering::Equal => true,
            Ordering::Greater => difference.longer,
            Ordering::Less => difference.shorter,
        };
        prop_assert!(allowed, "ours {ours:?} ({keep:?}), theirs {theirs:?}");
    }

    /// May a stored response answer, fresh or stale, without asking the origin?
    #[test]
    fn we_agree_about_stale_use_or_know_why(
        max_age in 1u32..20,
        rule in proptest::sample::select(vec!["", ", must-revalidate", ", s-maxage=9", ", immutable"]),
        asked in proptest::sample::subsequence(
            vec!["max-stale", "max-stale=7", "max-age=9", "min-fresh=3", "no-cache"], 0..3,
        ),
        seconds in 0u64..40,
    ) {
        let said = format!("max-age={max_age}{rule}");
        let asked = asked.join(", ");
        let meta = stored(&[("cache-control", &said)], &[]);
        let request = headers(&[("cache-control", &asked)]);
        let found = reuse::decide(&meta, &get(&request), &Moment::plain(at(seconds)));
        let ours = matches!(found, Reuse::Fresh { .. } | Reuse::Stale { .. });
        let theirs = {
            let request = |asked: &str| {
                Request::get("https://a.example/").header("cache-control", asked).body(()).unwrap()
            };
            let response = Response::builder().header("cache-control", &said).body(()).unwrap();
            Oracle::new_options(&request(""), &response, at(0).wall, CacheOptions::default())
                .before_request(&request(&asked), at(seconds).wall)
                .satisfies_without_revalidation()
        };
        let life = if rule.contains("s-maxage") { 9 } else { u64::from(max_age) };
        // Section 5.2.1.2 says "no more than": at the limit is within it.
        let at_limit = asked.contains("max-stale=7") && seconds == life + 7;
        // Section 5.2.2.10 forbids stale use with `s-maxage`, to which it pays no heed.
        let shared = rule.contains("s-maxage") && seconds >= life;
        // Both forms of `max-stale` at once: the stricter counts here, the last one there.
        let both = asked.contains("max-stale, max-stale=7");
        // An immutable response has not aged as far as a reload is concerned (RFC 8246, section 2).
        let immutable = rule.contains("immutable") && asked.contains("max-age");
        let allowed = match (ours, theirs) {
            (true, false) => at_limit || immutable,
            (false, true) => shared || both,
            _ => true,
        };
        prop_assert!(allowed, "{said} / {asked} / {seconds}: {found:?}, theirs {theirs}");
    }

    /// TRAPS rows 14 to 17: whatever else a response says, these keep it out of the cache.
    #[test]
    fn refusals_do_not_depend_on_the_rest(exchange in exchanges(), which in 0usize..3) {
        let (line, expected) = [
            (("cache-control", "no-store"), SkipReason::NoStore),
            (("cache-control", "private"), SkipReason::Private),
            (("vary", "*"), SkipReason::VaryStar),
        ][which];
        let mut exchange = exchange;
        exchange.response.push((line.0.to_owned(), line.1.to_owned()));
        let fields = map(&exchange.response);
        let understood = response(exchange.status, &fields, at(0)).control.must_understand;
        let (left, keep) = ours(&exchange);
        if !(understood && expected == SkipReason::NoStore) {
            prop_assert_eq!(left, Duration::ZERO);
            prop_assert!(matches!(keep, Keep::Skip(_)), "{:?}", keep);
        }
    }

    /// No bytes in any field make any decision panic.
    #[test]
    fn no_bytes_panic(
        name in proptest::sample::select(vec![
            "cache-control", "expires", "date", "age", "vary", "etag", "last-modified",
            "connection", "if-none-match", "if-modified-since", "accept-encoding", "pragma",
            "location",
        ]),
        value in proptest::collection::vec(prop_oneof![0x20u8..0x7f, 0x80u8..=0xff], 0..60),
        extra in exchanges(),
    ) {
        let name = http::HeaderName::from_static(name);
        let value = http::HeaderValue::from_bytes(&value).unwrap();
        let (mut request, mut fields) = (map(&extra.request), map(&extra.response));
        request.append(name.clone(), value.clone());
        fields.append(name, value);
        every_decision(extra.status, &request, &fields);
    }
}

fn every_decision(status: u16, request: &HeaderMap, fields: &HeaderMap) {
    use super::{
        conditional, head, invalidate, request::*, reuse, revalidate, share, stored, vary,
    };
    let method = &Method::GET;
    let asked = RequestHead {
        method,
        headers: request,
        has_body: false,
    };
    let RequestClass::Lookup(lookup) = classify(asked, &RequestRules::default()) else {
        return;
    };
    let facts = response(status, fields, at(5));
    let _ = share::decide(&lookup, &facts, policy::SetCookie::Refuse);
    let policy = policy(Some(60));
    if let Keep::Store(terms) = keep::decide(&lookup, &facts, &policy, Draw::NEUTRAL) {
        let encoding = vary::AcceptEncoding::Reduced;
        let meta = stored::StoredMeta::new(&facts, request, terms, encoding);
        assert_eq!(
            reuse::select([&meta].into_iter(), request),
            reuse::Selected::Variant(0)
        );
        let _ = reuse::decide(&meta, &lookup, &Moment::plain(at(9)));
        let _ = reuse::on_error(&meta, at(9));
        let _ = conditional::decide(&lookup, request, &meta, at(9).wall);
        let answer = revalidate::Confirmation {
            headers: fields,
            request,
            lookup: &lookup,
            accept_encoding: encoding,
            sent_at: at(9),
            received_at: at(9),
            draw: Draw::NEUTRAL,
        };
        let _ = revalidate::freshen(&meta, &answer, &policy);
        let _ = head::decide(&meta, 5, StatusCode::OK, &answer, &policy);
        let _ = revalidate::prepare(method, &mut request.clone(), Some(&meta));
    }
    let write = invalidate::Write {
        method: &Method::POST,
        scheme: policy::Scheme::Http,
        host: "a.example",
        port: 80,
        target: "/a/b?c",
    };
    let _ = invalidate::after(&write, StatusCode::OK, fields);
}
