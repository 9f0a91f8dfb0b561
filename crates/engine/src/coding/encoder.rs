//! A running compression; what is ready is handed out at each call.
//!
//! What comes out is collected in one buffer that stays, and handed out in memory of its own size:
//! compressed bytes are few, so copying them costs less than giving away a large buffer for each piece.

mod brotli;
mod deflate;
mod plain;
mod zstd;

use bytes::Bytes;
use policy::Coding;

use self::{brotli::Brotli, deflate::Deflater, plain::Plain, zstd::Zstd};
use crate::compression::level::Effort;

/// Room that is there before a library is asked for more output, in bytes.
const ROOM: usize = 32 * 1024;

/// Bytes that say nothing, put before the content inside the coding: the length of the coded form is
/// then not that of the content alone, and whoever decodes it gets the same bytes.
///
/// In gzip they are an extra field of the header (RFC 1952, section 2.3.1.1), in zstd a skippable frame
/// (RFC 8878, section 3.1.2), in brotli a block of metadata (RFC 7932, section 9.2), and in deflate
/// stored blocks of no bytes (RFC 1951, section 3.2.4), which are five bytes each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding(u8);

/// An encoder that cannot go on; only for want of memory, or when a body is not as long as was said.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", .coding.as_str())]
pub struct EncodeError {
    /// The coding.
    pub coding: Coding,
    cause: String,
}

/// A running compression.
pub struct Encoder {
    coding: Coding,
    machine: Machine,
    out: Vec<u8>,
}

/// Each coding as its library does it.
enum Machine {
    Brotli(Box<Brotli>),
    Deflate(Box<Deflater>),
    Plain(Plain),
    Zstd(Box<Zstd>),
}

/// What is to be done with what has been put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Push {
    /// The stream ends.
    Finish,
    /// All of it must come out.
    Flush,
    /// Whatever is best for the ratio.
    Run,
}

// === impl EncodeError ===

impl EncodeError {
    pub(super) const fn new(coding: Coding, cause: String) -> Self {
        Self { coding, cause }
    }
}

// === impl Padding ===

impl Padding {
    /// So much padding; without any, the coding is as it always is.
    pub const fn of(bytes: u8) -> Self {
        Self(bytes)
    }

    const fn bytes(self) -> usize {
        self.0 as usize
    }
}

// === impl Encoder ===

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Encoder").field(&self.coding).finish()
    }
}

impl Encoder {
    /// An encoder for `coding`, which tries as hard as `effort` says.
    ///
    /// # Errors
    /// When its library cannot allocate.
    pub fn new(coding: Coding, effort: Effort, padding: Padding) -> Result<Self, EncodeError> {
        let mut out = Vec::with_capacity(ROOM);
        let machine = match coding {
            Coding::Br => Machine::Brotli(Box::new(Brotli::new(effort))),
            Coding::Deflate => Machine::Deflate(Box::new(Deflater::zlib(effort, padding))),
            Coding::Gzip => Machine::Deflate(Box::new(Deflater::gzip(effort, padding, &mut out))),
            Coding::Zstd => {
                let zstd = Zstd::new(effort).map_err(|cause| EncodeError { coding, cause })?;
                zstd::skippable_frame(padding, &mut out);
                Machine::Zstd(Box::new(zstd))
            }
        };
        let mut encoder = Self {
            coding,
            machine,
            out,
        };
        if let Machine::Brotli(brotli) = &mut encoder.machine {
            brotli
                .pad(padding, &mut encoder.out)
                .map_err(|cause| EncodeError { coding, cause })?;
        }
        Ok(encoder)
    }

    /// An encoder for Zstandard against these plain bytes; `begin` writes what comes before its frame.
    pub(super) fn with_dictionary(
        dictionary: &[u8],
        level: i32,
        begin: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Self, EncodeError> {
        let coding = Coding::Zstd;
        let zstd = Zstd::with_dictionary(dictionary, level);
        let zstd = zstd.map_err(|cause| EncodeError { coding, cause })?;
        let mut out = Vec::with_capacity(ROOM);
        begin(&mut out);
        Ok(Self {
            coding,
            machine: Machine::Zstd(Box::new(zstd)),
            out,
        })
    }

    /// Puts `data` in and takes out what is ready, which may be nothing.
    ///
    /// # Errors
    /// When its library cannot go on.
    pub fn write(&mut self, data: &[u8]) -> Result<Bytes, EncodeError> {
        self.push(data, Push::Run)
    }

    /// Takes out everything that was put in.
    ///
    /// # Errors
    /// When its library cannot go on.
    pub fn flush(&mut self) -> Result<Bytes, EncodeError> {
        self.push(&[], Push::Flush)
    }

    /// Puts `data` in and takes out everything that was put in.
    ///
    /// # Errors
    /// When its library cannot go on.
    pub fn write_through(&mut self, data: &[u8]) -> Result<Bytes, EncodeError> {
        self.push(data, Push::Flush)
    }

    /// Takes out everything that was put in; what is put in from here on stands in the coding as it is,
    /// so that its length tells nothing of what went before.
    ///
    /// # Errors
    /// When its library cannot go on.
    pub fn plainly(mut self) -> Result<(Self, Bytes), EncodeError> {
        let flushed = self.flush()?;
        let plain = match self.machine {
            Machine::Brotli(_) => Plain::Brotli,
            Machine::Deflate(machine) => machine.plainly(),
            Machine::Plain(plain) => plain,
            Machine::Zstd(machine) => machine.plainly(&mut self.out),
        };
        self.machine = Machine::Plain(plain);
        Ok((self, flushed))
    }

    /// Ends the stream and takes out the rest.
    ///
    /// # Errors
    /// When its library cannot go on.
    pub fn finish(mut self) -> Result<Bytes, EncodeError> {
        self.push(&[], Push::Finish)
    }

    /// All of a body at once.
    ///
    /// # Errors
    /// When its library cannot go on.
    pub fn whole(mut self, data: &[u8]) -> Result<Bytes, EncodeError> {
        self.push(data, Push::Finish)
    }

    fn push(&mut self, data: &[u8], push: Push) -> Result<Bytes, EncodeError> {
        let out = &mut self.out;
        let pushed = match &mut self.machine {
            Machine::Brotli(machine) => machine.push(data, push, out),
            Machine::Deflate(machine) => machine.push(data, push, out),
            Machine::Plain(plain) => {
                plain.push(data, push, out);
                Ok(())
            }
            Machine::Zstd(machine) => machine.push(data, push, out),
        };
        pushed.map_err(|cause| EncodeError {
            coding: self.coding,
            cause,
        })?;
        let ready = Bytes::copy_from_slice(&self.out);
        self.out.clear();
        Ok(ready)
    }
}
