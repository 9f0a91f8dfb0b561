//! How servers read a path that can be read in more than one way.
//!
//! Such a path is routed and forwarded as it is. Where the origin then finds something else than what it
//! was routed as, it has passed the rules by that were written for what is found: `//admin`, `/admin;x`
//! and `/x/..%2fadmin` are `/admin` to one server or another. Each reading here is what some server
//! does; none of them is what all do.

use super::{decode_unreserved, without_dot_segments};
use crate::percent;

/// Other readings of a path that is ambiguous, in normal form where there is one.
pub fn readings(path: &str) -> impl Iterator<Item = String> + '_ {
    (0..8_u8).map(|way| {
        let bytes = match way & 1 {
            0 => path.as_bytes().to_vec(),
            _ => revealed(path.as_bytes()),
        };
        let text = plain(&bytes);
        let segments = text.strip_prefix('/').unwrap_or(&text).split('/');
        let mut read = String::with_capacity(text.len() + 1);
        let last = segments.clone().count() - 1;
        for (at, segment) in segments.enumerate() {
            let segment = match way & 2 {
                0 => segment,
                _ => segment.split(';').next().unwrap_or_default(),
            };
            // What ends with a slash still does.
            if way & 4 == 0 || !segment.is_empty() || at == last {
                read.push('/');
                read.push_str(segment);
            }
        }
        without_dot_segments(&decode_unreserved(&read))
    })
}

/// With encodings of encodings undone, and everything a slash that somebody takes for one.
fn revealed(path: &[u8]) -> Vec<u8> {
    let mut bytes = path.to_vec();
    // Each round is one server that decodes again; nobody stands behind more than a few.
    for _ in 0..3 {
        bytes = replaced(&bytes, |value| (value == b'%').then_some(b'%'));
    }
    let mut bytes = replaced(&bytes, |value| match value {
        b'/' | b'\\' => Some(b'/'),
        b';' => Some(b';'),
        _ => None,
    });
    for byte in &mut bytes {
        if *byte == b'\\' {
            *byte = b'/';
        }
    }
    bytes
}

/// With some encoded bytes replaced by what they stand for.
fn replaced(bytes: &[u8], stands_for: impl Fn(u8) -> Option<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let value = percent::pair(bytes, at).filter(|_| byte == b'%');
        match value.and_then(&stands_for) {
            Some(plain) => {
                out.push(plain);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// As text, what is no printable ASCII encoded.
fn plain(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'!'..=b'~' => text.push(char::from(*byte)),
            _ => {
                let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
                text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_finds_what_it_looks_for() {
        for (path, found) in [
            ("//admin/x", "/admin/x"),
            ("/a//../admin", "/a/admin"),
            ("/a//../admin", "/admin"),
            ("/admin;x=1/b", "/admin/b"),
            ("/admin%3Bx/b;", "/admin/b"),
            ("/;x/admin", "/admin"),
            ("/a;/../admin", "/admin"),
            ("/a/..;/admin", "/admin"),
            ("/a/..%2fadmin", "/admin"),
            ("/a/..%252Fadmin", "/admin"),
            ("/a/%252e%252e%25252fadmin", "/admin"),
            ("/a\\..\\admin", "/admin"),
            ("/a%5c..%5Cadmin", "/admin"),
            ("/%61dmin;", "/admin"),
            ("/caf\u{e9}", "/caf%C3%A9"),
            ("/admin//", "/admin/"),
            ("/%zz/../admin", "/admin"),
            ("/a;b", "/a;b"),
        ] {
            let all: Vec<_> = readings(path).collect();
            assert!(all.iter().any(|read| read == found), "{path}: {all:?}");
            assert!(all.iter().all(|read| read.starts_with('/')), "{all:?}");
        }
    }
}
