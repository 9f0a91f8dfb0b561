use policy::Scheme;
use proptest::prelude::*;

use super::*;
use crate::cache::testing::headers;

fn origin() -> Origin {
    Origin {
        scheme: Scheme::Https,
        host: "shop.example".to_owned(),
        port: 443,
    }
}

fn literal(text: &str) -> PathSegment {
    PathSegment::Literal(text.to_owned())
}

fn parameter(name: &str) -> PathSegment {
    PathSegment::Parameter(name.to_owned())
}

fn pattern(segments: &[PathSegment]) -> PathPattern {
    PathPattern {
        segments: segments.to_vec(),
    }
}

fn tags(lines: &[(&str, &str)], patterns: &[&str], path: &str) -> Tags {
    let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
    let route = pattern(&[literal("products"), parameter("id")]);
    let own = OwnTags {
        patterns: &patterns,
        route: &route,
        path,
    };
    Tags::of(&headers(lines), &origin(), own)
}

#[test]
fn origin_and_operator_tag_responses() {
    let found = tags(
        &[
            ("surrogate-key", "a  b\ta"),
            ("surrogate-key", "c"),
            ("cache-tag", "d e, ,f,"),
            ("cache-groups", "\"g\", \"h i\";x=1"),
            ("cache-groups", "\"g\""),
        ],
        &["product-{id}", "all", "{other}"],
        "/products/4711",
    );
    let mut wanted: Vec<_> = ["product-4711", "all", "a", "b", "c", "d e", "f"]
        .into_iter()
        .map(|tag| Label::tag(tag.as_bytes()))
        .collect();
    wanted.push(Label::group(&origin(), "g"));
    wanted.push(Label::group(&origin(), "h i"));
    assert_eq!(found.labels, wanted);
    assert_eq!(found.ignored, 0);
}

/// A list with a mistake is no list (RFC 9651, section 4.2).
#[test]
fn broken_groups_are_ignored() {
    for field in ["\"a", "a", "\"a\", 1", "(\"a\")", "\"a\",", "\"a\" \"b\""] {
        let found = tags(&[("cache-groups", field)], &[], "/products/1");
        assert_eq!(found, Tags::default(), "{field}");
    }
}

#[test]
fn there_are_only_so_many() {
    let many: Vec<_> = (0..100).map(|at| format!("t{at}")).collect();
    let found = tags(
        &[("surrogate-key", &many.join(" "))],
        &["own"],
        "/products/1",
    );
    assert_eq!(found.labels.len(), MAX_TAGS);
    assert_eq!(found.ignored, 101 - MAX_TAGS);
    assert_eq!(found.labels[0], Label::tag(b"own"));
    let long = "x".repeat(MAX_TAG + 1);
    let found = tags(&[("cache-tag", &long)], &[], "/products/1");
    assert_eq!((found.labels.len(), found.ignored), (0, 1));
}

#[test]
fn parameters_are_found() {
    let whole = pattern(&[
        literal("a"),
        parameter("one"),
        literal("b"),
        PathSegment::Rest("rest".to_owned()),
    ]);
    for (path, name, wanted) in [
        ("/a/1/b/2/3", "one", Some("1")),
        ("/a/1/b/2/3", "rest", Some("2/3")),
        ("/a/1/b", "rest", Some("")),
        ("/a/1/b/", "rest", Some("")),
        ("/a/%C3%A9/b", "one", Some("%C3%A9")),
        ("/a/1/b", "other", None),
        ("/a//b", "one", None),
        ("/a/1", "one", None),
        ("/b/1/b", "one", None),
        ("", "one", None),
    ] {
        assert_eq!(capture(&whole, path, name), wanted, "{path} {name}");
    }
    let exact = pattern(&[parameter("one")]);
    assert_eq!(capture(&exact, "/1", "one"), Some("1"));
    assert_eq!(capture(&exact, "/1/2", "one"), None);
    assert_eq!(capture(&exact, "/1/", "one"), None);
    assert_eq!(capture(&PathPattern::default(), "/", "rest"), Some(""));
}

#[test]
fn writes_make_groups_of_their_origin_obsolete() {
    let said = headers(&[("cache-group-invalidation", "\"a\", \"b\"")]);
    let groups = obsolete_groups(&Method::POST, &origin(), &said);
    let wanted = ["a", "b"].map(|group| Target::Group {
        origin: origin(),
        group: group.to_owned(),
    });
    assert_eq!(groups, wanted);
    assert_eq!(obsolete_groups(&Method::GET, &origin(), &said), []);
    let broken = headers(&[("cache-group-invalidation", "a")]);
    assert_eq!(obsolete_groups(&Method::POST, &origin(), &broken), []);
    assert_eq!(obsolete_groups(&Method::PUT, &origin(), &headers(&[])), []);
}

#[test]
fn braces_without_a_partner_stand_for_themselves() {
    let value = |name: &str| (name == "id").then_some("1");
    for (pattern, wanted) in [
        ("a{id}b{id}", Some("a1b1")),
        ("a{id", Some("a{id")),
        ("a}", Some("a}")),
        ("{}", None),
        ("{no}", None),
        ("", Some("")),
    ] {
        assert_eq!(fill(pattern, value).as_deref(), wanted, "{pattern}");
    }
}

proptest! {
    /// However many there are, and whatever they are, they stay within their bounds.
    #[test]
    fn bounds_hold(field in "([a-z]{1,3}[ ,\"]){0,120}") {
        let lines = [
            ("surrogate-key", field.as_str()),
            ("cache-tag", field.as_str()),
            ("cache-groups", field.as_str()),
        ];
        let found = tags(&lines, &[], "/");
        prop_assert!(found.labels.len() <= MAX_TAGS);
        let distinct: std::collections::HashSet<_> = found.labels.iter().collect();
        prop_assert_eq!(distinct.len(), found.labels.len());
    }
}
