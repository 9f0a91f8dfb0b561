//! How targets take an input apart: text, so that a person can read and write it.

use std::str;

use http::{HeaderMap, HeaderName, HeaderValue};

/// What is left of an input.
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

// === impl Input ===

impl<'a> Input<'a> {
    /// The whole of it.
    pub(crate) const fn of(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// The next line.
    pub(crate) fn line(&mut self) -> &'a [u8] {
        self.until(b"\n")
    }

    /// The number on the next line: as large as possible when it is larger, 0 when it is none.
    pub(crate) fn number(&mut self) -> u64 {
        let line = self.line().trim_ascii();
        match str::from_utf8(line) {
            Ok(text) if line.iter().all(u8::is_ascii_digit) && !line.is_empty() => {
                text.parse().unwrap_or(u64::MAX)
            }
            _ => 0,
        }
    }

    /// The next line as text, damaged where it is none.
    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.line()).into_owned()
    }

    /// `name: value` lines up to an empty one; what cannot be a field is passed over.
    pub(crate) fn fields(&mut self) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for line in self.until(b"\n\n").split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let name = HeaderName::from_bytes(&line[..colon]);
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
            if let (Ok(name), Ok(value)) = (name, value) {
                fields.append(name, value);
            }
        }
        fields
    }

    /// Everything that was not taken.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn until(&mut self, end: &[u8]) -> &'a [u8] {
        let at = self.rest.windows(end.len()).position(|it| it == end);
        let (taken, rest) = match at {
            Some(at) => (&self.rest[..at], &self.rest[at + end.len()..]),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        taken
    }
}

/// Each line as one value of this field; what cannot be a value is passed over.
pub(crate) fn values(name: &'static str, data: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            fields.append(name, value);
        }
    }
    fields
}
