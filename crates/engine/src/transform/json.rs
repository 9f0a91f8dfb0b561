//! JSON made smaller while it passes: white space between tokens goes, and fields that nobody may
//! have (RFC 8259).
//!
//! # A stream, not a tree
//! Bytes go in as they come, in pieces cut anywhere, and come out as soon as it is clear that they
//! stay. What is remembered is one small level for each array or object that is open, at most
//! [`MAX_DEPTH`], and, where fields are chosen, the name of a field until its value begins, at most
//! [`MAX_KEY`] bytes. What comes out is what went in with bytes left out: numbers, escapes, the order
//! and repetition of fields stay as the origin wrote them, and nothing ever grows.
//!
//! # Which fields stay
//! An object keeps the fields that the list names, or that lead to one it names; arrays are walked
//! through, and a star stands for their elements as well as for any name. Below a named field everything stays. Where the list names a field *below* something, and
//! that is neither an object nor an array, it goes, because nobody allowed it; but `null` stays.
//! Names are compared as they are meant: `"\u006eame"` is `name`. A document that is only a string,
//! a number or a literal stays.
//!
//! # Several documents in a row
//! Between two of them one newline stays, or one space where there was no newline; a newline is handed
//! on at once, because who reads line by line waits for it. In NDJSON every newline between documents
//! stays, and so does what begins each record of a sequence (RFC 7464).
//!
//! # What is not JSON
//! Where all fields stay, what follows a mistake passes unchanged: all that is missing is white space
//! between tokens, of which one space stays before the mistake, so that `[1 2]` does not become another
//! number. Where fields are chosen the body ends there, as broken: what cannot be understood may hold
//! what nobody may have, and half a document must not be taken for a whole one. What is within strings
//! is not looked at beyond their ends, so that raw control characters or another encoding than UTF-8
//! pass.
//!
//! # What nobody has called JSON
//! Is, when it begins as an array or an object does, and else passes as it is: a document that is only
//! a string, a number or a literal would stay anyway. Where it begins so in UTF-16 or UTF-32, which other
//! readers find out by themselves, it is refused: it cannot be read here.

mod machine;
mod names;
mod number;
mod rules;
mod state;
mod tokens;

pub use self::{
    machine::Trimmer,
    rules::{JsonRules, Reach},
};

/// How many arrays and objects may be open at once.
pub const MAX_DEPTH: usize = 256;
/// How long the name of a field may be, in bytes with its quotes, where fields are chosen.
pub const MAX_KEY: usize = 8 * 1024;

/// How documents follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// Mostly there is one.
    Documents,
    /// One on each line (NDJSON).
    Lines,
    /// Mostly there is one, or something else than JSON.
    Perhaps,
    /// Each begins with a record separator (RFC 7464).
    Records,
}

/// What a body proves to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// JSON, or what was said to be.
    Json,
    /// Something else, or nothing.
    Other,
}

/// Why a body could not be trimmed, or not to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is in a content coding that cannot be taken off.
    #[error("in a content coding that cannot be taken off")]
    Coded,
    /// The name of a field is longer than [`MAX_KEY`].
    #[error("a field's name is too long")]
    LongKey,
    /// It is not JSON.
    #[error("not JSON")]
    NotJson,
    /// It is a part that nobody has asked for.
    #[error("a part that nobody has asked for")]
    Part,
    /// More than [`MAX_DEPTH`] arrays and objects are open.
    #[error("nested too deeply")]
    TooDeep,
    /// It ended within a document.
    #[error("ended within a document")]
    Unfinished,
}

// === impl Flaw ===

impl Flaw {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coded => "coding-unreadable",
            Self::LongKey => "long-key",
            Self::NotJson => "not-json",
            Self::Part => "part-unasked",
            Self::TooDeep => "too-deep",
            Self::Unfinished => "unfinished",
        }
    }
}

#[cfg(test)]
mod tests;
