//! Steps up that a path hides from whoever does not decode it as the origin does.
//!
//! Where a step leads depends on how often a server decodes, and on what it takes for a slash; so there
//! is no telling where such a path ends up. Nobody means to send one.

use crate::percent;

/// The servers behind each other that decode again.
const ROUNDS: usize = 4;

/// Whether some server finds a step up in a path that is ambiguous.
pub fn hides_steps(path: &str) -> bool {
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..ROUNDS {
        if has_step(&bytes) {
            return true;
        }
        let decoded = shortened(&decoded(&bytes));
        if decoded == bytes {
            return false;
        }
        bytes = decoded;
    }
    has_step(&bytes)
}

/// A segment that is `..`, with or without parameters, between whatever may be a slash.
fn has_step(path: &[u8]) -> bool {
    let mut segments = path.split(|byte| matches!(byte, b'/' | b'\\'));
    segments.any(|segment| segment.split(|byte| *byte == b';').next() == Some(b".."))
}

/// With `%XX` decoded, and `%uXXXX` as some servers do.
fn decoded(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        let is_wide = byte == b'%' && matches!(path.get(at + 1), Some(b'u' | b'U'));
        // Both bytes of a character, read as those of `%XX` are.
        let wide = || match (percent::pair(path, at + 1)?, percent::pair(path, at + 3)?) {
            (0, low) => Some(low),
            _ => None,
        };
        let (value, width) = match byte {
            b'%' if is_wide => wide().map_or((byte, 1), |value| (value, 6)),
            b'%' => percent::pair(path, at).map_or((byte, 1), |value| (value, 3)),
            other => (other, 1),
        };
        out.push(value);
        at += width;
    }
    out
}

/// With characters that UTF-8 spells longer than it has to as what they are (RFC 3629, section 3).
fn shortened(path: &[u8]) -> Vec<u8> {
    let six = |byte: u8| (byte & 0xc0 == 0x80).then_some(byte & 0x3f);
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, more @ ..] = rest {
        let long = match (first, more) {
            (0xc0 | 0xc1, [last, ..]) => six(*last).map(|low| ((first & 1) << 6 | low, 1)),
            (0xe0, [0x80 | 0x81, last, ..]) => six(*last).map(|low| ((more[0] & 1) << 6 | low, 2)),
            (0xf0, [0x80, 0x80 | 0x81, last, ..]) => {
                six(*last).map(|low| ((more[1] & 1) << 6 | low, 3))
            }
            _ => None,
        };
        let (byte, skipped) = long.unwrap_or((*first, 0));
        out.push(byte);
        rest = &more[skipped..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_found_however_they_are_written() {
        for path in [
            "/a//../admin",
            "/a/..;x=1/admin",
            "/a/..%2fadmin",
            "/a\\..\\admin",
            "/a%5c..%5cadmin",
            "/x%2f..%2fadmin/%252f..%252f..%252fz",
            "/a/%25%32%65%25%32%65/admin/x",
            "/a/%252e%252e%252fadmin",
            "/a/%25252e%25252e/admin",
            "/a/..%c0%afadmin/x",
            "/a/%c0%ae%c0%ae/admin",
            "/a/..%e0%80%afadmin",
            "/a/..%f0%80%80%afadmin",
            "/a/..%u002fadmin/x",
            "/a/%u002e%U002E/admin",
        ] {
            assert!(hides_steps(path), "{path}");
        }
    }

    #[test]
    fn other_ambiguous_paths_have_none() {
        for path in [
            "//a",
            "/a;v=1/b",
            "/caf\u{e9}/..x/x../...",
            "/a%2fb",
            "/100%25/%zz",
            "/a%252fb",
            "/%u4e2d/%c3%a9",
            "",
        ] {
            assert!(!hides_steps(path), "{path}");
        }
    }
}
