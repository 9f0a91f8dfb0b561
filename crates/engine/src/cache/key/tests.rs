use proptest::prelude::*;

use super::*;
use crate::cache::testing::{get, headers, lookup};

fn parts() -> KeyParts<'static> {
    KeyParts {
        route: "api",
        scheme: Scheme::Https,
        host: "a.example",
        port: 443,
        path: "/x",
        query: Some("b=1"),
    }
}

fn key(parts: KeyParts<'_>) -> Vec<u8> {
    key_ignoring(parts, &[])
}

fn key_ignoring(parts: KeyParts<'_>, ignore: &[&str]) -> Vec<u8> {
    let query = QueryKey {
        ignore: ignore.iter().map(ToString::to_string).collect(),
        ..QueryKey::default()
    };
    let mut out = b"what was there before".to_vec();
    parts.encode(&query, &mut out);
    out
}

/// TRAPS row 10: every part tells keys apart, the host first of all.
#[test]
fn every_part_counts() {
    let base = parts();
    let others = [
        KeyParts {
            route: "web",
            ..base
        },
        KeyParts {
            scheme: Scheme::Http,
            ..base
        },
        KeyParts {
            host: "b.example",
            ..base
        },
        KeyParts { port: 8443, ..base },
        KeyParts { path: "/y", ..base },
        KeyParts {
            query: Some("b=2"),
            ..base
        },
        KeyParts {
            query: Some(""),
            ..base
        },
        KeyParts {
            query: None,
            ..base
        },
    ];
    let mut keys: Vec<_> = others.into_iter().map(key).collect();
    keys.push(key(base));
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

#[test]
fn ignored_parameters_leave_no_trace() {
    let with = |query| KeyParts { query, ..parts() };
    let ignore = ["utm_*", "fbclid"];
    for (query, same_as) in [
        (Some("b=1&utm_source=x"), Some("b=1")),
        (Some("utm_=1&b=1&fbclid=2&c"), Some("b=1&c")),
        (Some("utm_a"), None),
        (Some("fbclid=1&utm_a=2"), None),
        (None, None),
        (Some(""), Some("")),
        (Some("xutm_a=1"), Some("xutm_a=1")),
        (Some("fbclids=1"), Some("fbclids=1")),
        (Some("b=utm_a"), Some("b=utm_a")),
    ] {
        assert_eq!(
            key_ignoring(with(query), &ignore),
            key(with(same_as)),
            "{query:?}"
        );
    }
    let order = key_ignoring(with(Some("b=1&a=2")), &ignore);
    assert_ne!(order, key_ignoring(with(Some("a=2&b=1")), &ignore));
    assert_eq!(key_ignoring(with(Some("a&b=1")), &["*"]), key(with(None)));
}

/// TRAPS row 16: who asks differently never shares a fetch; GET and HEAD do not either.
#[test]
fn flights_are_joined_only_by_equals() {
    let flight = |method: &http::Method, lines: &[(&str, &str)]| {
        let headers = headers(lines);
        let mut out = Vec::new();
        let lookup = lookup(method, &headers);
        parts().encode_flight(&QueryKey::default(), &lookup, &headers, &mut out);
        out
    };
    let plain = flight(&http::Method::GET, &[]);
    assert_eq!(plain, flight(&http::Method::GET, &[("accept", "x")]));
    let different = [
        plain,
        flight(&http::Method::HEAD, &[]),
        flight(&http::Method::GET, &[("cookie", "a=1")]),
        flight(&http::Method::GET, &[("cookie", "a=2")]),
        flight(&http::Method::GET, &[("cookie", "a=1"), ("cookie", "a=2")]),
        flight(&http::Method::GET, &[("cookie", "")]),
        flight(&http::Method::GET, &[("authorization", "a=1")]),
        flight(&http::Method::GET, &[("authorization", "a=2")]),
    ];
    let distinct: std::collections::HashSet<_> = different.iter().collect();
    assert_eq!(distinct.len(), different.len());
}

/// A policy that vouches for cookies lets requests with different ones share.
#[test]
fn cookies_vouched_for_do_not_part_flights() {
    let fields = headers(&[("cookie", "a=1")]);
    let vouched = Lookup {
        cookies: false,
        ..get(&fields)
    };
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let query = QueryKey::default();
    parts().encode_flight(&query, &vouched, &fields, &mut with);
    parts().encode_flight(&query, &vouched, &headers(&[]), &mut without);
    assert_eq!(with, without);
}

#[test]
fn parts_can_be_shown() {
    let query = QueryKey {
        ignore: vec!["utm_*".to_owned()],
        ..QueryKey::default()
    };
    let shown = |query_text| {
        KeyParts {
            query: query_text,
            ..parts()
        }
        .describe(&query)
        .iter()
        .map(|part| format!("{}={}", part.name, part.value))
        .collect::<Vec<_>>()
        .join(" ")
    };
    let base = "route=api scheme=https host=a.example port=443 method=GET, HEAD path=/x";
    assert_eq!(shown(Some("b=1&utm_a=2")), format!("{base} query=b=1"));
    assert_eq!(shown(Some("utm_a=2")), base);
    assert_eq!(shown(None), base);
}

type Owned = (String, bool, String, u16, String, Option<String>);

fn any_parts() -> impl Strategy<Value = Owned> {
    // The format's own letters and small numbers, so that parts may look like what separates them.
    let text = || "[acmhopqrs:/|\u{0}-\u{5}]{0,6}";
    (
        text(),
        any::<bool>(),
        text(),
        any::<u16>(),
        text(),
        proptest::option::of(text()),
    )
}

/// Reads a key back. That it can be done is what makes two keys different when their parts are.
fn decode(key: &[u8]) -> Option<Owned> {
    fn text(rest: &mut &[u8], kind: Kind) -> Option<String> {
        let [found, a, b, c, d, text @ ..] = *rest else {
            return None;
        };
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (text, after) = text.split_at_checked(length)?;
        *rest = after;
        (*found == kind as u8).then(|| String::from_utf8(text.to_vec()).unwrap())
    }
    let [
        VERSION,
        b's',
        secure,
        b'o',
        high,
        low,
        b'm',
        RETRIEVAL,
        rest @ ..,
    ] = key
    else {
        return None;
    };
    let mut rest = rest;
    let route = text(&mut rest, Kind::Route)?;
    let host = text(&mut rest, Kind::Host)?;
    let path = text(&mut rest, Kind::Path)?;
    let query = match rest {
        [] => None,
        _ => Some(text(&mut rest, Kind::Query)?),
    };
    let port = u16::from_be_bytes([*high, *low]);
    rest.is_empty()
        .then_some((route, *secure == 1, host, port, path, query))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// TRAPS row 11: the parts can be read back from the key, so different parts never share one.
    #[test]
    fn keys_are_injective(owned in any_parts()) {
        let (route, tls, host, port, path, query) = &owned;
        let key = key(KeyParts {
            route,
            scheme: if *tls { Scheme::Https } else { Scheme::Http },
            host,
            port: *port,
            path,
            query: query.as_deref(),
        });
        prop_assert_eq!(decode(&key), Some(owned));
    }

    /// TRAPS row 11: moving bytes between neighbours makes another key.
    #[test]
    fn moving_a_border_is_seen(text in "[hp:]{2,8}", one in 0usize..9, other in 0usize..9) {
        let split = |at: usize| {
            let (host, path) = text.split_at(at.min(text.len()));
            key(KeyParts { host, path, ..parts() })
        };
        let same = one.min(text.len()) == other.min(text.len());
        prop_assert_eq!(split(one) == split(other), same);
    }
}
