//! Commands that are written so that nobody sees them: `c'a't`, `w\ho\am\i`, `ca$@t`, `/???/c?t`.
//!
//! A shell drops quotes, backslashes and expansions that are empty. So they are dropped here as well,
//! and what is left is looked up.

use super::{
    line::{program, word},
    names::{Name, name},
};

/// Bytes of a name that are looked at.
const LONGEST: usize = 64;

/// A command that nobody writes by accident; `before` is the text in front of it.
pub(super) fn is_hidden_command(before: &[u8], line: &[u8]) -> bool {
    if line.starts_with(b"{") {
        let listed = word(&line[1..]);
        return name(listed) != Name::Unknown && line.get(1 + listed.len()) == Some(&b',');
    }
    is_expanded(before, line) || is_wild(line) || is_broken(line)
}

/// `$0`, `${PATH:0:1}bin`, `$a` behind `a=id`: an expansion in place of a command.
fn is_expanded(before: &[u8], line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"$") else {
        return false;
    };
    if let Some(rest) = rest.strip_prefix(b"{") {
        let name = word(rest);
        let cut = rest.get(name.len()) == Some(&b':')
            && rest.get(name.len() + 1).is_some_and(u8::is_ascii_digit);
        return !name.is_empty() && cut;
    }
    let name = word(rest);
    let ends = rest
        .get(name.len())
        .is_none_or(|it| matches!(it, b' ' | b'<' | b'$' | b'|' | b';' | b'&' | b'\n'));
    if !ends || name.is_empty() {
        return false;
    }
    let near = &before[before.len().saturating_sub(LONGEST)..];
    let assigned = near
        .windows(name.len() + 1)
        .any(|it| it.starts_with(name) && it.ends_with(b"="));
    matches!(name, b"0" | b"shell") || assigned
}

/// `/bin/c?t`, `/???/c?t`, `/bi[n]/ls`.
fn is_wild(line: &[u8]) -> bool {
    let name_of = first(line);
    let is_wild = |it: &u8| matches!(it, b'?' | b'*' | b'[');
    let slash = name_of.iter().rposition(|it| *it == b'/').unwrap_or(0);
    let folder = &name_of[..slash];
    folder.iter().any(is_wild) && name_of.starts_with(b"/")
        || folder.ends_with(b"/bin") && name_of.iter().any(is_wild)
}

/// Whether a name is another one once the shell has read it, and that is a command.
fn is_broken(line: &[u8]) -> bool {
    let begins = |it: &u8| it.is_ascii_alphabetic() || matches!(it, b'/' | b'\\' | b'$');
    if !line.first().is_some_and(begins) {
        return false;
    }
    let mut plain = [0_u8; LONGEST];
    let (mut length, mut at, mut dropped, mut inner) = (0, 0, 0, 0);
    while let Some(byte) = line.get(at)
        && length < LONGEST
        && at < 2 * LONGEST
    {
        let width = dropped_at(&line[at..]);
        if width > 0 {
            at += width;
            dropped += 1;
            continue;
        }
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'-' | b'.')) {
            break;
        }
        if dropped > 0 && length > 0 {
            inner = dropped;
        }
        plain[length] = *byte;
        length += 1;
        at += 1;
    }
    let spread = line[at..].starts_with(b"${ifs") || line[at..].starts_with(b"$ifs");
    let (path, command) = program(&plain[..length]);
    let whole = path + command.len() == length;
    // Only a quote or an expansion with more of the name behind it hides something.
    let hides = inner > 0 || spread || line.starts_with(b"\\") && dropped > 0;
    length > 1 && whole && hides && name(command) != Name::Unknown
}

/// How much of a text a shell drops from the middle of a word.
fn dropped_at(text: &[u8]) -> usize {
    match text {
        [b'\'' | b'"' | b'\\' | b'^', ..] => 1,
        [b'`', b'`', ..] => 2,
        [b'$', b'@' | b'*' | b'0'..=b'9', ..] => 2,
        [b'$', b'(', b')', ..] => 3,
        [b'$', b'{', rest @ ..] if !rest.starts_with(b"ifs") => {
            let name = word(rest).len();
            match rest.get(name) {
                Some(b'}') => name + 3,
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// Up to what ends the name of a command.
fn first(line: &[u8]) -> &[u8] {
    let line = &line[..line.len().min(LONGEST)];
    let end = line.iter().position(|it| {
        matches!(
            it,
            b' ' | b';' | b'|' | b'&' | b'$' | b'<' | b'\t' | b')' | b'`'
        )
    });
    &line[..end.unwrap_or(line.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_hidden() {
        for line in [
            "c'a't /etc/passwd",
            "w\\ho\\am\\i",
            "\\c\\a\\t x",
            "/b'i'n/c'a't x",
            "who^ami",
            "ca$@t x",
            "p$1i$2ng x",
            "ca${x}t x",
            "who``ami",
            "cat${ifs}/x",
            "cat$ifs$9/x",
            "{cat,/etc/passwd}",
            "/???/c?t x",
            "/bin/c?? x",
            "$0<<<id",
            "${path:0:1}bin",
        ] {
            assert!(is_hidden_command(b"", line.as_bytes()), "{line}");
        }
        assert!(is_hidden_command(b";a=id;", b"$a"));
    }

    #[test]
    fn what_is_written_openly() {
        for line in [
            "",
            "cat x",
            "cat's toy",
            "id'",
            "'id'",
            "\"id\"",
            "rock'n'roll",
            "{a,b}",
            "$5",
            "$a",
            "a?b",
            "what?",
            "id\") { x",
            "user\\name",
            "l'id",
            "$x;",
        ] {
            assert!(!is_hidden_command(b"", line.as_bytes()), "{line}");
        }
    }
}
