//! Version 2: a signature, one byte each for command and family, a length, the addresses, and further
//! fields (TLVs), which are passed over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Ends, LONGEST_V2, Named, NoHeader, Read, more};

/// How every header of version 2 begins: no line of text can.
pub(super) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, command, family and length.
const FIXED: usize = 16;

const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;

const UNSPECIFIED: u8 = 0x00;
const TCP4: u8 = 0x11;
const UDP4: u8 = 0x12;
const TCP6: u8 = 0x21;
const UDP6: u8 = 0x22;
const UNIX_STREAM: u8 = 0x31;
const UNIX_DATAGRAM: u8 = 0x32;

/// Two paths of Unix sockets.
const UNIX_LENGTH: usize = 216;

pub(super) fn read(bytes: &[u8]) -> Read {
    let Some((fixed, rest)) = bytes.split_at_checked(FIXED) else {
        return more(FIXED - bytes.len());
    };
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if FIXED + length > LONGEST_V2 {
        return Read::Refused(NoHeader::TooLong);
    }
    if rest.len() < length {
        return more(length - rest.len());
    }
    if rest.len() > length {
        return Read::Refused(NoHeader::Shape);
    }
    named(fixed[12], fixed[13], rest).map_or_else(Read::Refused, Read::Header)
}

fn named(command: u8, family: u8, rest: &[u8]) -> Result<Named, NoHeader> {
    match (command, family) {
        // Its addresses, if any, are not to be looked at.
        (LOCAL, _) | (PROXY, UNSPECIFIED) => Ok(Named::Nobody),
        (PROXY, TCP4 | UDP4) => ends(rest, v4),
        (PROXY, TCP6 | UDP6) => ends(rest, v6),
        (PROXY, UNIX_STREAM | UNIX_DATAGRAM) if rest.len() >= UNIX_LENGTH => Ok(Named::Nobody),
        (PROXY, UNIX_STREAM | UNIX_DATAGRAM) => Err(NoHeader::Shape),
        _ => Err(NoHeader::Kind),
    }
}

/// Takes one address from the front.
type Take = fn(&[u8]) -> Option<(IpAddr, &[u8])>;

fn ends(rest: &[u8], address: Take) -> Result<Named, NoHeader> {
    let all = || {
        let (source, rest) = address(rest)?;
        let (destination, rest) = address(rest)?;
        let (from, rest) = rest.split_first_chunk()?;
        let (to, _further_fields) = rest.split_first_chunk()?;
        Some(Ends {
            source: SocketAddr::new(source, u16::from_be_bytes(*from)),
            destination: SocketAddr::new(destination, u16::from_be_bytes(*to)),
        })
    };
    all().map(Named::Client).ok_or(NoHeader::Shape)
}

fn v4(bytes: &[u8]) -> Option<(IpAddr, &[u8])> {
    let (address, rest) = bytes.split_first_chunk::<4>()?;
    Some((Ipv4Addr::from(*address).into(), rest))
}

fn v6(bytes: &[u8]) -> Option<(IpAddr, &[u8])> {
    let (address, rest) = bytes.split_first_chunk::<16>()?;
    Some((Ipv6Addr::from(*address).into(), rest))
}

pub(super) fn write(named: Named) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    let mut rest = Vec::new();
    match named {
        Named::Nobody => bytes.extend([LOCAL, UNSPECIFIED]),
        Named::Client(Ends {
            source,
            destination,
        }) => {
            bytes.extend([PROXY, if source.is_ipv4() { TCP4 } else { TCP6 }]);
            for address in [source, destination] {
                match address.ip() {
                    IpAddr::V4(address) => rest.extend(address.octets()),
                    IpAddr::V6(address) => rest.extend(address.octets()),
                }
            }
            rest.extend(source.port().to_be_bytes());
            rest.extend(destination.port().to_be_bytes());
        }
    }
    // Two addresses and two ports: at most 36.
    bytes.extend([0, rest.len() as u8]);
    bytes.append(&mut rest);
    bytes
}
