//! The forwarding fields themselves: `X-Forwarded-*` and `Forwarded` (RFC 7239).

use std::{io::Write, net::IpAddr};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use policy::Scheme;

use super::{
    ForwardFacts,
    names::{X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO},
};
use crate::client_ip::PeerTrust;

/// What becomes of a field of the client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Passed on.
    Keep,
    /// Passed on if the peer is trusted.
    KeepIfTrusted,
    /// Not passed on.
    Remove,
}

/// An address and its spelling, which is needed twice.
#[derive(Clone, Copy)]
struct Node<'a> {
    text: &'a [u8],
    ip: IpAddr,
}

/// The most fields that are added to one request: four here, `Via`, `traceparent`, `X-Request-Id`.
const ADDED: usize = 7;

/// Removes what the upstream must not see. Costs one look at the names when there is none.
pub(super) fn drop_unwanted(headers: &mut HeaderMap, trust: PeerTrust) {
    let unwanted = |name: &HeaderName| match fate(name) {
        Fate::Keep => false,
        Fate::KeepIfTrusted => trust == PeerTrust::Untrusted,
        Fate::Remove => true,
    };
    if !headers.keys().any(unwanted) {
        return;
    }
    let names: Vec<HeaderName> = headers.keys().filter(|n| unwanted(n)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn fate(name: &HeaderName) -> Fate {
    let name = name.as_str();
    match name.as_bytes() {
        [b'x', b'-', ..] => match name {
            "x-original-url"
            | "x-rewrite-url"
            | "x-http-method"
            | "x-http-method-override"
            | "x-method-override" => Fate::Remove,
            "x-real-ip" | "x-client-ip" | "x-cluster-client-ip" => Fate::KeepIfTrusted,
            other if other.starts_with("x-forwarded-") || other.starts_with("x-original-") => {
                Fate::KeepIfTrusted
            }
            _ => Fate::Keep,
        },
        b"expect" | b"proxy" => Fate::Remove,
        b"forwarded" | b"true-client-ip" => Fate::KeepIfTrusted,
        _ => Fate::Keep,
    }
}

/// Adds this hop. What a trusted peer said about host and scheme of the first hop is kept.
///
/// A peer that keeps only one of the two lists gets only that one continued: the other would begin
/// with the peer, and who reads it would take the peer for the client (RFC 7239 7.4).
pub(super) fn add_forwarded(headers: &mut HeaderMap, facts: &ForwardFacts<'_>) {
    let listed = headers.contains_key(&X_FORWARDED_FOR);
    let structured = headers.contains_key(header::FORWARDED);
    let peer = facts.peer.to_canonical();
    let mut text = Line::default();
    text.put_ip(peer);
    let node = Node {
        text: text.as_bytes(),
        ip: peer,
    };
    headers.reserve(ADDED);
    if listed || !structured {
        add_x_forwarded_for(headers, node);
    }
    if structured || !listed {
        add_standard(headers, node, facts);
    }
    if !headers.contains_key(&X_FORWARDED_PROTO) {
        let proto = HeaderValue::from_static(scheme(facts.scheme));
        headers.insert(X_FORWARDED_PROTO.clone(), proto);
    }
    if !facts.authority.is_empty() && !headers.contains_key(&X_FORWARDED_HOST) {
        insert_text(
            headers,
            X_FORWARDED_HOST.clone(),
            facts.authority.as_bytes(),
        );
    }
}

fn add_x_forwarded_for(headers: &mut HeaderMap, peer: Node<'_>) {
    let mut line = Line::default();
    line.join(headers, &X_FORWARDED_FOR);
    line.put(peer.text);
    line.insert(headers, &X_FORWARDED_FOR);
}

fn add_standard(headers: &mut HeaderMap, peer: Node<'_>, facts: &ForwardFacts<'_>) {
    let mut line = Line::default();
    line.join(headers, &header::FORWARDED);
    line.put(b"for=");
    line.put_node(peer);
    if !facts.authority.is_empty() {
        line.put(b";host=");
        line.put_authority(facts.authority);
    }
    line.put(b";proto=");
    line.put(scheme(facts.scheme).as_bytes());
    line.insert(headers, &header::FORWARDED);
}

/// Sets a field to a text that came from a checked host, and leaves it unset should it not fit.
pub(super) fn insert_text(headers: &mut HeaderMap, name: HeaderName, text: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(text) {
        headers.insert(name, value);
    }
}

const fn scheme(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    }
}

/// One field value under construction, on the stack as long as it is short.
struct Line {
    short: [u8; Line::SHORT],
    used: usize,
    long: Vec<u8>,
}

// === impl Line ===

impl Default for Line {
    fn default() -> Self {
        Self {
            short: [0; Self::SHORT],
            used: 0,
            long: Vec::new(),
        }
    }
}

impl Line {
    const SHORT: usize = 192;

    /// Everything the field says so far, as one line with a comma at its end.
    fn join(&mut self, headers: &HeaderMap, name: &HeaderName) {
        for line in headers.get_all(name) {
            let text = line.as_bytes().trim_ascii();
            if !text.is_empty() {
                self.put(text);
                self.put(b", ");
            }
        }
    }

    fn put(&mut self, text: &[u8]) {
        let room = &mut self.short[self.used..];
        if self.long.is_empty() && text.len() <= room.len() {
            room[..text.len()].copy_from_slice(text);
            self.used += text.len();
            return;
        }
        if self.long.is_empty() {
            self.long.extend_from_slice(&self.short[..self.used]);
        }
        self.long.extend_from_slice(text);
    }

    fn put_ip(&mut self, ip: IpAddr) {
        // The usual kind is spelled out here: formatting it costs more than all the rest of a line.
        if let IpAddr::V4(ip) = ip {
            for (at, octet) in ip.octets().into_iter().enumerate() {
                if at > 0 {
                    self.put(b".");
                }
                let digits = [
                    b'0' + octet / 100,
                    b'0' + octet / 10 % 10,
                    b'0' + octet % 10,
                ];
                let leading_zeros = usize::from(octet < 100) + usize::from(octet < 10);
                self.put(&digits[leading_zeros..]);
            }
            return;
        }
        let mut text = [0; 48];
        let mut rest = &mut text[..];
        // An address is at most 39 characters, so the write cannot fail.
        let written = write!(rest, "{ip}").map(|()| 48 - rest.len());
        self.put(&text[..written.unwrap_or(0)]);
    }

    /// RFC 7239 section 6: IPv6 in brackets and quotes.
    fn put_node(&mut self, node: Node<'_>) {
        if node.ip.is_ipv6() {
            self.put(b"\"[");
            self.put(node.text);
            self.put(b"]\"");
        } else {
            self.put(node.text);
        }
    }

    /// Quoted when it is not a token; a canonical authority has nothing that needs escaping.
    fn put_authority(&mut self, authority: &str) {
        if authority.contains([':', '[']) {
            self.put(b"\"");
            self.put(authority.as_bytes());
            self.put(b"\"");
        } else {
            self.put(authority.as_bytes());
        }
    }

    fn as_bytes(&self) -> &[u8] {
        if self.long.is_empty() {
            &self.short[..self.used]
        } else {
            &self.long
        }
    }

    fn insert(&self, headers: &mut HeaderMap, name: &HeaderName) {
        insert_text(headers, name.clone(), self.as_bytes());
    }
}
