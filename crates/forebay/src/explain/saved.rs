//! A response's head as `curl -i` saves it.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};

/// No more than this is read, in bytes.
const MOST_READ: u64 = 1024 * 1024;

/// A head.
#[derive(Debug)]
pub(super) struct Saved {
    pub(super) version: Version,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

/// A file that is not a response's head.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoHead {
    /// There is no line such as `HTTP/1.1 200 OK`.
    #[error("it has no line such as HTTP/1.1 200 OK")]
    NoStatus,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    /// A line is no field.
    #[error("line {0} is not a field such as Content-Type: text/html")]
    WrongLine(usize),
}

/// Reads the first final response in the file; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<Saved, NoHead> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(MOST_READ).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(MOST_READ).read_to_end(&mut bytes)?;
    }
    parse(&bytes)
}

/// Interim responses, and what a forward proxy says about its tunnel, are passed over.
fn parse(bytes: &[u8]) -> Result<Saved, NoHead> {
    let mut lines = bytes.split(|byte| *byte == b'\n').enumerate();
    while let Some((_, line)) = lines.next() {
        let Some((version, status)) = status_line(line.trim_ascii()) else {
            continue;
        };
        let mut headers = HeaderMap::new();
        for (number, line) in lines.by_ref() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            let (name, value) = field(line).ok_or(NoHead::WrongLine(number + 1))?;
            headers.append(name, value);
        }
        let line = line.trim_ascii().to_ascii_lowercase();
        let tunnel = line.ends_with(b"connection established");
        if !status.is_informational() && !tunnel {
            return Ok(Saved {
                version,
                status,
                headers,
            });
        }
    }
    Err(NoHead::NoStatus)
}

fn status_line(line: &[u8]) -> Option<(Version, StatusCode)> {
    let line = str::from_utf8(line).ok()?;
    let mut words = line.strip_prefix("HTTP/")?.split_ascii_whitespace();
    let version = match words.next()? {
        "1.0" => Version::HTTP_10,
        "1.1" => Version::HTTP_11,
        "2" | "2.0" => Version::HTTP_2,
        "3" | "3.0" => Version::HTTP_3,
        _ => return None,
    };
    Some((version, words.next()?.parse().ok()?))
}

fn field(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_final_head_counts() {
        let saved = parse(
            b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n\
              HTTP/2 404 \r\ncontent-type: application/json\r\nvary: a\r\nvary: b\r\n\r\nbody: x\r\n",
        )
        .unwrap();
        assert_eq!(
            (saved.version, saved.status.as_u16()),
            (Version::HTTP_2, 404)
        );
        assert_eq!(saved.headers.get_all("vary").iter().count(), 2);
        assert!(!saved.headers.contains_key("body"));
        assert!(!saved.headers.contains_key("link"));
        let unix = parse(b"HTTP/1.0 200 OK\nETag: \"x\"\n\n").unwrap();
        assert_eq!(unix.headers["etag"], "\"x\"");
    }

    #[test]
    fn what_is_no_head_is_refused() {
        assert!(matches!(parse(b"<html>"), Err(NoHead::NoStatus)));
        assert!(matches!(parse(b""), Err(NoHead::NoStatus)));
        let broken = parse(b"HTTP/1.1 200 OK\r\nnot a field\r\n\r\n");
        assert!(matches!(broken, Err(NoHead::WrongLine(2))));
    }
}
