//! One reading of a path, used for routing, for the cache key and for the upstream (RFC 3986 6.2.2).
//!
//! Cache deception and route bypasses live on a path that the proxy reads one way and the origin
//! another. So a path is either normal, or rewritten to its normal form and forwarded that way, or
//! it can be read in more than one way; then it goes through untouched and is never cached.
//!
//! # What is rewritten
//! Percent-encoded unreserved characters are decoded, hexadecimal digits upper-cased, and dot
//! segments removed, never above the root. All servers agree on these.
//!
//! # What is ambiguous
//! Encoded slashes, backslashes, control characters and doubly encoded bytes; a raw backslash; an
//! empty segment; `;` parameters; invalid encoding; bytes outside printable ASCII; UTF-8 that is longer
//! than it has to be, which some decoders take for the character it hides. Servers disagree on each
//! of these.

mod readings;
mod steps;

pub use self::{readings::readings, steps::hides_steps};
use crate::percent;

/// A path after it has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NormalPath<'a> {
    /// Readable in more than one way: to be routed and forwarded as it is, and never cached.
    Ambiguous(&'a str),
    /// Already normal.
    Clean(&'a str),
    /// Its normal form, which is what must be forwarded.
    Rewritten(String),
}

/// Reads a path as it stands in the request target, without its query.
pub fn normalize(path: &str) -> NormalPath<'_> {
    match survey(path) {
        Survey::Ambiguous => NormalPath::Ambiguous(path),
        Survey::Clean => NormalPath::Clean(path),
        Survey::Rewrite => {
            let rewritten = without_dot_segments(&decode_unreserved(path));
            if hides_double_encoding(&rewritten) {
                NormalPath::Ambiguous(path)
            } else {
                NormalPath::Rewritten(rewritten)
            }
        }
    }
}

// === impl NormalPath ===

impl NormalPath<'_> {
    /// The path to route by and to forward.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ambiguous(path) | Self::Clean(path) => path,
            Self::Rewritten(path) => path,
        }
    }
}

/// What one look at every byte tells.
enum Survey {
    Ambiguous,
    Clean,
    Rewrite,
}

/// How a byte may stand in a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Ambiguous,
    Percent,
    Plain,
    Slash,
}

static CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Ambiguous; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        table[byte] = Class::Plain;
        byte += 1;
    }
    table[b'%' as usize] = Class::Percent;
    table[b'/' as usize] = Class::Slash;
    table[b'\\' as usize] = Class::Ambiguous;
    table[b';' as usize] = Class::Ambiguous;
    table[b'?' as usize] = Class::Ambiguous;
    table[b'#' as usize] = Class::Ambiguous;
    table
}

fn survey(path: &str) -> Survey {
    let bytes = path.as_bytes();
    match bytes {
        [] => return Survey::Rewrite,
        b"*" => return Survey::Clean,
        [b'/', ..] => {}
        _ => return Survey::Ambiguous,
    }
    let mut clean = true;
    let mut segment = 1;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match CLASSES[usize::from(*byte)] {
            Class::Plain => {}
            Class::Slash => {
                let ended = &bytes[segment..at];
                if ended.is_empty() {
                    return Survey::Ambiguous;
                }
                clean &= !is_dots(ended);
                segment = at + 1;
            }
            Class::Percent => match encoded(bytes, at) {
                Survey::Ambiguous => return Survey::Ambiguous,
                Survey::Clean => {}
                Survey::Rewrite => clean = false,
            },
            Class::Ambiguous => return Survey::Ambiguous,
        }
    }
    if clean && !is_dots(&bytes[segment..]) {
        Survey::Clean
    } else {
        Survey::Rewrite
    }
}

fn is_dots(segment: &[u8]) -> bool {
    matches!(segment, b"." | b"..")
}

/// What the percent-encoded byte at `at` means for the path.
fn encoded(bytes: &[u8], at: usize) -> Survey {
    let Some(value) = percent::pair(bytes, at) else {
        return Survey::Ambiguous;
    };
    match value {
        b'/' | b'\\' | 0..=0x1f | 0x7f => Survey::Ambiguous,
        b'%' if percent::pair(bytes, at + 2).is_some() => Survey::Ambiguous,
        _ if percent::is_overlong(bytes, at, value) => Survey::Ambiguous,
        _ if is_unreserved(value) => Survey::Rewrite,
        _ if bytes[at + 1].is_ascii_lowercase() || bytes[at + 2].is_ascii_lowercase() => {
            Survey::Rewrite
        }
        _ => Survey::Clean,
    }
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Decodes what may be decoded and upper-cases the rest; the encoding is known to be valid.
fn decode_unreserved(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len().max(1));
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match percent::pair(bytes, at).filter(|_| byte == b'%') {
            Some(value) if is_unreserved(value) => out.push(char::from(value)),
            Some(_) => {
                out.push('%');
                out.push(char::from(bytes[at + 1].to_ascii_uppercase()));
                out.push(char::from(bytes[at + 2].to_ascii_uppercase()));
            }
            None => {
                out.push(char::from(byte));
                at += 1;
                continue;
            }
        }
        at += 3;
    }
    out
}

/// RFC 3986 5.2.4 for an absolute path without empty segments inside.
fn without_dot_segments(path: &str) -> String {
    let mut out = String::with_capacity(path.len().max(1));
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => out.truncate(out.rfind('/').unwrap_or(0)),
            other => {
                out.push('/');
                out.push_str(other);
                continue;
            }
        }
        if last {
            out.push('/');
        }
    }
    out
}

/// Whether decoding has brought a `%25` together with two digits, so that a second decoding, which
/// some origins do, would find another byte.
fn hides_double_encoding(path: &str) -> bool {
    path.match_indices("%25")
        .any(|(at, _)| percent::pair(path.as_bytes(), at + 2).is_some())
}

#[cfg(test)]
mod tests;
