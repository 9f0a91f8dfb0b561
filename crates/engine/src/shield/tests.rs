use http::HeaderName;
use ipnet::IpNet;
use policy::{ByteSize, MediaTypePattern, Mode};
use proptest::prelude::*;

use super::*;
use crate::path::normalize;

fn policy() -> ShieldPolicy {
    ShieldPolicy {
        mode: Mode::Enforce,
        allow: Vec::new(),
        deny: Vec::new(),
        methods: Vec::new(),
        content_types: Vec::new(),
        max_url: ByteSize::from_bytes(8 << 10),
        max_query: ByteSize::from_bytes(4 << 10),
        max_header: ByteSize::from_bytes(8 << 10),
        max_body: None,
        max_json_depth: 64,
        paths: PathReading::Strict,
        rules: None,
    }
}

/// A request as a test writes it down.
struct Asked<'a> {
    client: &'a str,
    method: Method,
    target: &'a str,
    headers: &'a [(&'static str, &'a str)],
    body: Option<DeclaredBody>,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self {
            client: "192.0.2.1",
            method: Method::GET,
            target: "/",
            headers: &[],
            body: None,
        }
    }
}

impl Asked<'_> {
    fn judged(&self, policy: &ShieldPolicy) -> Option<ShieldRefusal> {
        let uri: Uri = self.target.parse().unwrap();
        let headers: HeaderMap = self
            .headers
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_str(value).unwrap();
                (HeaderName::from_static(name), value)
            })
            .fold(HeaderMap::new(), |mut all, (name, value)| {
                all.append(name, value);
                all
            });
        let presented = Presented {
            client: self.client.parse().unwrap(),
            method: &self.method,
            uri: &uri,
            path: &normalize(uri.path()),
            elsewhere: Elsewhere::No,
            headers: &headers,
            body: self.body,
        };
        let judged = Shield::new(policy).judge(&presented);
        judged.err().map(|shielded| shielded.why)
    }
}

fn nets(nets: &[&str]) -> Vec<IpNet> {
    nets.iter().map(|net| net.parse().unwrap()).collect()
}

#[test]
fn an_ordinary_request_passes() {
    let asked = Asked {
        target: "/products/7?q=o'brien&n=1",
        headers: &[("accept", "*/*"), ("cookie", "a=b")],
        ..Asked::default()
    };
    assert_eq!(asked.judged(&policy()), None);
}

#[test]
fn addresses_are_let_in_by_range_and_what_is_denied_is_denied() {
    let policy = ShieldPolicy {
        allow: nets(&["10.0.0.0/8", "2001:db8::/32"]),
        deny: nets(&["10.9.0.0/16"]),
        ..policy()
    };
    for (client, wanted) in [
        ("10.1.2.3", None),
        ("::ffff:10.1.2.3", None),
        ("2001:db8::7", None),
        ("10.9.0.1", Some(ShieldRefusal::Address)),
        ("::ffff:10.9.0.1", Some(ShieldRefusal::Address)),
        ("192.0.2.1", Some(ShieldRefusal::Address)),
        ("2001:db9::7", Some(ShieldRefusal::Address)),
    ] {
        let asked = Asked {
            client,
            ..Asked::default()
        };
        assert_eq!(asked.judged(&policy), wanted, "{client}");
    }
    let only_deny = ShieldPolicy {
        allow: Vec::new(),
        ..policy
    };
    assert_eq!(Asked::default().judged(&only_deny), None);
}

#[test]
fn methods_are_those_that_are_named() {
    let policy = ShieldPolicy {
        methods: vec![Method::GET, Method::HEAD],
        ..policy()
    };
    assert_eq!(Shield::new(&policy).allow().unwrap(), "GET, HEAD");
    assert_eq!(Asked::default().judged(&policy), None);
    for method in [Method::POST, Method::from_bytes(b"get").unwrap()] {
        let asked = Asked {
            method,
            ..Asked::default()
        };
        assert_eq!(asked.judged(&policy), Some(ShieldRefusal::Method));
    }
}

#[test]
fn lengths_are_counted_to_the_byte() {
    let policy = ShieldPolicy {
        max_url: ByteSize::from_bytes(10),
        max_query: ByteSize::from_bytes(4),
        max_header: ByteSize::from_bytes(5),
        max_body: Some(ByteSize::from_bytes(100)),
        ..policy()
    };
    for (target, wanted) in [
        ("/345678901", None),
        ("/3456789012", Some(ShieldRefusal::UrlTooLong)),
        ("/2345?7890", None),
        ("/2345?78901", Some(ShieldRefusal::UrlTooLong)),
        ("/2?4567", None),
        ("/2?45678", Some(ShieldRefusal::QueryTooLong)),
    ] {
        let asked = Asked {
            target,
            ..Asked::default()
        };
        assert_eq!(asked.judged(&policy), wanted, "{target}");
    }
    for (value, wanted) in [
        ("12345", None),
        ("123456", Some(ShieldRefusal::HeaderTooLong)),
    ] {
        let headers = &[("x-a", "1"), ("x-a", value)];
        let asked = Asked {
            headers,
            ..Asked::default()
        };
        assert_eq!(asked.judged(&policy), wanted, "{value}");
    }
    for (length, wanted) in [(100, None), (101, Some(ShieldRefusal::BodyTooLong))] {
        let asked = Asked {
            body: Some(DeclaredBody::Length(length)),
            ..Asked::default()
        };
        assert_eq!(asked.judged(&policy), wanted, "{length}");
    }
}

#[test]
fn only_bodies_have_types() {
    let policy = ShieldPolicy {
        content_types: vec![
            MediaTypePattern::Exact("application/json".to_owned()),
            MediaTypePattern::Subtypes("image".to_owned()),
        ],
        ..policy()
    };
    let refused = Some(ShieldRefusal::ContentType);
    for (headers, wanted) in [
        (&[("content-type", "application/json")][..], None),
        (&[("content-type", "Application/JSON; charset=utf-8")], None),
        (&[("content-type", "image/png")], None),
        (&[("content-type", "text/xml")], refused),
        (&[("content-type", "")], refused),
        (&[], refused),
        (
            &[
                ("content-type", "application/json"),
                ("content-type", "text/xml"),
            ],
            refused,
        ),
    ] {
        let mut asked = Asked {
            headers,
            body: Some(DeclaredBody::Chunked),
            ..Asked::default()
        };
        assert_eq!(asked.judged(&policy), wanted, "{headers:?}");
        asked.body = None;
        assert_eq!(asked.judged(&policy), None, "{headers:?}");
    }
}

#[test]
fn json_is_what_may_be_taken_for_it() {
    for (headers, wanted) in [
        (&[][..], BodyKind::Unsaid),
        (&[("content-type", "application/json")], BodyKind::Json),
        (
            &[("content-type", "application/geo+JSON; a=b")],
            BodyKind::Json,
        ),
        (&[("content-type", "application/x-ndjson")], BodyKind::Json),
        (&[("content-type", "application/jsonl")], BodyKind::Json),
        (&[("content-type", "application/json-seq")], BodyKind::Json),
        (
            &[("content-type", "application/json, text/plain")],
            BodyKind::Json,
        ),
        (&[("content-type", "")], BodyKind::Unsaid),
        (&[("content-type", "text/plain")], BodyKind::Other),
        (
            &[
                ("content-type", "text/plain"),
                ("content-type", "application/json"),
            ],
            BodyKind::Json,
        ),
        (&[("content-type", "a/b")], BodyKind::Other),
    ] {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        assert_eq!(body_kind(&all), wanted, "{headers:?}");
    }
}

#[test]
fn paths_that_read_in_two_ways_are_refused() {
    for (path, wanted) in [
        ("/a%2fb", Ambiguity::EncodedSlash),
        ("/a%2Fb", Ambiguity::EncodedSlash),
        ("/a%5cb", Ambiguity::Backslash),
        ("/a\\b", Ambiguity::Backslash),
        ("/%2e%2e/etc", Ambiguity::EncodedDots),
        ("/a/.%2e/b", Ambiguity::EncodedDots),
        ("/a/%2e", Ambiguity::EncodedDots),
        ("/%252e%252e/", Ambiguity::DoubleEncoding),
        ("/%25%32%65/", Ambiguity::DoubleEncoding),
        ("/%25252e/", Ambiguity::DoubleEncoding),
        ("/%c0%af..", Ambiguity::OverlongUtf8),
        ("/%e0%80%af", Ambiguity::OverlongUtf8),
        ("/a%00.png", Ambiguity::ControlCharacter),
        ("/a%0d%0aset", Ambiguity::ControlCharacter),
        ("/%7f", Ambiguity::ControlCharacter),
        ("/..;/admin", Ambiguity::ParameterDots),
        ("/a/.;x=1/b", Ambiguity::ParameterDots),
        ("/%2e%2e;/b", Ambiguity::ParameterDots),
        ("/%u002e/", Ambiguity::InvalidEncoding),
        ("/100%", Ambiguity::InvalidEncoding),
    ] {
        assert_eq!(Ambiguity::of(path), Some(wanted), "{path}");
        assert!(
            judge_path(path).is_err(),
            "{path} reads as {:?}",
            normalize(path)
        );
    }
}

fn judge_path(path: &str) -> Result<(), Shielded> {
    paths::judge(&normalize(path), path, Elsewhere::No)
}

/// A step up that we do not take is taken by the origin, out of what the route is about.
#[test]
fn dots_that_nobody_has_resolved_are_refused() {
    for path in [
        "/a;x/../b",
        "/a//../b",
        "/a//./b",
        "/caf\u{e9}/..",
        "/a;x/.",
    ] {
        let refused = judge_path(path).unwrap_err();
        assert_eq!(refused, Shielded::ambiguous(Ambiguity::UnresolvedDots));
    }
    for path in ["/a/../b", "/a/./b", "/.."] {
        assert_eq!(judge_path(path), Ok(()));
    }
}

#[test]
fn a_path_that_leads_elsewhere_is_refused_when_it_is_ambiguous() {
    let elsewhere = |path| paths::judge(&normalize(path), path, Elsewhere::Yes);
    let refused = elsewhere("//admin").unwrap_err();
    assert_eq!(refused, Shielded::ambiguous(Ambiguity::AnotherRoute));
    assert_eq!(elsewhere("/admin"), Ok(()));
    assert_eq!(elsewhere("/a/../admin"), Ok(()));
}

#[test]
fn what_careless_clients_send_is_let_through() {
    for path in [
        "/",
        "*",
        "/a/../b",
        "/a//b",
        "/a;jsessionid=1/b",
        "/...;x",
        "/a..b;x",
        "/file%2etxt",
        "/%2ewell-known",
        "/100%25",
        "/caf%C3%A9",
        "/caf%E9",
        "/%C0-propos",
        "/caf\u{e9}",
        "/a%3Bb",
        "/%7euser",
    ] {
        assert_eq!(judge_path(path), Ok(()), "{path}");
    }
    let lenient = ShieldPolicy {
        paths: PathReading::Lenient,
        ..policy()
    };
    let asked = Asked {
        target: "/a%2fb",
        ..Asked::default()
    };
    assert_eq!(asked.judged(&lenient), None);
    assert_eq!(asked.judged(&policy()), Some(ShieldRefusal::PathAmbiguous));
}

fn nesting(most: u32, pieces: &[&[u8]]) -> Nesting {
    let mut depth = JsonDepth::new(most);
    let mut last = Nesting::Within;
    for piece in pieces {
        last = depth.take(piece);
        if last == Nesting::TooDeep {
            break;
        }
    }
    last
}

/// Pictures and archives have brackets by chance, and are sent without a type.
#[test]
fn what_nobody_calls_json_counts_when_it_begins_so() {
    for (body, wanted) in [
        (&b"[[]]"[..], Nesting::TooDeep),
        (b"\xef\xbb\xbf \r\n\t{\"a\":[]}", Nesting::TooDeep),
        (b"// [\n[[]]", Nesting::TooDeep),
        (b"# [\n[[]]", Nesting::TooDeep),
        (b"\xff\xd8\xff[[[[", Nesting::Within),
        (b"\x89PNG\r\n[[[[", Nesting::Within),
        (b"PK[[[[", Nesting::Within),
        (b"a=[[[[", Nesting::Within),
    ] {
        assert_eq!(JsonDepth::unsaid(1).take(body), wanted, "{body:?}");
        let mut depth = JsonDepth::unsaid(1);
        let worst = body.chunks(1).map(|piece| depth.take(piece));
        let is_deep = worst.into_iter().any(|it| it == Nesting::TooDeep);
        assert_eq!(is_deep, wanted == Nesting::TooDeep, "{body:?} byte by byte");
    }
}

#[test]
fn brackets_are_counted_outside_of_strings() {
    for (most, json, wanted) in [
        (1, "[]", Nesting::Within),
        (1, "[[]]", Nesting::TooDeep),
        (2, r#"{"a":[1,2],"b":{}}"#, Nesting::Within),
        (1, r#"{"a":[]}"#, Nesting::TooDeep),
        (1, r#"["[[[["]"#, Nesting::Within),
        (1, r#"["\"[[[["]"#, Nesting::Within),
        (1, r#"["\\",[]]"#, Nesting::TooDeep),
        (1, "]]]]]]][]", Nesting::Within),
        (1, "[][][][]", Nesting::Within),
        (0, "7", Nesting::Within),
    ] {
        assert_eq!(nesting(most, &[json.as_bytes()]), wanted, "{json}");
    }
    let deep = vec![b'['; 100_000];
    assert_eq!(nesting(64, &[&deep]), Nesting::TooDeep);
}

/// What some parsers take for a string, a comment or a word, and go on behind.
#[test]
fn nothing_that_only_some_parsers_take_hides_a_bracket() {
    for before in [
        "'\"',",
        "'\\'\"',",
        "/* \" */",
        "/* \" **/",
        "// \"\n",
        "# \"\r",
        "a\",",
        "a':1,",
        "\u{e9}\",",
        "\u{ff}\",",
        "1\",",
        "/\"\",",
    ] {
        let text = format!("[{before}[[[");
        assert_eq!(nesting(3, &[text.as_bytes()]), Nesting::TooDeep, "{text}");
        for at in 0..text.len() {
            let (one, other) = text.as_bytes().split_at(at);
            assert_eq!(nesting(3, &[one, other]), Nesting::TooDeep, "{text}");
        }
        assert_eq!(nesting(4, &[text.as_bytes()]), Nesting::Within, "{text}");
    }
    for text in [
        "{'a[[[': \"[[[\", b: 1}",
        "[1, // [[[\n 2]",
        "/* [[[ ** [[[ */[]",
        "\u{feff}\"[[[\"",
        "\u{feff}[\"[[[\"]",
        "\u{1e}\"[[[\"\n\u{1e}\"[[[\"\n",
        "1\n\"[[[\"",
        "\"\"\"[[[\"",
    ] {
        assert_eq!(nesting(1, &[text.as_bytes()]), Nesting::Within, "{text}");
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i32>().prop_map(serde_json::Value::from),
        r#"[\[\]{}"\\a\n]{0,6}"#.prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(8, 64, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::vec((r#"["\\{a]{0,3}"#, inner), 0..4)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn depth(value: &serde_json::Value) -> u32 {
    match value {
        serde_json::Value::Array(all) => 1 + all.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(all) => 1 + all.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

proptest! {
    /// A tree that was built says the same, wherever the text is cut.
    #[test]
    fn depth_is_what_a_tree_has(value in json(), cut in any::<prop::sample::Index>()) {
        let text = value.to_string();
        let at = cut.index(text.len());
        let (before, after) = text.as_bytes().split_at(at);
        let depth = depth(&value);
        prop_assert_eq!(nesting(depth, &[before, after]), Nesting::Within);
        if let Some(less) = depth.checked_sub(1) {
            prop_assert_eq!(nesting(less, &[before, after]), Nesting::TooDeep);
        }
    }

    /// Whatever comes, it is judged alike wherever it is cut.
    #[test]
    fn depth_does_not_depend_on_the_pieces(
        text in r#"([\[\]{}",:'/*#\\ \na1]|\u{feff}|\u{e9}){0,40}"#,
        most in 0..4_u32,
        size in 1..7_usize,
    ) {
        let pieces: Vec<_> = text.as_bytes().chunks(size).collect();
        prop_assert_eq!(nesting(most, &pieces), nesting(most, &[text.as_bytes()]));
        // Brackets that nothing can hide are an upper bound.
        let open = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
        if open <= most as usize {
            prop_assert_eq!(nesting(most, &pieces), Nesting::Within);
        }
    }

    /// What is refused is never what the cache takes for clean.
    #[test]
    fn no_clean_path_is_ambiguous(path in r"/([a-z./;\\]|%[0-9a-f]{2}|%25|%2e|%c0%af){0,12}") {
        if let NormalPath::Clean(_) = normalize(&path) {
            prop_assert_eq!(Ambiguity::of(&path), None, "{}", path);
        }
    }
}
