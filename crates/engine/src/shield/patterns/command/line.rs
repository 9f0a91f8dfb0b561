//! A command line: its programs, and how it differs from a sentence.

use super::names::{Name, is_cmdlet, is_lead, is_pair, name};

/// Whether a command and what may follow one stand here.
pub(super) fn is_command_line(before: &[u8], separator: &[u8], line: &[u8]) -> bool {
    if is_compound(line) || is_cmdlet(line) {
        return true;
    }
    let opened = line.iter().take_while(|it| is_opening(**it)).count();
    let line = &line[opened..];
    let (path, command) = program(line);
    let rest = &line[path + command.len()..];
    let ends = |it: &u8| {
        !it.is_ascii_alphanumeric()
            && !matches!(it, b'_' | b'-' | b'=' | b':' | b'.' | b'[')
            && *it < 0x80
    };
    if !rest.first().is_none_or(ends) {
        return false;
    }
    let named = name(command);
    // A URL with a semicolon in it, as pages refer to each other.
    let refers = before.starts_with(b"http") && before.contains(&b'?') && before.len() <= 1024;
    match named {
        Name::Telling => true,
        Name::Common | Name::Rare if refers && rest.is_empty() => false,
        Name::Common | Name::Rare if opened > 0 => is_apart(before),
        Name::Common | Name::Rare => path > 0 || is_called(before, separator, rest, command),
        Name::Unknown => false,
    }
}

/// `if [ 1 ];then id;fi`: a command of several lines, written in one.
fn is_compound(line: &[u8]) -> bool {
    if line.starts_with(b"for /f ") {
        return true;
    }
    let begins = matches!(word(line), b"if" | b"while" | b"until" | b"for" | b"case");
    let end = line.trim_ascii_end();
    let start = end
        .iter()
        .rposition(|it| !it.is_ascii_alphabetic())
        .map_or(0, |at| at + 1);
    begins && matches!(&end[start..], b"fi" | b"done" | b"esac") && end.contains(&b';')
}

/// What groups or negates commands.
fn is_opening(byte: u8) -> bool {
    matches!(byte, b'(' | b'{' | b'!' | b' ')
}

/// Whether nothing that a sentence begins with stands before a separator.
fn is_apart(before: &[u8]) -> bool {
    let before = before.trim_ascii();
    is_led(before) || before.iter().all(|it| matches!(it, b'"' | b'\''))
}

/// Whether a text begins with a separator of the shell.
fn is_led(before: &[u8]) -> bool {
    matches!(before.first(), Some(b';' | b'&' | b'\n'))
}

/// Whether a word that is also the name of a command is one here, by what stands around it.
fn is_called(before: &[u8], separator: &[u8], rest: &[u8], command: &[u8]) -> bool {
    let spaces = rest.iter().take_while(|it| **it == b' ').count();
    let argument = &rest[spaces..];
    let single = separator == b"&" || separator == b"& ";
    // `&copy 2026` and `&reg;` are characters of HTML.
    let entity = single
        && matches!(command, b"copy" | b"reg")
        && !is_pair(command, argument)
        && !is_file_argument(argument);
    if entity {
        return false;
    }
    // `(Linux; Android 13; CAT Build/5)`: what programs say of themselves has slashes.
    let file = is_file_argument(argument) && !is_open(before);
    if spaces > 0 && (is_pointed(argument) || file || is_pair(command, argument)) {
        return true;
    }
    let ends = argument.is_empty() || is_shell(argument);
    let before = before.trim_ascii();
    let doubled = matches!(separator.trim_ascii(), b"&&" | b"||");
    if is_host(before) {
        return ends || spaces > 0;
    }
    let rare = name(command) == Name::Rare;
    if before.iter().all(|it| matches!(it, b'"' | b'\'')) {
        return leads(separator, rest, rare || is_probe(command));
    }
    if is_led(before) && ends {
        return true;
    }
    let listed = !doubled
        && separator
            .first()
            .is_some_and(|mark| before.contains(mark) || rest.contains(mark));
    let alone = before.len() <= 64 && !before.iter().any(u8::is_ascii_whitespace);
    let glued = separator.last().is_some_and(|it| *it != b' ');
    // Two tools side by side are a list of tools.
    let follows = !listed && alone && glued && name(word(before)) == Name::Unknown;
    if follows && (rare || command == b"echo" && spaces > 0) {
        return true;
    }
    let short = doubled && alone && before.len() <= 4;
    ends && !listed && (short || !ends_in_word(before))
}

/// Whether a parenthesis is open at the end of what stands before.
fn is_open(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(128)..];
    near.iter()
        .rfind(|it| matches!(it, b'(' | b')'))
        .is_some_and(|it| *it == b'(')
}

/// Whether a command at the beginning of a text is one: nobody begins a text with a separator, but
/// for tables, and for lists of what is more.
fn leads(separator: &[u8], rest: &[u8], sure: bool) -> bool {
    let argument = rest.trim_ascii_start();
    let ends = argument.is_empty() || is_shell(argument);
    let doubled = matches!(separator.trim_ascii(), b"&&" | b"||");
    match separator.first() {
        Some(b'|') if !doubled => {
            let table = rest.ends_with(b"|") && rest.len() > 1;
            (ends || sure) && !table && !rest.contains(&b'\n')
        }
        Some(b'&') if !doubled => {
            let redirects = argument.iter().any(|it| matches!(it, b'&' | b';' | b'>'));
            let glued = separator == b"&";
            redirects || ends && (sure || glued)
        }
        _ => true,
    }
}

/// What attackers start to see whether anything starts, and nobody writes behind an ampersand.
fn is_probe(command: &[u8]) -> bool {
    matches!(command, b"id" | b"dir" | b"pwd" | b"ver" | b"env" | b"ps")
}

/// Redirection, `$IFS`, another separator: nobody writes these behind a word of a sentence.
fn is_shell(argument: &[u8]) -> bool {
    matches!(
        argument.first(),
        Some(b'|' | b';' | b'`' | b'>' | b'$' | b'{' | b'#' | b'&')
    ) || argument.first() == Some(&b'<') && !argument.starts_with(b"</")
        || argument.first().is_some_and(|it| *it < b' ')
}

/// What begins like an option, a path or a number.
fn is_pointed(argument: &[u8]) -> bool {
    match argument {
        [b'-', next, ..] => !matches!(next, b' ' | b'>'),
        [b'/' | b'~' | b'.', next, ..] => *next != b' ',
        [b'*' | b'%', ..] => true,
        // Quotes that are closed: `cat 'n' dog` begins with an apostrophe as well, but `'78` does not.
        [quote @ (b'"' | b'\''), rest @ ..] => rest.contains(quote),
        [digit, ..] => digit.is_ascii_digit(),
        [] => false,
    }
}

/// A word that ends the value before the separator: `name|id` is a list of fields.
fn ends_in_word(before: &[u8]) -> bool {
    before
        .last()
        .is_some_and(|it| it.is_ascii_alphabetic() || *it >= 0x80)
}

/// One word that is the name of a machine or of a file: what commands are given.
fn is_host(before: &[u8]) -> bool {
    let inner = before.len().saturating_sub(1);
    before.len() <= 64
        && before
            .iter()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_' | b'@' | b':'))
        && before[..inner].iter().skip(1).any(|it| *it == b'.')
        && before[inner..].iter().all(u8::is_ascii_alphanumeric)
}

/// A name with a slash in it, or a drive.
fn is_file_argument(argument: &[u8]) -> bool {
    let word: &[u8] = argument.split(|it| *it == b' ').next().unwrap_or_default();
    let inner = word.len().saturating_sub(1);
    word[..inner]
        .iter()
        .skip(1)
        .any(|it| matches!(it, b'/' | b'\\'))
        || word.get(1) == Some(&b':')
}

/// `/bin/` and the like, and the name of the program behind it.
pub(super) fn program(line: &[u8]) -> (usize, &[u8]) {
    let mut path = 0;
    let first = line.first().copied();
    if matches!(first, Some(b'/' | b'.' | b'~' | b'\\')) || line.get(1) == Some(&b':') {
        let end = line
            .iter()
            .position(|it| matches!(it, b' ' | b';' | b'|' | b'&'))
            .unwrap_or(line.len());
        path = line[..end]
            .iter()
            .rposition(|it| matches!(it, b'/' | b'\\'))
            .map_or(0, |at| at + 1);
    }
    for _ in 0..3 {
        let lead = word(&line[path..]);
        let next = path + lead.len();
        let pair = line.get(next + 1..).is_some_and(|it| is_pair(lead, it));
        if !is_lead(lead) || line.get(next) != Some(&b' ') || pair {
            break;
        }
        path = next + 1;
    }
    (path, word(&line[path..]))
}

pub(super) fn word(line: &[u8]) -> &[u8] {
    let end = line
        .iter()
        .position(|it| !it.is_ascii_alphanumeric() && *it != b'_');
    &line[..end.unwrap_or(line.len())]
}

/// Whether a text is a command line that somebody shows.
pub(super) fn begins_with_command(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"$ ").unwrap_or(bytes);
    if bytes.starts_with(b"#!/") || bytes.starts_with(b"[ ") || bytes.starts_with(b"[[ ") {
        return true;
    }
    let (path, command) = program(bytes);
    let known = matches!(
        command,
        b"git"
            | b"docker"
            | b"kubectl"
            | b"npm"
            | b"cargo"
            | b"make"
            | b"apt"
            | b"cd"
            | b"mkdir"
            | b"export"
            | b"for"
            | b"if"
            | b"while"
            | b"helm"
            | b"yarn"
            | b"pip"
            | b"brew"
            | b"systemctl"
            | b"ssh"
            | b"sed"
            | b"awk"
            | b"go"
            | b"terraform"
            | b"aws"
    );
    let spaced = matches!(bytes.get(path + command.len()), Some(b' ' | b'-'));
    (known || name(command) != Name::Unknown) && spaced
}
