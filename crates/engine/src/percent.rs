//! Percent-encoding as the path and the query need it (RFC 3986 2.1).

/// The value of two hexadecimal digits after a `%`, `None` when they are not there.
pub(crate) fn pair(bytes: &[u8], at: usize) -> Option<u8> {
    let high = hex(*bytes.get(at + 1)?)?;
    let low = hex(*bytes.get(at + 2)?)?;
    Some(high << 4 | low)
}

/// Whether the encoded byte at `at`, which is `value`, begins UTF-8 that is longer than it has to be
/// (RFC 3629 3): `%C0%AF` for a slash.
pub(crate) fn is_overlong(bytes: &[u8], at: usize, value: u8) -> bool {
    let hidden = match value {
        0xc0 | 0xc1 => 0x80..=0xbf,
        0xe0 => 0x80..=0x9f,
        0xf0 => 0x80..=0x8f,
        _ => return false,
    };
    let next = (bytes.get(at + 3) == Some(&b'%')).then(|| pair(bytes, at + 3));
    next.flatten().is_some_and(|next| hidden.contains(&next))
}

/// The bytes of a query name or value as a form means them: `%XX` decoded, `+` a space.
///
/// A `%` that begins no valid pair stands for itself, because a condition on a query parameter must
/// have an answer for every text.
pub(crate) fn form_decoded(text: &str) -> impl Iterator<Item = u8> + '_ {
    decode(text.as_bytes())
}

fn decode(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *bytes.get(at)?;
        let (value, width) = match byte {
            b'%' => pair(bytes, at).map_or((b'%', 1), |value| (value, 3)),
            b'+' => (b' ', 1),
            other => (other, 1),
        };
        at += width;
        Some(value)
    })
}

/// [`form_decoded`] of any bytes, all at once.
pub(crate) fn decoded_form(bytes: &[u8]) -> Vec<u8> {
    decode(bytes).collect()
}

/// The bytes of a piece of a path: `%XX` decoded, and nothing else.
pub(crate) fn decoded_path(bytes: &[u8]) -> Vec<u8> {
    let mut at = 0;
    let decoded = std::iter::from_fn(|| {
        let byte = *bytes.get(at)?;
        let (value, width) = match byte {
            b'%' => pair(bytes, at).map_or((b'%', 1), |value| (value, 3)),
            other => (other, 1),
        };
        at += width;
        Some(value)
    });
    decoded.collect()
}

/// The value of one hexadecimal digit.
pub(crate) const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, wanted) in [
            ("", ""),
            ("a+b", "a b"),
            ("a%20b", "a b"),
            ("%2B%2b", "++"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%%41", "%A"),
        ] {
            let got: Vec<u8> = form_decoded(text).collect();
            assert_eq!(got, wanted.as_bytes(), "{text}");
        }
    }
}
