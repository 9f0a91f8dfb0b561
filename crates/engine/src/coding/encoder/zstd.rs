//! Zstandard (RFC 8878). No level that is used has windows beyond the 8 MiB of RFC 9659.

use zstd::{
    stream::raw::{self, InBuffer, Operation, OutBuffer},
    zstd_safe::CCtx,
};

use super::{Padding, Push, ROOM, plain::Plain};
use crate::compression::level::Effort;

/// The first of the sixteen numbers that begin a frame to be skipped.
const SKIPPABLE: u32 = 0x184D_2A50;

pub(super) struct Zstd {
    library: raw::Encoder<'static>,
    /// Whether anything has been put in: before that, nothing comes out.
    has_begun: bool,
}

// === impl Zstd ===

impl Zstd {
    pub(super) fn new(effort: Effort) -> Result<Self, String> {
        let said = |error: std::io::Error| error.to_string();
        // The context by itself panics for want of memory.
        CCtx::try_create().ok_or("no memory")?;
        let mut library = raw::Encoder::new(effort.level).map_err(said)?;
        library.set_pledged_src_size(effort.size).map_err(said)?;
        Ok(Self::of(library))
    }

    /// One that may point back into these bytes.
    pub(super) fn with_dictionary(dictionary: &[u8], level: i32) -> Result<Self, String> {
        CCtx::try_create().ok_or("no memory")?;
        let library = raw::Encoder::with_dictionary(level, dictionary);
        library.map(Self::of).map_err(|error| error.to_string())
    }

    const fn of(library: raw::Encoder<'static>) -> Self {
        Self {
            library,
            has_begun: false,
        }
    }

    /// The rest of the stream, once everything is out.
    pub(super) fn plainly(&self, out: &mut Vec<u8>) -> Plain {
        Plain::zstd(self.has_begun, out)
    }

    pub(super) fn push(
        &mut self,
        data: &[u8],
        push: Push,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let said = |error: std::io::Error| error.to_string();
        self.has_begun |= !data.is_empty();
        let mut input = InBuffer::around(data);
        while input.pos() < data.len() {
            out.reserve(ROOM);
            let at = out.len();
            let mut output = OutBuffer::around_pos(out, at);
            self.library.run(&mut input, &mut output).map_err(said)?;
        }
        loop {
            out.reserve(ROOM);
            let at = out.len();
            let mut output = OutBuffer::around_pos(out, at);
            let left = match push {
                Push::Finish => self.library.finish(&mut output, true),
                Push::Flush => self.library.flush(&mut output),
                Push::Run => return Ok(()),
            };
            if left.map_err(said)? == 0 {
                return Ok(());
            }
        }
    }
}

/// A frame that decoders pass over.
pub(super) fn skippable_frame(padding: Padding, out: &mut Vec<u8>) {
    if let (Ok(length), 1..) = (u32::try_from(padding.bytes()), padding.bytes()) {
        out.extend_from_slice(&SKIPPABLE.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.resize(out.len() + padding.bytes(), 0);
    }
}
