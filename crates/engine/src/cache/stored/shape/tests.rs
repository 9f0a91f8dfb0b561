use http::header;

use super::*;
use crate::cache::testing::headers;

/// Fields as they often come, with three that differ.
fn usual(number: u32) -> HeaderMap {
    headers(&[
        ("date", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("content-type", "application/json"),
        ("content-length", &number.to_string()),
        ("cache-control", "public, max-age=60"),
        ("etag", &format!("\"{number:x}\"")),
        ("server", "nginx"),
    ])
}

fn ask(table: &mut Table, headers: &HeaderMap) -> Option<&'static Shape> {
    let lines: Vec<_> = headers.iter().collect();
    let wanted = Wanted::of(&lines)?;
    table.find(&wanted).or_else(|| table.admit(&lines, &wanted))
}

#[test]
fn what_comes_again_is_shared_with_its_constants() {
    let mut table = Table::default();
    let found: Vec<_> = (0..5).map(|n| ask(&mut table, &usual(n))).collect();
    assert!(found[0].is_none());
    let shape = found[1].unwrap();
    assert_eq!((shape.open, shape.len()), (3, 6));
    let same = |other: &Option<&'static Shape>| other.is_some_and(|it| std::ptr::eq(it, shape));
    assert!(found[1..].iter().all(same));
    assert_eq!(table.shapes.len(), 1);
}

/// A value that is different each time does not keep the rest from being shared.
#[test]
fn a_constant_that_is_none_is_found_by_name() {
    let mut table = Table::default();
    for number in 0..1_000 {
        let mut fields = usual(number);
        let nonce = HeaderValue::from_str(&format!("script-src 'nonce-{number}'")).unwrap();
        fields.insert(header::CONTENT_SECURITY_POLICY, nonce);
        let shape = ask(&mut table, &fields);
        assert_eq!(shape.map(|shape| shape.open), (number > 0).then_some(7));
    }
    assert_eq!(table.shapes.len(), 1);
}

#[test]
fn shapes_that_never_come_again_are_not_shared() {
    let mut table = Table::default();
    for number in 0..5_000 {
        let name = HeaderName::try_from(format!("x-once-{number}")).unwrap();
        let fields = [(name, HeaderValue::from(number))].into_iter().collect();
        assert!(ask(&mut table, &fields).is_none());
    }
    assert!(table.shapes.is_empty());
}

#[test]
fn the_table_is_bounded() {
    let mut table = Table::default();
    let policy = HeaderValue::try_from("x".repeat(500)).unwrap();
    for number in 0..5_000 {
        let name = HeaderName::try_from(format!("x-twice-{number}")).unwrap();
        let fields: HeaderMap = [
            (name, HeaderValue::from(number)),
            (header::CONTENT_SECURITY_POLICY, policy.clone()),
        ]
        .into_iter()
        .collect();
        ask(&mut table, &fields);
        ask(&mut table, &fields);
    }
    assert!(table.bytes <= MOST_BYTES);
    assert!((1_000..4_000).contains(&table.shapes.len()));
}

#[test]
fn an_absurdly_long_head_is_not_shared() {
    let mut table = Table::default();
    let mut fields = HeaderMap::new();
    for number in 0..1_000 {
        let name = HeaderName::try_from(format!("x-field-{number}")).unwrap();
        fields.insert(name, HeaderValue::from(number));
    }
    assert!(ask(&mut table, &fields).is_none());
    assert!(ask(&mut table, &fields).is_none());
}
