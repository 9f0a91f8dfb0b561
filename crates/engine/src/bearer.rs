//! The operator's bearer token (RFC 6750, section 2.1).

use std::{fmt, hint::black_box};

use http::HeaderValue;

/// The token that whoever gives orders must present; never shown, not even in `Debug`.
#[derive(Clone)]
pub struct Token(Box<[u8]>);

/// The text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Nothing but white space.
    #[error("the token is empty")]
    Empty,
    /// It could not be sent in a header.
    #[error("the token holds something other than visible ASCII characters")]
    NotVisible,
    /// Fewer than [`Token::SHORTEST`] characters can be guessed.
    #[error("the token is shorter than {} characters", Token::SHORTEST)]
    TooShort,
}

/// What an `Authorization` field is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds the token.
    Match,
    /// There is none, or it is not a bearer token.
    Missing,
    /// It holds another token.
    Wrong,
}

// === impl Token ===

impl Token {
    /// The fewest characters a token may have.
    pub const SHORTEST: usize = 16;

    /// The token in a file: white space around it, such as the last newline, is not part of it.
    ///
    /// # Errors
    /// When it is empty, too short to be a secret, or could not be sent.
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        let token = text.trim();
        if token.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::NotVisible);
        }
        if token.len() < Self::SHORTEST {
            return Err(InvalidToken::TooShort);
        }
        Ok(Self(token.as_bytes().into()))
    }

    /// Compares the token with an `Authorization` field.
    pub fn judge(&self, authorization: Option<&HeaderValue>) -> Verdict {
        let Some((scheme, credentials)) = authorization.and_then(|field| {
            let field = field.as_bytes();
            let space = field.iter().position(|&byte| byte == b' ')?;
            Some((&field[..space], field[space..].trim_ascii()))
        }) else {
            return Verdict::Missing;
        };
        if !scheme.eq_ignore_ascii_case(b"bearer") {
            return Verdict::Missing;
        }
        if credentials.len() == self.0.len() && self.differences(credentials) == 0 {
            Verdict::Match
        } else {
            Verdict::Wrong
        }
    }

    /// Looks at every byte whatever the ones before were, so that the time taken tells nothing about
    /// how much of a guess was right. The length is no secret.
    fn differences(&self, other: &[u8]) -> u8 {
        let pairs = self.0.iter().zip(other);
        pairs.fold(0, |differences, (left, right)| {
            black_box(differences | (left ^ right))
        })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::new("0123456789abcdef\n").unwrap();
        for (field, expected) in [
            ("Bearer 0123456789abcdef", Verdict::Match),
            ("bearer  0123456789abcdef ", Verdict::Match),
            ("Bearer 0123456789abcdeF", Verdict::Wrong),
            ("Bearer 0123456789abcde", Verdict::Wrong),
            ("Bearer 0123456789abcdef0", Verdict::Wrong),
            ("Bearer ", Verdict::Wrong),
            ("Bearer", Verdict::Missing),
            ("Basic 0123456789abcdef", Verdict::Missing),
            ("0123456789abcdef", Verdict::Missing),
        ] {
            let value = HeaderValue::from_str(field).unwrap();
            assert_eq!(token.judge(Some(&value)), expected, "{field}");
        }
        assert_eq!(token.judge(None), Verdict::Missing);
        assert_eq!(format!("{token:?}"), "Token(..)");
    }

    #[test]
    fn what_cannot_protect_is_refused() {
        assert_eq!(Token::new(" \n").unwrap_err(), InvalidToken::Empty);
        assert_eq!(Token::new("short").unwrap_err(), InvalidToken::TooShort);
        assert_eq!(
            Token::new("0123456789 abcdef").unwrap_err(),
            InvalidToken::NotVisible
        );
    }
}
