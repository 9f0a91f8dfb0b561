//! The cache key: which requests are the same (RFC 9111, section 2; TRAPS rows 10 to 13).
//!
//! Every part is written with its kind and its length, so that no two different lists of parts
//! give the same bytes, whatever the parts contain; an absent part is left out, an empty one is not.
//! The first byte is the format's version. The key is written into the caller's buffer: looking up
//! costs no allocation. Stores keep the whole key and compare it; a hash of it only finds the place.
//! A key can be read back ([`KeyParts::of`]), which purging and listing need, and which is also the
//! proof that different parts never share one.

mod query;
mod read;

use http::{HeaderMap, header};
use policy::{QueryKey, Scheme};

pub use self::query::canonical as canonical_query;
use self::query::{Kept, append_kept, is_verbatim};
use super::{
    request::{Lookup, Retrieval},
    search::SearchVariance,
};

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
    /// The verified user, when each has a cache of their own.
    pub user: Option<&'a str>,
    /// The request's content, when it is part of what is asked for.
    pub body: Option<KeyedBody<'a>>,
}

/// The content of a request such as `QUERY`, and what says how to read it (RFC 10008).
///
/// All of it is in the key: requests that differ in one byte never share a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyedBody<'a> {
    /// The method, because two methods may do different things with the same content.
    pub method: &'a str,
    /// The value of `Content-Type`, as it came.
    pub content_type: Option<&'a [u8]>,
    /// The value of `Content-Encoding`, as it came.
    pub content_encoding: Option<&'a [u8]>,
    /// The content, as it came.
    pub bytes: &'a [u8],
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
    Body = b'b',
    ContentEncoding = b'e',
    ContentType = b't',
    Cookie = b'c',
    Host = b'h',
    Method = b'm',
    Path = b'p',
    Persona = b'x',
    Port = b'o',
    Query = b'q',
    Route = b'r',
    Scheme = b's',
    User = b'u',
}

/// The version of the format, which changes whenever the bytes of an unchanged request would.
const VERSION: u8 = 2;

/// The class of methods that GET and HEAD share.
const RETRIEVAL: u8 = b'r';

/// The class of methods whose content is part of the key.
const WITH_BODY: u8 = b'b';

/// Kind and length in front of a part.
const HEAD: usize = 5;

// === impl KeyParts ===

impl KeyParts<'_> {
    /// Writes the key, replacing what `out` held. GET and HEAD share keys.
    ///
    /// `search` is what responses for this path said in `No-Vary-Search`, if the policy listens to
    /// it; `None` narrows nothing.
    pub fn encode(&self, query: &QueryKey, search: Option<&SearchVariance>, out: &mut Vec<u8>) {
        out.clear();
        out.reserve(self.route.len() + self.host.len() + self.path.len() + 64);
        let [high, low] = self.port.to_be_bytes();
        let (scheme, port, method) = (Kind::Scheme as u8, Kind::Port as u8, Kind::Method as u8);
        let secure = u8::from(self.scheme == Scheme::Https);
        let class = if self.body.is_some() {
            WITH_BODY
        } else {
            RETRIEVAL
        };
        // Parts of a fixed size need no length: the kind tells it.
        out.extend_from_slice(&[VERSION, scheme, secure, port, high, low, method, class]);
        put(out, Kind::Route, self.route.as_bytes());
        put(out, Kind::Host, self.host.as_bytes());
        put(out, Kind::Path, self.path.as_bytes());
        if let Some(text) = self.query {
            put_query(out, text, query, search);
        }
        if let Some(user) = self.user {
            put(out, Kind::User, user.as_bytes());
        }
        if let Some(body) = &self.body {
            put_body(out, body);
        }
    }

    /// Writes the key under which requests in flight are joined: the cache key, the exact method,
    /// and whoever asks, so that requests with different cookies or credentials never share a fetch
    /// (TRAPS row 16). Fields named by `Vary` are compared when the response's head is there.
    ///
    /// `persona` is what [`super::persona::write`] wrote; empty without dimensions.
    pub fn encode_flight(
        &self,
        (query, search): (&QueryKey, Option<&SearchVariance>),
        lookup: &Lookup,
        headers: &HeaderMap,
        persona: &[u8],
        out: &mut Vec<u8>,
    ) {
        self.encode(query, search, out);
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
        if !persona.is_empty() {
            put(out, Kind::Persona, persona);
        }
    }

    /// The parts of the key as `forebay explain` shows them.
    pub fn describe(&self, query: &QueryKey, search: Option<&SearchVariance>) -> Vec<KeyPart> {
        let method = self.body.map_or("GET, HEAD", |body| body.method);
        let mut parts = vec![
            KeyPart::new("route", self.route),
            KeyPart::new("scheme", scheme_name(self.scheme)),
            KeyPart::new("host", self.host),
            KeyPart::new("port", &self.port.to_string()),
            KeyPart::new("method", method),
            KeyPart::new("path", self.path),
        ];
        if let Some(kept) = self
            .query
            .and_then(|text| canonical_query(text, query, search))
        {
            parts.push(KeyPart::new("query", &kept));
        }
        if let Some(user) = self.user {
            parts.push(KeyPart::new("user", user));
        }
        if let Some(body) = &self.body {
            // Whatever clients send is not for a terminal or a log.
            let size = format!("{} bytes", body.bytes.len());
            parts.push(KeyPart::new("body", &size));
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

fn put_query(out: &mut Vec<u8>, text: &str, query: &QueryKey, search: Option<&SearchVariance>) {
    if is_verbatim(query, search) {
        put(out, Kind::Query, text.as_bytes());
        return;
    }
    let start = begin(out, Kind::Query);
    match append_kept(text, query, search, out) {
        Kept::Nothing => out.truncate(start - HEAD),
        Kept::Something => finish(out, start),
    }
}

fn put_body(out: &mut Vec<u8>, body: &KeyedBody<'_>) {
    put(out, Kind::Method, body.method.as_bytes());
    if let Some(content_type) = body.content_type {
        put(out, Kind::ContentType, content_type);
    }
    if let Some(content_encoding) = body.content_encoding {
        put(out, Kind::ContentEncoding, content_encoding);
    }
    put(out, Kind::Body, body.bytes);
}

const fn scheme_name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    }
}

#[cfg(test)]
mod tests;
