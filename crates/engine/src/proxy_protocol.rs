//! The PROXY protocol: who a connection is for, said before its first byte.
//!
//! A proxy that passes connections on hides its client behind its own address. The header tells the
//! client's, in one line of text (version 1) or in a binary block (version 2), as HAProxy's
//! `proxy-protocol.txt` describes it.
//!
//! **Nothing behind the header is touched.** Whoever reads asks for as many bytes as must still come,
//! never for more: what follows the header belongs to TLS or HTTP, and is never read here.
//!
//! **Strict where it costs nothing.** A header decides whom rate limits and trust are about, so what
//! has two readings is refused: numbers with leading zeros, two spaces, an address of the other family.
//! Nothing longer than the two versions can need is ever read.

mod binary;
mod line;

use std::{net::SocketAddr, num::NonZeroUsize};

/// The longest header of version 1, its line end included.
pub const LONGEST_V1: usize = 107;

/// The longest header of version 2 that is read; it fits any first segment of TCP.
pub const LONGEST_V2: usize = 536;

/// The shortest header there is: with so many bytes both versions can be told apart, and nothing
/// behind a header has been read.
pub const SHORTEST: usize = 15;

/// Both ends of the connection that a proxy passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The client's address.
    pub source: SocketAddr,
    /// The address that the client connected to; of the same family.
    pub destination: SocketAddr,
}

/// Whom a header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A client, by its address.
    Client(Ends),
    /// Nobody: the proxy asks for itself (`LOCAL`), or its client has no address of the internet
    /// (`UNKNOWN`, Unix sockets). The connection's own address stands.
    Nobody,
}

/// What the bytes so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// A whole header, and not a byte more.
    Header(Named),
    /// The beginning of one, of which at least so many bytes are still missing.
    More(NonZeroUsize),
    /// Not a header.
    Refused(NoHeader),
}

/// Why bytes are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoHeader {
    /// An address or a port that is none.
    Address,
    /// A command, family or transport that there is not.
    Kind,
    /// It begins like neither version.
    Signature,
    /// Longer than a header may be.
    TooLong,
    /// It stops where it must not, or goes on where it must stop.
    Shape,
}

/// Looks at everything that was read since the connection began.
pub fn read(bytes: &[u8]) -> Read {
    if bytes.len() < SHORTEST {
        return more(SHORTEST - bytes.len());
    }
    if bytes.starts_with(line::BEGINNING) {
        line::read(bytes)
    } else if bytes.starts_with(&binary::SIGNATURE) {
        binary::read(bytes)
    } else {
        Read::Refused(NoHeader::Signature)
    }
}

/// The header of version 1 that says the same.
pub fn write_v1(named: Named) -> Vec<u8> {
    line::write(named)
}

/// The header of version 2 that says the same.
pub fn write_v2(named: Named) -> Vec<u8> {
    binary::write(named)
}

fn more(missing: usize) -> Read {
    Read::More(NonZeroUsize::new(missing).unwrap_or(NonZeroUsize::MIN))
}

// === impl Ends ===

impl Ends {
    /// Both ends, if they are of one family; an IPv4 address inside IPv6 counts as IPv4.
    pub fn new(source: SocketAddr, destination: SocketAddr) -> Option<Self> {
        let plain =
            |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
        let (source, destination) = (plain(source), plain(destination));
        (source.is_ipv4() == destination.is_ipv4()).then_some(Self {
            source,
            destination,
        })
    }
}

// === impl NoHeader ===

impl NoHeader {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "bad-address",
            Self::Kind => "unknown-kind",
            Self::Shape => "bad-shape",
            Self::Signature => "no-proxy-header",
            Self::TooLong => "too-long",
        }
    }
}

#[cfg(test)]
mod tests;
