//! Which protocol a connection speaks.
//!
//! Over TLS, ALPN has said so. In plain text a client that knows the server speaks HTTP/2 begins
//! with a fixed preface (RFC 9113, section 3.3); no HTTP/1 request can look like it.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;

use super::transport::{Transport, alpn};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection turned out to speak, and the bytes read to find out.
#[derive(Debug)]
pub(crate) enum Spoken {
    /// HTTP/1.x.
    Http1(Bytes),
    /// HTTP/2.
    Http2(Bytes),
    /// Nothing: it closed, or stayed silent too long.
    Nothing,
}

/// Finds out what `stream` speaks; a client that says nothing for `patience` is given up.
pub(crate) async fn sniff(stream: &mut Transport, patience: Duration) -> io::Result<Spoken> {
    if alpn(stream) == Some(b"h2") {
        return Ok(Spoken::Http2(Bytes::new()));
    }
    match tokio::time::timeout(patience, read_preface(stream)).await {
        Ok(spoken) => spoken,
        Err(_elapsed) => Ok(Spoken::Nothing),
    }
}

async fn read_preface(stream: &mut Transport) -> io::Result<Spoken> {
    let mut read = BytesMut::with_capacity(1024);
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(Spoken::Nothing);
        }
        let compared = read.len().min(PREFACE.len());
        if read[..compared] != PREFACE[..compared] {
            return Ok(Spoken::Http1(read.freeze()));
        }
        if compared == PREFACE.len() {
            return Ok(Spoken::Http2(read.freeze()));
        }
    }
}
