use proptest::prelude::*;

use super::*;

#[test]
fn clean() {
    for path in [
        "/",
        "*",
        "/a",
        "/a/b/",
        "/.well-known/x",
        "/a/...",
        "/a/.b",
        "/a..b",
        "/a:b@c!$&'()*+,=",
        "/caf%C3%A9",
        // Not UTF-8 at all, and not longer than it has to be either.
        "/%C0-propos",
        "/%E0%A0%80",
        "/a%20b",
        "/100%25",
        "/%3B",
        "/a|b[c]",
        "/a.css",
    ] {
        assert_eq!(normalize(path), NormalPath::Clean(path));
    }
}

#[test]
fn rewritten() {
    for (path, wanted) in [
        ("", "/"),
        ("/%41", "/A"),
        ("/%7euser", "/~user"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/..", "/"),
        ("/.", "/"),
        ("/../../etc/passwd", "/etc/passwd"),
        ("/%2e%2E/x", "/x"),
        ("/a/.%2e/x", "/x"),
        ("/a/%2e/x", "/a/x"),
        ("/a/b/../../../c/", "/c/"),
    ] {
        assert_eq!(
            normalize(path),
            NormalPath::Rewritten(wanted.to_owned()),
            "{path}"
        );
    }
}

/// TRAPS 13: what servers read in different ways is never cached, and not touched.
#[test]
fn ambiguous() {
    for path in [
        "/%c0%af",
        "/%C1%9C",
        "/%e0%80%af",
        "/%f0%80%80%af",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a\\b",
        "/a%00",
        "/a%0a",
        "/a//b",
        "//",
        "//evil",
        "/a;jsessionid=1",
        "/a/..;/b",
        "/a%",
        "/a%2",
        "/a%zz",
        "/%%34%31",
        "/caf\u{e9}",
        "/%252e%252e/x",
        "/%25%34%31",
        "/a b",
        "/a?b",
        "a",
        "/../a%2fb",
    ] {
        assert_eq!(normalize(path), NormalPath::Ambiguous(path), "{path}");
    }
}

proptest! {
    /// TRAPS 13: the key, the route and the upstream see one form, which is its own normal form.
    #[test]
    fn idempotent(path in "/([a-cA-C/.;]|%2[eEfF5]|%25|%[0-9a-fA-F]{2}|%){0,12}") {
        let first = normalize(&path);
        match normalize(first.as_str()) {
            NormalPath::Ambiguous(again) => prop_assert_eq!(&first, &NormalPath::Ambiguous(again)),
            NormalPath::Clean(again) => prop_assert_eq!(first.as_str(), again),
            NormalPath::Rewritten(again) => prop_assert!(false, "{} became {}", first.as_str(), again),
        }
    }

    /// Nothing normal holds a dot segment, an empty segment inside, or a way above the root.
    #[test]
    fn no_dots_left(path in "(/(\\.|\\.\\.|%2e|a|b)){0,8}/?") {
        let normal = normalize(&path);
        if !matches!(normal, NormalPath::Ambiguous(_)) {
            prop_assert!(normal.as_str().starts_with('/'));
            prop_assert!(normal.as_str().split('/').all(|s| s != "." && s != ".."));
        }
    }

    #[test]
    fn any_text(path in ".{0,24}") {
        let _ = normalize(&path);
    }
}
