use proptest::prelude::*;

use super::*;

fn with_hosts(target: &str, hosts: &[&str], version: Version) -> Result<String, Malformed> {
    let uri: Uri = target.parse().unwrap();
    let mut headers = HeaderMap::new();
    for host in hosts {
        headers.append(header::HOST, host.parse().unwrap());
    }
    authority(&uri, &headers, version, Scheme::Http).map(|a| a.as_str().to_owned())
}

fn one(host: &str) -> Result<String, Malformed> {
    with_hosts("/", &[host], Version::HTTP_11)
}

/// TRAPS 9: case, default port and trailing dot do not make another host.
#[test]
fn one_spelling() {
    for (raw, wanted) in [
        ("example.com", "example.com"),
        ("EXAMPLE.com", "example.com"),
        ("example.com.", "example.com"),
        ("example.com.:80", "example.com"),
        ("example.com:80", "example.com"),
        ("example.com:", "example.com"),
        ("example.com:0080", "example.com"),
        ("example.com:08080", "example.com:8080"),
        ("example.com:8080", "example.com:8080"),
        ("example.com:443", "example.com:443"),
        ("192.0.2.1:9000", "192.0.2.1:9000"),
        ("my_service", "my_service"),
        ("[::1]", "[::1]"),
        ("[::1]:80", "[::1]"),
        ("[2001:DB8:0::1]:81", "[2001:db8::1]:81"),
    ] {
        assert_eq!(one(raw).as_deref(), Ok(wanted), "{raw}");
    }
}

/// TRAPS 9: no userinfo, no characters that are not a host's.
#[test]
fn refused() {
    for raw in [
        "",
        ".",
        "a..b",
        ".a",
        "a..",
        "user@example.com",
        "user:pw@example.com",
        "example.com/x",
        "example.com,evil",
        "a b",
        "a%2eb",
        "a;b",
        "example.com:80:80",
        "example.com:+80",
        "example.com:65536",
        "example.com:8o",
        "[::1",
        "[::1]x",
        "[::1%25eth0]",
        "[v1.x]",
        "::1",
        "caf\u{e9}",
        ":80",
    ] {
        assert_eq!(one(raw), Err(Malformed::Host), "{raw:?}");
    }
}

/// TRAPS 9: exactly one Host; the absolute form wins; HTTP/2 must not say two things.
#[test]
fn which_one_counts() {
    use Malformed::Host;
    let (v10, v11, v2) = (Version::HTTP_10, Version::HTTP_11, Version::HTTP_2);
    type Case<'a> = (&'a str, &'a [&'a str], Version, Result<&'a str, Malformed>);
    let cases: &[Case<'_>] = &[
        ("/", &[], v11, Err(Host)),
        ("/", &[], v10, Ok("")),
        ("/", &[], v2, Err(Host)),
        ("/", &["a"], v10, Ok("a")),
        ("/", &["a", "a"], v11, Err(Host)),
        ("/", &["a", "b"], v10, Err(Host)),
        ("http://b/x", &["a"], v11, Ok("b")),
        ("http://b/x", &[], v11, Err(Host)),
        ("http://b/x", &[], v10, Ok("b")),
        ("http://b/x", &["a b"], v11, Err(Host)),
        ("http://u@b/x", &["b"], v11, Err(Host)),
        ("http://b/x", &[], v2, Ok("b")),
        ("http://b/x", &["B:80"], v2, Ok("b")),
        ("http://b/x", &["a"], v2, Err(Host)),
        ("http://b/x", &["b", "b"], v2, Err(Host)),
        ("/", &["a"], v2, Ok("a")),
    ];
    for (target, hosts, version, wanted) in cases {
        let got = with_hosts(target, hosts, *version);
        assert_eq!(
            got.as_deref(),
            wanted.as_ref().copied(),
            "{target} {hosts:?} {version:?}"
        );
    }
}

#[test]
fn the_default_port_follows_the_scheme() {
    let text = |raw: &str| {
        canonical(raw.as_bytes(), Scheme::Https)
            .unwrap()
            .into_text()
            .into_owned()
    };
    assert_eq!(text("a:443"), "a");
    assert_eq!(text("a:80"), "a:80");
}

#[test]
fn canonical_text_is_borrowed() {
    for raw in [
        "example.com",
        "example.com:8080",
        "example.com:80",
        "[::1]:8080",
    ] {
        let found = canonical(raw.as_bytes(), Scheme::Http).unwrap();
        assert!(matches!(found.text, Cow::Borrowed(_)), "{raw}");
    }
}

#[test]
fn host_without_port() {
    for (raw, host) in [
        ("A.b:81", "a.b"),
        ("a.:81", "a"),
        ("[::1]:81", "[::1]"),
        ("a:80", "a"),
    ] {
        assert_eq!(
            canonical(raw.as_bytes(), Scheme::Http).unwrap().host(),
            host
        );
    }
}

proptest! {
    /// Canonicalising twice changes nothing, and never panics.
    #[test]
    fn idempotent(raw in "[a-zA-Z0-9.:\\[\\]_~-]{0,12}") {
        if let Ok(first) = canonical(raw.as_bytes(), Scheme::Http) {
            let text = first.as_str().to_owned();
            let second = canonical(text.as_bytes(), Scheme::Http);
            prop_assert_eq!(second.as_ref().map(Authority::as_str), Ok(text.as_str()));
        }
    }

    #[test]
    fn any_bytes(raw in proptest::collection::vec(any::<u8>(), 0..24)) {
        let _ = canonical(&raw, Scheme::Http);
    }
}
