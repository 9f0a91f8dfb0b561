//! One text, read in the ways in which an application may read it.
//!
//! An attack is written so that a guard reads something else than the application behind it. So each
//! value is looked at as the application reads it, and again after each further round of decoding
//! that changes it: percent-encoding (also `%u0027`), escapes of scripts (`\u0027`, `\x27`), character
//! references of HTML, UTF-8 that is longer than need be, and full-width forms of ASCII. A round never
//! makes a text longer and there are at most [`MOST_ROUNDS`] of them, so that nothing can be folded
//! up to become large.

use super::search::passed;
use crate::percent;

/// Rounds of decoding after the one that the application does.
pub(super) const MOST_ROUNDS: usize = 2;

/// Whether a round found anything to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    Changed,
    Same,
}

/// Whether character references may become angle brackets.
///
/// `&lt;b&gt;` is how careful people write markup that is to be read, not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brackets {
    Kept,
    Made,
}

/// Percent-decodes once into `out`, in lower case; `plus` is what a `+` stands for.
pub(super) fn percent_decoded(text: &[u8], plus: u8, out: &mut Vec<u8>) {
    out.clear();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let (value, width) = match byte {
            b'%' => percent::pair(text, at).map_or((b'%', 1), |value| (value, 3)),
            b'+' => (plus, 1),
            other => (other, 1),
        };
        out.push(value.to_ascii_lowercase());
        at += width;
    }
}

/// A copy in lower case.
pub(super) fn lowered(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend(text.iter().map(u8::to_ascii_lowercase));
}

/// Decodes whatever is encoded in `text`, which is in lower case, once more into `out`.
pub(super) fn again(text: &[u8], brackets: Brackets, out: &mut Vec<u8>) -> Round {
    out.clear();
    passed(text.len());
    let mut round = Round::Same;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let found = match byte {
            b'%' => percent_escape(text, at),
            b'\\' => script_escape(text, at),
            b'&' => reference(text, at, brackets),
            0xc0 | 0xc1 | 0xe0 | 0xf8 | 0xfc => overlong(text, at),
            0xca | 0xe2 | 0xef => look_alike(text, at),
            _ => None,
        };
        if let Some((value, width)) = found {
            out.push(value.to_ascii_lowercase());
            at += width;
            round = Round::Changed;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    round
}

/// `%27` and `%u0027`.
fn percent_escape(text: &[u8], at: usize) -> Option<(u8, usize)> {
    if text.get(at + 1) == Some(&b'u') {
        return Some((wide(text.get(at + 2..at + 6)?)?, 6));
    }
    percent::pair(text, at).map(|value| (value, 3))
}

/// `\u0027`, `\u{27}`, `\x27` and `\'`.
fn script_escape(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match text.get(at + 1)? {
        quote @ (b'\'' | b'"') => Some((*quote, 2)),
        b'x' => percent::pair(text, at + 1).map(|value| (value, 4)),
        b'u' if text.get(at + 2) == Some(&b'{') => {
            let end = text
                .get(at + 3..)?
                .iter()
                .take(7)
                .position(|it| *it == b'}')?;
            Some((wide(&text[at + 3..at + 3 + end])?, end + 4))
        }
        b'u' => Some((wide(text.get(at + 2..at + 6)?)?, 6)),
        _ => None,
    }
}

/// A character in hexadecimal, if it is ASCII or looks like it.
fn wide(digits: &[u8]) -> Option<u8> {
    if digits.is_empty() {
        return None;
    }
    let code = digits.iter().try_fold(0_u32, |code, digit| {
        Some(code << 4 | u32::from(percent::hex(*digit)?))
    })?;
    narrow(code)
}

/// The ASCII character that a code stands for, or that software is known to make of it.
fn narrow(code: u32) -> Option<u8> {
    match code {
        0..0x80 => u8::try_from(code).ok(),
        0xff01..=0xff5e => u8::try_from(code - 0xff01 + 0x21).ok(),
        0x02bc => Some(b'\''),
        0x2044 | 0x2215 => Some(b'/'),
        0x2216 => Some(b'\\'),
        _ => None,
    }
}

/// `&#39;`, `&#x27;` and the names that attacks are hidden with.
fn reference(text: &[u8], at: usize, brackets: Brackets) -> Option<(u8, usize)> {
    let rest = text.get(at + 1..)?;
    let (value, width) = match rest.first()? {
        b'#' => numeric(rest.get(1..)?).map(|(value, width)| (value, width + 2))?,
        _ => named(rest).map(|(value, width)| (value, width + 1))?,
    };
    let bracket = matches!(value, b'<' | b'>');
    (brackets == Brackets::Made || !bracket).then_some((value, width))
}

/// Digits after `&#`; leading zeros and the missing semicolon are allowed, as browsers allow them.
fn numeric(digits: &[u8]) -> Option<(u8, usize)> {
    let (radix, skip) = match digits.first()? {
        b'x' => (16, 1),
        _ => (10, 0),
    };
    let mut code = 0_u32;
    let mut width = skip;
    while let Some(digit) = digits
        .get(width)
        .and_then(|it| char::from(*it).to_digit(radix))
    {
        if width > 12 {
            return None;
        }
        code = code.saturating_mul(radix).saturating_add(digit);
        width += 1;
    }
    if width == skip {
        return None;
    }
    width += usize::from(digits.get(width) == Some(&b';'));
    Some((narrow(code)?, width))
}

fn named(rest: &[u8]) -> Option<(u8, usize)> {
    const NAMES: [(&[u8], u8); 14] = [
        (b"lt;", b'<'),
        (b"gt;", b'>'),
        (b"quot;", b'"'),
        (b"apos;", b'\''),
        (b"colon;", b':'),
        (b"lpar;", b'('),
        (b"rpar;", b')'),
        (b"sol;", b'/'),
        (b"bsol;", b'\\'),
        (b"tab;", b'\t'),
        (b"newline;", b'\n'),
        (b"period;", b'.'),
        (b"grave;", b'`'),
        (b"amp;", b'&'),
    ];
    let known = NAMES.iter().find(|(name, _)| rest.starts_with(name));
    known.map(|(name, value)| (*value, name.len()))
}

/// ASCII in more bytes of UTF-8 than one, which no decoder may accept and some do.
fn overlong(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let lead = *text.get(at)?;
    let second = *text.get(at + 1)?;
    if lead >= 0xf8 {
        let width = if lead == 0xf8 { 5 } else { 6 };
        let (last, padding) = text.get(at + 1..at + width)?.split_last()?;
        let (high, padding) = padding.split_last()?;
        let fits = padding.iter().all(|it| *it == 0x80) && high & 0xfe == 0x80;
        return (fits && last & 0xc0 == 0x80).then_some(((high & 1) << 6 | last & 0x3f, width));
    }
    if lead == 0xe0 {
        let third = *text.get(at + 2)?;
        let code = u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
        let fits = (0x80..0xa0).contains(&second) && third & 0xc0 == 0x80 && code < 0x80;
        return fits.then_some((u8::try_from(code).ok()?, 3));
    }
    // Sloppy decoders take whatever comes second: `%c0%2f` is a slash to them.
    let value = (lead & 1) << 6 | second & 0x3f;
    Some((value, 2))
}

/// Full-width ASCII, and what else becomes ASCII on its way into a database or a file system.
fn look_alike(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let lead = *text.get(at)?;
    let second = u32::from(*text.get(at + 1)?);
    if lead == 0xca {
        return (second == 0xbc).then_some((b'\'', 2));
    }
    let third = u32::from(*text.get(at + 2)?);
    if second & 0xc0 != 0x80 || third & 0xc0 != 0x80 {
        return None;
    }
    let code = u32::from(lead & 0x0f) << 12 | (second & 0x3f) << 6 | third & 0x3f;
    Some((narrow(code)?, 3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn once_more(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let _ = again(text, Brackets::Kept, &mut out);
        out
    }

    #[test]
    fn what_attacks_are_hidden_with_is_decoded() {
        for (hidden, plain) in [
            (b"%27or".as_slice(), b"'or".as_slice()),
            (b"%u0027 %uff07", b"' '"),
            (b"\\u003cscript", b"<script"),
            (b"\\u{3c}b \\x3cb", b"<b <b"),
            (b"java&#115;cript&#x3a;&colon;", b"javascript::"),
            (b"&#0000039;&#39 x", b"'' x"),
            (b"\xc0\xae\xc0\xae\xc0\xaf", b"../"),
            (b"\xe0\x80\xaf", b"/"),
            (b"\xf8\x80\x80\x80\xaf", b"/"),
            (b"\xfc\x80\x80\x80\x81\xa1", b"a"),
            (b"\xef\xbc\x9cscript\xef\xbc\x9e", b"<script>"),
            (b"\xe2\x88\x95etc", b"/etc"),
        ] {
            assert_eq!(once_more(hidden), plain, "{}", hidden.escape_ascii());
        }
    }

    #[test]
    fn what_is_none_of_these_stays() {
        for text in [
            b"100% %zz %u00 %".as_slice(),
            b"\\users \\x \\u{} \\",
            b"a & b &copy; &# &#; &#x; &lt;b&gt;",
            "5 € \u{2019}s 你好 ünï".as_bytes(),
        ] {
            assert_eq!(once_more(text), text);
        }
        let mut out = Vec::new();
        assert_eq!(again(b"&lt;b", Brackets::Made, &mut out), Round::Changed);
        assert_eq!(out, b"<b");
    }

    #[test]
    fn forms_are_decoded_once() {
        let mut out = Vec::new();
        percent_decoded(b"A+B%2527%", b' ', &mut out);
        assert_eq!(out, b"a b%27%");
    }

    proptest! {
        #[test]
        fn a_round_never_makes_longer(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut out = Vec::new();
            let round = again(&text, Brackets::Made, &mut out);
            prop_assert!(out.len() <= text.len());
            prop_assert_eq!(round == Round::Same, out == text);
        }
    }
}
