//! Path traversal: steps out of a directory, files that are nobody's business, and schemes that read
//! local files.
//!
//! In a path or a parameter, two steps up are enough. In a body, people name files of their own
//! projects with such steps; there, the steps have to lead to a sensitive file.

mod files;
mod kinds;
mod schemes;

use self::{
    files::{is_at_root, is_nobodys, is_sensitive},
    kinds::{is_harmless, is_program},
    schemes::is_wrapped,
};
use super::{
    rules::{Sign, Signs},
    search::find,
    text::{Bits, Place, Text},
};

/// What starts a private file or folder in a path.
const HIDDEN: [&[u8]; 30] = [
    b"/.git/",
    b"/.gitignore",
    b"/.git-credentials",
    b"/.svn/",
    b"/.hg/",
    b"/.bzr/",
    b"/cvs/root",
    b"/cvs/entries",
    b"/.env",
    b"/.ssh/",
    b"/.gnupg/",
    b"/.aws/",
    b"/.htaccess",
    b"/.htpasswd",
    b"/.bash",
    b"/.mysql_history",
    b"/.npmrc",
    b"/.netrc",
    b"/.pgpass",
    b"/.docker/",
    b"/.kube/",
    b"/.vscode/",
    b"/.idea/",
    b"/.ds_store",
    b"/.pypirc",
    b"/web-inf/",
    b"/meta-inf/",
    b"/etc/passwd",
    b"/etc/local.xml",
    b"/wp-config.php",
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
    // Decoded as often as it is here, and encoded still.
    if bits.any(Bits::PERCENT) && find(text.bytes, b"..%25").is_some() {
        signs.add(Sign::PathEncoded);
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
    // `a/../../../b`: who writes a path himself does not enter what he leaves.
    let turns = found.all > found.leading && found.above > 0;
    // A program of the server, which no page links to from above itself.
    let runs = found.leading > 0 && is_program(behind);
    match text.place {
        Place::Path if found.above > 0 => signs.add(Sign::PathClimb),
        Place::Path => signs.add(Sign::PathStep),
        Place::Parameter | Place::Header
            if sensitive || turns || runs || found.above >= 2 && !is_picture(text.bytes, found) =>
        {
            if text.is_talk() {
                signs.add(Sign::PathClimbInText);
            } else {
                signs.add(Sign::PathClimb);
            }
        }
        Place::Parameter | Place::Header => signs.add(Sign::PathStep),
        Place::Body => {
            let spaced = |it: &u8| matches!(it, b' ' | b'\n');
            let quoted = |it: &u8| matches!(it, b'\'' | b'"');
            // Folders of Windows have spaces in their names.
            let spaced = text.bytes.iter().any(spaced) && !text.bytes.starts_with(b"..\\..\\");
            let whole = !spaced && !text.bytes.iter().any(quoted);
            let leaves = found.leading >= 5
                || found.leading >= 3 && is_at_root(behind)
                || turns && found.above >= 2;
            if whole && (sensitive || leaves || runs) || !spaced && sensitive && found.all >= 3 {
                signs.add(Sign::PathClimb);
            } else if found.all >= 2 {
                signs.add(Sign::PathClimbInText);
            }
        }
    }
}

/// `../../img/a.png`: a link of a page, if it is written as links are.
fn is_picture(bytes: &[u8], steps: Steps) -> bool {
    steps.above <= 3 && steps.leading == steps.all && is_harmless(bytes)
}

fn files(text: &Text<'_>, signs: &mut Signs) {
    let bytes = text.bytes;
    if is_nobodys(bytes, text.place) {
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
    let data = bytes.starts_with(b"data://") || bytes.starts_with(b"data:text/plain;base64,pd9wa");
    let local = bytes.starts_with(b"file:/")
        && (text.place != Place::Body && !has_drive(bytes) && !is_harmless(bytes)
            || is_sensitive(bytes));
    if is_wrapped(bytes) || data || local {
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
            b';' | b'?' => {}
            _ => {
                // `....` left over from a filter, or `file=..`: dots at the end of something short.
                return count == 0 && name.ends_with(b"..") && name.contains(&b'=');
            }
        }
    }
    (2..=6).contains(&count)
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
}
