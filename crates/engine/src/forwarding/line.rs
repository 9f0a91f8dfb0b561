//! A field value that is put together.

use std::{io::Write, net::IpAddr};

use http::HeaderValue;

/// One field value under construction, on the stack as long as it is short.
pub(super) struct Line {
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

    pub(super) fn put(&mut self, text: &[u8]) {
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

    pub(super) fn put_ip(&mut self, ip: IpAddr) {
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

    /// An address as a node of `Forwarded` (RFC 7239, section 6): IPv6 in brackets and quotes.
    pub(super) fn put_node(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(_) => self.put_ip(ip),
            IpAddr::V6(_) => {
                self.put(b"\"[");
                self.put_ip(ip);
                self.put(b"]\"");
            }
        }
    }

    /// Quoted when it is not a token; a canonical authority has nothing that needs escaping.
    pub(super) fn put_authority(&mut self, authority: &str) {
        if authority.contains([':', '[']) {
            self.put(b"\"");
            self.put(authority.as_bytes());
            self.put(b"\"");
        } else {
            self.put(authority.as_bytes());
        }
    }

    /// The line as a value; `None` should it not fit a field, which no checked text does.
    pub(super) fn value(&self) -> Option<HeaderValue> {
        let text = match self.long.is_empty() {
            true => &self.short[..self.used],
            false => &self.long,
        };
        HeaderValue::from_bytes(text).ok()
    }
}
