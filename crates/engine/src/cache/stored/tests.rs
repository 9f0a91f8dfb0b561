use http::HeaderValue;

use super::*;
use crate::cache::{
    targeted::Directives,
    testing::{at, headers, stored},
};

fn prepared(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    let fields = headers(lines);
    let withheld = Directives::of(&fields).withheld;
    prepare_headers(&fields, &withheld, at(0).wall)
        .iter()
        .filter(|(name, _)| *name != header::DATE)
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect()
}

fn own(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// TRAPS row 7: what belongs to one connection is not stored. TRAPS row 15: nor is `Set-Cookie`.
#[test]
fn what_is_not_for_others_is_left_out() {
    let kept = prepared(&[
        ("content-type", "text/plain"),
        ("connection", "close, X-Hop , content-length, vary"),
        ("connection", "x-hop-two"),
        ("x-hop", "1"),
        ("x-hop-two", "2"),
        ("content-length", "3"),
        ("vary", "accept"),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "Basic"),
        ("proxy-authentication-info", "x"),
        ("proxy-connection", "close"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("set-cookie", "a=b"),
        ("set-cookie2", "a=b"),
        ("age", "5"),
        ("forebay-cache-control", "max-age=5"),
        ("cdn-cache-control", "max-age=6"),
        ("x-own", "y"),
    ]);
    let expected = [
        ("content-type", "text/plain"),
        ("content-length", "3"),
        ("vary", "accept"),
        ("cdn-cache-control", "max-age=6"),
        ("x-own", "y"),
    ];
    assert_eq!(kept, own(&expected));
}

#[test]
fn fields_withheld_by_name_are_left_out() {
    let control = (
        "cache-control",
        "max-age=5, private=\"X-User\", no-cache=\"x-token, X-Other\"",
    );
    let kept = prepared(&[
        control,
        ("x-user", "1"),
        ("x-token", "2"),
        ("x-other", "3"),
        ("x", "4"),
    ]);
    assert_eq!(kept, own(&[control, ("x", "4")]));
}

#[test]
fn order_and_repetition_are_kept() {
    let lines = [("link", "<a>"), ("link", "<b>"), ("x-b", "1"), ("x-a", "2")];
    assert_eq!(prepared(&lines), own(&lines));
}

#[test]
fn a_missing_date_is_the_time_of_receipt_and_a_present_one_is_left() {
    let dated = |lines: &[(&str, &str)]| {
        let kept = prepare_headers(&headers(lines), &[], at(0).wall);
        kept.get(header::DATE).cloned()
    };
    let receipt = HeaderValue::from_static("Mon, 01 Jan 2024 00:00:00 GMT");
    assert_eq!(dated(&[]), Some(receipt));
    assert_eq!(
        dated(&[("date", "nonsense")]),
        Some(HeaderValue::from_static("nonsense"))
    );
}

#[test]
fn the_weight_grows_with_what_is_held() {
    let small = stored(&[], &[]);
    let text = "x".repeat(1000);
    let large = stored(&[("x", &text)], &[]);
    assert!(large.weight() >= small.weight() + 1000);
    let varied = stored(&[("vary", "a")], &[("a", &text)]);
    assert!(varied.weight() >= small.weight() + 1000);
}

#[test]
fn rules_are_read_from_the_response() {
    let rules = |value| stored(&[("cache-control", value), ("etag", "\"x\"")], &[]).rules;
    let none = ReuseRules::default();
    assert_eq!(rules("max-age=5"), none);
    assert_eq!(
        rules("max-age=5, immutable"),
        ReuseRules {
            immutable: true,
            ..none
        }
    );
    assert_eq!(
        rules("proxy-revalidate"),
        ReuseRules {
            must_revalidate: true,
            ..none
        }
    );
    let strict = ReuseRules {
        must_revalidate: true,
        allows_credentials: true,
        ..none
    };
    assert_eq!(rules("must-revalidate"), strict);
    assert_eq!(rules("s-maxage=5"), strict);
    assert_eq!(
        rules("no-cache"),
        ReuseRules {
            no_cache: true,
            ..none
        }
    );
    assert_eq!(rules("no-cache=\"x\""), none);
    assert_eq!(stored(&[], &[]).declared(), Declared::ByOperator);
}

/// What is for us alone is remembered beside the fields, if it is valid and governs.
#[test]
fn our_own_directives_are_kept_apart() {
    let own = |lines: &[(&str, &str)]| {
        let kept = stored(lines, &[]);
        kept.own_control
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let ours = |value| ("forebay-cache-control", value);
    assert_eq!(own(&[]), None);
    assert_eq!(own(&[ours("max-age=5")]).as_deref(), Some("max-age=5"));
    assert_eq!(
        own(&[ours("max-age=5"), ours("public")]).as_deref(),
        Some("max-age=5, public")
    );
    assert_eq!(own(&[ours("Max-Age=5")]), None);
    assert_eq!(own(&[("cdn-cache-control", "max-age=5")]), None);
}

#[test]
fn terms_and_the_time_of_fetching_are_kept() {
    let kept = stored(&[("cache-control", "max-age=5, stale-if-error=7")], &[]);
    assert_eq!(kept.grace.if_error, Duration::from_secs(7));
    assert_eq!(kept.grace.while_revalidate, Duration::ZERO);
    assert_eq!(kept.fetch_time, Duration::ZERO);
    let fields = headers(&[]);
    let facts = ResponseFacts::read(ResponseHead {
        sent_at: at(3),
        received_at: at(10),
        ..crate::cache::testing::response(200, &fields, at(10)).head
    });
    let kept = StoredMeta::new(&facts, &fields, Terms::NONE, AcceptEncoding::Verbatim);
    assert_eq!(kept.fetch_time, Duration::from_secs(7));
    assert_eq!(kept.received_at, at(10).monotonic);
}
