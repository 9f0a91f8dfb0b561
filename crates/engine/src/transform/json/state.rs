//! What the machine remembers between two bytes.

use super::number::Number;

/// An array or object that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) kind: Kind,
    pub(super) scope: Scope,
    /// Whether something in it has been written, where its members are chosen.
    pub(super) written: Written,
    /// How many places are known to it and those around it.
    pub(super) places: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Array,
    Object,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Nothing,
    Something,
}

/// What stays of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// What the places from this one on lead to.
    Chosen(usize),
    /// Nothing.
    Gone,
    /// Everything.
    Whole,
}

/// What is read, or may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// After a value in an array or object.
    After,
    /// Between documents.
    Between(Gap),
    /// After a name.
    Colon,
    /// After `[`.
    FirstElement,
    /// After `{`.
    FirstName,
    /// After a comma in an object.
    Name,
    /// Within a literal, of which this is left.
    Literal(&'static [u8]),
    Number(Number),
    /// At the very beginning, after so many bytes of a byte order mark.
    Start(usize),
    /// Within a string.
    Text(Role, Escape),
    /// The rest passes unread, or not at all.
    Unread,
    /// At the beginning of what may be something else.
    Unsure(Width),
    /// Where a value must come.
    Value,
}

/// How many bytes a character seems to have where nobody has called it JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// One, as far as is known.
    One,
    /// Two or four: there was a zero, or a byte order mark that says so.
    Several,
}

/// What has been seen since the last document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing.
    None,
    /// There is, or need be, nothing more to write.
    Settled,
    /// White space without a newline, of which nothing has been written.
    Space,
}

/// White space that was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// None.
    Nothing,
    /// Some.
    Space,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Name,
    Value,
}

/// Whether the next byte of a string belongs to an escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    No,
    Yes,
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

pub(super) const fn begins_value(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'[' | b'{' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9'
    )
}
