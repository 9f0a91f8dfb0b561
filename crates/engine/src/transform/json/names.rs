//! What the name of a field means, whatever way it is written.

/// The bytes that a string stands for; `raw` is what was between its quotes, `None` what is no
/// string. Half of a surrogate pair stands for nothing that a policy could name, and becomes bytes
/// that are not UTF-8.
pub(super) fn meant(raw: &[u8], into: &mut Vec<u8>) -> Option<()> {
    into.clear();
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        into.extend_from_slice(&rest[..at]);
        let (&kind, after) = rest[at + 1..].split_first()?;
        rest = after;
        match kind {
            b'"' | b'\\' | b'/' => into.push(kind),
            b'b' => into.push(0x08),
            b'f' => into.push(0x0c),
            b'n' => into.push(b'\n'),
            b'r' => into.push(b'\r'),
            b't' => into.push(b'\t'),
            b'u' => rest = unicode(rest, into)?,
            _ => return None,
        }
    }
    into.extend_from_slice(rest);
    Some(())
}

/// Reads what follows `\u`, and the second half of a pair.
fn unicode<'r>(raw: &'r [u8], into: &mut Vec<u8>) -> Option<&'r [u8]> {
    let (first, rest) = four_digits(raw)?;
    let second = match (first, rest) {
        (0xd800..=0xdbff, [b'\\', b'u', more @ ..]) => four_digits(more),
        _ => None,
    };
    if let Some((second @ 0xdc00..=0xdfff, rest)) = second {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        push(char::from_u32(code), into);
        return Some(rest);
    }
    push(char::from_u32(first), into);
    Some(rest)
}

fn push(meant: Option<char>, into: &mut Vec<u8>) {
    match meant {
        Some(meant) => into.extend_from_slice(meant.encode_utf8(&mut [0; 4]).as_bytes()),
        None => into.push(0xff),
    }
}

fn four_digits(raw: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = raw.split_at_checked(4)?;
    let mut code = 0;
    for digit in digits {
        code = code * 16 + char::from(*digit).to_digit(16)?;
    }
    Some((code, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Option<Vec<u8>> {
        let mut into = b"left over".to_vec();
        meant(raw.as_bytes(), &mut into).map(|()| into)
    }

    #[test]
    fn every_escape_means_what_it_says() {
        let says = |raw, meant: &str| assert_eq!(read(raw).as_deref(), Some(meant.as_bytes()));
        says("name", "name");
        says(r"\u006eame", "name");
        says(r"n\u0061m\u0065", "name");
        says(r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t");
        says(r"\ud83d\ude00!", "\u{1f600}!");
        says(r"\u00E9", "é");
        says("", "");
    }

    #[test]
    fn half_a_pair_is_no_name_and_bad_escapes_are_no_string() {
        for half in [r"\ud83d", r"\ud83dx", r"\ude00", r"\ud83d\u0041"] {
            assert!(String::from_utf8(read(half).unwrap()).is_err(), "{half}");
        }
        for bad in [r"\", r"\x", r"\u12", r"\u12g4", r"\u+123"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
