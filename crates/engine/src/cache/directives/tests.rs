use http::header::CACHE_CONTROL;
use proptest::prelude::*;

use super::*;
use crate::cache::testing::headers;

fn parse(lines: &[&str]) -> CacheControl {
    let fields: Vec<_> = lines.iter().map(|line| ("cache-control", *line)).collect();
    CacheControl::parse(&headers(&fields), &CACHE_CONTROL)
}

fn seconds(number: u64) -> Option<DeltaSeconds> {
    Some(DeltaSeconds::new(number))
}

#[test]
fn lifetimes_are_read_strictly() {
    for (line, expected) in [
        ("max-age=10", seconds(10)),
        ("MAX-AGE=10", seconds(10)),
        ("max-age=\"10\"", seconds(10)),
        ("max-age=10 ,foo", seconds(10)),
        ("foo=\"a, max-age=1\", max-age=10", seconds(10)),
        ("foo=\"\\\", max-age=1\", max-age=10", seconds(10)),
        ("foo=\"open, max-age=10", seconds(10)),
        ("max-age=10, max-age=20", seconds(10)),
        ("max-age=20, max-age=10", seconds(10)),
        ("max-age=10, max-age=x", seconds(0)),
        ("max-age=99999999999999999999", seconds(1 << 31)),
        ("max-age", seconds(0)),
        ("max-age=", seconds(0)),
        ("max-age= 10", seconds(0)),
        ("max-age =10", seconds(0)),
        ("max-age=1 0", seconds(0)),
        ("max-age=-10", seconds(0)),
        ("max-age=+10", seconds(0)),
        ("max-age=1.5", seconds(0)),
        ("max-age=10;x=1", seconds(0)),
        ("max-age=\"ten\"", seconds(0)),
        ("max-age=\"10\"x", seconds(0)),
        ("max-age=\"10", seconds(0)),
        ("max-age='10'", seconds(0)),
        ("x-max-age=10", None),
        ("max-agee=10", None),
        ("", None),
    ] {
        assert_eq!(parse(&[line]).max_age, expected, "{line}");
    }
}

#[test]
fn restrictions_hold_whatever_is_attached_and_permissions_do_not() {
    for line in [
        "no-store",
        "No-Store=x",
        "a,,no-store ",
        "no-store=\"a\"",
        "\tno-store =1",
    ] {
        assert!(parse(&[line]).no_store, "{line}");
    }
    assert!(parse(&["public"]).public);
    assert!(parse(&["max-age=1", "PUBLIC"]).public);
    for line in ["public=1", "public=", "publicly", "x=public"] {
        assert!(!parse(&[line]).public, "{line}");
    }
}

#[test]
fn several_lines_are_one_list() {
    let control = parse(&[
        "max-age=5, must-revalidate",
        "s-maxage=7",
        "proxy-revalidate, immutable",
    ]);
    let expected = CacheControl {
        immutable: true,
        max_age: seconds(5),
        must_revalidate: true,
        proxy_revalidate: true,
        s_maxage: seconds(7),
        ..CacheControl::default()
    };
    assert_eq!(control, expected);
}

#[test]
fn request_and_extension_directives_are_read() {
    let control = parse(&["max-stale, max-stale=5, min-fresh=3, min-fresh=9, only-if-cached"]);
    assert_eq!(control.max_stale, seconds(5));
    assert_eq!(control.min_fresh, seconds(9));
    assert!(control.only_if_cached);
    assert_eq!(parse(&["max-stale"]).max_stale, seconds(1 << 31));
    assert_eq!(parse(&["min-fresh=x"]).min_fresh, seconds(1 << 31));
    let control =
        parse(&["stale-while-revalidate=30, stale-if-error=x, no-transform, must-understand"]);
    assert_eq!(control.stale_while_revalidate, seconds(30));
    assert_eq!(control.stale_if_error, seconds(0));
    assert!(control.no_transform && control.must_understand);
}

/// TRAPS row 14: a damaged `private` restricts everything.
#[test]
fn fields_of_private_and_no_cache_are_told_apart_from_the_whole() {
    for (line, reach, fields) in [
        ("private", Reach::Whole, vec![]),
        ("private=\"a, b\"", Reach::Fields, vec!["a", "b"]),
        (
            "Private=\" X-One ,,x-two \"",
            Reach::Fields,
            vec!["x-one", "x-two"],
        ),
        ("private=set-cookie", Reach::Fields, vec!["set-cookie"]),
        ("private=\"\"", Reach::Whole, vec![]),
        ("private=", Reach::Whole, vec![]),
        ("private=\"a b\"", Reach::Whole, vec![]),
        ("private=\"a", Reach::Whole, vec![]),
        ("private=\"a\", private", Reach::Whole, vec!["a"]),
        ("public", Reach::Nothing, vec![]),
    ] {
        let control = parse(&[line]);
        assert_eq!(control.private, reach, "{line}");
        if reach == Reach::Fields {
            let fields_found =
                control.withheld_fields(&headers(&[("cache-control", line)]), &CACHE_CONTROL);
            assert_eq!(fields_found, fields, "{line}");
        }
    }
    let line = "private=\"a\", no-cache=\"b\"";
    let control = parse(&[line]);
    assert_eq!(
        (control.private, control.no_cache),
        (Reach::Fields, Reach::Fields)
    );
    let both = control.withheld_fields(&headers(&[("cache-control", line)]), &CACHE_CONTROL);
    assert_eq!(both, ["a", "b"]);
}

#[test]
fn thousands_of_directives_and_unclosed_quotes_are_read_in_one_pass() {
    let mut line = "x=\"".repeat(100_000);
    line.push_str(", max-age=3");
    assert_eq!(parse(&[&line]).max_age, seconds(3));
    let line = "a=1, ".repeat(1000) + "b=\"" + &"c".repeat(10 * 1024) + "\", no-store";
    assert!(parse(&[&line]).no_store);
}

proptest! {
    #[test]
    fn no_bytes_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut control = CacheControl::default();
        control.absorb(&line);
    }

    /// Absorbing more can only make it stricter, quotes or not.
    #[test]
    fn restrictions_survive_what_surrounds_them(
        before in "[a-z=\" ,0-9]{0,20}",
        after in "[a-z=\" ,0-9]{0,20}",
    ) {
        let control = parse(&["no-store, private", &before, &after]);
        prop_assert!(control.no_store && control.private == Reach::Whole);
    }
}
