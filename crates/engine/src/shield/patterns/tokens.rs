//! SQL as a handful of tokens: enough to see the shape of an expression, whatever the dialect.
//!
//! Comments and white space are what attacks are hidden in, so neither is a token, except for a
//! comment that hides the rest of a statement. What stands in MySQL's `/*! */` is read. Only the first
//! [`MOST`] tokens are looked at: what breaks out of a string or a number does so at once.

use super::{
    search::passed,
    words::{self, Word},
};

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

/// Reads tokens one by one.
struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    /// A `+` between words is a space that was encoded once too often.
    pluses: bool,
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
        let mut lexer = Lexer {
            text,
            at,
            pluses: has_pluses(text),
        };
        let mut tokens = [END; MOST];
        let mut len = 0;
        while len < MOST
            && let Some(token) = lexer.next()
        {
            tokens[len] = token;
            len += 1;
        }
        passed(lexer.at - at);
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

// === impl Lexer ===

impl Lexer<'_> {
    fn next(&mut self) -> Option<Token> {
        self.skip_space();
        let start = self.at;
        let byte = *self.text.get(start)?;
        let kind = match byte {
            b'\'' | b'"' => self.string(byte),
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_some_and(|it| it.is_ascii_digit()) => self.number(),
            b'a'..=b'z' | b'_' | 0x80.. => self.word(),
            b'`' | b'[' => self.quoted_name(byte),
            b'@' if self.peek(1) == Some(b'>') => self.compare(),
            b':' if self.peek(1) == Some(b'=') => self.compare(),
            b'-' if self.peek(1) == Some(b'>') => self.compare(),
            b'?' if self.peek(1) == Some(b' ') && self.peek(2) == Some(b'\'') => self.compare(),
            b'\\' if self.peek(1) == Some(b'n') => self.null(),
            b'@' => self.variable(),
            b'-' if self.peek(1) == Some(b'-') => self.rest(),
            b'#' => self.rest(),
            b'/' if self.peek(1) == Some(b'*') => self.rest(),
            _ => self.symbol(byte),
        };
        Some(Token {
            kind,
            start,
            end: self.at,
        })
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    /// White space, and comments that something follows.
    fn skip_space(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                0..=b' ' | 0xa0 => self.at += 1,
                b'+' if self.pluses => self.at += 1,
                0xc2 if self.peek(1) == Some(0xa0) => self.at += 2,
                // A cast: `1::int`.
                b':' if self.peek(1) == Some(b':') && self.at > 0 => {
                    self.at += 2;
                    self.take(is_of_word);
                }
                b'/' if self.peek(1) == Some(b'*') && self.skip_comment() => {}
                b'*' if self.peek(1) == Some(b'/') => self.at += 2,
                b'-' if self.peek(1) == Some(b'-') && self.skip_line() => {}
                b'#' if self.skip_line() => {}
                _ => return,
            }
        }
    }

    /// A comment that ends before the text does; MySQL's conditional ones are entered.
    fn skip_comment(&mut self) -> bool {
        let rest = &self.text[self.at + 2..];
        if rest.first() == Some(&b'!') {
            self.at += 3;
            let digits = rest[1..].iter().take_while(|it| it.is_ascii_digit());
            self.at += digits.count();
            return true;
        }
        match rest.windows(2).position(|it| it == b"*/") {
            Some(end) if end + 2 < rest.len() => {
                self.at += end + 4;
                true
            }
            _ => false,
        }
    }

    /// A comment up to the end of a line that is not the last.
    fn skip_line(&mut self) -> bool {
        let rest = &self.text[self.at..];
        match rest.iter().position(|it| *it == b'\n') {
            Some(end) if end + 1 < rest.len() => {
                self.at += end + 1;
                true
            }
            _ => false,
        }
    }

    /// `->>`, `@>`, `:=`: operators whose first character is something else elsewhere.
    fn compare(&mut self) -> Kind {
        self.at += 1;
        self.take(|it| matches!(it, b'=' | b'<' | b'>'));
        Kind::Compare
    }

    /// `\n` is what MySQL writes for nothing.
    fn null(&mut self) -> Kind {
        self.at += 2;
        Kind::Word(Word::Literal)
    }

    fn rest(&mut self) -> Kind {
        self.at = self.text.len();
        Kind::Comment
    }

    fn string(&mut self, quote: u8) -> Kind {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.at = (self.at + 1).min(self.text.len()),
                _ if byte == quote && self.peek(0) == Some(quote) => self.at += 1,
                _ if byte == quote => return Kind::Text,
                _ => {}
            }
        }
        Kind::Text
    }

    fn quoted_name(&mut self, open: u8) -> Kind {
        let close = if open == b'[' { b']' } else { open };
        let rest = &self.text[self.at + 1..];
        // A name, not a text: a bracket further away closes something else.
        match rest.iter().take(64).position(|it| *it == close) {
            Some(end) => {
                self.at += end + 2;
                Kind::Name
            }
            None => {
                self.at += 1;
                Kind::Other
            }
        }
    }

    fn number(&mut self) -> Kind {
        let hexadecimal = self.peek(0) == Some(b'0') && self.peek(1) == Some(b'x');
        if hexadecimal {
            self.at += 2;
            self.take(|it| it.is_ascii_hexdigit());
            return Kind::Number;
        }
        if self.peek(0) == Some(b'0') && self.peek(1) == Some(b'b') {
            self.at += 2;
            self.take(|it| matches!(it, b'0' | b'1'));
            return Kind::Number;
        }
        self.take(|it| it.is_ascii_digit() || it == b'.');
        let digits = match self.peek(1) {
            Some(b'+' | b'-') => self.peek(2),
            other => other,
        };
        if self.peek(0) == Some(b'e') && digits.is_some_and(|it| it.is_ascii_digit()) {
            self.at += 2;
            self.take(|it| it.is_ascii_digit());
        }
        // `1dunion`: a number of Oracle may end in a letter.
        let suffixed = self.text.get(self.at + 1..self.at + 6) == Some(b"union".as_slice());
        if suffixed && matches!(self.peek(0), Some(b'd' | b'f')) {
            self.at += 1;
        }
        Kind::Number
    }

    fn variable(&mut self) -> Kind {
        self.take(|it| it == b'@');
        self.take(is_of_word);
        Kind::Variable
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        while let Some(byte) = self.peek(0)
            && is_of_word(byte)
            && !self.is_hard_space()
        {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        let spaces = self.text[self.at..].iter().take_while(|it| **it == b' ');
        let called = self.peek(spaces.count()) == Some(b'(');
        match words::meaning(word, called) {
            Some(kind) => kind,
            // N'text', X'27', _utf8'text': the string is what counts.
            None if word.len() <= 8 && self.peek(0) == Some(b'\'') && is_introducer(word) => {
                self.string(b'\'')
            }
            None => Kind::Name,
        }
    }

    /// A no-break space here: in Latin-1 behind a letter of ASCII, or in UTF-8.
    fn is_hard_space(&self) -> bool {
        let before = self.at.checked_sub(1).map_or(0, |at| self.text[at]);
        match self.peek(0) {
            Some(0xa0) => before < 0x80,
            Some(0xc2) => self.peek(1) == Some(0xa0),
            _ => false,
        }
    }

    fn symbol(&mut self, byte: u8) -> Kind {
        let next = self.peek(1);
        self.at += 1;
        match byte {
            b'(' | b'{' => Kind::Open,
            b')' | b'}' | b']' => Kind::Close,
            b',' => Kind::Comma,
            b'.' => Kind::Dot,
            b';' => Kind::Semicolon,
            b'=' | b'<' | b'>' => {
                self.take(|it| matches!(it, b'=' | b'<' | b'>'));
                // `<@`
                if byte == b'<' && self.peek(0) == Some(b'@') {
                    self.at += 1;
                }
                Kind::Compare
            }
            b'!' if next == Some(b'=') => {
                self.at += 1;
                Kind::Compare
            }
            b'&' | b'|' if next == Some(byte) => {
                self.at += 1;
                Kind::Logic
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'&' | b'|' | b'~' | b'!' => Kind::Arithmetic,
            _ => Kind::Other,
        }
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.at += 1;
        }
    }
}

/// Whether words of SQL have pluses between them, and nothing has spaces.
fn has_pluses(text: &[u8]) -> bool {
    let text = &text[..text.len().min(512)];
    let mut words = text.split(|it| *it == b'+').skip(1);
    text.contains(&b'+')
        && !text.contains(&b' ')
        && words.any(|it| {
            matches!(
                it,
                b"or" | b"and" | b"union" | b"select" | b"order" | b"having"
            )
        })
}

/// A byte that a name goes on with.
fn is_of_word(byte: u8) -> bool {
    // A no-break space separates words in some databases; in UTF-8 it is a part of letters.
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

fn is_introducer(word: &[u8]) -> bool {
    matches!(word, b"n" | b"x" | b"b" | b"e" | b"q") || word.first() == Some(&b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

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
