//! Bytes that stand in a coding as they are: every coding has blocks for them, and who decodes sees no
//! difference.
//!
//! It goes on where an encoder has put out everything, which each does to the end of a byte.

use flate2::Crc;

use super::Push;

/// The most that one block of each of them can hold.
const BLOCK: usize = 65_535;
/// What zlib counts by (RFC 1950, section 8.2).
const ADLER: u32 = 65_521;
/// A zstd frame that says of its content only that a window of 128 KiB is enough (RFC 8878, section
/// 3.1.1.1).
const ZSTD_FRAME: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];

/// What a stream ends with, summed from its beginning.
#[derive(Debug)]
pub(super) enum Sum {
    /// Of zlib.
    Adler(Adler),
    /// Of gzip.
    Crc(Crc),
}

/// The two halves of a sum in the zlib format.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adler {
    bytes: u32,
    sums: u32,
}

/// The rest of a stream, which is not compressed.
#[derive(Debug)]
pub(super) enum Plain {
    Brotli,
    Deflate(Sum),
    Zstd,
}

// === impl Plain ===

impl Plain {
    /// Of a zstd stream, in a frame of its own if none has begun.
    pub(super) fn zstd(has_begun: bool, out: &mut Vec<u8>) -> Self {
        if !has_begun {
            out.extend_from_slice(&ZSTD_FRAME);
        }
        Self::Zstd
    }

    pub(super) fn push(&mut self, data: &[u8], push: Push, out: &mut Vec<u8>) {
        for block in data.chunks(BLOCK) {
            // No longer than two bytes can say, and not empty.
            let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
            self.begin_block(length, out);
            out.extend_from_slice(block);
        }
        if let Self::Deflate(sum) = self {
            sum.update(data);
        }
        if push == Push::Finish {
            self.end(out);
        }
    }

    fn begin_block(&self, length: u16, out: &mut Vec<u8>) {
        match self {
            // Not the last, four digits of length, not compressed (RFC 7932, section 9.2).
            Self::Brotli => {
                let header = ((u32::from(length) - 1) << 3) | (1 << 19);
                out.extend_from_slice(&header.to_le_bytes()[..3]);
            }
            // Not the last, stored (RFC 1951, section 3.2.4).
            Self::Deflate(_) => {
                out.push(0);
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(&(!length).to_le_bytes());
            }
            // Not the last, raw (RFC 8878, section 3.1.1.2).
            Self::Zstd => out.extend_from_slice(&(u32::from(length) << 3).to_le_bytes()[..3]),
        }
    }

    /// A last block of nothing.
    fn end(&self, out: &mut Vec<u8>) {
        match self {
            Self::Brotli => out.push(3),
            Self::Deflate(sum) => {
                out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
                sum.write(out);
            }
            Self::Zstd => out.extend_from_slice(&[1, 0, 0]),
        }
    }
}

// === impl Sum ===

impl Sum {
    pub(super) fn update(&mut self, data: &[u8]) {
        match self {
            Self::Adler(adler) => adler.update(data),
            Self::Crc(crc) => crc.update(data),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Adler(adler) => out.extend_from_slice(&adler.sum().to_be_bytes()),
            Self::Crc(crc) => {
                out.extend_from_slice(&crc.sum().to_le_bytes());
                out.extend_from_slice(&crc.amount().to_le_bytes());
            }
        }
    }
}

// === impl Adler ===

impl Default for Adler {
    fn default() -> Self {
        Self { bytes: 1, sums: 0 }
    }
}

impl Adler {
    fn update(&mut self, data: &[u8]) {
        // So few that neither half overflows before it is reduced.
        for piece in data.chunks(5_552) {
            for byte in piece {
                self.bytes += u32::from(*byte);
                self.sums += self.bytes;
            }
            self.bytes %= ADLER;
            self.sums %= ADLER;
        }
    }

    const fn sum(self) -> u32 {
        (self.sums << 16) | self.bytes
    }
}
