//! How deep JSON is nested, told while it passes (RFC 8259 9 lets a parser set limits).
//!
//! A parser that follows every bracket by calling itself can be made to run out of stack by a few
//! thousand of them. Only brackets are counted here, and strings skipped, so that no tree is built and
//! the pieces may be cut anywhere. What is not JSON is let through: it is for the origin to say so.

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
    /// In a string, after a backslash.
    Escaped,
    /// In a string.
    Inside,
    /// Between strings.
    Outside,
}

// === impl JsonDepth ===

impl JsonDepth {
    /// Lets `most` brackets be open at the same time.
    pub const fn new(most: u32) -> Self {
        Self {
            most,
            depth: 0,
            place: Place::Outside,
        }
    }

    /// Looks at the next piece.
    pub fn take(&mut self, piece: &[u8]) -> Nesting {
        for byte in piece {
            self.place = match (self.place, byte) {
                (Place::Escaped, _) => Place::Inside,
                (Place::Inside, b'\\') => Place::Escaped,
                (Place::Inside, b'"') => Place::Outside,
                (Place::Inside, _) => Place::Inside,
                (Place::Outside, b'"') => Place::Inside,
                (Place::Outside, b'[' | b'{') => {
                    self.depth = self.depth.saturating_add(1);
                    if self.depth > self.most {
                        return Nesting::TooDeep;
                    }
                    Place::Outside
                }
                (Place::Outside, b']' | b'}') => {
                    self.depth = self.depth.saturating_sub(1);
                    Place::Outside
                }
                (Place::Outside, _) => Place::Outside,
            };
        }
        Nesting::Within
    }
}
