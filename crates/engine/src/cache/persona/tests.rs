use http::HeaderName;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::cache::testing::headers;

fn header(name: &str) -> Dimension {
    Dimension::Header(HeaderName::from_bytes(name.as_bytes()).unwrap())
}

fn cookie_named(name: &str) -> Dimension {
    Dimension::Cookie(name.to_owned())
}

fn persona(dimensions: &[Dimension], lines: &[(&str, &str)]) -> Vec<u8> {
    let mut out = b"what was there before".to_vec();
    assert_eq!(
        write(dimensions, &headers(lines), None, &mut out),
        Persona::Written
    );
    out
}

#[test]
fn no_dimensions_are_nothing() {
    assert_eq!(persona(&[], &[("cookie", "a=1")]), b"");
}

#[test]
fn absent_is_not_empty() {
    for (dimension, line) in [
        (header("x-tier"), ("x-tier", "")),
        (cookie_named("a"), ("cookie", "a=")),
    ] {
        let dimensions = [dimension];
        assert_ne!(persona(&dimensions, &[]), persona(&dimensions, &[line]));
    }
}

#[test]
fn repeated_lines_are_one_list() {
    let dimensions = [header("x-tier")];
    let joined = persona(&dimensions, &[("x-tier", "a,b")]);
    assert_eq!(
        persona(&dimensions, &[("x-tier", "a"), ("x-tier", "b")]),
        joined
    );
    assert_ne!(persona(&dimensions, &[("x-tier", "a")]), joined);
}

#[test]
fn a_cookie_is_found_among_others_and_must_be_alone_of_its_name() {
    let a = |lines: &[(&str, &str)]| persona(&[cookie_named("a")], lines);
    let one = a(&[("cookie", "a=1")]);
    for line in ["b=2; a=1", " a = 1 ;b", "ab=3;a=1", "b;a=1"] {
        assert_eq!(a(&[("cookie", line)]), one, "{line}");
    }
    assert_eq!(a(&[("cookie", "b=2"), ("cookie", "a=1; c=3")]), one);
    for line in ["a=2", "A=1", "a=\"1\"", "a==1", "a", "b=a=1"] {
        assert_ne!(a(&[("cookie", line)]), one, "{line}");
    }
    // Origins differ in whether they believe the first or the last.
    let dimensions = [cookie_named("a")];
    for line in ["a=1; a=2", "a=1; b=2; a=1"] {
        let mut out = Vec::new();
        let written = write(&dimensions, &headers(&[("cookie", line)]), None, &mut out);
        assert_eq!(written, Persona::Absurd, "{line}");
    }
}

#[test]
fn claims_only_come_from_verified_tokens() {
    let dimensions = [Dimension::Claim("tier".to_owned())];
    let with = |claims: serde_json::Value| {
        let claims = Claims::new(claims.as_object().unwrap(), None);
        let mut out = Vec::new();
        write(&dimensions, &headers(&[]), Some(&claims), &mut out);
        out
    };
    let gold = with(json!({"tier": "gold"}));
    assert_ne!(gold, persona(&dimensions, &[("tier", "gold")]));
    assert_ne!(gold, with(json!({"tier": "silver"})));
    assert_eq!(with(json!({"sub": "ada"})), persona(&dimensions, &[]));
}

#[test]
fn classes_and_lists_bound_the_variants() {
    let dimensions = [
        Dimension::Device,
        Dimension::Language(vec!["en".to_owned(), "de".to_owned()]),
    ];
    let of = |agent: &str, language: &str| {
        persona(
            &dimensions,
            &[("user-agent", agent), ("accept-language", language)],
        )
    };
    assert_eq!(
        of("Windows", "de-AT, de;q=0.9"),
        of("Linux", "xx, DE;q=0.2")
    );
    assert_ne!(of("Windows", "de"), of("iPhone Mobile", "de"));
    assert_ne!(of("Windows", "de"), of("Windows", "en"));
    assert_eq!(of("Windows", "fr"), persona(&dimensions, &[]));
}

/// TRAPS row 17: a client cannot fill the cache with values of its own making.
#[test]
fn absurd_values_pass_the_cache_by() {
    for (length, wanted) in [
        (MAX_VALUE, Persona::Written),
        (MAX_VALUE + 1, Persona::Absurd),
    ] {
        let value = "x".repeat(length);
        let crumb = format!("a={value}");
        let lines = [("x-tier", value.as_str()), ("cookie", crumb.as_str())];
        for dimension in [header("x-tier"), cookie_named("a")] {
            let mut out = Vec::new();
            let found = write(&[dimension], &headers(&lines), None, &mut out);
            assert_eq!(found, wanted);
            assert_eq!(out.is_empty(), wanted == Persona::Absurd);
        }
    }
    let many = vec![("x-tier", "x"); MAX_VALUE];
    let found = write(&[header("x-tier")], &headers(&many), None, &mut Vec::new());
    assert_eq!(found, Persona::Absurd);
}

proptest! {
    /// TRAPS row 11: two lists of values look the same only when they are.
    #[test]
    fn values_do_not_run_into_each_other(
        one in proptest::collection::vec(proptest::option::of("[ch+\\-]{0,3}"), 2),
        other in proptest::collection::vec(proptest::option::of("[ch+\\-]{0,3}"), 2),
    ) {
        let dimensions = [header("x-a"), header("x-b")];
        let of = |values: &[Option<String>]| {
            let lines: Vec<_> = ["x-a", "x-b"]
                .into_iter()
                .zip(values)
                .filter_map(|(name, value)| Some((name, value.as_deref()?)))
                .collect();
            persona(&dimensions, &lines)
        };
        prop_assert_eq!(of(&one) == of(&other), one == other);
    }
}
