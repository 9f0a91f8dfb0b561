//! Several parts in one answer (RFC 9110, section 14.6; RFC 2046, section 5.1).
//!
//! The framing is made beforehand, the parts themselves are only named: whoever has the bytes puts
//! them in, without copying them, and the length of it all is known before the first is sent.

use bytes::Bytes;
use http::HeaderValue;

use super::{Extent, Span, Spans};

/// What stands between the parts.
///
/// It must not occur in them. It is random with 128 bits, so that nobody can put it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary(u128);

/// An answer of several parts.
#[derive(Clone, Debug)]
pub struct Multipart {
    spans: Spans,
    length: u64,
    boundary: Boundary,
    content_type: Option<HeaderValue>,
}

/// A piece of such an answer, in the order they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// What goes before a part.
    Head(Bytes),
    /// The bytes of a part.
    Span(Span),
    /// What goes after the last part.
    Tail(Bytes),
}

/// Walks the segments of an answer.
#[derive(Clone, Debug)]
pub struct Segments {
    multipart: Multipart,
    next: usize,
}

// === impl Boundary ===

impl Boundary {
    /// A boundary of `random` bits, which the caller draws anew for every answer.
    pub const fn new(random: u128) -> Self {
        Self(random)
    }
}

impl std::fmt::Display for Boundary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

// === impl Multipart ===

impl Multipart {
    /// An answer with `spans` of a representation of `length` bytes, whose own `Content-Type` goes
    /// along with each part.
    pub fn new(
        spans: Spans,
        length: u64,
        content_type: Option<&HeaderValue>,
        boundary: Boundary,
    ) -> Self {
        Self {
            spans,
            length,
            boundary,
            content_type: content_type.cloned(),
        }
    }

    /// The value of `Content-Type` for the answer.
    pub fn content_type(&self) -> HeaderValue {
        let text = format!("multipart/byteranges; boundary={}", self.boundary);
        // Hexadecimal digits are a field value.
        HeaderValue::try_from(text)
            .unwrap_or_else(|_| HeaderValue::from_static("multipart/byteranges"))
    }

    /// How many bytes the answer has in all.
    pub fn total(&self) -> u64 {
        let spans = self.spans.as_slice().iter().enumerate();
        let heads: usize = spans
            .map(|(index, span)| self.head(index, *span).len())
            .sum();
        let framing = (heads + self.tail().len()) as u64;
        // No body is so long that its framing would not fit into the number.
        self.spans.bytes().saturating_add(framing)
    }

    /// Its pieces.
    pub const fn segments(self) -> Segments {
        Segments {
            multipart: self,
            next: 0,
        }
    }

    fn head(&self, index: usize, span: Span) -> Bytes {
        let mut head = Vec::with_capacity(192);
        if index > 0 {
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(format!("--{}\r\n", self.boundary).as_bytes());
        if let Some(media_type) = &self.content_type {
            head.extend_from_slice(b"Content-Type: ");
            head.extend_from_slice(media_type.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        if let Some(extent) = Extent::new(span, self.length) {
            head.extend_from_slice(b"Content-Range: ");
            head.extend_from_slice(extent.header_value().as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head.into()
    }

    fn tail(&self) -> Bytes {
        format!("\r\n--{}--\r\n", self.boundary).into()
    }
}

// === impl Segments ===

impl Iterator for Segments {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        let spans = self.multipart.spans.as_slice();
        let (index, is_span) = (self.next / 2, self.next % 2 == 1);
        let segment = match (spans.get(index), is_span) {
            (Some(span), false) => Segment::Head(self.multipart.head(index, *span)),
            (Some(span), true) => Segment::Span(*span),
            (None, false) if index == spans.len() => Segment::Tail(self.multipart.tail()),
            (None, _) => return None,
        };
        self.next += 1;
        Some(segment)
    }
}
