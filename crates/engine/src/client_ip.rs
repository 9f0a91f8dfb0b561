//! Whose request it is, when proxies stand between the client and Forebay.
//!
//! Everything a client sends can be made up, so only what trusted proxies added counts. They add at
//! the right end: the walk begins at the peer and goes left as long as the address it stands on is
//! trusted. It ends at the first address that is not, at the end of the list, or at something that is
//! not an address, and then the last address it stood on is the answer.
//!
//! `Forwarded` (RFC 7239) is asked only when there is no `X-Forwarded-For`. It is split at every comma
//! from the right, quoted or not: an unbalanced quote in what the client sent could otherwise swallow
//! what the proxies added.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

use crate::field_list;

/// The client's address and what its peer may claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    /// The client.
    pub ip: IpAddr,
    /// Whether the forwarding fields of this request are believed.
    pub peer: PeerTrust,
}

/// Whether the peer is one of the listener's `trusted_proxies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerTrust {
    /// Its forwarding fields are believed and continued.
    Trusted,
    /// Its forwarding fields are dropped.
    Untrusted,
}

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Finds the client behind `peer`.
pub fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddress {
    let mut ip = peer.to_canonical();
    if !is_trusted(ip, trusted) {
        return ClientAddress {
            ip,
            peer: PeerTrust::Untrusted,
        };
    }
    let hops: &mut dyn Iterator<Item = Option<IpAddr>> = if headers.contains_key(&X_FORWARDED_FOR) {
        &mut field_list::elements(headers, &X_FORWARDED_FOR)
            .rev()
            .map(address)
    } else {
        &mut field_list::elements(headers, &header::FORWARDED)
            .rev()
            .map(forwarded_for)
    };
    while is_trusted(ip, trusted)
        && let Some(Some(hop)) = hops.next()
    {
        ip = hop;
    }
    ClientAddress {
        ip,
        peer: PeerTrust::Trusted,
    }
}

/// The address that counts as one caller: IPv4 as it is, IPv6 by its /64, since one customer owns
/// at least that many.
pub fn limit_key_ip(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
    }
}

fn is_trusted(ip: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&ip))
}

/// An address with or without port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|inside| inside.strip_suffix(']'))
        .unwrap_or(text);
    let ip = match bare.parse::<IpAddr>() {
        Ok(ip) if bare.len() == text.len() || ip.is_ipv6() => ip,
        _ => text.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(ip.to_canonical())
}

/// The `for` of one element of `Forwarded`.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    element.split(|byte| *byte == b';').find_map(|pair| {
        let split = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair[..split].trim_ascii(), pair[split + 1..].trim_ascii());
        if !name.eq_ignore_ascii_case(b"for") {
            return None;
        }
        let quoted = value
            .strip_prefix(b"\"")
            .and_then(|v| v.strip_suffix(b"\""));
        address(quoted.unwrap_or(value))
    })
}

// === impl PeerTrust ===

impl PeerTrust {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Untrusted => "untrusted",
        }
    }
}

#[cfg(test)]
mod tests;
