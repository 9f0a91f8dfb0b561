//! A text as the rules see it: its bytes in lower case, which kinds of characters it has, and where
//! it stands.
//!
//! # Leniency
//! At the first level of paranoia, text that people write for people is not taken for an attack. A
//! text is talk when four words come before its first special character, or, in a body, when it has
//! several lines or a block of code. Whoever writes an attack can write four words before it; that is
//! what the higher levels are for.

use std::ops::BitOr;

/// Kinds of characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits(u32);

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Body,
    Header,
    Parameter,
    Path,
}

/// A text that is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'t> {
    /// What it says, in lower case.
    pub(super) bytes: &'t [u8],
    pub(super) bits: Bits,
    pub(super) place: Place,
    /// How careful to be, 1 to 4.
    pub(super) paranoia: u8,
}

/// Words before the first special character that make it talk.
const WORDS_OF_TALK: usize = 4;

// === impl Bits ===

impl Bits {
    pub(super) const NONE: Self = Self(0);
    pub(super) const QUOTE: Self = Self(1);
    pub(super) const ANGLE: Self = Self(1 << 1);
    pub(super) const SEMICOLON: Self = Self(1 << 2);
    pub(super) const AMPERSAND: Self = Self(1 << 3);
    pub(super) const PIPE: Self = Self(1 << 4);
    pub(super) const BACKTICK: Self = Self(1 << 5);
    pub(super) const DOLLAR: Self = Self(1 << 6);
    pub(super) const BACKSLASH: Self = Self(1 << 7);
    pub(super) const SLASH: Self = Self(1 << 8);
    pub(super) const PERCENT: Self = Self(1 << 9);
    pub(super) const PARENTHESIS: Self = Self(1 << 10);
    pub(super) const EQUALS: Self = Self(1 << 11);
    pub(super) const COLON: Self = Self(1 << 12);
    pub(super) const SPACE: Self = Self(1 << 13);
    pub(super) const CONTROL: Self = Self(1 << 14);
    pub(super) const HIGH: Self = Self(1 << 15);
    pub(super) const STAR: Self = Self(1 << 16);
    pub(super) const BRACE: Self = Self(1 << 17);
    pub(super) const UNDERSCORE: Self = Self(1 << 18);
    pub(super) const COMMA: Self = Self(1 << 19);
    /// `+ - ^ ~ ! @ # ?` and square brackets.
    pub(super) const OPERATOR: Self = Self(1 << 20);

    /// Bytes that begin what only looks like another character.
    pub(super) const ODD: Self = Self(1 << 21);
    /// Kinds of which one is enough for a text of a body to be looked at.
    pub(super) const LOUD: Self = Self(
        Self::QUOTE.0
            | Self::ANGLE.0
            | Self::SEMICOLON.0
            | Self::AMPERSAND.0
            | Self::PIPE.0
            | Self::BACKTICK.0
            | Self::DOLLAR.0
            | Self::BACKSLASH.0
            | Self::PERCENT.0
            | Self::PARENTHESIS.0
            | Self::EQUALS.0
            | Self::CONTROL.0
            | Self::STAR.0
            | Self::BRACE.0
            | Self::ODD.0,
    );

    /// Characters of which one is in everything that is encoded.
    pub(super) const ENCODING: Self =
        Self(Self::PERCENT.0 | Self::AMPERSAND.0 | Self::BACKSLASH.0 | Self::ODD.0);

    /// The kind of one character.
    pub(super) fn of_byte(byte: u8) -> Self {
        Self(KINDS[usize::from(byte)])
    }

    /// The kinds of all characters of a text.
    pub(super) fn of(text: &[u8]) -> Self {
        Self(
            text.iter()
                .fold(0, |bits, byte| bits | KINDS[usize::from(*byte)]),
        )
    }

    pub(super) const fn any(self, wanted: Self) -> bool {
        self.0 & wanted.0 != 0
    }
}

impl BitOr for Bits {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

static KINDS: [u32; 256] = kinds();

const fn kinds() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'\'' | b'"' => Bits::QUOTE.0,
            b'<' | b'>' => Bits::ANGLE.0,
            b';' => Bits::SEMICOLON.0,
            b'&' => Bits::AMPERSAND.0,
            b'|' => Bits::PIPE.0,
            b'`' => Bits::BACKTICK.0,
            b'$' => Bits::DOLLAR.0,
            b'\\' => Bits::BACKSLASH.0,
            b'/' => Bits::SLASH.0,
            b'%' => Bits::PERCENT.0,
            b'(' | b')' => Bits::PARENTHESIS.0,
            b'=' => Bits::EQUALS.0,
            b':' => Bits::COLON.0,
            b' ' => Bits::SPACE.0,
            0..=0x1f | 0x7f => Bits::CONTROL.0,
            0xc0 | 0xc1 | 0xca | 0xe0 | 0xe2 | 0xef | 0xf8 | 0xfc => Bits::HIGH.0 | Bits::ODD.0,
            0x80..=0xff => Bits::HIGH.0,
            b'*' => Bits::STAR.0,
            b'{' | b'}' => Bits::BRACE.0,
            b'_' => Bits::UNDERSCORE.0,
            b',' => Bits::COMMA.0,
            b'+' | b'-' | b'^' | b'~' | b'!' | b'@' | b'#' | b'?' | b'[' | b']' => Bits::OPERATOR.0,
            _ => 0,
        };
        byte += 1;
    }
    table
}

// === impl Text ===

impl Text<'_> {
    /// Whether the second level of paranoia counts.
    pub(super) fn is_strict(&self) -> bool {
        self.paranoia >= 2
    }

    /// Whether the third level of paranoia counts.
    pub(super) fn is_severe(&self) -> bool {
        self.paranoia >= 3
    }

    /// Whether people talk to people here, and nobody is too careful to believe it.
    pub(super) fn is_talk(&self) -> bool {
        !self.is_strict()
            && (words_before_special(self.bytes) >= WORDS_OF_TALK || self.is_written())
    }

    /// Whether people talk to people up to a place.
    pub(super) fn is_talk_before(&self, at: usize) -> bool {
        !self.is_strict() && words_before_special(&self.bytes[..at]) >= WORDS_OF_TALK
    }

    /// Whether it is a document with lines, or has a block of code.
    pub(super) fn is_written(&self) -> bool {
        self.place == Place::Body
            && !self.is_strict()
            && (has_lines(self.bytes) || self.is_quoting())
    }

    /// Whether code is marked as such, as in Markdown.
    pub(super) fn is_quoting(&self) -> bool {
        if self.place != Place::Body || self.is_strict() || !self.bits.any(Bits::BACKTICK) {
            return false;
        }
        if matches!(self.bytes.first(), Some(b';' | b'|' | b'&')) {
            return false;
        }
        let mut ticks = self.bytes.iter().enumerate().filter(|(_, it)| **it == b'`');
        let first = ticks.next().map_or(0, |(at, _)| at);
        // Markdown stands apart from words; the names of columns do not.
        let before = self.bytes[..first].last();
        let introduced = before.is_some_and(|it| !it.is_ascii_alphanumeric())
            && self.bytes[..first].iter().any(u8::is_ascii_whitespace);
        if !introduced && !self.bytes.starts_with(b"```") {
            return false;
        }
        let last = ticks.next_back().map_or(0, |(at, _)| at);
        let special = self
            .bytes
            .iter()
            .position(|it| matches!(it, b'<' | b';' | b'|' | b'$'));
        // The code stands between them, and is more than one word.
        last > first + 2 && special.is_none_or(|at| first < at && at < last)
    }
}

/// Three lines or more that are not just words of their own.
fn has_lines(text: &[u8]) -> bool {
    let lines = text.split(|it| *it == b'\n');
    let written =
        lines.filter(|line| line.len() >= 8 || line.iter().filter(|it| **it == b' ').count() > 1);
    written.take(3).count() == 3
}

/// Words before the first character that is special to anybody; an apostrophe within a word is not,
/// and `a.b_c` is one word.
fn words_before_special(text: &[u8]) -> usize {
    let (mut words, mut letters, mut high) = (0, 0, 0);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' => letters += 1,
            0x80.. => {
                letters += 1;
                high += 1;
            }
            b'\'' | b'.' | b'_'
                if letters > 0 && text.get(at + 1).is_some_and(u8::is_ascii_lowercase) => {}
            b'\'' | b'"' | b'<' | b'>' | b';' | b'|' | b'&' | b'$' | b'`' | b'{' | b'(' | b'='
            | b'\\' | b'*' | b'#' => break,
            b'/' if letters == 0 => break,
            _ => {
                words += usize::from(letters >= 2 && high < 12);
                // Where words have no spaces between them, four characters are about one.
                words += if high >= 12 { high / 12 } else { 0 };
                (letters, high) = (0, 0);
            }
        }
    }
    words + usize::from(letters >= 2) + high / 12
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_body(bytes: &[u8], paranoia: u8) -> Text<'_> {
        Text {
            bytes,
            bits: Bits::of(bytes),
            place: Place::Body,
            paranoia,
        }
    }

    #[test]
    fn talk() {
        for (text, talk) in [
            ("please look at this: <b>", true),
            ("i don't think it's good; or is it", true),
            ("one two 'or 1=1", false),
            ("' or 1=1 -- and four words more", false),
            ("a b c d e f' or 1", false),
            ("first line\nsecond line\nthird line", true),
            ("x'\nor\n1=1", false),
            ("try `a; b` now", true),
            ("`id`;", false),
            ("如何在页面里使用脚本元素比较好呢 <script>", true),
        ] {
            assert_eq!(in_body(text.as_bytes(), 1).is_talk(), talk, "{text}");
            assert!(!in_body(text.as_bytes(), 2).is_talk(), "{text}");
        }
    }

    #[test]
    fn kinds_of_characters() {
        assert!(Bits::of(b"a'b").any(Bits::QUOTE));
        assert!(!Bits::of(b"abc").any(Bits(u32::MAX)));
        assert!(Bits::of("é".as_bytes()).any(Bits::HIGH));
    }
}
