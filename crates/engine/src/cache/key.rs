//! The cache key: which requests are the same (RFC 9111, section 2; TRAPS rows 10 to 13).
//!
//! Every part is written with its kind and its length, so that no two different lists of parts
//! give the same bytes, whatever the parts contain; an absent part is left out, an empty one is not.
//! The first byte is the format's version. The key is written into the caller's buffer: looking up
//! costs no allocation. Stores keep the whole key and compare it; a hash of it only finds the place.

use http::{HeaderMap, header};
use policy::{QueryKey, Scheme};

use super::request::{Lookup, Retrieval};

/// What makes two requests ask for the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyParts<'a> {
    /// The route, because routes may be answered by different upstreams.
    pub route: &'a str,
    /// How the client reached us.
    pub scheme: Scheme,
    /// The canonical host: lower-case, no port, no trailing dot.
    pub host: &'a str,
    /// The port of the URL, the scheme's own when it has none.
    pub port: u16,
    /// The normalised path, the very one that is forwarded.
    pub path: &'a str,
    /// What follows the question mark, if there is one.
    pub query: Option<&'a str>,
}

/// One part of a key, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPart {
    /// What it is.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// What a part is, in a key's bytes.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Authorization = b'a',
    Cookie = b'c',
    Host = b'h',
    Method = b'm',
    Path = b'p',
    Port = b'o',
    Query = b'q',
    Route = b'r',
    Scheme = b's',
}

/// What is left of a query.
enum Kept {
    /// Every parameter was ignored, so that it is as if there were no query.
    Nothing,
    /// Parameters, or an empty query that was empty from the start.
    Something,
}

/// The version of the format, which changes whenever the bytes of an unchanged request would.
const VERSION: u8 = 1;

/// The class of methods that GET and HEAD share.
const RETRIEVAL: u8 = b'r';

/// Kind and length in front of a part.
const HEAD: usize = 5;

// === impl KeyParts ===

impl KeyParts<'_> {
    /// Writes the key, replacing what `out` held. GET and HEAD share keys.
    pub fn encode(&self, query: &QueryKey, out: &mut Vec<u8>) {
        out.clear();
        out.reserve(self.route.len() + self.host.len() + self.path.len() + 64);
        let [high, low] = self.port.to_be_bytes();
        let (scheme, port, method) = (Kind::Scheme as u8, Kind::Port as u8, Kind::Method as u8);
        let secure = u8::from(self.scheme == Scheme::Https);
        // Parts of a fixed size need no length: the kind tells it.
        out.extend_from_slice(&[VERSION, scheme, secure, port, high, low, method, RETRIEVAL]);
        put(out, Kind::Route, self.route.as_bytes());
        put(out, Kind::Host, self.host.as_bytes());
        put(out, Kind::Path, self.path.as_bytes());
        let Some(text) = self.query else { return };
        if query.ignore.is_empty() {
            put(out, Kind::Query, text.as_bytes());
            return;
        }
        let start = begin(out, Kind::Query);
        match append_kept(query, text, out) {
            Kept::Nothing => out.truncate(start - HEAD),
            Kept::Something => finish(out, start),
        }
    }

    /// Writes the key under which requests in flight are joined: the cache key, the exact method,
    /// and whoever asks, so that requests with different cookies or credentials never share a fetch
    /// (TRAPS row 16). Fields named by `Vary` are compared when the response's head is there.
    pub fn encode_flight(
        &self,
        query: &QueryKey,
        lookup: &Lookup,
        headers: &HeaderMap,
        out: &mut Vec<u8>,
    ) {
        self.encode(query, out);
        out.push(Kind::Method as u8);
        out.push(match lookup.method {
            Retrieval::Get => b'G',
            Retrieval::Head => b'H',
            Retrieval::Query => b'Q',
        });
        if lookup.authorization {
            for line in headers.get_all(header::AUTHORIZATION) {
                put(out, Kind::Authorization, line.as_bytes());
            }
        }
        if lookup.cookies {
            for line in headers.get_all(header::COOKIE) {
                put(out, Kind::Cookie, line.as_bytes());
            }
        }
    }

    /// The parts of the key as `forebay explain` shows them.
    pub fn describe(&self, query: &QueryKey) -> Vec<KeyPart> {
        let mut parts = vec![
            KeyPart::new("route", self.route),
            KeyPart::new("scheme", scheme_name(self.scheme)),
            KeyPart::new("host", self.host),
            KeyPart::new("port", &self.port.to_string()),
            KeyPart::new("method", "GET, HEAD"),
            KeyPart::new("path", self.path),
        ];
        if let Some(text) = self.query {
            let mut kept = Vec::new();
            if let Kept::Something = append_kept(query, text, &mut kept) {
                parts.push(KeyPart::new("query", &String::from_utf8_lossy(&kept)));
            }
        }
        parts
    }
}

// === impl KeyPart ===

impl KeyPart {
    fn new(name: &'static str, value: &str) -> Self {
        Self {
            name,
            value: value.to_owned(),
        }
    }
}

fn put(out: &mut Vec<u8>, kind: Kind, part: &[u8]) {
    let [a, b, c, d] = length(part.len());
    out.extend_from_slice(&[kind as u8, a, b, c, d]);
    out.extend_from_slice(part);
}

fn begin(out: &mut Vec<u8>, kind: Kind) -> usize {
    out.extend_from_slice(&[kind as u8, 0, 0, 0, 0]);
    out.len()
}

/// Writes the length of what was appended since `start`, where [`begin`] left room for it.
fn finish(out: &mut [u8], start: usize) {
    let written = length(out.len() - start);
    out[start - 4..start].copy_from_slice(&written);
}

/// No part comes near 4 GiB: heads are limited to far less before anything is keyed.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

/// Appends the parameters that are not ignored, in their order.
fn append_kept(query: &QueryKey, text: &str, out: &mut Vec<u8>) -> Kept {
    let (start, mut kept, mut dropped) = (out.len(), 0, 0);
    for parameter in text.split('&') {
        if is_ignored(query, parameter) {
            dropped += 1;
            continue;
        }
        if kept > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(parameter.as_bytes());
        kept += 1;
    }
    if dropped > 0 && kept == 0 {
        out.truncate(start);
        return Kept::Nothing;
    }
    Kept::Something
}

fn is_ignored(query: &QueryKey, parameter: &str) -> bool {
    let name = parameter
        .split_once('=')
        .map_or(parameter, |(name, _)| name);
    query
        .ignore
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        })
}

const fn scheme_name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    }
}

#[cfg(test)]
mod tests;
