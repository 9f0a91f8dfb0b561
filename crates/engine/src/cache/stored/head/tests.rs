use http::{HeaderMap, HeaderName, HeaderValue, header};
use proptest::prelude::*;

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
        ("link", "<a>"),
        ("link", "<b>"),
    ])
}

fn lines(map: &HeaderMap) -> Vec<(HeaderName, Vec<u8>)> {
    map.iter()
        .map(|(name, value)| (name.clone(), value.as_bytes().to_vec()))
        .collect()
}

/// The second of a kind shares its names and constants, and weighs less than its text alone.
#[test]
fn the_weight_is_that_of_what_is_not_shared() {
    let text: usize = usual(9)
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let kept: Vec<_> = (0..10).map(|_| StoredHead::new(&usual(9))).collect();
    let shared = |head: &&StoredHead| matches!(head.shape, ShapeRef::Shared(_));
    let head = kept.iter().rfind(shared).unwrap();
    assert!(head.weight() < text);
    assert_eq!(lines(&head.to_headers()), lines(&usual(9)));
}

#[test]
fn fields_are_found_by_name() {
    let head = StoredHead::new(&usual(7));
    assert_eq!(head.get(&header::ETAG), Some(&b"\"7\""[..]));
    assert_eq!(head.get(&header::SERVER), Some(&b"nginx"[..]));
    assert_eq!(head.get(&header::AGE), None);
    assert_eq!(head.value(&header::ETAG), usual(7).get("etag").cloned());
    let links: Vec<_> = head.get_all(&header::LINK).collect();
    assert_eq!(links, [b"<a>", b"<b>"]);
    assert!(head.contains(&header::DATE) && !head.contains(&header::AGE));
    assert_eq!(head.len(), 8);
    let empty = StoredHead::new(&HeaderMap::new());
    assert!(empty.is_empty() && empty.to_headers().is_empty());
}

/// RFC 7541, section 7.1.3: what must never be indexed stays so.
#[test]
fn sensitive_values_stay_sensitive() {
    for _ in 0..3 {
        let mut fields = usual(1);
        for value in fields.values_mut() {
            value.set_sensitive(true);
        }
        let map = StoredHead::new(&fields).to_headers();
        assert!(map.values().all(HeaderValue::is_sensitive));
        assert_eq!(map, fields);
    }
}

fn any_fields() -> impl Strategy<Value = HeaderMap> {
    let names = prop::sample::select(vec![
        "cache-control",
        "content-type",
        "date",
        "etag",
        "link",
        "server",
        "x-a",
        "x-b",
    ]);
    let value = prop::collection::vec(prop_oneof![32_u8..127, 128_u8..=255, Just(b'\t')], 0..40);
    let value = prop_oneof![value, Just(b"same".to_vec()), Just(Vec::new())];
    prop::collection::vec((names, value), 0..24).prop_map(|lines| {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(name, HeaderValue::from_bytes(&value).unwrap());
        }
        map
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Order, repetitions and every byte survive, whether the shape is shared or not.
    #[test]
    fn keeping_and_giving_back_changes_nothing(fields in any_fields()) {
        for _ in 0..3 {
            let head = StoredHead::new(&fields);
            let back = head.to_headers();
            prop_assert_eq!(lines(&back), lines(&fields));
            prop_assert_eq!(head.len(), fields.len());
            for name in fields.keys() {
                prop_assert_eq!(head.get(name), fields.get(name).map(HeaderValue::as_bytes));
                prop_assert!(head.get_all(name).eq(fields.get_all(name).iter().map(HeaderValue::as_bytes)));
                prop_assert!(head.values_of(name).eq(fields.get_all(name).iter().cloned()));
            }
        }
    }

    /// The weight covers every byte of text that is not shared with others.
    #[test]
    fn the_weight_covers_the_text(fields in any_fields()) {
        let head = StoredHead::new(&fields);
        let own: usize = head.lines().map(|(_, value)| match value {
            Value::Constant(_) => 0,
            own @ Value::Own { .. } => own.bytes().len(),
        }).sum();
        prop_assert!(head.weight() >= own);
    }
}
