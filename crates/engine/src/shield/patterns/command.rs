//! Command injection: does a value, put into a command line, end there and start another command?
//!
//! A separator alone tells nothing ("salt & pepper"), nor does the name of a command ("cat food"). A
//! separator, a command and what a command may be followed by do. A text that begins with a command
//! is a command line somebody shows, unless it reads a sensitive file or starts a shell.

mod language;
mod line;
mod names;
mod plain;

use self::{
    language::{calls, is_include, lookups, template},
    line::{begins_with_command, is_command_line, program, word},
    names::{Name, name},
    plain::is_hidden_command,
};
use super::{
    rules::{Sign, Signs},
    search::{find, words_of},
    text::{Bits, Place, Text},
};

/// Bytes of a command line that are looked at.
const WINDOW: usize = 256;

/// What starts a shell, or hands something to one.
const SHELLS: [&[u8]; 24] = [
    b"/bin/sh",
    b"/bin/bash",
    b"/dev/tcp/",
    b"/dev/udp/",
    b"cmd.exe",
    b"cmd /c",
    b"powershell -",
    b"powershell.exe",
    b"nc -e",
    b"ncat -e",
    b"bash -i",
    b"bash -c",
    b"sh -c",
    b"sh -i",
    b"python -c",
    b"python3 -c",
    b"perl -e",
    b"php -r",
    b"ruby -e",
    b"| sh",
    b"|sh",
    b"| bash",
    b"|bash",
    b"%comspec%",
];

/// Looks for signs in a text.
pub(super) fn look(text: &Text<'_>, signs: &mut Signs) {
    let bits = text.bits;
    let mut found = Signs::NONE;
    let meta = Bits::SEMICOLON | Bits::PIPE | Bits::AMPERSAND | Bits::CONTROL;
    if bits.any(meta) {
        separated(text, &mut found);
    }
    if text.bytes.starts_with(b"{") && is_hidden_command(b"", text.bytes) {
        found.add(Sign::CommandHidden);
    }
    if bits.any(Bits::BACKTICK | Bits::DOLLAR) {
        substituted(text, &mut found);
    }
    if bits.any(Bits::SLASH | Bits::SPACE | Bits::PARENTHESIS) {
        shells(text, &mut found);
    }
    if bits.any(Bits::PARENTHESIS) {
        calls(text, &mut found);
    }
    let command = text.place == Place::Body && begins_with_command(text.bytes);
    let shown = text.is_talk() || command && !connects(text.bytes);
    if shown && !found.is_empty() {
        found = Signs::NONE;
        found.add(Sign::CommandInText);
    }
    signs.merge(found);
    if bits.any(Bits::DOLLAR) {
        lookups(text, signs);
    }
    if bits.any(Bits::ANGLE)
        && find(text.bytes, b"<!--#").is_some_and(|at| is_include(&text.bytes[at..]))
    {
        signs.add(Sign::CommandInclude);
    }
    weak(text, signs);
}

/// Commands behind separators.
fn separated(text: &Text<'_>, found: &mut Signs) {
    let bytes = text.bytes;
    let spaces = bytes.iter().take_while(|it| it.is_ascii_whitespace());
    let start = spaces.count();
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|it| is_separator(*it)) {
        let place = at + next;
        let run = bytes[place..]
            .iter()
            .take_while(|it| is_separator(**it) || **it == b' ')
            .count();
        at = place + run;
        let separator = &bytes[place..at];
        let before = &bytes[start.min(place)..place];
        let line = &bytes[at..bytes.len().min(at + WINDOW)];
        if separator
            .iter()
            .all(|it| matches!(it, b'\n' | b'\r' | b'\t' | b' '))
            && text.place == Place::Body
            && !is_second_line(before, line)
        {
            continue;
        }
        if is_command_line(before, separator, line) {
            found.add(Sign::CommandAfter);
        } else if is_hidden_command(before, line) {
            found.add(Sign::CommandHidden);
        }
        if text.is_severe() && name(word(line)) != Name::Unknown {
            found.add(Sign::CommandWord);
        }
    }
}

/// Whether a value of one line, such as the name of a machine, ends here and a last line follows.
fn is_second_line(before: &[u8], line: &[u8]) -> bool {
    let value = |it: &u8| {
        it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_' | b'@' | b'"' | b'\'')
    };
    let line = line.trim_ascii_end();
    before.len() <= 64 && before.iter().all(value) && !line.contains(&b'\n')
}

fn is_separator(byte: u8) -> bool {
    matches!(
        byte,
        b';' | b'|' | b'&' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c
    )
}

/// Commands inside `$( )` and backticks.
fn substituted(text: &Text<'_>, found: &mut Signs) {
    let bytes = text.bytes;
    let mut from = 0;
    while let Some(at) = find(&bytes[from..], b"$(") {
        let inside = &bytes[from + at + 2..];
        from += at + 2;
        let skip = inside.iter().take_while(|it| **it == b' ').count();
        let line = &inside[skip..inside.len().min(skip + WINDOW)];
        let (path, command) = program(line);
        let rest = &line[path + command.len()..];
        let ends = rest.iter().take_while(|it| **it == b' ').count();
        let closed = matches!(rest.get(ends), Some(b')' | b'|' | b';'));
        let redirects = rest.starts_with(b"<<");
        match name(command) {
            Name::Telling => found.add(Sign::CommandSubstituted),
            Name::Common | Name::Rare if is_idiom(command, rest) => {}
            Name::Common | Name::Rare if closed || path > 0 || ends > 0 || redirects => {
                found.add(Sign::CommandSubstituted);
            }
            _ if line.starts_with(b"<") || is_hidden_command(b"", line) => {
                found.add(Sign::CommandSubstituted);
            }
            _ => {}
        }
    }
    backticks(text, found);
}

/// `$(pwd)/x` of build files, and `$(id).show()` of scripts.
fn is_idiom(command: &[u8], rest: &[u8]) -> bool {
    match rest {
        [b')', b'/', ..] => command == b"pwd",
        [b')', b'.', call @ ..] => {
            let called = word(call);
            !called.is_empty() && call.get(called.len()) == Some(&b'(')
        }
        _ => false,
    }
}

fn backticks(text: &Text<'_>, found: &mut Signs) {
    let bytes = text.bytes;
    let mut parts = bytes.split(|it| *it == b'`');
    let before = parts.next().unwrap_or_default();
    let (Some(inside), Some(after)) = (parts.next(), parts.next()) else {
        return;
    };
    let inside = &inside[..inside.len().min(WINDOW)];
    let (path, command) = program(inside);
    let rest = &inside[(path + command.len()).min(inside.len())..];
    // `id` in a sentence or in SQL is a name; the whole of a value, or the end of one, is not.
    let last = parts.next().is_none();
    let quoted = after.iter().all(|it| matches!(it, b'"' | b'\''));
    let called = match (before, after) {
        ([.., letter, b'('], [b')', ..]) => letter.is_ascii_alphabetic() && !before.contains(&b' '),
        (_, [b'?', b'>', ..] | [b' ', b'%', b'>', ..]) => true,
        _ => false,
    };
    let glued = last && (!before.contains(&b' ') && quoted || called);
    // `a.`whoami`.example`: what it says becomes a part of a name.
    let joined = last && !before.contains(&b' ') && !after.contains(&b' ');
    let runs = match name(command) {
        Name::Telling => glued || joined || rest.first() == Some(&b' '),
        Name::Common | Name::Rare => {
            glued && matches!(rest.first(), None | Some(b' ' | b'<')) || path > 0
        }
        Name::Unknown => false,
    };
    if runs || glued && is_hidden_command(b"", inside) {
        found.add(Sign::CommandSubstituted);
    }
}

/// Shells that are started, and sensitive files that are read.
fn shells(text: &Text<'_>, found: &mut Signs) {
    let bytes = text.bytes;
    if text.place == Place::Header && is_function(bytes) {
        found.add(Sign::CommandFunction);
    }
    if !words_of(bytes).any(is_of_shell) {
        return;
    }
    let started = SHELLS.iter().any(|it| {
        find(bytes, it).is_some_and(|at| {
            let end = bytes.get(at + it.len());
            !end.is_some_and(u8::is_ascii_alphanumeric) || it.ends_with(b"/")
        })
    });
    // The name of a shell may be somebody's setting.
    let mentioned = text.place != Place::Header && is_mentioned(bytes);
    if started
        && !mentioned
        && text.place != Place::Path
        && (text.place != Place::Body || !begins_with_command(bytes) || connects(bytes))
    {
        found.add(Sign::CommandShell);
    }
    let reads = [
        b"cat ".as_slice(),
        b"type ",
        b"head ",
        b"tail ",
        b"more ",
        b"less ",
        b"tac ",
        b"nl ",
    ];
    let read = reads.iter().any(|it| {
        bytes
            .strip_prefix(*it)
            .is_some_and(|rest| rest.starts_with(b"/etc/") || rest.starts_with(b"/proc/"))
    });
    if read && text.place != Place::Body {
        found.add(Sign::CommandShell);
    }
}

/// Whether a shell is connected to another machine.
fn connects(bytes: &[u8]) -> bool {
    [b"/dev/tcp/".as_slice(), b"/dev/udp/", b"-e /bin/", b"-e sh"]
        .iter()
        .any(|it| find(bytes, it).is_some())
}

/// Whether the path of a shell is a whole value, or stands in quotes.
fn is_mentioned(bytes: &[u8]) -> bool {
    let shells = [b"/bin/sh".as_slice(), b"/bin/bash"];
    let Some((at, shell)) = shells
        .iter()
        .find_map(|it| find(bytes, it).map(|at| (at, it)))
    else {
        return false;
    };
    let behind = bytes.get(at + shell.len());
    let before = &bytes[..at];
    let before = before.strip_suffix(b"/usr").unwrap_or(before);
    match (before.last(), behind) {
        (_, None) => bytes[..at]
            .iter()
            .all(|it| *it == b'/' || it.is_ascii_alphanumeric()),
        (Some(open @ (b'"' | b'\'')), Some(close)) => open == close,
        _ => false,
    }
}

/// A word of which one is in each line that starts a shell or reads a sensitive file.
fn is_of_shell(word: &[u8]) -> bool {
    matches!(
        word,
        b"sh"
            | b"bash"
            | b"dev"
            | b"cmd"
            | b"powershell"
            | b"nc"
            | b"ncat"
            | b"python"
            | b"python3"
            | b"perl"
            | b"php"
            | b"ruby"
            | b"comspec"
            | b"etc"
            | b"proc"
    )
}

/// `() { :;};`
fn is_function(bytes: &[u8]) -> bool {
    let rest = bytes
        .strip_prefix(b"()")
        .or_else(|| find(bytes, b"() {").map(|at| &bytes[at + 2..]));
    rest.is_some_and(|rest| {
        let skip = rest.iter().take_while(|it| **it == b' ').count();
        rest.get(skip) == Some(&b'{')
    })
}

fn weak(text: &Text<'_>, signs: &mut Signs) {
    if !text.is_strict() {
        return;
    }
    if let Some(at) = find(text.bytes, b"{{") {
        template(&text.bytes[at + 2..], signs);
    }
    if text.is_severe() {
        let meta = Bits::SEMICOLON | Bits::PIPE | Bits::AMPERSAND | Bits::BACKTICK | Bits::DOLLAR;
        if text.bits.any(meta) {
            signs.add(Sign::CommandCharacters);
            if words_of(text.bytes).any(|it| name(it) != Name::Unknown) {
                signs.add(Sign::CommandWord);
            }
        }
    }
}
