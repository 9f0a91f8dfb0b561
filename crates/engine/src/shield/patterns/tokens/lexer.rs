//! How a text is taken apart into tokens.

use super::{
    super::words::{self, Word},
    Kind, Token,
};

/// Reads tokens one by one.
pub(super) struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    /// A `+` between words is a space that was encoded once too often.
    pluses: bool,
}

// === impl Lexer ===

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t [u8], at: usize) -> Self {
        Self {
            text,
            at,
            pluses: has_pluses(text),
        }
    }

    /// How far it has read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn next(&mut self) -> Option<Token> {
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
