//! Looking for a text in a body as it arrives.

/// How many bytes of a body are looked at: a health page is short, and a check must not become a
/// download.
pub const BODY_LIMIT: usize = 64 * 1024;

/// A search for a text in the first [`BODY_LIMIT`] bytes of a body.
#[derive(Clone, Debug)]
pub struct BodySearch {
    needle: Vec<u8>,
    /// The end of what has come, as far as the text may have begun in it.
    tail: Vec<u8>,
    seen: usize,
}

/// What the search knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The text is not in what was looked at, and no more will be.
    No,
    /// Not yet.
    NotYet,
    /// It is there.
    Yes,
}

// === impl BodySearch ===

impl BodySearch {
    /// A search for `needle`; an empty one is found at once.
    pub fn new(needle: &str) -> Self {
        Self {
            needle: needle.as_bytes().to_vec(),
            tail: Vec::new(),
            seen: 0,
        }
    }

    /// Looks at the next piece of the body.
    pub fn push(&mut self, piece: &[u8]) -> Found {
        if self.needle.is_empty() {
            return Found::Yes;
        }
        let room = BODY_LIMIT - self.seen;
        let piece = &piece[..piece.len().min(room)];
        self.seen += piece.len();
        self.tail.extend_from_slice(piece);
        let length = self.needle.len();
        if self
            .tail
            .windows(length)
            .any(|window| window == self.needle)
        {
            return Found::Yes;
        }
        if self.seen == BODY_LIMIT {
            return Found::No;
        }
        let begun = self.tail.len().min(length - 1);
        self.tail.drain(..self.tail.len() - begun);
        Found::NotYet
    }
}
