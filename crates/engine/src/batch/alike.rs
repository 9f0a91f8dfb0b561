//! Which requests may be asked as one: those that agree in everything that could change the answer.
//!
//! The rule is the other way round from a cache's: not the fields that are known to matter must be
//! equal, but all fields, except the few of [`IGNORED`]. A field nobody has thought of, such as the
//! user that a gateway in front has written into one, keeps two callers apart.

use http::{HeaderMap, HeaderName, header};

/// Fields of a request that may differ, because they say who asks on whose behalf along which way, or
/// how to trace it, and not what for:
///
/// - `accept-encoding`: a batch is always asked for without a coding, see [`super::Unfit::Coding`];
/// - `content-length`: of the body, which is looked at itself;
/// - `forwarded`, `via`, `x-forwarded-for`, `x-real-ip`: the way a request took (RFC 7239, RFC 9110
///   7.6.3); an answer that is selected by them says `Vary`, and is then not shared;
/// - `b3` and its kin, `traceparent`, `tracestate`, `x-correlation-id`, `x-request-id`: tracing;
/// - `priority`: when to answer, not what (RFC 9218);
/// - `user-agent`: describes software (RFC 9110 10.1.5); an answer that differs by it says `Vary`.
const IGNORED: [&str; 18] = [
    "accept-encoding",
    "b3",
    "content-length",
    "forwarded",
    "priority",
    "traceparent",
    "tracestate",
    "user-agent",
    "via",
    "x-b3-flags",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
    "x-correlation-id",
    "x-forwarded-for",
    "x-real-ip",
    "x-request-id",
];

/// What a part of a key is.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Kind {
    After = b'a',
    Before = b'b',
    Field = b'f',
    Host = b'h',
    Query = b'q',
    Shape = b's',
    Value = b'v',
}

/// A key in the making: every part with its kind and its length, so that no two different lists of
/// parts give the same bytes.
#[derive(Debug, Default)]
pub(super) struct Key(Vec<u8>);

/// Whether two requests that differ in this field may still be asked as one.
pub(super) fn is_ignored(name: &HeaderName) -> bool {
    IGNORED.contains(&name.as_str())
}

// === impl Key ===

impl Key {
    pub(super) fn put(&mut self, kind: Kind, bytes: &[u8]) {
        self.0.push(kind as u8);
        self.0
            .extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    /// All fields that may not differ, sorted by name: their order between names says nothing
    /// (RFC 9110, section 5.3), the order of lines with one name does.
    pub(super) fn put_fields(&mut self, headers: &HeaderMap) {
        let mut names: Vec<_> = headers.keys().filter(|name| !is_ignored(name)).collect();
        names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        for name in names {
            self.put(Kind::Field, name.as_str().as_bytes());
            for value in headers.get_all(name) {
                self.put(Kind::Value, value.as_bytes());
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn into_bytes(self) -> Box<[u8]> {
        self.0.into()
    }
}

/// Whether a request says who asks, in the fields that HTTP has for it.
pub(super) fn has_credentials(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::testing::headers;

    fn key(lines: &[(&str, &str)]) -> Box<[u8]> {
        let mut key = Key::default();
        key.put_fields(&headers(lines));
        key.into_bytes()
    }

    #[test]
    fn what_says_who_asks_keeps_requests_apart() {
        for name in [
            "authorization",
            "cookie",
            "x-user",
            "accept-language",
            "accept",
            "x-api-key",
        ] {
            assert_ne!(key(&[(name, "a")]), key(&[(name, "b")]), "{name}");
            assert_ne!(key(&[(name, "a")]), key(&[]), "{name}");
            assert_ne!(key(&[(name, "")]), key(&[]), "{name}");
        }
    }

    #[test]
    fn what_cannot_matter_does_not() {
        for name in IGNORED {
            assert_eq!(key(&[(name, "a")]), key(&[(name, "b")]), "{name}");
            assert_eq!(key(&[(name, "a")]), key(&[]), "{name}");
        }
    }

    #[test]
    fn fields_are_told_apart_whatever_is_in_them() {
        assert_eq!(
            key(&[("b", "1"), ("a", "2")]),
            key(&[("a", "2"), ("b", "1")])
        );
        assert_ne!(
            key(&[("a", "1"), ("a", "2")]),
            key(&[("a", "2"), ("a", "1")])
        );
        assert_ne!(key(&[("a", "1"), ("a", "2")]), key(&[("a", "1, 2")]));
        assert_ne!(
            key(&[("a", "b"), ("c", "d")]),
            key(&[("a", "bc"), ("d", "")])
        );
    }
}
