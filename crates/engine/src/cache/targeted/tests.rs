use proptest::prelude::*;

use super::*;
use crate::cache::testing::headers;

type Line<'a> = (&'a str, &'a str);

fn read(lines: &[Line<'_>]) -> Directives {
    Directives::of(&headers(lines))
}

/// What `CDN-Cache-Control: value` says, `Cache-Control: private` beside it.
fn cdn(value: &str) -> Option<CacheControl> {
    let read = read(&[("cache-control", "private"), ("cdn-cache-control", value)]);
    match read.governing {
        Governing::Cdn => Some(read.control),
        _ => {
            assert_eq!(read.control.private, Reach::Whole, "{value}");
            None
        }
    }
}

fn some(seconds: u64) -> Option<DeltaSeconds> {
    Some(DeltaSeconds::new(seconds))
}

#[test]
fn the_most_specific_valid_field_governs() {
    let (all, cdn, ours) = (
        ("cache-control", "max-age=1"),
        ("cdn-cache-control", "max-age=2"),
        ("forebay-cache-control", "max-age=3"),
    );
    use Governing::{CacheControl, Cdn, Forebay};
    for (lines, governing, max_age) in [
        (vec![], CacheControl, None),
        (vec![all], CacheControl, some(1)),
        (vec![all, cdn], Cdn, some(2)),
        (vec![all, cdn, ours], Forebay, some(3)),
        (vec![ours, all], Forebay, some(3)),
        (
            vec![all, cdn, ("forebay-cache-control", "a b")],
            Cdn,
            some(2),
        ),
        (
            vec![all, ("cdn-cache-control", "a b")],
            CacheControl,
            some(1),
        ),
        (vec![all, ("forebay-cache-control", ""), cdn], Cdn, some(2)),
        (vec![all, ("cdn-cache-control", " ")], CacheControl, some(1)),
        // One that is valid governs even if it says nothing we know.
        (vec![all, ("cdn-cache-control", "x=1")], Cdn, None),
    ] {
        let read = read(&lines);
        assert_eq!(
            (read.governing, read.control.max_age),
            (governing, max_age),
            "{lines:?}"
        );
    }
}

#[test]
fn one_error_anywhere_makes_all_of_it_invalid() {
    for invalid in [
        "Max-Age=10",
        "max-age=10 no-store",
        "max-age=10,",
        "max-age= 10",
        "max-age=10; =",
        "max-age=\"10",
        "max-age=1.2345",
        "max-age=1000000000000000",
        "max-age=10, ,no-store",
        "max-age=",
        "max-age=\"\u{e9}\"",
    ] {
        assert_eq!(cdn(invalid), None, "{invalid}");
    }
}

#[test]
fn times_of_another_type_are_none() {
    for (value, expected) in [
        ("max-age=10", 10),
        ("max-age=10;x=y", 10),
        ("max-age=5, max-age=10", 10),
        ("max-age=10, max-age=5", 5),
        ("a=1, max-age=10, b", 10),
        ("max-age=999999999999999", 1 << 31),
        ("max-age=0", 0),
        ("max-age=-10", 0),
        ("max-age=1.5", 0),
        ("max-age=\"10\"", 0),
        ("max-age=ten", 0),
        ("max-age=(10)", 0),
        ("max-age", 0),
        ("max-age=?0", 0),
        ("max-age=@10", 0),
    ] {
        let read = cdn(value).unwrap();
        assert_eq!(read.max_age, some(expected), "{value}");
    }
    let read = cdn("s-maxage=7, stale-if-error=8, stale-while-revalidate=9").unwrap();
    let expected = CacheControl {
        s_maxage: some(7),
        stale_if_error: some(8),
        stale_while_revalidate: some(9),
        ..CacheControl::default()
    };
    assert_eq!(read, expected);
}

#[test]
fn restrictions_hold_whatever_their_value_and_permissions_do_not() {
    for value in ["no-store", "no-store=1", "no-store=?0", "no-store=(a b)"] {
        assert!(cdn(value).unwrap().no_store, "{value}");
    }
    for value in ["public=1", "public=?0", "public=\"\"", "immutable=x"] {
        let read = cdn(value).unwrap();
        assert!(!read.public && !read.immutable, "{value}");
    }
    let read =
        cdn("public, immutable;x=1, must-revalidate, must-understand, no-transform").unwrap();
    assert!(read.public && read.immutable && read.must_revalidate);
    assert!(read.must_understand && read.no_transform && !read.proxy_revalidate);
    assert!(cdn("proxy-revalidate").unwrap().proxy_revalidate);
}

/// TRAPS row 14: a `private` that cannot be read restricts everything.
#[test]
fn fields_of_private_and_no_cache() {
    for (value, reach, fields) in [
        ("private", Reach::Whole, vec![]),
        ("private=\"A, b\"", Reach::Fields, vec!["a", "b"]),
        ("private=set-cookie", Reach::Fields, vec!["set-cookie"]),
        ("private=\"\"", Reach::Whole, vec![]),
        ("private=\"a b\"", Reach::Whole, vec![]),
        ("private=\"a, b c\"", Reach::Whole, vec![]),
        ("private=(\"a\" \"b\")", Reach::Whole, vec![]),
        ("private=1", Reach::Whole, vec![]),
    ] {
        let read = read(&[("cdn-cache-control", value)]);
        assert_eq!(read.control.private, reach, "{value}");
        assert_eq!(read.withheld, fields, "{value}");
    }
    let both = read(&[("cdn-cache-control", "private=\"a\", no-cache=b")]);
    assert_eq!(both.control.no_cache, Reach::Fields);
    assert_eq!(both.withheld, ["a", "b"]);
}

#[test]
fn lines_are_joined_and_the_plain_field_withholds_too() {
    let read_two = read(&[
        ("cdn-cache-control", "max-age=1"),
        ("cdn-cache-control", "no-store"),
    ]);
    assert!(read_two.control.no_store && read_two.control.max_age == some(1));
    let plain = read(&[("cache-control", "private=\"a\"")]);
    assert_eq!(plain.withheld, ["a"]);
    // What `Cache-Control` withholds is no business of ours when another field governs.
    let other = read(&[
        ("cache-control", "private=\"a\""),
        ("cdn-cache-control", "max-age=1"),
    ]);
    assert!(other.withheld.is_empty());
}

proptest! {
    #[test]
    fn no_bytes_panic(value in proptest::collection::vec(prop_oneof![0x20u8..0x7f, 0x80u8..=0xff], 0..60)) {
        let mut fields = headers(&[]);
        fields.insert(CDN_CACHE_CONTROL, http::HeaderValue::from_bytes(&value).unwrap());
        let _ = Directives::of(&fields);
    }
}
