//! SQL as a handful of tokens: enough to see the shape of an expression, whatever the dialect.
//!
//! Comments and white space are what attacks are hidden in, so neither is a token, except for a
//! comment that hides the rest of a statement. What stands in MySQL's `/*! */` is read. Only the first
//! [`MOST`] tokens are looked at: what breaks out of a string or a number does so at once.

mod lexer;

use self::lexer::Lexer;
use super::{search::passed, words::Word};

/// So many tokens are looked at.
pub(super) const MOST: usize = 48;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `+ - * / % ^ & | ~ !` and the words for them.
    Arithmetic,
    Close,
    Comma,
    /// A comment up to the end of the text.
    Comment,
    /// `=`, `<`, `like`, `between`, `is` and so on.
    Compare,
    Dot,
    /// Nothing is left.
    End,
    /// `and`, `or`, `xor`, `&&`, `||`.
    Logic,
    /// A name of a column, a table or anything else.
    Name,
    Number,
    Open,
    Other,
    Semicolon,
    /// A string in quotes.
    Text,
    /// `@x`, `@@version`.
    Variable,
    /// A word of SQL.
    Word(Word),
}

/// One token: what it is and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The first tokens of a text.
#[derive(Debug)]
pub(super) struct Tokens<'t> {
    text: &'t [u8],
    tokens: [Token; MOST],
    len: usize,
}

const END: Token = Token {
    kind: Kind::End,
    start: 0,
    end: 0,
};

// === impl Tokens ===

impl<'t> Tokens<'t> {
    /// Reads `text`, which is in lower case, from `at` on.
    pub(super) fn read(text: &'t [u8], at: usize) -> Self {
        let mut lexer = Lexer::new(text, at);
        let mut tokens = [END; MOST];
        let mut len = 0;
        while len < MOST
            && let Some(token) = lexer.next()
        {
            tokens[len] = token;
            len += 1;
        }
        passed(lexer.at() - at);
        Self { text, tokens, len }
    }

    /// The kind of the token at a place.
    pub(super) fn kind(&self, at: usize) -> Kind {
        self.get(at).kind
    }

    pub(super) fn get(&self, at: usize) -> Token {
        if at < self.len { self.tokens[at] } else { END }
    }

    /// The text of the token at a place.
    pub(super) fn text(&self, at: usize) -> &'t [u8] {
        let token = self.get(at);
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    /// A byte of the text; 0 behind its end.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or_default()
    }

    /// The byte in front of the token at a place; 0 at the beginning of the text.
    pub(super) fn byte_before(&self, at: usize) -> u8 {
        let before = self.get(at).start.checked_sub(1);
        before.map_or(0, |at| self.text[at])
    }

    /// A string that the text ends in.
    pub(super) fn is_unfinished(&self, at: usize) -> bool {
        let text = self.text(at);
        self.kind(at) == Kind::Text && (text.len() < 2 || text.first() != text.last())
    }

    /// The place after all tokens of a kind that stand at `at`.
    pub(super) fn skip(&self, mut at: usize, skipped: impl Fn(Kind) -> bool) -> usize {
        while at < self.len && skipped(self.kind(at)) {
            at += 1;
        }
        at
    }

    /// The place after the parenthesis that closes the one at `at`; the end when none does.
    pub(super) fn closed(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        for place in at..self.len {
            match self.kind(place) {
                Kind::Open => depth += 1,
                Kind::Close if depth <= 1 => return place + 1,
                Kind::Close => depth -= 1,
                _ => {}
            }
        }
        self.len
    }

    /// How many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::{super::words, *};

    fn kinds(text: &str) -> Vec<Kind> {
        let tokens = Tokens::read(text.as_bytes(), 0);
        (0..tokens.len()).map(|at| tokens.kind(at)).collect()
    }

    #[test]
    fn shapes() {
        use Kind::*;
        for (text, wanted) in [
            ("", vec![]),
            ("1 or 1=1", vec![Number, Logic, Number, Compare, Number]),
            ("1/**/or\n1", vec![Number, Logic, Number]),
            ("1 --x", vec![Number, Comment]),
            ("1 --x\n+2", vec![Number, Arithmetic, Number]),
            ("1 /*x", vec![Number, Comment]),
            ("1 /*x*/", vec![Number, Comment]),
            ("'a''b' \"c", vec![Text, Text]),
            ("n'a' `b` [c]", vec![Text, Name, Name]),
            ("0x61 1.5e-3 .5", vec![Number, Number, Number]),
            ("@@version,@a", vec![Variable, Comma, Variable]),
            (
                "a.b<>c||d",
                vec![Name, Dot, Name, Compare, Name, Logic, Name],
            ),
            ("1e0union", vec![Number, Word(words::Word::Union)]),
            ("/*!50000union*/", vec![Word(words::Word::Union)]),
            ("1::int=1", vec![Number, Compare, Number]),
            ("a->>'b'", vec![Name, Compare, Text]),
            ("1+or+1=1", vec![Number, Logic, Number, Compare, Number]),
            ("a+b", vec![Name, Arithmetic, Name]),
            ("0b1\u{a0}or", vec![Number, Logic]),
            ("f(x)", vec![Word(words::Word::Function), Open, Name, Close]),
        ] {
            assert_eq!(kinds(text), wanted, "{text}");
        }
    }

    #[test]
    fn no_more_than_so_many() {
        assert_eq!(kinds(&"1,".repeat(100)).len(), MOST);
    }

    #[test]
    fn parentheses() {
        let tokens = Tokens::read(b"(a(b)c)d", 0);
        assert_eq!(tokens.text(tokens.closed(0)), b"d");
        let tokens = Tokens::read(b"(a(b)", 0);
        assert_eq!(tokens.closed(0), tokens.len());
    }

    #[test]
    fn a_string_may_have_no_end() {
        let tokens = Tokens::read(b"'a' 'b", 0);
        assert!(!tokens.is_unfinished(0));
        assert!(tokens.is_unfinished(1));
        assert!(Tokens::read(b"'", 0).is_unfinished(0));
    }
}
