//! The bytes of a client connection, plain or TLS.

use pingora_core::protocols::Stream;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// A client's stream: as it is, or inside TLS.
pub(crate) type Transport = Either<Stream, Box<TlsStream<Stream>>>;

/// What ALPN agreed on, if anything was negotiated (RFC 7301).
pub(crate) fn alpn(transport: &Transport) -> Option<&[u8]> {
    match transport {
        Either::Left(_) => None,
        Either::Right(stream) => stream.get_ref().1.alpn_protocol(),
    }
}
