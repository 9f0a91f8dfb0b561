//! Command injection: does a value, put into a command line, end there and start another command?
//!
//! A separator alone tells nothing ("salt & pepper"), nor does the name of a command ("cat food"). A
//! separator, a command and what a command may be followed by do. A text that begins with a command
//! is a command line somebody shows, unless it reads a sensitive file or starts a shell.

use super::{
    rules::{Sign, Signs},
    sql::words_of,
    text::{Bits, Place, Text},
    xss::find,
};

/// How sure the name of a command makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    /// It is also a word of a language, or the name of a field.
    Common,
    /// It is only ever a command.
    Telling,
    Unknown,
}

/// Bytes of a command line that are looked at.
const WINDOW: usize = 256;

/// Looks for signs in a text.
pub(super) fn look(text: &Text<'_>, signs: &mut Signs) {
    let bits = text.bits;
    let mut found = Signs::NONE;
    let meta = Bits::SEMICOLON | Bits::PIPE | Bits::AMPERSAND | Bits::CONTROL;
    if bits.any(meta) {
        separated(text, &mut found);
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
    let shown = text.is_talk() || text.place == Place::Body && begins_with_command(text.bytes);
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
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|it| is_separator(*it)) {
        let place = at + next;
        let run = bytes[place..]
            .iter()
            .take_while(|it| is_separator(**it) || **it == b' ')
            .count();
        at = place + run;
        let separator = &bytes[place..at];
        let line = &bytes[at..bytes.len().min(at + WINDOW)];
        if separator
            .iter()
            .all(|it| matches!(it, b'\n' | b'\r' | b'\t' | b' '))
            && text.place == Place::Body
        {
            continue;
        }
        if is_command_line(&bytes[..place], separator, line) {
            found.add(Sign::CommandAfter);
        } else if is_hidden_command(line) {
            found.add(Sign::CommandHidden);
        }
        if text.is_severe() && name(word(line)) != Name::Unknown {
            found.add(Sign::CommandWord);
        }
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(
        byte,
        b';' | b'|' | b'&' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c
    )
}

/// Whether a command and what may follow one stand here.
fn is_command_line(before: &[u8], separator: &[u8], line: &[u8]) -> bool {
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
    match name(command) {
        Name::Telling => true,
        Name::Common => path > 0 || is_called(before, separator, rest),
        Name::Unknown => false,
    }
}

/// Whether a word that is also the name of a command is one here, by what stands around it.
fn is_called(before: &[u8], separator: &[u8], rest: &[u8]) -> bool {
    let spaces = rest.iter().take_while(|it| **it == b' ').count();
    let argument = &rest[spaces..];
    if spaces > 0 && (is_pointed(argument) || is_file_argument(argument)) {
        return true;
    }
    // Redirection, `$IFS`, another separator: nobody writes these behind a word of a sentence.
    let shell = matches!(
        argument.first(),
        Some(b'|' | b';' | b'`' | b'>' | b'$' | b'{' | b'#' | b'&')
    ) || argument.first() == Some(&b'<') && !argument.starts_with(b"</")
        || argument.first().is_some_and(|it| *it < b' ');
    let ends = argument.is_empty() || shell;
    let before = before.trim_ascii();
    let doubled = matches!(separator.trim_ascii(), b"&&" | b"||");
    if is_host(before) {
        return ends || spaces > 0;
    }
    if before.iter().all(|it| matches!(it, b'"' | b'\'')) {
        // Nobody begins a text with a separator, but for tables, and for lists of what is more.
        let redirects = argument.iter().any(|it| matches!(it, b'&' | b';' | b'>'));
        return match separator.first() {
            Some(b'|') if !doubled => ends && !rest.ends_with(b" |") && !rest.contains(&b'\n'),
            Some(b'&') if !doubled => redirects,
            _ => true,
        };
    }
    let listed = !doubled
        && separator
            .first()
            .is_some_and(|mark| before.contains(mark) || rest.contains(mark));
    ends && !listed && (doubled || !ends_in_word(before))
}

/// What begins like an option, a path or a number.
fn is_pointed(argument: &[u8]) -> bool {
    match argument {
        [b'-', next, ..] => !matches!(next, b' ' | b'>'),
        [b'/' | b'~' | b'.', next, ..] => *next != b' ',
        [b'*' | b'%' | b'"' | b'\'', ..] => true,
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
fn program(line: &[u8]) -> (usize, &[u8]) {
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
    for lead in [
        b"sudo ".as_slice(),
        b"exec ",
        b"nohup ",
        b"env ",
        b"time ",
        b"busybox ",
        b"start ",
    ] {
        if line[path..].starts_with(lead) {
            path += lead.len();
        }
    }
    (path, word(&line[path..]))
}

fn word(line: &[u8]) -> &[u8] {
    let end = line
        .iter()
        .position(|it| !it.is_ascii_alphanumeric() && *it != b'_');
    &line[..end.unwrap_or(line.len())]
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
        match name(command) {
            Name::Telling => found.add(Sign::CommandSubstituted),
            Name::Common if closed || path > 0 || ends > 0 => found.add(Sign::CommandSubstituted),
            _ if line.starts_with(b"<") || is_hidden_command(line) => {
                found.add(Sign::CommandSubstituted);
            }
            _ => {}
        }
    }
    backticks(text, found);
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
    let glued = !before.contains(&b' ') && after.is_empty() && parts.next().is_none();
    let runs = match name(command) {
        Name::Telling => glued || rest.first() == Some(&b' '),
        Name::Common => glued && (rest.is_empty() || rest.first() == Some(&b' ')) || path > 0,
        Name::Unknown => glued && is_hidden_command(inside),
    };
    if runs {
        found.add(Sign::CommandSubstituted);
    }
}

/// Shells that are started, and sensitive files that are read.
fn shells(text: &Text<'_>, found: &mut Signs) {
    let bytes = text.bytes;
    if text.place == Place::Header && is_function(bytes) {
        found.add(Sign::CommandFunction);
    }
    let shell = [
        b"/bin/sh".as_slice(),
        b"/bin/bash",
        b"/dev/tcp/",
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
    let started = shell.iter().any(|it| {
        find(bytes, it).is_some_and(|at| {
            let end = bytes.get(at + it.len());
            !end.is_some_and(u8::is_ascii_alphanumeric) || it.ends_with(b"/")
        })
    });
    if started
        && text.place != Place::Path
        && (text.place != Place::Body || !begins_with_command(bytes))
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

/// Calls in programming languages that start programs.
fn calls(text: &Text<'_>, found: &mut Signs) {
    let bytes = text.bytes;
    let telling = [
        b"getruntime().exec".as_slice(),
        b"__import__(",
        b"child_process",
        b"eval(base64_decode",
        b"phpinfo()",
        b"os.system(",
        b"os.popen(",
        b"processbuilder(",
        b"shell_exec(",
        b"passthru(",
        b"subprocess.",
        b"allow_url_include",
        b"@java.lang",
        b"t(java.lang",
        b"freemarker.template",
        b"<?php",
    ];
    if text.place == Place::Body && !text.is_strict() {
        // Programs are posted as text; a value that breaks out is short and begins with it.
        if bytes.len() > 200 || is_program(bytes) {
            return;
        }
    }
    if telling.iter().any(|it| find(bytes, it).is_some()) {
        found.add(Sign::CommandCode);
        return;
    }
    for call in [b"system(".as_slice(), b"exec(", b"popen(", b"proc_open("] {
        let Some(at) = find(bytes, call) else {
            continue;
        };
        let argument = &bytes[at + call.len()..];
        let skip = argument
            .iter()
            .take_while(|it| matches!(it, b'\'' | b'"' | b' '))
            .count();
        let begins = at == 0 || !bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'.';
        let (_, command) = program(&argument[skip..]);
        if begins && skip > 0 && name(command) != Name::Unknown {
            found.add(Sign::CommandCode);
        }
    }
}

/// A program that somebody shows: it begins as one.
fn is_program(bytes: &[u8]) -> bool {
    matches!(
        word(bytes),
        b"import"
            | b"from"
            | b"const"
            | b"let"
            | b"var"
            | b"def"
            | b"function"
            | b"use"
            | b"public"
            | b"private"
            | b"class"
    )
}

/// `${jndi:`, however it is put together.
fn lookups(text: &Text<'_>, signs: &mut Signs) {
    let bytes = text.bytes;
    let Some(at) = find(bytes, b"${") else {
        return;
    };
    let rest = &bytes[at + 2..];
    let rest = &rest[..rest.len().min(2 * WINDOW)];
    if is_jndi(rest) {
        signs.add(Sign::CommandLookup);
    }
    if text.is_strict() {
        template(rest, signs);
    }
}

/// Takes away what lookups are hidden with (`${lower:j}`, `${::-j}`, `${env:x:-j}`), and looks again.
fn is_jndi(rest: &[u8]) -> bool {
    let mut plain = [0_u8; 2 * WINDOW];
    let mut length = 0;
    let mut at = 0;
    while at < rest.len() {
        let left = &rest[at..];
        if left.starts_with(b"${") {
            // Up to the last colon of what is nested: what is behind it is what it becomes.
            let end = left.iter().position(|it| *it == b'}').unwrap_or(left.len());
            let nested = &left[2..end.max(2)];
            let hides = nested.iter().rposition(|it| *it == b':');
            let value = hides.map_or(2, |colon| 2 + colon + 1);
            let dash = left.get(value) == Some(&b'-');
            at += value + usize::from(dash);
            continue;
        }
        if left[0] != b'}' && left[0] > b' ' {
            plain[length] = left[0];
            length += 1;
        }
        at += 1;
    }
    let plain = &plain[..length];
    plain.starts_with(b"jndi:")
        || find(plain, b"jndi:ldap").is_some()
        || find(plain, b"jndi:rmi").is_some()
        || find(plain, b"jndi:dns").is_some()
        || find(plain, b"jndi:iiop").is_some()
}

/// `7*7` and walks through classes inside a template expression.
fn template(inside: &[u8], signs: &mut Signs) {
    let inside = &inside[..inside
        .iter()
        .position(|it| *it == b'}')
        .unwrap_or(inside.len())];
    let calculates = inside
        .iter()
        .all(|it| it.is_ascii_digit() || matches!(it, b'*' | b'+' | b'-' | b'\'' | b' '))
        && inside.iter().any(|it| matches!(it, b'*' | b'+'));
    let walks = find(inside, b"__class__").is_some()
        || find(inside, b".getclass(").is_some()
        || find(inside, b"config").is_some() && inside.len() <= 16;
    if calculates || walks {
        signs.add(Sign::CommandTemplate);
    }
}

fn is_include(text: &[u8]) -> bool {
    [
        b"exec".as_slice(),
        b"include",
        b"echo",
        b"config",
        b"printenv",
    ]
    .iter()
    .any(|it| text[5..].starts_with(it))
}

/// A command that nobody writes by accident: quotes, backslashes or wildcards within its name.
fn is_hidden_command(line: &[u8]) -> bool {
    let end = line.iter().position(|it| {
        matches!(
            it,
            b' ' | b';' | b'|' | b'&' | b'$' | b'<' | b'\t' | b')' | b'`'
        )
    });
    let name_of = &line[..end.unwrap_or(line.len())];
    if line.starts_with(b"{") {
        let listed = word(&line[1..]);
        return name(listed) != Name::Unknown && line.get(1 + listed.len()) == Some(&b',');
    }
    if name_of.len() > 48 {
        return false;
    }
    let slash = name_of.iter().rposition(|it| *it == b'/').unwrap_or(0);
    let folder = &name_of[..slash];
    let is_wild = |it: &u8| matches!(it, b'?' | b'*');
    let wild = folder.iter().any(is_wild) && name_of.starts_with(b"/")
        || folder.ends_with(b"/bin") && name_of.iter().any(is_wild);
    let mut plain = [0_u8; 48];
    let mut length = 0;
    let mut at = 0;
    while at < name_of.len() {
        match name_of[at] {
            b'\'' | b'"' | b'\\' => {}
            other => {
                plain[length] = other;
                length += 1;
            }
        }
        at += 1;
    }
    let quoted = length > 1 && length < name_of.len() && {
        let (_, command) = program(&plain[..length]);
        command.len() == length
            && name(command) != Name::Unknown
            && name_of.first().is_some_and(u8::is_ascii_alphabetic)
    };
    // w$@hoami, c${x}at
    let rest = &line[name_of.len()..];
    let split = rest.starts_with(b"$@")
        || rest.starts_with(b"${ifs}")
        || rest.starts_with(b"$ifs")
        || rest.starts_with(b"$u");
    wild || quoted || split && !name_of.is_empty()
}

/// Whether a text is a command line that somebody shows.
fn begins_with_command(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"$ ").unwrap_or(bytes);
    if bytes.starts_with(b"#!/") {
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

/// What the name of a command is.
fn name(word: &[u8]) -> Name {
    match word {
        b"whoami" | b"uname" | b"ifconfig" | b"ipconfig" | b"nslookup" | b"systeminfo"
        | b"tasklist" | b"mkfifo" | b"certutil" | b"mshta" | b"regsvr32" | b"bitsadmin"
        | b"rundll32" | b"lsb_release" | b"wmic" => Name::Telling,
        b"cat" | b"ls" | b"id" | b"ping" | b"nc" | b"bash" | b"sh" | b"zsh" | b"ksh" | b"dash"
        | b"python" | b"python2" | b"python3" | b"perl" | b"php" | b"ruby" | b"node" | b"dig"
        | b"host" | b"sleep" | b"echo" | b"rm" | b"cmd" | b"type" | b"dir" | b"net" | b"find"
        | b"more" | b"less" | b"head" | b"tail" | b"tac" | b"nl" | b"od" | b"sort" | b"who"
        | b"w" | b"date" | b"kill" | b"set" | b"env" | b"ps" | b"pwd" | b"touch" | b"cp"
        | b"mv" | b"dd" | b"tee" | b"tar" | b"zip" | b"ftp" | b"tftp" | b"ssh" | b"scp" | b"su"
        | b"sudo" | b"awk" | b"sed" | b"grep" | b"printf" | b"shutdown" | b"reboot" | b"mail"
        | b"route" | b"arp" | b"ver" | b"del" | b"copy" | b"reg" | b"timeout" | b"gcc" | b"df"
        | b"mount" | b"last" | b"rev" | b"strings" | b"cut" | b"eval" | b"exec" | b"source"
        | b"nohup" | b"xargs" | b"busybox" | b"wget" | b"curl" | b"netstat" | b"chmod"
        | b"chown" | b"ncat" | b"netcat" | b"traceroute" | b"tracert" | b"powershell"
        | b"printenv" | b"lsof" | b"socat" | b"telnet" | b"hostname" | b"getent" | b"crontab"
        | b"base64" | b"xxd" | b"phpinfo" => Name::Common,
        _ => Name::Unknown,
    }
}
