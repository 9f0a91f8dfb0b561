//! Gzip (RFC 1952): a header, a deflate stream, its sum and its length, and then perhaps another.

use flate2::{Crc, Decompress, Status};

use super::{DecodeError, Progress, zlib::inflate};

const FIXED: usize = 10;
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;
/// A header longer than this is nothing but a way to keep us busy, in bytes.
const LONGEST_HEADER: usize = 128 * 1024;

pub(super) struct Gzip {
    at: At,
    library: Decompress,
    sum: Crc,
    /// Whether a member has ended.
    ended: bool,
}

/// Where in a member.
enum At {
    Body,
    Header(Header),
    Trailer([u8; 8], usize),
}

/// A header as far as it has come.
#[derive(Default)]
struct Header {
    seen: usize,
    flags: u8,
    field: Field,
}

/// The field of a header whose bytes come next.
#[derive(Default)]
enum Field {
    Comment,
    Extra(u16),
    ExtraLength(Option<u8>),
    #[default]
    Fixed,
    Name,
    Over,
    Sum(u8),
}

// === impl Gzip ===

impl Gzip {
    pub(super) fn new() -> Self {
        Self {
            at: At::Header(Header::default()),
            library: Decompress::new(false),
            sum: Crc::new(),
            ended: false,
        }
    }

    pub(super) fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, DecodeError> {
        match &mut self.at {
            At::Header(header) => {
                let first = header.seen == 0 && self.ended;
                let taken = match header.read(input) {
                    // What follows a member and does not begin another is nothing of its own.
                    Err(DecodeError::Invalid) if first => return Err(DecodeError::Garbage),
                    read => read?,
                };
                if matches!(header.field, Field::Over) {
                    self.at = At::Body;
                }
                Ok(Progress { taken, given: 0 })
            }
            At::Body => {
                let (progress, status) = inflate(&mut self.library, input, out)?;
                self.sum.update(&out[..progress.given]);
                if status == Status::StreamEnd {
                    self.at = At::Trailer([0; 8], 0);
                }
                Ok(progress)
            }
            At::Trailer(trailer, have) => {
                let taken = input.len().min(trailer.len() - *have);
                trailer[*have..*have + taken].copy_from_slice(&input[..taken]);
                *have += taken;
                if *have == trailer.len() {
                    let trailer = *trailer;
                    self.next_member(trailer)?;
                }
                Ok(Progress { taken, given: 0 })
            }
        }
    }

    fn next_member(&mut self, trailer: [u8; 8]) -> Result<(), DecodeError> {
        let (sum, amount) = (
            self.sum.sum().to_le_bytes(),
            self.sum.amount().to_le_bytes(),
        );
        if trailer[..4] != sum || trailer[4..] != amount {
            return Err(DecodeError::Invalid);
        }
        self.library.reset(false);
        self.sum.reset();
        self.ended = true;
        self.at = At::Header(Header::default());
        Ok(())
    }

    pub(super) const fn is_over(&self) -> bool {
        match &self.at {
            At::Header(header) => self.ended && header.seen == 0,
            At::Body | At::Trailer(..) => false,
        }
    }
}

// === impl Header ===

impl Header {
    /// Takes what belongs to it.
    fn read(&mut self, input: &[u8]) -> Result<usize, DecodeError> {
        for (taken, byte) in input.iter().enumerate() {
            if matches!(self.field, Field::Over) {
                return Ok(taken);
            }
            self.take(*byte)?;
            self.seen += 1;
            if self.seen > LONGEST_HEADER {
                return Err(DecodeError::Invalid);
            }
        }
        Ok(input.len())
    }

    fn take(&mut self, byte: u8) -> Result<(), DecodeError> {
        match &mut self.field {
            Field::Fixed => {
                match self.seen {
                    0..3 if byte != MAGIC[self.seen] => return Err(DecodeError::Invalid),
                    3 if byte & RESERVED != 0 => return Err(DecodeError::Invalid),
                    3 => self.flags = byte,
                    _ => {}
                }
                if self.seen + 1 == FIXED {
                    self.next(FEXTRA);
                }
            }
            Field::ExtraLength(low @ None) => *low = Some(byte),
            Field::ExtraLength(Some(low)) => match u16::from_le_bytes([*low, byte]) {
                0 => self.next(FNAME),
                length => self.field = Field::Extra(length),
            },
            Field::Extra(1) => self.next(FNAME),
            Field::Extra(left) => *left -= 1,
            Field::Name if byte == 0 => self.next(FCOMMENT),
            Field::Comment if byte == 0 => self.next(FHCRC),
            Field::Sum(0) => *self = self.over(),
            Field::Sum(left) => *left -= 1,
            Field::Name | Field::Comment | Field::Over => {}
        }
        Ok(())
    }

    /// Goes on with the first field that is there, from this one on in their order.
    fn next(&mut self, from: u8) {
        let order = [FEXTRA, FNAME, FCOMMENT, FHCRC];
        let there = order
            .into_iter()
            .skip_while(|flag| *flag != from)
            .find(|flag| self.flags & flag != 0);
        self.field = match there {
            Some(FEXTRA) => Field::ExtraLength(None),
            Some(FNAME) => Field::Name,
            Some(FCOMMENT) => Field::Comment,
            Some(_) => Field::Sum(1),
            None => Field::Over,
        };
    }

    const fn over(&self) -> Self {
        Self {
            seen: self.seen,
            flags: self.flags,
            field: Field::Over,
        }
    }
}
