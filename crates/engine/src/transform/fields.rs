//! Header fields that are taken away, set, or filled in, on every response of a route.
//!
//! This is done last, to whatever goes to the client: the cache has seen the origin's own fields by
//! then, and decided by them, and a 304 that brings a field back brings it into the cache and no
//! further. A change of the policy holds for what is stored already.
//!
//! `Strict-Transport-Security` means nothing over plain HTTP, and must not be sent there (RFC 6797,
//! section 7.2).

use http::{HeaderMap, header};
use policy::{Scheme, TransformPolicy};

/// Who made a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// Forebay, to say that something went wrong.
    Forebay,
    /// The origin.
    Origin,
}

/// Gives a response the fields that the policy wants; `arrival` is how the client reached us, or a
/// proxy in front of us that can be believed.
pub fn apply(policy: &TransformPolicy, headers: &mut HeaderMap, arrival: Scheme, author: Author) {
    for name in &policy.remove_headers {
        headers.remove(name);
    }
    // What is set says something about the origin's content; ours is not that.
    if author == Author::Origin {
        for (name, value) in &policy.set_headers {
            headers.insert(name, value.clone());
        }
    }
    for (name, value) in &policy.security_headers {
        let is_for_https = *name == header::STRICT_TRANSPORT_SECURITY;
        if (is_for_https && arrival != Scheme::Https) || headers.contains_key(name) {
            continue;
        }
        headers.insert(name, value.clone());
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use policy::Mode;

    use super::*;

    fn pair(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    }

    fn policy() -> TransformPolicy {
        TransformPolicy {
            mode: Mode::Enforce,
            json: None,
            remove_headers: vec![HeaderName::from_static("server")],
            set_headers: vec![pair("x-a", "1"), pair("x-b", "3")],
            security_headers: vec![
                pair("strict-transport-security", "max-age=1"),
                pair("x-frame-options", "DENY"),
            ],
        }
    }

    fn applied(
        came: &[(&'static str, &'static str)],
        arrival: Scheme,
        author: Author,
    ) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in came {
            headers.append(*name, HeaderValue::from_static(value));
        }
        apply(&policy(), &mut headers, arrival, author);
        let lines = headers.iter();
        let mut lines: Vec<_> = lines
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn fields_are_taken_away_set_and_filled_in() {
        let came = [
            ("server", "x"),
            ("server", "y"),
            ("x-a", "0"),
            ("x-frame-options", "SAMEORIGIN"),
        ];
        let expected = [
            "strict-transport-security: max-age=1",
            "x-a: 1",
            "x-b: 3",
            "x-frame-options: SAMEORIGIN",
        ];
        assert_eq!(applied(&came, Scheme::Https, Author::Origin), expected);
        assert_eq!(applied(&came, Scheme::Http, Author::Origin), expected[1..]);
    }

    #[test]
    fn what_we_say_ourselves_is_made_safe_and_keeps_its_meaning() {
        let came = [("server", "x"), ("x-a", "0")];
        let expected = ["x-a: 0", "x-frame-options: DENY"];
        assert_eq!(applied(&came, Scheme::Http, Author::Forebay), expected);
    }
}
