//! Paths that one server reads in one way and another in another.
//!
//! [`crate::path`] keeps all that is ambiguous out of the cache. Not all of it is an attack: an empty
//! segment, `;` parameters and raw UTF-8 are what careless clients send. What is refused is what
//! hides a character from whoever looks first and shows it to whoever looks next:
//!
//! | | |
//! |---|---|
//! | `%2f`, `%5c`, `\` | a separator to some, a character to others |
//! | `%00`, `%0d`, `%7f` | control characters; some end a string there |
//! | `%2e%2e`, `.%2e` | a step up that a filter of raw text does not see |
//! | `/..;x/` | a step up once the parameters are taken off |
//! | `%252e`, `%25%32%65` | decoded twice, something else |
//! | `%c0%af` | UTF-8 longer than it has to be (RFC 3629 10) |
//! | `%zz`, `%u002f` | no encoding at all, and yet decoded by some |
//! | `/a;x/../b` | a step up that nobody has taken, because what it steps over is ambiguous |
//!
//! An ambiguous path that is let through is forwarded as it is, so it must be governed by the same route
//! however it is read ([`crate::path::readings`]): else `//admin` passes the rules of `/admin` by.

use super::Shielded;
use crate::{path::NormalPath, percent};

/// Whether the other readings of a path are governed by the same route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// They are, or there are none.
    No,
    /// One of them is not.
    Yes,
}

/// What makes a path ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambiguity {
    /// Another reading of it is governed by another route.
    AnotherRoute,
    /// A backslash, encoded or not.
    Backslash,
    /// A control character, encoded or not.
    ControlCharacter,
    /// An encoding that decodes to an encoding.
    DoubleEncoding,
    /// A segment that is `.` or `..` once it is decoded.
    EncodedDots,
    /// A slash that is encoded.
    EncodedSlash,
    /// A percent sign that begins no encoding.
    InvalidEncoding,
    /// UTF-8 that is longer than it has to be.
    OverlongUtf8,
    /// `.` or `..` with parameters.
    ParameterDots,
    /// `.` or `..` in a path that cannot be made normal.
    UnresolvedDots,
}

/// What a segment has been so far.
#[derive(Clone, Copy, Debug, Default)]
struct Segment {
    length: usize,
    dots: usize,
    encoded: bool,
}

pub(super) fn judge(
    read: &NormalPath<'_>,
    raw: &str,
    elsewhere: Elsewhere,
) -> Result<(), Shielded> {
    let found = match (read, elsewhere) {
        (NormalPath::Clean(_), _) => None,
        (NormalPath::Rewritten(_), _) => Ambiguity::of(raw),
        (NormalPath::Ambiguous(_), elsewhere) => Ambiguity::of(raw)
            .or_else(|| has_dots(raw).then_some(Ambiguity::UnresolvedDots))
            .or_else(|| (elsewhere == Elsewhere::Yes).then_some(Ambiguity::AnotherRoute)),
    };
    found.map_or(Ok(()), |found| Err(Shielded::ambiguous(found)))
}

fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

// === impl Ambiguity ===

impl Ambiguity {
    /// What is ambiguous about a path as it stands in the request target, if anything is.
    pub fn of(path: &str) -> Option<Self> {
        let bytes = path.as_bytes();
        let mut segment = Segment::default();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let encoded = byte == b'%';
            let value = match encoded {
                true => match percent::pair(bytes, at) {
                    Some(value) => value,
                    None => return Some(Self::InvalidEncoding),
                },
                false => byte,
            };
            match value {
                b'/' if encoded => return Some(Self::EncodedSlash),
                b'\\' => return Some(Self::Backslash),
                0..=0x1f | 0x7f => return Some(Self::ControlCharacter),
                b'%' if hides_encoding(bytes, at) => return Some(Self::DoubleEncoding),
                _ if encoded && percent::is_overlong(bytes, at, value) => {
                    return Some(Self::OverlongUtf8);
                }
                b'/' if segment.hides_dots() => return Some(Self::EncodedDots),
                b'/' => segment = Segment::default(),
                b';' if !encoded && segment.is_dots() => return Some(Self::ParameterDots),
                _ => segment.add(value, encoded),
            }
            at += if encoded { 3 } else { 1 };
        }
        segment.hides_dots().then_some(Self::EncodedDots)
    }

    /// The word for it in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AnotherRoute => "another route",
            Self::Backslash => "backslash",
            Self::ControlCharacter => "control character",
            Self::DoubleEncoding => "double encoding",
            Self::EncodedDots => "encoded dots",
            Self::EncodedSlash => "encoded slash",
            Self::InvalidEncoding => "invalid encoding",
            Self::OverlongUtf8 => "overlong UTF-8",
            Self::ParameterDots => "dots with parameters",
            Self::UnresolvedDots => "dots in an ambiguous path",
        }
    }
}

/// Whether the `%25` at `at` is followed by two digits, themselves encoded or not.
fn hides_encoding(bytes: &[u8], at: usize) -> bool {
    let mut next = at + 3;
    for _ in 0..2 {
        let Some(&byte) = bytes.get(next) else {
            return false;
        };
        let (value, width) = match percent::pair(bytes, next).filter(|_| byte == b'%') {
            Some(value) => (value, 3),
            None => (byte, 1),
        };
        if percent::hex(value).is_none() {
            return false;
        }
        next += width;
    }
    true
}

// === impl Segment ===

impl Segment {
    const fn add(&mut self, value: u8, encoded: bool) {
        self.length += 1;
        if value == b'.' {
            self.dots += 1;
            self.encoded |= encoded;
        }
    }

    const fn is_dots(self) -> bool {
        self.dots == self.length && (self.length == 1 || self.length == 2)
    }

    const fn hides_dots(self) -> bool {
        self.encoded && self.is_dots()
    }
}
