//! Fields of multipart bodies (RFC 7578): their texts, and the names of files, not what files contain.

use super::{Look, search::find};

/// Looks at every part between the boundaries.
pub(super) fn read(look: &mut Look<'_>, boundary: &str, body: &[u8]) {
    let mut marker = [0_u8; 72];
    let length = boundary.len() + 2;
    marker[..2].copy_from_slice(b"--");
    let Some(room) = marker.get_mut(2..length) else {
        return;
    };
    room.copy_from_slice(boundary.as_bytes());
    let marker = &marker[..length];
    let Some(first) = find(body, marker) else {
        return;
    };
    let mut rest = &body[first + length..];
    while !rest.is_empty() {
        let end = find(rest, marker).unwrap_or(rest.len());
        part(look, &rest[..end]);
        rest = rest.get(end + length..).unwrap_or_default();
    }
}

fn part(look: &mut Look<'_>, part: &[u8]) {
    let Some(head) = find(part, b"\r\n\r\n") else {
        return;
    };
    let (head, value) = (&part[..head], &part[head + 4..]);
    let value = value.strip_suffix(b"\r\n").unwrap_or(value);
    let name = parameter(head, b" name=").unwrap_or_default();
    match parameter(head, b"filename=") {
        Some(file) => look.part(name, file),
        None => look.part(name, value),
    }
    look.part(b"", name);
}

/// The value of a parameter of `Content-Disposition`, without its quotes.
fn parameter<'p>(head: &'p [u8], name: &[u8]) -> Option<&'p [u8]> {
    let at = find(head, name)?;
    let value = &head[at + name.len()..];
    let (value, end) = match value.strip_prefix(b"\"") {
        Some(quoted) => (quoted, b'"'),
        None => (value, b';'),
    };
    let end = value
        .iter()
        .position(|it| *it == end || matches!(it, b'\r' | b'\n'));
    Some(&value[..end.unwrap_or(value.len())])
}
