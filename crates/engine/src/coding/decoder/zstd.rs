//! Zstandard (RFC 8878).

use zstd::stream::raw::{self, DParameter, Operation};

use super::{DecodeError, Progress};

/// 8 MiB (RFC 9659, section 3).
const WINDOW_BITS: u32 = 23;

/// The largest window, in bytes.
const WINDOW: u64 = 1 << WINDOW_BITS;
/// The tables, and room for three blocks of 128 KiB: one that comes in, and two around the window.
const MEMORY: u64 = 512 * 1024;

/// More of a frame's head than this never has to be seen, in bytes.
const HEAD: usize = 17;
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

pub(super) struct Zstd {
    library: raw::Decoder<'static>,
    /// How the frame begins.
    head: Vec<u8>,
    /// The largest window that a frame has asked for so far.
    window: u64,
    given: u64,
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
            head: Vec::new(),
            window: 0,
            given: 0,
            over: false,
        })
    }

    pub(super) fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, DecodeError> {
        // The library would begin another frame.
        if self.over && input.is_empty() {
            return Ok(Progress::default());
        }
        self.read_head(input);
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
        self.given = self.given.saturating_add(progress.given as u64);
        Ok(progress)
    }

    /// Keeps how a frame begins until that tells its window.
    fn read_head(&mut self, input: &[u8]) {
        if self.over {
            self.head.clear();
        }
        let more = input.len().min(HEAD - self.head.len());
        if more > 0 {
            self.head.extend_from_slice(&input[..more]);
            let asked = window(&self.head).unwrap_or(0);
            // The library refuses what is larger.
            self.window = self.window.max(asked.min(WINDOW));
        }
    }

    /// A window is filled with what comes out.
    pub(super) fn memory(&self) -> u64 {
        MEMORY + self.given.min(self.window)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over
    }
}

/// The window that a frame asks for, once enough of its head is here (RFC 8878, section 3.1.1.1); none
/// for a frame that is to be skipped.
fn window(head: &[u8]) -> Option<u64> {
    let (magic, rest) = head.split_at_checked(MAGIC.len())?;
    if magic != MAGIC {
        return Some(0);
    }
    let (descriptor, rest) = rest.split_first()?;
    if descriptor & 0x20 == 0 {
        let asked = rest.first()?;
        let base = 1_u64 << (10 + (asked >> 3));
        return Some(base + base / 8 * u64::from(asked & 7));
    }
    // One segment: the window is the content, whose size follows the number of the dictionary.
    let number = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = 1 << (descriptor >> 6);
    let field = rest.get(number..number + size)?;
    let mut bytes = [0; 8];
    bytes[..size].copy_from_slice(field);
    let more = if size == 2 { 256 } else { 0 };
    Some(u64::from_le_bytes(bytes).saturating_add(more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_says_what_window_it_needs() {
        let frame = |rest: &[u8]| window(&[&MAGIC, rest].concat());
        for (rest, wanted) in [
            (&[][..], None),
            (&[0x00], None),
            // An exponent and eighths.
            (&[0x00, 0x00], Some(1024)),
            (&[0x00, 0x58], Some(2 << 20)),
            (&[0x00, 0x6a], Some((8 << 20) + (2 << 20))),
            // One segment of so many bytes, in one, two, four or eight bytes.
            (&[0x20, 0x07], Some(7)),
            (&[0x60, 0x01, 0x01], Some(257 + 256)),
            (&[0xa0, 0, 0, 1], None),
            (&[0xa0, 0, 0, 1, 0], Some(1 << 16)),
            (&[0xe0, 0, 0, 0, 0, 1, 0, 0, 0], Some(1 << 32)),
            // After the number of a dictionary.
            (&[0x21, 9, 7], Some(7)),
            (&[0x23, 9, 9, 9, 9, 7], Some(7)),
        ] {
            assert_eq!(frame(rest), wanted, "{rest:?}");
        }
        assert_eq!(window(&[0x50, 0x2a, 0x4d, 0x18, 0, 0]), Some(0));
        assert_eq!(window(&MAGIC[..3]), None);
    }
}
