//! Gzip (RFC 1952) and deflate in the zlib format (RFC 1950), by one library.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::{
    Padding, Push, ROOM,
    plain::{Adler, Plain, Sum},
};
use crate::compression::level::Effort;

/// Modification time unknown, operating system unknown (RFC 1952, section 2.3.1).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// There is an extra field.
const FEXTRA: u8 = 4;
/// The name of our extra field: it means nothing to anybody.
const SUBFIELD: [u8; 2] = *b"FB";
const ZLIB_HEADER: usize = 2;
/// A stored block of no bytes that begins where a byte does (RFC 1951, section 3.2.4).
const EMPTY_BLOCK: [u8; 5] = [0, 0, 0, 0xff, 0xff];

pub(super) struct Deflater {
    library: Compress,
    /// The format, by what it ends with; the library writes that of zlib itself.
    sum: Sum,
    /// Padding that must come after the header of a zlib stream.
    empty_blocks: usize,
}

// === impl Deflater ===

impl Deflater {
    pub(super) fn gzip(effort: Effort, padding: Padding, out: &mut Vec<u8>) -> Self {
        let mut header = GZIP_HEADER;
        if padding.bytes() > 0 {
            header[3] = FEXTRA;
        }
        out.extend_from_slice(&header);
        // No longer than a byte can say.
        if let (Ok(length), 1..) = (u8::try_from(padding.bytes()), padding.bytes()) {
            let (field, subfield) = (u16::from(length) + 4, u16::from(length));
            out.extend_from_slice(&field.to_le_bytes());
            out.extend_from_slice(&SUBFIELD);
            out.extend_from_slice(&subfield.to_le_bytes());
            out.resize(out.len() + usize::from(length), 0);
        }
        Self {
            library: Compress::new(level(effort), false),
            sum: Sum::Crc(Crc::new()),
            empty_blocks: 0,
        }
    }

    pub(super) fn zlib(effort: Effort, padding: Padding) -> Self {
        Self {
            library: Compress::new(level(effort), true),
            sum: Sum::Adler(Adler::default()),
            empty_blocks: padding.bytes().div_ceil(EMPTY_BLOCK.len()),
        }
    }

    pub(super) fn push(
        &mut self,
        data: &[u8],
        push: Push,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        self.sum.update(data);
        let (mut rest, flush) = match push {
            Push::Finish => (data, FlushCompress::Finish),
            Push::Flush => (data, FlushCompress::Sync),
            Push::Run if data.is_empty() => return Ok(()),
            Push::Run => (data, FlushCompress::None),
        };
        loop {
            out.reserve(ROOM);
            let taken = self.library.total_in();
            let status = self
                .library
                .compress_vec(rest, out, flush)
                .map_err(|error| error.to_string())?;
            // Not more than was given, which was a length in memory.
            let taken = usize::try_from(self.library.total_in() - taken).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            let over = match push {
                Push::Finish => status == Status::StreamEnd,
                // Room that was left over shows that nothing more was waiting.
                Push::Flush | Push::Run => rest.is_empty() && out.len() < out.capacity(),
            };
            self.pad(out);
            if over {
                break;
            }
        }
        if let (Push::Finish, sum @ Sum::Crc(_)) = (push, &self.sum) {
            sum.write(out);
        }
        Ok(())
    }

    /// The rest of the stream, once everything is out.
    pub(super) fn plainly(self) -> Plain {
        Plain::Deflate(self.sum)
    }

    /// Puts empty blocks where the first block begins, which is the only place that surely is the
    /// beginning of a byte.
    fn pad(&mut self, out: &mut Vec<u8>) {
        if self.empty_blocks > 0 && out.len() >= ZLIB_HEADER {
            let blocks = EMPTY_BLOCK.repeat(std::mem::take(&mut self.empty_blocks));
            out.splice(ZLIB_HEADER..ZLIB_HEADER, blocks);
        }
    }
}

fn level(effort: Effort) -> Compression {
    Compression::new(effort.level.unsigned_abs())
}
