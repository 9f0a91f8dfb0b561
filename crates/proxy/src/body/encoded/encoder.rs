//! The codings behind one small face, each driven by its own library.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use policy::Coding;

/// A good ratio for text at a few hundred megabytes a second.
const GZIP_LEVEL: u32 = 5;
const BROTLI_QUALITY: u32 = 4;
/// 4 MiB: what every browser accepts (RFC 7932 allows up to 16 MiB).
const BROTLI_WINDOW_BITS: u32 = 22;
const BROTLI_BUFFER: usize = 4 * 1024;
const ZSTD_LEVEL: i32 = 3;

/// A running compression; what is ready is handed out at each call.
pub(crate) enum Encoder {
    /// Brotli.
    Br(Box<brotli::CompressorWriter<Vec<u8>>>),
    /// Deflate, in the zlib format.
    Deflate(Box<ZlibEncoder<Vec<u8>>>),
    /// Gzip.
    Gzip(Box<GzEncoder<Vec<u8>>>),
    /// Zstandard.
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

// === impl Encoder ===

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Br(_) => "Encoder::Br",
            Self::Deflate(_) => "Encoder::Deflate",
            Self::Gzip(_) => "Encoder::Gzip",
            Self::Zstd(_) => "Encoder::Zstd",
        })
    }
}

impl Encoder {
    /// An encoder for `coding`; fails only when its library cannot allocate.
    pub(crate) fn new(coding: Coding) -> io::Result<Self> {
        let out = Vec::new();
        Ok(match coding {
            Coding::Br => Self::Br(Box::new(brotli::CompressorWriter::new(
                out,
                BROTLI_BUFFER,
                BROTLI_QUALITY,
                BROTLI_WINDOW_BITS,
            ))),
            Coding::Deflate => Self::Deflate(Box::new(ZlibEncoder::new(
                out,
                Compression::new(GZIP_LEVEL),
            ))),
            Coding::Gzip => Self::Gzip(Box::new(GzEncoder::new(out, Compression::new(GZIP_LEVEL)))),
            Coding::Zstd => Self::Zstd(Box::new(zstd::stream::write::Encoder::new(
                out, ZSTD_LEVEL,
            )?)),
        })
    }

    /// Puts `data` in and takes out what is ready, which may be nothing.
    pub(crate) fn write(&mut self, data: &[u8]) -> io::Result<Bytes> {
        self.writer().write_all(data)?;
        Ok(self.take())
    }

    /// Takes out everything that was put in.
    pub(crate) fn flush(&mut self) -> io::Result<Bytes> {
        self.writer().flush()?;
        Ok(self.take())
    }

    /// Ends the stream and takes out the rest.
    pub(crate) fn finish(self) -> io::Result<Bytes> {
        Ok(Bytes::from(match self {
            Self::Br(encoder) => encoder.into_inner(),
            Self::Deflate(encoder) => encoder.finish()?,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        }))
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Br(encoder) => encoder,
            Self::Deflate(encoder) => encoder,
            Self::Gzip(encoder) => encoder,
            Self::Zstd(encoder) => encoder,
        }
    }

    fn take(&mut self) -> Bytes {
        let out = match self {
            Self::Br(encoder) => encoder.get_mut(),
            Self::Deflate(encoder) => encoder.get_mut(),
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        };
        Bytes::from(std::mem::take(out))
    }
}
