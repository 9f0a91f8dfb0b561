//! Patterns of URLs: `*` is anything within a segment, `**` anything at all.
//!
//! A pattern without `?` speaks of paths, whatever their query; with one, of path and query, where
//! `?` stands for itself. All of the text has to fit. Matching keeps the set of places where the
//! pattern may be and looks at each byte of the text once, so that no pattern takes long.

use thiserror::Error;

/// A pattern of paths, or of paths with queries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob {
    text: String,
    tokens: Vec<Token>,
    has_query: bool,
}

/// Why something is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadGlob {
    /// It can fit no path.
    #[error("a pattern begins with `/` or `*`")]
    Beginning,
    /// It is too long to be compared with everything.
    #[error("a pattern has at most {MAX} bytes")]
    Long,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Token {
    /// Any bytes, none included.
    Anything,
    /// This byte.
    Byte(u8),
    /// Any bytes but slashes, none included.
    InSegment,
}

/// The longest pattern, in bytes.
const MAX: usize = 256;

// === impl Glob ===

impl Glob {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, BadGlob> {
        if text.len() > MAX {
            return Err(BadGlob::Long);
        }
        if !text.starts_with(['/', '*']) {
            return Err(BadGlob::Beginning);
        }
        let mut tokens = Vec::with_capacity(text.len());
        for byte in text.bytes() {
            match (byte, tokens.last()) {
                (b'*', Some(Token::Anything)) => {}
                (b'*', Some(Token::InSegment)) => {
                    tokens.pop();
                    tokens.push(Token::Anything);
                }
                (b'*', _) => tokens.push(Token::InSegment),
                (byte, _) => tokens.push(Token::Byte(byte)),
            }
        }
        Ok(Self {
            has_query: text.contains('?'),
            text: text.to_owned(),
            tokens,
        })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a URL's path and query fit.
    pub(super) fn fits(&self, path: &str, query: Option<&str>) -> bool {
        let path = path.bytes();
        match query.filter(|_| self.has_query) {
            Some(query) => self.fits_all(path.chain([b'?']).chain(query.bytes())),
            None => self.fits_all(path),
        }
    }

    fn fits_all(&self, text: impl Iterator<Item = u8>) -> bool {
        let tokens = self.tokens.as_slice();
        // Whether the first `at` tokens fit what was read so far.
        let mut places = [false; MAX + 1];
        let places = &mut places[..=tokens.len()];
        places[0] = true;
        pass_over(tokens, places);
        for byte in text {
            let mut any = false;
            for at in (0..tokens.len()).rev() {
                places[at + 1] = match tokens[at] {
                    Token::Anything => places[at + 1],
                    Token::Byte(it) => places[at] && it == byte,
                    Token::InSegment => places[at + 1] && byte != b'/',
                };
                any |= places[at + 1];
            }
            places[0] = false;
            if !any {
                return false;
            }
            pass_over(tokens, places);
        }
        places[tokens.len()]
    }
}

/// A token that stands for anything stands for nothing as well.
fn pass_over(tokens: &[Token], places: &mut [bool]) {
    for (at, token) in tokens.iter().enumerate() {
        if *token == Token::Anything || *token == Token::InSegment {
            places[at + 1] |= places[at];
        }
    }
}
