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
        user: None,
        body: None,
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
    parts.encode(&query, None, &mut out);
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
        parts().encode_flight(
            (&QueryKey::default(), None),
            &lookup,
            &headers,
            b"",
            &mut out,
        );
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
    parts().encode_flight((&query, None), &vouched, &fields, b"", &mut with);
    parts().encode_flight((&query, None), &vouched, &headers(&[]), b"", &mut without);
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
        .describe(&query, None)
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

#[test]
fn only_some_parameters_may_take_part() {
    let canonical = |text, ignore: &[&str], keep: &[&str], sort| {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let query = QueryKey {
            ignore: owned(ignore),
            keep: (!keep.is_empty()).then(|| owned(keep)),
            sort,
            ..QueryKey::default()
        };
        canonical_query(text, &query, None)
    };
    for (text, ignore, keep, sort, wanted) in [
        (
            "b=1&a=2&c",
            &[][..],
            &["a", "b"][..],
            false,
            Some("b=1&a=2"),
        ),
        ("b=1&a=2&c", &[], &["a", "b"], true, Some("a=2&b=1")),
        (
            "page=1&page_size=2",
            &[],
            &["page*"],
            false,
            Some("page=1&page_size=2"),
        ),
        ("b=1&a=2", &["a"], &["a", "b"], false, Some("b=1")),
        ("c=1", &[], &["a"], false, None),
        ("", &[], &["a"], false, None),
        ("", &[], &[], true, Some("")),
        // The order of several values of one name may matter, whatever they are.
        ("b=2&a=9&b=1&a=10", &[], &[], true, Some("a=9&a=10&b=2&b=1")),
        ("b&a", &[], &[], true, Some("a&b")),
    ] {
        assert_eq!(
            canonical(text, ignore, keep, sort),
            wanted.map(str::to_owned),
            "{text}"
        );
    }
}

/// TRAPS row 14: a verified user's responses are that user's, and nobody's are nobody's.
#[test]
fn users_have_caches_of_their_own() {
    let of = |user| key(KeyParts { user, ..parts() });
    let keys = [of(None), of(Some("")), of(Some("ada")), of(Some("bob"))];
    let distinct: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
}

/// Every byte of a keyed body counts, and so does what says how to read it.
#[test]
fn bodies_count_whole() {
    let body = KeyedBody {
        method: "QUERY",
        content_type: Some(b"text/plain"),
        content_encoding: None,
        bytes: b"a",
    };
    let others = [
        Some(body),
        None,
        Some(KeyedBody { bytes: b"", ..body }),
        Some(KeyedBody {
            bytes: b"b",
            ..body
        }),
        Some(KeyedBody {
            method: "POST",
            ..body
        }),
        Some(KeyedBody {
            content_type: None,
            ..body
        }),
        Some(KeyedBody {
            content_type: Some(b""),
            ..body
        }),
        Some(KeyedBody {
            content_encoding: Some(b"text/plain"),
            ..body
        }),
    ];
    let keys = others.map(|body| key(KeyParts { body, ..parts() }));
    let distinct: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
    let shown = KeyParts {
        body: Some(body),
        user: Some("ada"),
        ..parts()
    };
    let shown = shown.describe(&QueryKey::default(), None);
    let shown: Vec<_> = shown.iter().map(|part| part.value.as_str()).collect();
    assert_eq!(shown[4..], ["QUERY", "/x", "b=1", "ada", "1 bytes"]);
}

/// TRAPS row 16: different personas never share a fetch.
#[test]
fn personas_part_flights() {
    let fields = headers(&[]);
    let flight = |persona: &[u8]| {
        let mut out = Vec::new();
        let rules = (&QueryKey::default(), None);
        parts().encode_flight(rules, &get(&fields), &fields, persona, &mut out);
        out
    };
    assert_ne!(flight(b""), flight(b"a"));
    assert_ne!(flight(b"b"), flight(b"a"));
}

#[derive(Clone, Debug)]
struct Owned {
    route: String,
    tls: bool,
    host: String,
    port: u16,
    path: String,
    query: Option<String>,
    user: Option<String>,
    body: Option<OwnedBody>,
}

type OwnedBody = (String, Option<Vec<u8>>, Option<Vec<u8>>, Vec<u8>);

impl Owned {
    fn parts(&self) -> KeyParts<'_> {
        KeyParts {
            route: &self.route,
            scheme: if self.tls {
                Scheme::Https
            } else {
                Scheme::Http
            },
            host: &self.host,
            port: self.port,
            path: &self.path,
            query: self.query.as_deref(),
            user: self.user.as_deref(),
            body: self.body.as_ref().map(|body| KeyedBody {
                method: &body.0,
                content_type: body.1.as_deref(),
                content_encoding: body.2.as_deref(),
                bytes: &body.3,
            }),
        }
    }
}

fn any_parts() -> impl Strategy<Value = Owned> {
    use proptest::option::of;

    // The format's own letters and small numbers, so that parts may look like what separates them.
    let text = || "[abcehmopqrstux:/|\u{0}-\u{5}]{0,6}";
    let bytes = move || text().prop_map(String::into_bytes);
    let body = (text(), of(bytes()), of(bytes()), bytes());
    let fixed = (any::<bool>(), any::<u16>());
    let texts = (text(), text(), text(), of(text()), of(text()));
    (fixed, texts, of(body)).prop_map(|((tls, port), (route, host, path, query, user), body)| {
        Owned {
            route,
            tls,
            host,
            port,
            path,
            query,
            user,
            body,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// TRAPS row 11: the parts can be read back from the key, so different parts never share one.
    #[test]
    fn keys_are_injective(owned in any_parts()) {
        let key = key(owned.parts());
        prop_assert_eq!(KeyParts::of(&key), Some(owned.parts()));
    }

    /// Nothing that is not a whole key is read, and nothing panics.
    #[test]
    fn only_whole_keys_are_read(owned in any_parts(), cut in 1usize..40, more in 0u8..=255) {
        let mut bytes = key(owned.parts());
        prop_assert_eq!(KeyParts::of(&bytes[..bytes.len().saturating_sub(cut)]).map(|it| key(it)),
            // What is left may be a key of its own: with fewer parts.
            KeyParts::of(&bytes[..bytes.len().saturating_sub(cut)]).map(|_| bytes[..bytes.len() - cut].to_vec()));
        bytes.push(more);
        prop_assert_eq!(KeyParts::of(&bytes), None);
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

    /// Making a query canonical twice changes nothing more, and what is kept was there.
    #[test]
    fn canonical_queries_stay(
        text in "([abc](=[12&]{0,2})?&?){0,5}",
        ignore in proptest::collection::vec("[abc]\\*?", 0..2),
        keep in proptest::option::of(proptest::collection::vec("[abc]", 0..3)),
        sort in any::<bool>(),
    ) {
        let query = QueryKey { ignore, keep, sort, ..QueryKey::default() };
        let once = canonical_query(&text, &query, None);
        if let Some(once) = &once {
            prop_assert_eq!(canonical_query(once, &query, None), Some(once.clone()));
            let there: Vec<_> = text.split('&').collect();
            prop_assert!(once.split('&').all(|parameter| there.contains(&parameter)));
        }
    }
}
