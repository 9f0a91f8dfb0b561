//! The strings of JSON, one after the other, wherever they stand; no tree is made.
//!
//! A body may be cut off, or be no JSON at all: whatever stands in quotes is looked at.

use super::{Look, text::Bits};
use crate::percent;

/// Looks at every name and every string of a document.
pub(super) fn read(look: &mut Look<'_>, body: &[u8]) {
    let mut name: &[u8] = b"";
    let mut at = 0;
    while let Some(open) = body[at..].iter().position(|it| *it == b'"') {
        let start = at + open + 1;
        let (length, bits) = string(&body[start..]);
        let text = &body[start..start + length];
        at = (start + length + 1).min(body.len());
        let space = body[at..].iter().take_while(|it| it.is_ascii_whitespace());
        if body.get(at + space.count()) == Some(&b':') {
            name = text;
            look.field_name(text, bits);
        } else {
            look.json_text(name, text, bits);
        }
    }
}

/// The length of a string up to its closing quote, and the kinds of its characters.
fn string(text: &[u8]) -> (usize, Bits) {
    let mut bits = Bits::NONE;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return (at, bits),
            b'\\' => {
                bits = bits | Bits::BACKSLASH;
                at += 2;
            }
            _ => {
                bits = bits | Bits::of_byte(byte);
                at += 1;
            }
        }
    }
    (text.len(), bits)
}

/// Undoes the escapes of JSON (RFC 8259, section 7), in lower case.
pub(super) fn unescaped(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte != b'\\' {
            out.push(byte.to_ascii_lowercase());
            at += 1;
            continue;
        }
        let (value, width) = match text.get(at + 1) {
            Some(b'n') => (b'\n', 2),
            Some(b't') => (b'\t', 2),
            Some(b'r') => (b'\r', 2),
            Some(b'b' | b'f') => (b' ', 2),
            Some(b'u') => {
                if let Some(code) = code(text.get(at + 2..at + 6)) {
                    push(code, out);
                    at += 6;
                    continue;
                }
                (b'u', 2)
            }
            Some(other) => (other.to_ascii_lowercase(), 2),
            None => (b'\\', 1),
        };
        out.push(value);
        at += width;
    }
}

fn code(digits: Option<&[u8]>) -> Option<u32> {
    digits?.iter().try_fold(0_u32, |code, digit| {
        Some(code << 4 | u32::from(percent::hex(*digit)?))
    })
}

/// A code as UTF-8; half of a pair becomes a replacement, which no rule looks for.
fn push(code: u32, out: &mut Vec<u8>) {
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    let mut buffer = [0; 4];
    let written = character.to_ascii_lowercase().encode_utf8(&mut buffer);
    out.extend_from_slice(written.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (text, wanted) in [
            (r"A\nb\\c\/\u0027\u00e9", "a\nb\\c/'é"),
            (r"\ud83d\ude00", "\u{fffd}\u{fffd}"),
            (r"\", "\\"),
            (r"\u12", "u12"),
            (r#"\""#, "\""),
        ] {
            let mut out = Vec::new();
            unescaped(text.as_bytes(), &mut out);
            assert_eq!(out, wanted.as_bytes(), "{text}");
        }
    }

    #[test]
    fn strings_end_at_their_quote() {
        for (text, length) in [("a\"b", 1), ("a\\\"b\"", 4), ("abc", 3), ("a\\", 2)] {
            assert_eq!(string(text.as_bytes()).0, length, "{text}");
        }
    }
}
