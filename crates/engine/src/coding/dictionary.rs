//! Compression against a text that both sides have (RFC 9842): the coding `dcz`.
//!
//! The stream begins with a header that names the dictionary by its SHA-256 (section 5), inside a frame
//! that Zstandard passes over; then comes a frame whose beginning may point back into the dictionary,
//! used as plain bytes. A file that `zstd --train` has made begins with tables of its own, which a
//! decoder of `dcz` would take for text: it is refused.
//!
//! `dcb`, the same with brotli, is not made: the library at hand has dictionaries of the older kind, and
//! nothing here could show that browsers read what comes of them.

use bytes::Bytes;
use policy::{Coding, CompressionLevel};
use ring::digest;
use zstd::zstd_safe::{CCtx, CDict};

use super::encoder::{EncodeError, Encoder};

/// What a `dcz` stream begins with, before the hash: a skippable frame of 32 bytes.
const MAGIC: [u8; 8] = [0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0];
/// What the file of a trained dictionary begins with (RFC 8878, section 5).
const TRAINED: [u8; 4] = [0x37, 0xa4, 0x30, 0xec];
/// A dictionary is held in memory, and gone through for each response that streams.
pub const MAX_DICTIONARY: usize = 1024 * 1024;

/// The SHA-256 of a dictionary, by which both sides name it.
pub type DictionaryHash = [u8; 32];

/// A dictionary, made ready.
pub struct SharedDictionary {
    raw: Bytes,
    hash: DictionaryHash,
    level: i32,
    prepared: CDict<'static>,
}

/// Bytes that cannot be a dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDictionary {
    /// There are none.
    #[error("it is empty")]
    Empty,
    /// More than [`MAX_DICTIONARY`].
    #[error("it is larger than 1 MiB")]
    TooLarge,
    /// The output of `zstd --train`.
    #[error("it is a trained zstd dictionary: take a typical response as it is")]
    Trained,
    /// The library does not take them.
    #[error("there is no memory for it")]
    Unusable,
}

// === impl SharedDictionary ===

impl std::fmt::Debug for SharedDictionary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let length = self.raw.len();
        f.debug_struct("SharedDictionary")
            .field("length", &length)
            .finish_non_exhaustive()
    }
}

impl SharedDictionary {
    /// Makes these bytes ready to compress with.
    ///
    /// # Errors
    /// When they cannot be a dictionary.
    pub fn new(raw: Bytes, level: CompressionLevel) -> Result<Self, NoDictionary> {
        if raw.is_empty() {
            return Err(NoDictionary::Empty);
        }
        if raw.len() > MAX_DICTIONARY {
            return Err(NoDictionary::TooLarge);
        }
        if raw.starts_with(&TRAINED) {
            return Err(NoDictionary::Trained);
        }
        let level = match level {
            CompressionLevel::Fastest => 1,
            CompressionLevel::Adaptive => 3,
            CompressionLevel::Best => 12,
        };
        let mut hash = DictionaryHash::default();
        hash.copy_from_slice(digest::digest(&digest::SHA256, &raw).as_ref());
        Ok(Self {
            prepared: CDict::try_create(&raw, level).ok_or(NoDictionary::Unusable)?,
            raw,
            hash,
            level,
        })
    }

    /// Its bytes.
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// What it is called by.
    pub const fn hash(&self) -> &DictionaryHash {
        &self.hash
    }

    /// All of a body at once, in `dcz`.
    ///
    /// # Errors
    /// When the library cannot allocate.
    pub fn whole(&self, data: &[u8]) -> Result<Bytes, EncodeError> {
        let failed = |cause: &str| EncodeError::new(Coding::Zstd, cause.to_owned());
        let mut context = CCtx::try_create().ok_or_else(|| failed("no memory"))?;
        let mut frame = Vec::with_capacity(zstd::zstd_safe::compress_bound(data.len()));
        context
            .compress_using_cdict(&mut frame, data, &self.prepared)
            .map_err(|code| failed(zstd::zstd_safe::get_error_name(code)))?;
        let mut out = Vec::with_capacity(MAGIC.len() + self.hash.len() + frame.len());
        self.begin(&mut out);
        out.extend_from_slice(&frame);
        Ok(out.into())
    }

    /// A running compression into `dcz`.
    ///
    /// # Errors
    /// When the library cannot allocate.
    pub fn encoder(&self) -> Result<Encoder, EncodeError> {
        Encoder::with_dictionary(&self.raw, self.level, |out| self.begin(out))
    }

    fn begin(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.hash);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const TEXT: &[u8] =
        b"{\"id\":1,\"name\":\"a kettle\",\"price\":{\"amount\":1999,\"currency\":\"EUR\"}}";
    const OTHER: &[u8] =
        b"{\"id\":2,\"name\":\"a teapot\",\"price\":{\"amount\":2999,\"currency\":\"EUR\"}}";

    fn dictionary() -> SharedDictionary {
        SharedDictionary::new(Bytes::from_static(TEXT), CompressionLevel::Adaptive).unwrap()
    }

    /// Reads as a client would: the header by itself, the rest against the plain bytes.
    fn decoded(coded: &[u8], dictionary: &'static [u8]) -> std::io::Result<Vec<u8>> {
        let mut context = zstd::zstd_safe::DCtx::create();
        context.ref_prefix(dictionary).unwrap();
        let mut out = Vec::new();
        let decoder = zstd::stream::read::Decoder::with_context(&coded[40..], &mut context);
        decoder.single_frame().read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn a_stream_begins_with_the_name_of_its_dictionary() {
        let dictionary = dictionary();
        let coded = dictionary.whole(OTHER).unwrap();
        assert_eq!(coded[..8], [0x5e, 0x2a, 0x4d, 0x18, 32, 0, 0, 0]);
        assert_eq!(
            coded[8..40],
            *digest::digest(&digest::SHA256, TEXT).as_ref()
        );
    }

    #[test]
    fn both_ways_decode_against_the_plain_bytes_and_nothing_else() {
        let dictionary = dictionary();
        let mut encoder = dictionary.encoder().unwrap();
        let mut streamed = encoder.write(&OTHER[..10]).unwrap().to_vec();
        streamed.extend(encoder.flush().unwrap());
        streamed.extend(encoder.write(&OTHER[10..]).unwrap());
        streamed.extend(encoder.finish().unwrap());
        let whole = dictionary.whole(OTHER).unwrap();
        assert!(whole.len() < 40 + OTHER.len() * 2 / 3, "{}", whole.len());
        for coded in [&whole[..], &streamed] {
            assert_eq!(decoded(coded, TEXT).unwrap(), OTHER);
            let wrong = decoded(coded, &TEXT[..TEXT.len() - 1]);
            assert!(wrong.is_err() || wrong.is_ok_and(|wrong| wrong != OTHER));
        }
        // A decoder that knows nothing of RFC 9842 passes the header over.
        let mut plain = zstd::stream::read::Decoder::with_dictionary(&whole[..], TEXT).unwrap();
        let mut out = Vec::new();
        plain.read_to_end(&mut out).unwrap();
        assert_eq!(out, OTHER);
    }

    #[test]
    fn what_cannot_be_a_dictionary_is_refused() {
        let refused = |bytes: Vec<u8>| {
            SharedDictionary::new(bytes.into(), CompressionLevel::Adaptive).unwrap_err()
        };
        assert_eq!(refused(Vec::new()), NoDictionary::Empty);
        assert_eq!(refused(vec![0; MAX_DICTIONARY + 1]), NoDictionary::TooLarge);
        let trained = [&TRAINED[..], b"whatever"].concat();
        assert_eq!(refused(trained), NoDictionary::Trained);
    }
}
