//! Standard output and standard error, and whether they are coloured.

use std::{
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
};

use clap::ValueEnum;

use crate::{args, exit::Exit};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// Also into a file or a pipe.
    Always,
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Not at all.
    Never,
}

/// Whether each of the two outputs is coloured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    /// Standard output.
    pub(crate) out: Ink,
    /// Standard error.
    pub(crate) err: Ink,
    /// Who reads standard error.
    pub(crate) reader: Reader,
}

/// Who reads an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person at a terminal.
    Person,
    /// A file, a pipe, a collector of logs.
    Program,
}

/// Whether one output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// It is.
    Color,
    /// It is not.
    Plain,
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    /// Something that went wrong.
    Bad,
    /// Less important than the rest.
    Faint,
    /// Something that went well.
    Good,
    /// A heading.
    Strong,
}

// === impl Paint ===

impl Paint {
    /// What the option, the terminals and NO_COLOR come to (<https://no-color.org>).
    pub(crate) fn new(when: ColorWhen) -> Self {
        let ink = |terminal: bool| match when {
            ColorWhen::Always => Ink::Color,
            ColorWhen::Auto if terminal && !args::no_color() => Ink::Color,
            ColorWhen::Auto | ColorWhen::Never => Ink::Plain,
        };
        Self {
            out: ink(io::stdout().is_terminal()),
            err: ink(io::stderr().is_terminal()),
            reader: match io::stderr().is_terminal() {
                true => Reader::Person,
                false => Reader::Program,
            },
        }
    }
}

// === impl Ink ===

impl Ink {
    /// The text in the colour of its tone.
    pub(crate) fn paint(self, tone: Tone, text: impl Display) -> String {
        let style = match (self, tone) {
            (Self::Plain, _) => return text.to_string(),
            (Self::Color, Tone::Bad) => "1;31",
            (Self::Color, Tone::Faint) => "2",
            (Self::Color, Tone::Good) => "1;32",
            (Self::Color, Tone::Strong) => "1",
        };
        format!("\u{1b}[{style}m{text}\u{1b}[0m")
    }
}

/// Writes what was asked for to standard output. A reader that has left, as `head` does, is no
/// failure; a full disk is.
pub(crate) fn say(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            note(&format!("error: standard output: {error}\n"));
            Exit::Failed
        }
    }
}

/// Writes to standard error; there is nobody left to tell when that fails.
pub(crate) fn note(text: &str) {
    let _nobody_listens = io::stderr().lock().write_all(text.as_bytes());
}

/// Says in one line what went wrong, and in the next what to do about it.
pub(crate) fn complain(paint: Paint, what: impl Display, help: &str) {
    let error = paint.err.paint(Tone::Bad, "error");
    let mut text = format!("{error}: {what}\n");
    if !help.is_empty() {
        text.push_str(&format!(
            "  {}: {help}\n",
            paint.err.paint(Tone::Strong, "help")
        ));
    }
    note(&text);
}
