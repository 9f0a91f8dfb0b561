//! A log line: one flat JSON object, from which nothing that a client sends can break out.
//!
//! By hand, because the names are ours and it is made on the request's own thread.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

/// The longest text a field holds, in bytes; what is cut off is shown as `…`.
pub(crate) const LONG: usize = 1024;

/// As [`LONG`], for what is short when it is honest.
pub(crate) const SHORT: usize = 256;

/// A JSON object that is being written.
pub(crate) struct Line {
    text: String,
}

// === impl Line ===

impl Line {
    /// An object without fields yet.
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(768);
        text.push('{');
        Self { text }
    }

    /// A value that is written as it is: a number.
    pub(crate) fn value(&mut self, name: &'static str, value: impl fmt::Display) {
        self.name(name);
        let _infallible = write!(self.text, "{value}");
    }

    /// Text that cannot contain anything to escape.
    pub(crate) fn plain_text(&mut self, name: &'static str, value: impl fmt::Display) {
        self.name(name);
        let _infallible = write!(self.text, "\"{value}\"");
    }

    /// A time with microseconds.
    pub(crate) fn seconds(&mut self, name: &'static str, value: Duration) {
        self.name(name);
        let micros = value.as_micros();
        let _infallible = write!(
            self.text,
            "{}.{:06}",
            micros / 1_000_000,
            micros % 1_000_000
        );
    }

    /// Text from anywhere, cut to `limit` bytes.
    pub(crate) fn text(&mut self, name: &'static str, value: &str, limit: usize) {
        self.name(name);
        self.text.push('"');
        let kept = cut(value, limit);
        for character in kept.chars() {
            self.escaped(character);
        }
        if kept.len() < value.len() {
            self.text.push('…');
        }
        self.text.push('"');
    }

    /// RFC 8259, section 7, and beyond it the control characters above ASCII, the line separators that
    /// terminals and JavaScript act upon, and what shows a text in another order than it has.
    fn escaped(&mut self, character: char) {
        match character {
            '"' => self.text.push_str("\\\""),
            '\\' => self.text.push_str("\\\\"),
            '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {
                let _infallible = write!(self.text, "\\u{:04x}", u32::from(character));
            }
            _ => self.text.push(character),
        }
    }

    fn name(&mut self, name: &'static str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    /// The line with its newline.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.text.push_str("}\n");
        self.text.into_bytes()
    }
}

/// At most so many bytes of a text, in whole characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}
