//! Version 1: `PROXY TCP4 192.0.2.7 192.0.2.1 56324 443` and a line end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Ends, LONGEST_V1, Named, NoHeader, Read, more};

/// How every header of version 1 begins.
pub(super) const BEGINNING: &[u8] = b"PROXY ";

const LINE_END: &[u8] = b"\r\n";
const UNKNOWN: &str = "UNKNOWN";

/// Spaces in a line that names addresses.
const SPACES: usize = 5;

pub(super) fn read(bytes: &[u8]) -> Read {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return unfinished(bytes);
    };
    if end + 1 != bytes.len() || end + 1 > LONGEST_V1 {
        return Read::Refused(NoHeader::Shape);
    }
    let line = bytes[BEGINNING.len()..].strip_suffix(LINE_END);
    match line.and_then(|line| std::str::from_utf8(line).ok()) {
        Some(line) => named(line).map_or_else(Read::Refused, Read::Header),
        None => Read::Refused(NoHeader::Shape),
    }
}

/// How much of a line must still come: each space that is missing has a character behind it.
fn unfinished(bytes: &[u8]) -> Read {
    if bytes.len() >= LONGEST_V1 {
        return Read::Refused(NoHeader::TooLong);
    }
    if bytes.ends_with(b"\r") {
        return more(1);
    }
    if bytes.contains(&b'\r') {
        return Read::Refused(NoHeader::Shape);
    }
    let kind = &bytes[BEGINNING.len()..];
    if kind.starts_with(UNKNOWN.as_bytes()) {
        return more(LINE_END.len());
    }
    let spaces = bytes.iter().filter(|byte| **byte == b' ').count();
    let missing = 2 * SPACES.saturating_sub(spaces) + LINE_END.len();
    more(missing.min(LONGEST_V1 - bytes.len()))
}

fn named(line: &str) -> Result<Named, NoHeader> {
    let mut words = line.split(' ');
    let kind = words.next().unwrap_or_default();
    if kind == UNKNOWN {
        // Whatever follows says nothing.
        return Ok(Named::Nobody);
    }
    let mut word = || words.next().ok_or(NoHeader::Shape);
    let (source, destination) = (word()?, word()?);
    let (from, to) = (word()?, word()?);
    if words.next().is_some() {
        return Err(NoHeader::Shape);
    }
    let address: fn(&str) -> Option<IpAddr> = match kind {
        "TCP4" => |word| word.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        "TCP6" => |word| word.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        _ => return Err(NoHeader::Kind),
    };
    let at = |host: &str, number: &str| {
        let host = address(host).ok_or(NoHeader::Address)?;
        Ok(SocketAddr::new(host, port(number)?))
    };
    Ok(Named::Client(Ends {
        source: at(source, from)?,
        destination: at(destination, to)?,
    }))
}

/// Digits without a sign and without leading zeros.
fn port(word: &str) -> Result<u16, NoHeader> {
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let one_spelling = word == "0" || !word.starts_with('0');
    match word.parse() {
        Ok(port) if digits && one_spelling => Ok(port),
        _ => Err(NoHeader::Address),
    }
}

pub(super) fn write(named: Named) -> Vec<u8> {
    let line = match named {
        Named::Nobody => format!("PROXY {UNKNOWN}\r\n"),
        Named::Client(Ends {
            source,
            destination,
        }) => {
            let kind = if source.is_ipv4() { "TCP4" } else { "TCP6" };
            let (from, to) = (source.port(), destination.port());
            let (source, destination) = (source.ip(), destination.ip());
            format!("PROXY {kind} {source} {destination} {from} {to}\r\n")
        }
    };
    line.into_bytes()
}
