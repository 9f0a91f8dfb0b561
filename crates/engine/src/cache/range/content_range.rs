//! `Content-Range`: writing it, and reading it strictly (RFC 9110, section 14.4).
//!
//! Strictly, because the bytes of a part are kept by what it says: an origin that contradicts
//! itself is passed on and not believed.

use http::{HeaderMap, HeaderValue, header};

use super::{Extent, Span};

/// Where the bytes of a 206 belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// The bytes.
    pub span: Span,
    /// How many the whole has; `None` for `*`, which is not known.
    pub length: Option<u64>,
}

/// What a 206 from an origin carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Several parts, each with fields of its own: passed on, never stored.
    Multipart,
    /// One part.
    Part(ContentRange),
    /// Something that contradicts itself, or says too little: passed on, never stored.
    Unclear,
}

// === impl ContentRange ===

impl ContentRange {
    /// Reads the value of a `Content-Range` field that tells of bytes.
    ///
    /// `None` for other units, for `bytes */5`, and for anything that is not exactly of that form:
    /// numbers too large to hold, a last byte before the first or behind the length.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (unit, rest) = text.trim_ascii().split_at_checked(6)?;
        if !unit.eq_ignore_ascii_case(b"bytes ") {
            return None;
        }
        let (range, length) = split_once(rest, b'/')?;
        let (first, last) = split_once(range, b'-')?;
        let span = Span::new(number(first)?, number(last)?)?;
        let length = match length {
            b"*" => None,
            digits => Some(number(digits)?),
        };
        match length {
            Some(length) if span.last() >= length => None,
            _ => Some(Self { span, length }),
        }
    }

    /// The extent, when the length of the whole is known.
    pub fn extent(self) -> Option<Extent> {
        Extent::new(self.span, self.length?)
    }
}

// === impl Received ===

impl Received {
    /// Reads it from the fields of a 206.
    ///
    /// A `Content-Length` must agree with the span; without one the caller counts the bytes.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut media_types = headers.get_all(header::CONTENT_TYPE).iter();
        if media_types.any(|value| is_multipart(value.as_bytes())) {
            return Self::Multipart;
        }
        let mut lines = headers.get_all(header::CONTENT_RANGE).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Self::Unclear;
        };
        let Some(range) = ContentRange::parse(line.as_bytes()) else {
            return Self::Unclear;
        };
        let announced = headers.get_all(header::CONTENT_LENGTH);
        for length in announced {
            if number(length.as_bytes().trim_ascii()) != Some(range.span.len()) {
                return Self::Unclear;
            }
        }
        Self::Part(range)
    }

    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Multipart => "multipart",
            Self::Part(_) => "part",
            Self::Unclear => "unclear",
        }
    }
}

// === impl Extent ===

impl Extent {
    /// The value of `Content-Range` for it.
    pub fn header_value(self) -> HeaderValue {
        let (first, last) = (self.span().first(), self.span().last());
        value(&format!("bytes {first}-{last}/{}", self.length()))
    }
}

/// The value of `Content-Range` in a 416.
pub(super) fn unsatisfied(length: u64) -> HeaderValue {
    value(&format!("bytes */{length}"))
}

fn value(text: &str) -> HeaderValue {
    // Letters, digits, a space and three signs are a field value.
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("bytes */*"))
}

fn is_multipart(media_type: &[u8]) -> bool {
    let essence = media_type.split(|byte| *byte == b';').next();
    essence.is_some_and(|it| {
        it.trim_ascii()
            .eq_ignore_ascii_case(b"multipart/byteranges")
    })
}

fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == separator)?;
    Some((&text[..at], &text[at + 1..]))
}

/// One run of digits that makes a number we can hold.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}
