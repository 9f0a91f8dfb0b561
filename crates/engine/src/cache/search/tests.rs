use policy::QueryKey;
use proptest::prelude::*;

use super::*;
use crate::cache::{key::canonical_query, testing::headers};

/// The query as it stands in a key after a response with this field.
fn narrowed(field: &str, query: &str) -> Option<String> {
    let variance = SearchVariance::parse(field.as_bytes());
    canonical_query(query, &QueryKey::default(), variance.as_ref())
}

#[test]
fn parameters_that_do_not_matter_are_left_out() {
    for (field, query, wanted) in [
        ("key-order", "b=1&a=2&b=0", Some("a=2&b=1&b=0")),
        ("key-order=?0", "b=1&a=2", Some("b=1&a=2")),
        ("params", "a=1&b=2", None),
        ("params=?0", "a=1&b=2", Some("a=1&b=2")),
        ("params=(\"a\")", "a=1&b=2&a", Some("b=2")),
        ("params=()", "a=1", Some("a=1")),
        ("params, except=(\"a\")", "a=1&b=2", Some("a=1")),
        ("params, except=()", "a=1&b=2", None),
        ("params=(\"a b\")", "a+b=1&a%20b=2&c", Some("c")),
        ("params=(\"a+b\")", "a+b=1&a%20b=2&c", Some("c")),
        ("params=(\"%c3%a9\")", "%C3%A9=1&c", Some("c")),
        ("params=(\"a\"), key-order", "c&a&b", Some("b&c")),
        ("params=(\"a\");x=1, other=2", "a&b", Some("b")),
        ("params=(\"a\")", "b&&c", Some("b&c")),
    ] {
        assert_eq!(
            narrowed(field, query),
            wanted.map(str::to_owned),
            "{field} {query}"
        );
    }
}

/// What cannot be read, or contradicts itself, narrows nothing.
#[test]
fn mistakes_narrow_nothing() {
    for field in [
        "",
        "params=(\"a\"",
        "params=a",
        "params=1",
        "params=(a)",
        "params=(\"a\" 1)",
        "params=\"a\"",
        "key-order=1",
        "key-order=(\"a\")",
        "key-order=1, params",
        "except=(\"a\")",
        "params=?0, except=(\"a\")",
        "params=(\"b\"), except=(\"a\")",
        "params, except",
        "params, except=a",
        "params, except=\"a\"",
        "key-order=?0, params=?0",
        "PARAMS",
        "params=()",
    ] {
        assert_eq!(SearchVariance::parse(field.as_bytes()), None, "{field}");
    }
    let many = format!("params=({})", "\"a\" ".repeat(MAX_NAMES + 1).trim());
    assert_eq!(SearchVariance::parse(many.as_bytes()), None);
}

#[test]
fn lines_are_one_dictionary() {
    let fields = headers(&[
        ("no-vary-search", "params"),
        ("no-vary-search", "except=(\"a\")"),
    ]);
    let both = SearchVariance::of(&fields);
    assert_eq!(both, SearchVariance::parse(b"params, except=(\"a\")"));
    assert!(both.is_some_and(|it| it.weight() > 0));
    assert_eq!(SearchVariance::of(&headers(&[])), None);
}

proptest! {
    /// No field makes trouble, and a query in a key is made of the client's parameters.
    #[test]
    fn nothing_is_made_up(
        field in "(params|key-order|except|=|\\(|\\)|\"a\"|\"b\"|\\?1|\\?0|,| |;){0,10}",
        query in "([ab%+](=[0-9])?&?){0,6}",
    ) {
        if let Some(kept) = narrowed(&field, &query) {
            let there: Vec<_> = query.split('&').collect();
            prop_assert!(kept.split('&').all(|parameter| there.contains(&parameter)));
            prop_assert_eq!(narrowed(&field, &kept), Some(kept.clone()));
        }
    }

    /// With `params` and exceptions, only the exceptions tell queries apart.
    #[test]
    fn exceptions_alone_count(others in "(b=[0-9]&){0,3}", value in "[0-9]{0,2}") {
        let query = format!("{others}a={value}");
        prop_assert_eq!(
            narrowed("params, except=(\"a\")", &query),
            Some(format!("a={value}"))
        );
    }
}
