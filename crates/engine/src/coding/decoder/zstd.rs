//! Zstandard (RFC 8878).

use zstd::stream::raw::{self, DParameter, Operation};

use super::{DecodeError, Progress};

/// 8 MiB (RFC 9659, section 3).
const WINDOW_BITS: u32 = 23;

pub(super) struct Zstd {
    library: raw::Decoder<'static>,
    /// Whether the last byte that was taken ended a frame.
    over: bool,
}

// === impl Zstd ===

impl Zstd {
    pub(super) fn new() -> Result<Self, DecodeError> {
        let mut library = raw::Decoder::new().map_err(|_| DecodeError::Invalid)?;
        library
            .set_parameter(DParameter::WindowLogMax(WINDOW_BITS))
            .map_err(|_| DecodeError::Invalid)?;
        Ok(Self {
            library,
            over: false,
        })
    }

    pub(super) fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, DecodeError> {
        // The library would begin another frame.
        if self.over && input.is_empty() {
            return Ok(Progress::default());
        }
        let status = match self.library.run_on_buffers(input, out) {
            Ok(status) => status,
            Err(_) if self.over => return Err(DecodeError::Garbage),
            Err(_) => return Err(DecodeError::Invalid),
        };
        let progress = Progress {
            taken: status.bytes_read,
            given: status.bytes_written,
        };
        if progress != Progress::default() {
            self.over = status.remaining == 0;
        }
        Ok(progress)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over
    }
}
