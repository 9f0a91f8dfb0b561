//! The names by which stored responses are purged, as numbers of one size.
//!
//! A stored response carries its labels for as long as it lives, so they are 16 bytes each, whatever
//! the names are. Kind and length of each part are hashed too, so that a tag is never mistaken for a
//! group or a URL. If two names ever had the same hash, a purge of one would hit the other as well,
//! which costs a request to the origin and is never wrong.

use policy::Scheme;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// What a stored response can be purged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(u128);

/// Who said something: scheme, host and port (RFC 9110, section 4.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How clients reach it.
    pub scheme: Scheme,
    /// The canonical host: lower-case, no port, no trailing dot.
    pub host: String,
    /// The port of its URLs, the scheme's own when they have none.
    pub port: u16,
}

/// Parts up to this many bytes together are hashed at once, which is much faster than in pieces.
const AT_ONCE: usize = 512;

// === impl Label ===

impl Label {
    /// A tag, of whichever field.
    pub fn tag(tag: &[u8]) -> Self {
        Self::of(b't', [Some(tag)])
    }

    /// A cache group, which belongs to its origin (RFC 9875, section 2).
    pub fn group(origin: &Origin, group: &str) -> Self {
        let [high, low] = origin.port.to_be_bytes();
        let secure = u8::from(origin.scheme == Scheme::Https);
        let host = Some(origin.host.as_bytes());
        Self::of(
            b'g',
            [Some(&[secure, high, low][..]), host, Some(group.as_bytes())],
        )
    }

    /// A URL on a canonical host, whatever its scheme and port, with a query as keys have it
    /// ([`super::key::canonical_query`]).
    pub fn url(host: &str, path: &str, query: Option<&str>) -> Self {
        let query = query.map(str::as_bytes);
        Self::of(b'u', [Some(host.as_bytes()), Some(path.as_bytes()), query])
    }

    fn of<const N: usize>(kind: u8, parts: [Option<&[u8]>; N]) -> Self {
        let parts = parts.into_iter().flatten();
        let needed: usize = parts.clone().map(|part| part.len() + 8).sum();
        let mut buffer = [0; AT_ONCE];
        if needed >= AT_ONCE {
            let mut hasher = Xxh3::new();
            hasher.update(&[kind]);
            for part in parts {
                hasher.update(&length(part));
                hasher.update(part);
            }
            return Self(hasher.digest128());
        }
        buffer[0] = kind;
        let mut used = 1;
        for part in parts {
            buffer[used..used + 8].copy_from_slice(&length(part));
            used += 8;
            buffer[used..used + part.len()].copy_from_slice(part);
            used += part.len();
        }
        Self(xxh3_128(&buffer[..used]))
    }
}

fn length(part: &[u8]) -> [u8; 8] {
    // Lengths of what is in memory fit.
    (part.len() as u64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin(host: &str) -> Origin {
        Origin {
            scheme: Scheme::Https,
            host: host.to_owned(),
            port: 443,
        }
    }

    /// TRAPS row 11, for labels: kinds, parts and absence are told apart.
    #[test]
    fn different_names_are_different_labels() {
        let base = origin("a");
        let plain = Origin {
            scheme: Scheme::Http,
            ..base.clone()
        };
        let elsewhere = Origin {
            port: 8443,
            ..base.clone()
        };
        let mut labels = vec![
            Label::tag(b"x"),
            Label::tag(b""),
            Label::group(&base, "x"),
            Label::group(&origin("b"), "x"),
            Label::group(&plain, "x"),
            Label::group(&elsewhere, "x"),
            Label::url("a", "/x", None),
            Label::url("a", "/x", Some("")),
            Label::url("a", "/x", Some("b")),
            Label::url("a/", "x", None),
            Label::url("a", "/", Some("x")),
        ];
        let all = labels.len();
        labels.sort();
        labels.dedup();
        assert_eq!(labels.len(), all);
    }

    proptest! {
        /// Long names are hashed in pieces, to the same number.
        #[test]
        fn pieces_and_whole_agree(length in 480usize..520) {
            let tag = "t".repeat(length);
            let mut whole = vec![b't'];
            whole.extend_from_slice(&(length as u64).to_be_bytes());
            whole.extend_from_slice(tag.as_bytes());
            prop_assert_eq!(Label::tag(tag.as_bytes()), Label(xxh3_128(&whole)));
        }
    }
}
