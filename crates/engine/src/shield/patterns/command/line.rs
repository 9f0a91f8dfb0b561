//! A command line: its programs, and how it differs from a sentence.

/// How sure the name of a command makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// It is also a word of a language, or the name of a field.
    Common,
    /// It is only ever a command.
    Telling,
    Unknown,
}

/// Whether a command and what may follow one stand here.
pub(super) fn is_command_line(before: &[u8], separator: &[u8], line: &[u8]) -> bool {
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
pub(super) fn is_called(before: &[u8], separator: &[u8], rest: &[u8]) -> bool {
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
pub(super) fn is_pointed(argument: &[u8]) -> bool {
    match argument {
        [b'-', next, ..] => !matches!(next, b' ' | b'>'),
        [b'/' | b'~' | b'.', next, ..] => *next != b' ',
        [b'*' | b'%' | b'"' | b'\'', ..] => true,
        [digit, ..] => digit.is_ascii_digit(),
        [] => false,
    }
}

/// A word that ends the value before the separator: `name|id` is a list of fields.
pub(super) fn ends_in_word(before: &[u8]) -> bool {
    before
        .last()
        .is_some_and(|it| it.is_ascii_alphabetic() || *it >= 0x80)
}

/// One word that is the name of a machine or of a file: what commands are given.
pub(super) fn is_host(before: &[u8]) -> bool {
    let inner = before.len().saturating_sub(1);
    before.len() <= 64
        && before
            .iter()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_' | b'@' | b':'))
        && before[..inner].iter().skip(1).any(|it| *it == b'.')
        && before[inner..].iter().all(u8::is_ascii_alphanumeric)
}

/// A name with a slash in it, or a drive.
pub(super) fn is_file_argument(argument: &[u8]) -> bool {
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

pub(super) fn word(line: &[u8]) -> &[u8] {
    let end = line
        .iter()
        .position(|it| !it.is_ascii_alphanumeric() && *it != b'_');
    &line[..end.unwrap_or(line.len())]
}

/// A command that nobody writes by accident: quotes, backslashes or wildcards within its name.
pub(super) fn is_hidden_command(line: &[u8]) -> bool {
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
pub(super) fn begins_with_command(bytes: &[u8]) -> bool {
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

/// What the name of a command is.
pub(super) fn name(word: &[u8]) -> Name {
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
