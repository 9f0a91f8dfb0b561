//! Deflate in the zlib format (RFC 1950); the library compares the sum at its end.

use flate2::{Decompress, FlushDecompress, Status};

use super::{DecodeError, Progress};

/// A window of 32 KiB and the tables, in bytes.
pub(super) const MEMORY: u64 = 64 * 1024;

pub(super) struct Zlib {
    library: Decompress,
    over: bool,
}

// === impl Zlib ===

impl Zlib {
    pub(super) fn new() -> Self {
        Self {
            library: Decompress::new(true),
            over: false,
        }
    }

    pub(super) fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, DecodeError> {
        if self.over {
            return match input {
                [] => Ok(Progress::default()),
                _ => Err(DecodeError::Garbage),
            };
        }
        let (progress, status) = inflate(&mut self.library, input, out)?;
        self.over = status == Status::StreamEnd;
        Ok(progress)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over
    }
}

/// One step of the library.
pub(super) fn inflate(
    library: &mut Decompress,
    input: &[u8],
    out: &mut [u8],
) -> Result<(Progress, Status), DecodeError> {
    let (taken, given) = (library.total_in(), library.total_out());
    let status = library
        .decompress(input, out, FlushDecompress::None)
        .map_err(|_| DecodeError::Invalid)?;
    // No more than the lengths of two slices.
    let progress = Progress {
        taken: usize::try_from(library.total_in() - taken).unwrap_or(0),
        given: usize::try_from(library.total_out() - given).unwrap_or(0),
    };
    Ok((progress, status))
}
