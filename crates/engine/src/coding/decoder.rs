//! Taking a coding off, in steps that give no more than they have room for.
//!
//! # Windows
//! What a decoder must remember is bounded: 32 KiB for gzip and deflate; 8 MiB for zstd, which is what
//! senders must keep to (RFC 9659); 16 MiB for brotli, the large windows that go beyond RFC 7932 not
//! included. A stream that needs more is refused. A window is filled as the stream goes on, so what a
//! decoder holds can be asked at any time ([`Decoder::memory`]).
//!
//! # Ends
//! Gzip may have several members (RFC 1952, section 2.2), zstd several frames (RFC 8878, section 3).
//! Anything else after the end is an error, and so is an end before it; gzip's and zlib's sums are
//! compared.

mod brotli;
mod gzip;
mod zlib;
mod zstd;

use policy::Coding;

use self::{brotli::Brotli, gzip::Gzip, zlib::Zlib, zstd::Zstd};
use super::Progress;

/// Takes one coding off.
pub struct Decoder(Machine);

enum Machine {
    Brotli(Box<Brotli>),
    Gzip(Box<Gzip>),
    Zlib(Box<Zlib>),
    Zstd(Box<Zstd>),
}

/// What is wrong with a coded body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Something follows the end.
    #[error("something follows the end of the coded body")]
    Garbage,
    /// Much of it means nothing: members or frames without content, one after the other.
    #[error("the coded body goes on and on without content")]
    Idle,
    /// It is not in this coding, or damaged, or needs too large a window.
    #[error("the body is not in the coding that it says")]
    Invalid,
    /// It ends early.
    #[error("the coded body ends early")]
    Truncated,
}

// === impl Decoder ===

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Machine::Brotli(_) => "Decoder::Brotli",
            Machine::Gzip(_) => "Decoder::Gzip",
            Machine::Zlib(_) => "Decoder::Zlib",
            Machine::Zstd(_) => "Decoder::Zstd",
        })
    }
}

impl Decoder {
    /// One that has seen nothing yet.
    ///
    /// # Errors
    /// When its library cannot allocate.
    pub fn new(coding: Coding) -> Result<Self, DecodeError> {
        Ok(Self(match coding {
            Coding::Br => Machine::Brotli(Box::new(Brotli::new())),
            Coding::Deflate => Machine::Zlib(Box::new(Zlib::new())),
            Coding::Gzip => Machine::Gzip(Box::new(Gzip::new())),
            Coding::Zstd => Machine::Zstd(Box::new(Zstd::new()?)),
        }))
    }

    /// The memory that it may have filled by now, in bytes.
    pub fn memory(&self) -> u64 {
        match &self.0 {
            Machine::Brotli(machine) => machine.memory(),
            Machine::Gzip(_) | Machine::Zlib(_) => zlib::MEMORY,
            Machine::Zstd(machine) => machine.memory(),
        }
    }

    /// Decodes as much of `input` as `out` has room for.
    ///
    /// What is not taken is to be given again. When it gives nothing all of the input has been taken,
    /// and it needs more; until then it may have more to give without any.
    ///
    /// # Errors
    /// When it is not what it is said to be.
    pub fn decode(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, DecodeError> {
        let mut progress = Progress::default();
        let mut idle = false;
        loop {
            let rest = &input[progress.taken..];
            let step = match &mut self.0 {
                Machine::Brotli(machine) => machine.step(rest, out)?,
                Machine::Gzip(machine) => machine.step(rest, out)?,
                Machine::Zlib(machine) => machine.step(rest, out)?,
                Machine::Zstd(machine) => machine.step(rest, out)?,
            };
            progress.taken += step.taken;
            progress.given = step.given;
            if step.given > 0 || progress.taken == input.len() {
                return Ok(progress);
            }
            // Once is the step from one part of a stream to the next.
            if step.taken == 0 && std::mem::replace(&mut idle, true) {
                return Err(DecodeError::Invalid);
            }
        }
    }

    /// Whether it may end here.
    ///
    /// # Errors
    /// When it may not.
    pub fn end(&self) -> Result<(), DecodeError> {
        let over = match &self.0 {
            Machine::Brotli(machine) => machine.is_over(),
            Machine::Gzip(machine) => machine.is_over(),
            Machine::Zlib(machine) => machine.is_over(),
            Machine::Zstd(machine) => machine.is_over(),
        };
        match over {
            true => Ok(()),
            false => Err(DecodeError::Truncated),
        }
    }
}

// === impl DecodeError ===

impl DecodeError {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Garbage => "trailing-garbage",
            Self::Idle => "idle",
            Self::Invalid => "invalid",
            Self::Truncated => "truncated",
        }
    }
}
