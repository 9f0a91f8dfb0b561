//! Content codings, put on and taken off piece by piece (RFC 9110, section 8.4.1).
//!
//! Bytes in, bytes out: nothing here waits, reads or asks for the time, so that what is measured in a
//! benchmark is what runs on a body's way. Both sides are driven by the libraries' own stepwise
//! interfaces: what a coding gives is written once, into one buffer of bounded size.
//!
//! # Decoding is for strangers' bytes
//! No call gives more than the room it is given, however much a few bytes stand for; windows are
//! bounded ([`decoder`]); and how much may come out at all is counted apart ([`limits`]). A stream that
//! ends early, or after which something follows, is an error and never a shorter body.

pub mod decoder;
pub mod dictionary;
pub mod encoder;
pub mod limits;
pub mod stack;

pub use self::{
    decoder::{DecodeError, Decoder},
    encoder::{EncodeError, Encoder, Padding},
    limits::{Excess, Limits, Tally},
    stack::{Stack, Unread},
};

use policy::Coding;

/// What a call took of its input, and gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input that need not be given again.
    pub taken: usize,
    /// Bytes at the beginning of the output that are new.
    pub given: usize,
}

/// A coding by its name in `Content-Encoding` or `Accept-Encoding`, in whatever case.
pub fn named(token: &[u8]) -> Option<Coding> {
    if token.eq_ignore_ascii_case(b"x-gzip") {
        return Some(Coding::Gzip);
    }
    let mut all = Coding::ALL.into_iter();
    all.find(|coding| token.eq_ignore_ascii_case(coding.as_str().as_bytes()))
}

#[cfg(test)]
mod tests;
