//! Path traversal: steps out of a directory, files that are nobody's business, and schemes that read
//! local files.
//!
//! In a path or a parameter, two steps up are enough. In a body, people name files of their own
//! projects with such steps; there, the steps have to lead to a sensitive file.

use super::{
    rules::{Sign, Signs},
    search::find,
    text::{Bits, Place, Text},
};

/// Files that applications never name to each other in parameters.
const SENSITIVE: [&[u8]; 40] = [
    b"etc/passwd",
    b"etc/shadow",
    b"etc/group",
    b"etc/hosts",
    b"etc/issue",
    b"etc/sudoers",
    b"etc/crontab",
    b"etc/fstab",
    b"etc/mysql/",
    b"etc/my.cnf",
    b"etc/php",
    b"etc/apache2/",
    b"etc/httpd/",
    b"etc/nginx/",
    b"etc/ssh/",
    b"etc/os-release",
    b"proc/self/",
    b"proc/version",
    b"proc/1/",
    b"proc/cmdline",
    b"var/log/",
    b"var/run/secrets",
    b"var/lib/mysql",
    b"root/.",
    b".ssh/",
    b".bash_history",
    b".aws/credentials",
    b".git/config",
    b".git/head",
    b".env",
    b".htpasswd",
    b".htaccess",
    b"web-inf/",
    b"win.ini",
    b"system.ini",
    b"boot.ini",
    b"system32/",
    b"wp-config.php",
    b"web.config",
    b"id_rsa",
];

/// Of these, the ones that are attacks wherever they are the whole of a value.
const NOBODYS: [&[u8]; 15] = [
    b"/etc/passwd",
    b"/etc/shadow",
    b"/etc/sudoers",
    b"/etc/group",
    b"/etc/issue",
    b"/proc/self/",
    b"/proc/version",
    b"/proc/1/",
    b"/root/.",
    b"/var/log/auth",
    b"/var/log/apache",
    b"/var/run/secrets",
    b"c:/windows/win.ini",
    b"c:/windows/system32/",
    b"c:/boot.ini",
];

/// Schemes that read local files or start programs.
const WRAPPERS: [&[u8]; 12] = [
    b"php://",
    b"phar://",
    b"expect://",
    b"zip://",
    b"zlib://",
    b"compress.zlib://",
    b"glob://",
    b"gopher://",
    b"dict://",
    b"netdoc:/",
    b"jar:file:",
    b"jar:http",
];

/// What starts a private file or folder in a path.
const HIDDEN: [&[u8]; 16] = [
    b"/.git/",
    b"/.svn/",
    b"/.hg/",
    b"/.env",
    b"/.ssh/",
    b"/.aws/",
    b"/.htaccess",
    b"/.htpasswd",
    b"/.bash",
    b"/.npmrc",
    b"/.docker/",
    b"/.kube/",
    b"/web-inf/",
    b"/meta-inf/",
    b"/etc/passwd",
    b"/wp-config.php.",
];

/// What two dots before slashes tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Steps {
    /// Steps up.
    all: usize,
    /// Steps up that follow each other from the beginning of the value, or of the path, on.
    leading: usize,
    /// The place behind the last.
    end: usize,
    /// Directories that they leave, beyond those the value itself entered.
    above: usize,
}

/// Looks for signs in a text.
pub(super) fn look(text: &Text<'_>, signs: &mut Signs) {
    let bits = text.bits;
    if bits.any(Bits::SLASH | Bits::BACKSLASH) {
        steps(text, signs);
        files(text, signs);
    }
    if bits.any(Bits::CONTROL) && text.bytes.contains(&0) && text.place != Place::Header {
        signs.add(Sign::PathNul);
    }
    if bits.any(Bits::COLON) {
        schemes(text, signs);
    }
}

/// Compares a path, or a value, as it was sent with what it says.
pub(super) fn look_at_encoding(raw: &[u8], decoded: &[u8], signs: &mut Signs) {
    let said = Steps::of(decoded).all;
    if said > 0 && said > Steps::of(raw).all {
        signs.add(Sign::PathEncoded);
    }
}

fn steps(text: &Text<'_>, signs: &mut Signs) {
    let found = Steps::of(text.bytes);
    if found.all == 0 {
        return;
    }
    signs.add(Sign::PathDots);
    let behind = &text.bytes[found.end..];
    let sensitive = is_sensitive(behind);
    match text.place {
        Place::Path if found.above > 0 => signs.add(Sign::PathClimb),
        Place::Path => signs.add(Sign::PathStep),
        Place::Parameter | Place::Header if found.above >= 2 || sensitive => {
            if text.is_talk() {
                signs.add(Sign::PathClimbInText);
            } else {
                signs.add(Sign::PathClimb);
            }
        }
        Place::Parameter | Place::Header => signs.add(Sign::PathStep),
        Place::Body => {
            let whole = !text
                .bytes
                .iter()
                .any(|it| matches!(it, b' ' | b'\n' | b'\'' | b'"'));
            if whole && (sensitive || found.leading >= 5) {
                signs.add(Sign::PathClimb);
            } else if found.all >= 2 {
                signs.add(Sign::PathClimbInText);
            }
        }
    }
}

fn files(text: &Text<'_>, signs: &mut Signs) {
    let bytes = text.bytes;
    let mut whole = bytes;
    for scheme in [b"file:".as_slice(), b"local_file:", b"url:"] {
        whole = whole.strip_prefix(scheme).unwrap_or(whole);
    }
    let mut start = [0_u8; 48];
    let length = unix(whole, &mut start);
    let start = &start[..length];
    let named = NOBODYS.iter().any(|file| start.starts_with(file))
        || text.place != Place::Header && matches!(start, b"etc/passwd" | b"etc/shadow");
    let alone = !bytes.iter().any(|it| matches!(it, b' ' | b'\n' | b'<'));
    if named && alone {
        signs.add(Sign::PathSensitive);
    }
    if text.place == Place::Path && HIDDEN.iter().any(|file| find(bytes, file).is_some()) {
        signs.add(Sign::PathHidden);
    }
    if text.is_strict() {
        strict(text, signs);
    }
}

fn strict(text: &Text<'_>, signs: &mut Signs) {
    let bytes = text.bytes;
    if is_sensitive(bytes) {
        signs.add(Sign::PathMentioned);
    }
    if bytes.starts_with(b"\\\\") {
        signs.add(Sign::PathUnc);
    }
    let drive =
        bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'\\';
    if text.place != Place::Path && (bytes.starts_with(b"/") || drive) {
        signs.add(Sign::PathCharacters);
    }
}

fn schemes(text: &Text<'_>, signs: &mut Signs) {
    let bytes = text.bytes;
    let wrapped = WRAPPERS.iter().any(|scheme| bytes.starts_with(scheme));
    let data = bytes.starts_with(b"data://") || bytes.starts_with(b"data:text/plain;base64,pd9wa");
    let local = bytes.starts_with(b"file:/")
        && (text.place != Place::Body && !has_drive(bytes) || is_sensitive(bytes));
    if wrapped || data || local {
        signs.add(Sign::PathWrapper);
    }
}

/// `file:///C:/Users/...`: what somebody's own machine shows.
fn has_drive(bytes: &[u8]) -> bool {
    bytes
        .windows(2)
        .skip(5)
        .take(6)
        .any(|it| it[0].is_ascii_alphabetic() && it[1] == b':')
}

fn is_sensitive(bytes: &[u8]) -> bool {
    let mut start = 0;
    // Names begin after a slash or at the beginning.
    loop {
        let mut name = [0_u8; 24];
        let length = unix(&bytes[start..], &mut name);
        if SENSITIVE
            .iter()
            .any(|file| name[..length].starts_with(file))
        {
            return true;
        }
        match bytes[start..]
            .iter()
            .position(|it| matches!(it, b'/' | b'\\'))
        {
            Some(at) => start += at + 1,
            None => return false,
        }
    }
}

/// Copies the beginning of a path with forward slashes, one where there are several, and without
/// segments that are a single dot.
fn unix(path: &[u8], into: &mut [u8]) -> usize {
    let mut length = 0;
    let mut bytes = path.iter().take(4 * into.len()).copied().peekable();
    while let Some(byte) = bytes.next() {
        if length == into.len() {
            break;
        }
        let byte = if byte == b'\\' { b'/' } else { byte };
        let before = if length == 0 { 0 } else { into[length - 1] };
        if byte == b'/' && before == b'/' {
            continue;
        }
        if byte == b'.' && before == b'/' && matches!(bytes.peek(), Some(b'/' | b'\\')) {
            continue;
        }
        into[length] = byte;
        length += 1;
    }
    length
}

// === impl Steps ===

impl Steps {
    /// Counts `..` before slashes; three dots and `..;` count as well, because filters make two of them.
    fn of(text: &[u8]) -> Self {
        let mut steps = Self::default();
        let (mut depth, mut lowest) = (0_i64, 0_i64);
        let mut at = 0;
        let mut leading = true;
        while at < text.len() {
            let rest = &text[at..];
            let segment = rest.iter().position(|it| matches!(it, b'/' | b'\\'));
            let length = segment.unwrap_or(rest.len());
            let name = &rest[..length];
            if is_up(name) && (segment.is_some() || at > 0) {
                steps.all += 1;
                steps.leading += usize::from(leading);
                steps.end = (at + length + 1).min(text.len());
                depth -= 1;
                lowest = lowest.min(depth);
            } else if !name.is_empty() && name != b"." {
                leading = false;
                depth += 1;
            }
            at += length + 1;
        }
        // From `a/b/../../../c` only the third leaves; but `x=../../` is said in one segment.
        steps.above = usize::try_from(-lowest).unwrap_or(0);
        steps
    }
}

/// Whether a segment means the directory above, to somebody.
fn is_up(name: &[u8]) -> bool {
    let trimmed = |it: &&u8| !matches!(it, 0..=b' ' | b'"' | b'\'');
    let mut dots = name.iter().filter(trimmed);
    if name.len() > 16 {
        return false;
    }
    let mut count = 0;
    for byte in dots.by_ref() {
        match byte {
            b'.' => count += 1,
            b';' if count >= 2 => return true,
            _ => {
                // `....` left over from a filter, or `file=..`: dots at the end of something short.
                return count == 0 && name.ends_with(b"..") && name.contains(&b'=');
            }
        }
    }
    (2..=4).contains(&count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted() {
        for (text, all, above) in [
            ("../../etc/passwd", 2, 2),
            ("..\\..\\x", 2, 2),
            ("a/../b", 1, 0),
            ("/a/../../b", 2, 1),
            ("....//....//x", 2, 2),
            ("..;/..;/x", 2, 2),
            ("a..b/c", 0, 0),
            ("wait... what", 0, 0),
            ("..", 0, 0),
            ("", 0, 0),
        ] {
            let steps = Steps::of(text.as_bytes());
            assert_eq!((steps.all, steps.above), (all, above), "{text}");
        }
    }

    #[test]
    fn sensitive_files() {
        for text in [
            "etc/passwd",
            "x/./etc//passwd",
            "windows\\win.ini",
            "/home/a/.ssh/id_rsa",
        ] {
            assert!(is_sensitive(text.as_bytes()), "{text}");
        }
        for text in ["", "etc", "/environment", "my.environment", "login.ini"] {
            assert!(!is_sensitive(text.as_bytes()), "{text}");
        }
    }
}
