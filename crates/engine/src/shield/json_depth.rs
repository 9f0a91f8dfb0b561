//! How deep JSON is nested, told while it passes (RFC 8259 9 lets a parser set limits).
//!
//! A parser that follows every bracket by calling itself can be made to run out of stack by a few
//! thousand of them. Only brackets are counted here, and what brackets mean nothing in is skipped, so
//! that no tree is built and the pieces may be cut anywhere. What is not JSON is let through: it is for
//! the origin to say so.
//!
//! # Parsers that take more than JSON
//! Several take comments, strings in single quotes and words without quotes, and go on behind them. To
//! them `['"', [[[` opens four arrays; to a reader of nothing but JSON a string would begin behind the
//! first. So these are read here as well: none of them occurs in JSON, and whoever does not take them
//! stops there.

/// Counts brackets in a body.
#[derive(Clone, Copy, Debug)]
pub struct JsonDepth {
    most: u32,
    depth: u32,
    place: Place,
}

/// Whether a body is still within its depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// It is nested deeper than it may be.
    TooDeep,
    /// Not so far.
    Within,
}

/// Where the last piece ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the beginning, or within a byte order mark there.
    Beginning,
    /// In a comment that ends with `*/`.
    Comment,
    /// In such a comment, after a `*`.
    CommentStar,
    /// In a string that ends with this, after a backslash.
    Escaped(u8),
    /// In a string that ends with this.
    Inside(u8),
    /// In a comment that ends with its line.
    Line,
    /// In something that does not begin as JSON does.
    NoJson,
    /// Between strings.
    Outside,
    /// After a slash, which may begin a comment.
    Slash,
    /// At the beginning of what nobody has called JSON.
    Unsaid,
    /// In a word or a number, where a quote begins nothing.
    Word,
}

// === impl JsonDepth ===

impl JsonDepth {
    /// Lets `most` brackets be open at the same time.
    pub const fn new(most: u32) -> Self {
        Self {
            most,
            depth: 0,
            place: Place::Beginning,
        }
    }

    /// The same for a body of which nobody has said that it is JSON: unless it begins so, its brackets
    /// mean nothing.
    pub const fn unsaid(most: u32) -> Self {
        Self {
            place: Place::Unsaid,
            ..Self::new(most)
        }
    }

    /// Looks at the next piece.
    pub fn take(&mut self, piece: &[u8]) -> Nesting {
        for &byte in piece {
            self.place = match (self.place, byte) {
                (Place::Escaped(quote), _) => Place::Inside(quote),
                (Place::Inside(quote), b'\\') => Place::Escaped(quote),
                (Place::Inside(quote), byte) if byte == quote => Place::Outside,
                (Place::Inside(quote), _) => Place::Inside(quote),
                (Place::Line, b'\n' | b'\r') | (Place::CommentStar, b'/') => Place::Outside,
                (Place::Line, _) | (Place::Slash, b'/') => Place::Line,
                (Place::Comment | Place::CommentStar, b'*') => Place::CommentStar,
                (Place::Comment | Place::CommentStar, _) | (Place::Slash, b'*') => Place::Comment,
                (Place::Beginning, 0xef | 0xbb | 0xbf) => Place::Beginning,
                (Place::Unsaid, 0xef | 0xbb | 0xbf | b' ' | b'\t' | b'\n' | b'\r') => Place::Unsaid,
                (Place::Unsaid, b'[' | b'{' | b'/' | b'#') => self.outside(byte),
                (Place::NoJson | Place::Unsaid, _) => {
                    self.place = Place::NoJson;
                    return Nesting::Within;
                }
                (Place::Word, b'"' | b'\'') => Place::Word,
                (Place::Beginning | Place::Outside | Place::Slash | Place::Word, byte) => {
                    self.outside(byte)
                }
            };
            if self.depth > self.most {
                return Nesting::TooDeep;
            }
        }
        Nesting::Within
    }

    /// What a byte begins, or goes on with, where it is not part of a string or a comment.
    const fn outside(&mut self, byte: u8) -> Place {
        match byte {
            b'"' | b'\'' => Place::Inside(byte),
            b'#' => Place::Line,
            b'/' => Place::Slash,
            b'[' | b'{' => {
                self.depth = self.depth.saturating_add(1);
                Place::Outside
            }
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                Place::Outside
            }
            0..=b' ' | b',' | b':' | b';' | b'=' => Place::Outside,
            _ => Place::Word,
        }
    }
}
